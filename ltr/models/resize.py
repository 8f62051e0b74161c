"""Resizing of feature maps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def resize_bilinear(x: Tensor, size: Sequence[int]) -> Tensor:
    """Bilinear resize, align_corners False; a no-op at equal size."""
    if tuple(x.shape[-2:]) == tuple(size):
        return x
    return F.interpolate(x, size=tuple(size), mode="bilinear", align_corners=False)


def enlarge_bicubic(x: Tensor, size: Sequence[int]) -> Tensor:
    """Bicubic resize (align_corners False), by a matrix for each axis: faster than the ordinary way on CPUs,
    three times so in bfloat16.

    Args:
        x: (N, C, h, w), best channels last.
        size: (H, W).

    Returns:
        (N, C, H, W), channels last.
    """
    (count, channels, height, width), (out_height, out_width) = x.shape, size
    rows = x.permute(0, 2, 3, 1).reshape(count * height, width, channels)
    across = _bicubic_matrix(width, out_width, x).expand(len(rows), -1, -1)
    wide = torch.bmm(across, rows).view(count, height, out_width * channels)
    down = _bicubic_matrix(height, out_height, x).expand(count, -1, -1)
    return torch.bmm(down, wide).view(count, out_height, out_width, channels).permute(0, 3, 1, 2)


def _bicubic_matrix(length: int, out_length: int, like: Tensor) -> Tensor:
    """(out_length, length): each column is what becomes of a single 1."""
    units = torch.eye(length, dtype=torch.promote_types(like.dtype, torch.float32), device=like.device)
    enlarged = F.interpolate(units.view(1, length, length, 1), size=(out_length, 1), mode="bicubic")
    return enlarged[0, :, :, 0].T.to(like.dtype)


def convolve_enlarged(x: Tensor, size: Sequence[int], conv: nn.Conv2d) -> Tensor:
    """``conv`` of ``x`` enlarged bicubically (align_corners False), without enlarging all its channels.

    Both are linear. So each pixel's share in its neighbours' sums over channels is taken before: 9 maps are
    enlarged, then moved into place and added up, instead of as many maps as there are channels.

    Args:
        x: (N, C, h, w).
        size: (H, W).
        conv: 3x3, padded by 1, from C channels to one.

    Returns:
        (N, H, W) float32 (float64 for float64 weights).
    """
    height, width = size
    shares = F.conv2d(x, conv.weight.permute(2, 3, 0, 1).reshape(9, -1, 1, 1))
    shares = shares.to(torch.promote_types(shares.dtype, torch.float32))
    shares = F.pad(F.interpolate(shares, size=(height, width), mode="bicubic"), (1, 1, 1, 1))
    parts = [
        shares[:, 3 * row + column, row : row + height, column : column + width]
        for row in range(3)
        for column in range(3)
    ]
    result = parts[0] if conv.bias is None else parts[0] + conv.bias
    for part in parts[1:]:
        result = result + part
    return result
