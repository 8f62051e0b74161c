"""B, the object encoder: a box and the features under it -> embedding e and confidence w, or the guess m.

Source: Zhao et al., ICCV 2021, section 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ltr.models.mask_encoder import EmbeddingHead, MaskTrunk, ProjectedResidualBlock, confidence_head


def draw_boxes(boxes: Tensor, size: Sequence[int], antialias: bool = False) -> Tensor:
    """Boxes as masks at input size.

    Args:
        boxes: (N, 4) x, y, w, h in input pixels; what leaves the picture is cut off.
        size: (H, W).
        antialias: a pixel's value is the share of it that the box covers. Otherwise it is 0 or 1, as the
            authors draw: x, y, w and h are truncated to integers, and a box that begins outside the picture
            ends one pixel later than it should (their outputs show it for x; y is taken to be the same).

    Returns:
        (N, 1, H, W) float32.
    """

    def cover(start: Tensor, length: Tensor, count: int) -> Tensor:
        if not antialias:
            start, length = start.trunc(), length.trunc()
            length = length + (start < 0)
        pixels = torch.arange(count, device=boxes.device, dtype=torch.float32)
        low = torch.maximum(pixels, start[:, None])
        high = torch.minimum(pixels + 1, (start + length)[:, None])
        return (high - low).clamp(0, 1)

    x, y, w, h = boxes.float().unbind(1)
    return (cover(y, h, size[0])[:, :, None] * cover(x, w, size[1])[:, None, :])[:, None]


class ObjectEncoder(nn.Module):
    """Box mask and features -> e and w.

    Args:
        feature_dim: D, channels of x.
        dims: channels of the mask trunk (three) and of the joint block (one).
        embedding_dim: C.
        strides: of the trunk's two blocks; the trunk's stride must be that of x.
        confidence: False leaves the w head out (the copy that gives m has none).
    """

    def __init__(
        self,
        feature_dim: int,
        dims: Sequence[int] = (16, 32, 64, 128),
        embedding_dim: int = 16,
        strides: tuple[int, int] = (2, 2),
        confidence: bool = True,
    ) -> None:
        super().__init__()
        self.trunk = MaskTrunk(dims[:3], strides)
        self.joint = ProjectedResidualBlock(dims[2] + feature_dim, dims[3], stride=1)
        self.embedding = EmbeddingHead(dims[3], embedding_dim, batch_norm=True)
        self.confidence = confidence_head(dims[3], embedding_dim) if confidence else None

    def forward(self, box_masks: Tensor, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Box masks (N, 1, H, W), x (N, D, H/s, W/s) -> e >= 0 and w (or None), each (N, C, H/s, W/s)."""
        joint = self.joint(torch.cat((self.trunk(box_masks), x), dim=1))
        return self.embedding(joint), None if self.confidence is None else self.confidence(joint)
