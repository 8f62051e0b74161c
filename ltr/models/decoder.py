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

from ltr.models.resize import resize_bilinear


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

    def forward(self, reduced: Tensor, scores: Tensor, deeper: Tensor | None) -> Tensor:
        if self.project is None or deeper is None:
            deeper = reduced.mean((2, 3), keepdim=True)
        else:
            deeper = F.relu(self.project(deeper))
        h = self.transform(torch.cat((reduced, resize_bilinear(scores, reduced.shape[-2:])), dim=1))
        return self.refine2(self.attention(self.refine1(h), deeper))


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
        """What depends on the frame alone: maps, shallowest first -> reduced maps of ``dims`` channels."""
        return tuple(layer.reduce(m) for layer, m in zip(self.layers, maps, strict=True))  # type: ignore[operator]

    def forward(self, reduced: Sequence[Tensor], scores: Tensor, size: Sequence[int]) -> Tensor:
        """Decode.

        Args:
            reduced: what :meth:`reduce` gave, each (N, dims[i], H_i, W_i).
            scores: (N, score_dim, h, w), any resolution.
            size: (H, W) of the logits, the input's size.

        Returns:
            logits (N, H, W); 0 is the threshold.
        """
        h: Tensor | None = None
        for layer, r in zip(reversed(self.layers), reversed(reduced), strict=True):
            h = layer(r, scores, h)
        assert h is not None
        if self.half_resolution:
            h = F.relu(self.output1(F.interpolate(h, scale_factor=2, mode="bilinear", align_corners=False)))
            return resize_bilinear(self.output2(h), size)[:, 0]
        h = F.relu(self.output1(F.interpolate(h, scale_factor=2, mode="bicubic", align_corners=False)))
        h = F.interpolate(h, size=tuple(size), mode="bicubic", align_corners=False)
        return self.output2(h)[:, 0]
