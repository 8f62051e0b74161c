"""The segmentation decoder: backbone maps + low-resolution scores -> logits at the input's size.

Source: Bhat et al., ECCV 2020, section 3.4; Robinson et al., "Learning Fast and Robust Target Models for
Video Object Segmentation", CVPR 2020. Deepest layer first, each one: reduce the backbone map, join the
scores, three convolutions, refine, channel attention with the deeper output, refine again. What depends on
the frame alone (:meth:`Decoder.reduce`) is kept apart, so that it is computed once however often a frame is
decoded.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ltr.models.resize import convolve_enlarged, enlarge_bicubic, resize_bilinear

CPU_PIXELS = 2**19
"""Of logits that a CPU computes at a time: the maps behind more of them do not fit into its cache."""


class RefineBlock(nn.Module):
    """1x1 convolution, then a residual pair of 3x3 convolutions with one batch norm between them."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(dim, dim, 1)
        self.conv1 = nn.Conv2d(dim, dim, 3, padding=1)
        self.norm = nn.BatchNorm2d(dim)
        self.conv2 = nn.Conv2d(dim, dim, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.project(x)
        return F.relu(x + self.conv2(F.relu(self.norm(self.conv1(x)))))


class ChannelAttention(nn.Module):
    """Weigh a layer's channels by what it and the deeper output see on the whole, then add the deeper one."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(2 * dim, dim, 1)
        self.excite = nn.Conv2d(dim, dim, 1)

    def forward(self, x: Tensor, deeper: Tensor) -> Tensor:
        pooled = torch.cat((x.mean((2, 3), keepdim=True), deeper.mean((2, 3), keepdim=True)), dim=1)
        attention = torch.sigmoid(self.excite(F.relu(self.squeeze(pooled))))
        return x * attention + resize_bilinear(deeper, x.shape[-2:])


class DecoderLayer(nn.Module):
    """One level of the decoder. ``deeper_dim`` 0 marks the deepest."""

    def __init__(self, in_dim: int, score_dim: int, dim: int, deeper_dim: int) -> None:
        super().__init__()
        self.project: nn.Module | None = nn.Conv2d(deeper_dim, dim, 1) if deeper_dim else None
        self.reduce = nn.Sequential(nn.Conv2d(in_dim, dim, 1), nn.ReLU(inplace=True), nn.Conv2d(dim, dim, 1))
        joint = dim + score_dim
        self.transform = nn.Sequential(
            nn.Conv2d(joint, joint, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(joint, joint, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(joint, dim, 3, padding=1),
            nn.ReLU(inplace=True),
        )
        self.refine1, self.refine2 = RefineBlock(dim), RefineBlock(dim)
        self.attention = ChannelAttention(dim)

    def convolve_frame(self, reduced: Tensor) -> Tensor:
        """The share of the reduced map in the first joint convolution, and its bias."""
        joint = self._joint
        return F.conv2d(reduced, joint.weight[:, : reduced.shape[1]], joint.bias, padding=1)

    def forward(self, frame: Tensor, scores: Tensor, deeper: Tensor) -> Tensor:
        """``frame`` is what :meth:`convolve_frame` gave."""
        if self.project is not None:
            deeper = F.relu(self.project(deeper))
        scores = resize_bilinear(scores, frame.shape[-2:])
        h = frame + F.conv2d(scores, self._joint.weight[:, -scores.shape[1] :], padding=1)
        h = self.transform[1:](h)
        return self.refine2(self.attention(self.refine1(h), deeper))

    @property
    def _joint(self) -> nn.Conv2d:
        """The convolution that reduced map and scores go into together."""
        first = self.transform[0]
        assert isinstance(first, nn.Conv2d)
        return first


class Decoder(nn.Module):
    """Scores and reduced backbone maps -> logits.

    Args:
        in_dims: channels of the backbone layers, shallowest first.
        dims: channels of the decoder at those layers, shallowest first.
        score_dim: channels of the scores.
        half_resolution: stop at twice the shallowest layer's size and enlarge the logits bilinearly (cheap,
            for CPUs) instead of the authors' bicubic steps to the full size.
    """

    def __init__(
        self, in_dims: Sequence[int], dims: Sequence[int], score_dim: int, half_resolution: bool = False
    ) -> None:
        super().__init__()
        deeper = (*dims[1:], 0)
        self.layers = nn.ModuleList(
            DecoderLayer(i, score_dim, d, below) for i, d, below in zip(in_dims, dims, deeper, strict=True)
        )
        self.half_resolution = half_resolution
        self.output1 = nn.Conv2d(dims[0], max(16, dims[0] // 2), 3, padding=1)
        self.output2 = nn.Conv2d(max(16, dims[0] // 2), 1, 3, padding=1)

    def reduce(self, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """What depends on the frame alone.

        Args:
            maps: of the backbone, shallowest first.

        Returns:
            for each layer its reduced map as it enters the sum of the first joint convolution,
            (N, dims[i] + score_dim, H_i, W_i); after them the mean of the deepest reduced map,
            (N, dims[-1], 1, 1).
        """
        reduced = [layer.reduce(m) for layer, m in zip(self.layers, maps, strict=True)]  # type: ignore[operator]
        frames = [layer.convolve_frame(r) for layer, r in zip(self.layers, reduced, strict=True)]  # type: ignore[operator]
        return (*frames, reduced[-1].mean((2, 3), keepdim=True))

    def forward(self, reduced: Sequence[Tensor], scores: Tensor, size: Sequence[int]) -> Tensor:
        """Decode.

        Args:
            reduced: what :meth:`reduce` gave.
            scores: (N, score_dim, h, w), any resolution.
            size: (H, W) of the logits, the input's size.

        Returns:
            logits (N, H, W); 0 is the threshold.
        """
        group = len(scores)
        if scores.device.type == "cpu" and not self.training:
            group = max(1, CPU_PIXELS // (size[0] * size[1]))
        parts = [
            self._decode([r[start : start + group] for r in reduced], scores[start : start + group], size)
            for start in range(0, len(scores), group)
        ]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _decode(self, reduced: Sequence[Tensor], scores: Tensor, size: Sequence[int]) -> Tensor:
        *frames, h = reduced
        for layer, frame in zip(reversed(self.layers), reversed(frames), strict=True):
            h = layer(frame, scores, h)
        if self.half_resolution:
            h = F.relu(self.output1(F.interpolate(h, scale_factor=2, mode="bilinear", align_corners=False)))
            return resize_bilinear(self.output2(h), size)[:, 0]
        h = F.relu(self.output1(enlarge_bicubic(h, (2 * h.shape[2], 2 * h.shape[3]))))
        return convolve_enlarged(h, size, self.output2)
