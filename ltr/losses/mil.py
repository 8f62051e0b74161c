"""Losses between mask logits and a box: multiple instance learning from the box's tightness.

Source: Hsu, Hsu, Tsai, Lin, Chuang, "Weakly Supervised Instance Segmentation using the Bounding Box Tightness
Prior", NeurIPS 2019. A box that is tight is touched on all four sides, so every line across it, each of its
rows and columns, holds a pixel of the object: a positive bag, whose probability is the largest among its
pixels. Nothing outside the box is the object: negative bags. There is a unary term, of the bags, and a
pairwise one, of neighbouring pixels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Rows and columns from a pixel to those of its eight neighbours that make each pair once."""


def box_pixels(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """The pixels of boxes: those of :func:`ltr.data.boxes.box_pixels`, save that a box that holds no pixel's
    centre has none.

    Args:
        boxes: (N, 4) x, y, w, h in pixels.
        size: (H, W).

    Returns:
        (N, H, W) bool.
    """
    x, y, w, h = boxes.unbind(1)

    def taken(start: Tensor, length: Tensor, count: int) -> Tensor:
        centres = torch.arange(count, device=boxes.device) + 0.5
        return (centres > start[:, None]) & (centres <= (start + length)[:, None])

    return taken(y, h, size[0])[:, :, None] & taken(x, w, size[1])[:, None, :]


def mil_unary_loss(logits: Tensor, boxes: Tensor) -> Tensor:
    """The unary term, as cross-entropies: the mean of -log(largest probability) over the rows and columns of
    the box, plus the mean of -log(1 - probability) over the pixels outside, each pixel a negative bag.

    It is 0 exactly where every row and column of the box holds a pixel of probability 1 and all pixels
    outside have probability 0. Where a box leaves the image on a side, the lines that end there are no bags:
    what they hold of the object may lie outside.

    Args:
        logits: (..., H, W).
        boxes: (..., 4) x, y, w, h in pixels.

    Returns:
        Scalar >= 0, the mean over the images.
    """
    logits, boxes, inside = _by_image(logits, boxes)
    height, width = logits.shape[1:]
    within = logits.masked_fill(~inside, torch.finfo(logits.dtype).min)
    best = torch.cat((within.amax(2), within.amax(1)), dim=1)
    # A row runs from the box's left side to its right one: both must be in the image, up to rounding.
    x, y, w, h = boxes.unbind(1)
    whole_rows = (x >= -0.5) & (x + w <= width + 0.5)
    whole_columns = (y >= -0.5) & (y + h <= height + 0.5)
    bags = torch.cat((inside.any(2) & whole_rows[:, None], inside.any(1) & whole_columns[:, None]), dim=1)
    missed = F.softplus(-best.masked_fill(~bags, 0.0))
    spilt = F.softplus(logits)
    return (_mean_of(missed, bags) + _mean_of(spilt.flatten(1), ~inside.flatten(1))).mean()


def smoothness_loss(logits: Tensor, boxes: Tensor) -> Tensor:
    """The pairwise term: mean squared difference of the probabilities of neighbours, over the pairs (of eight
    neighbours) that have a pixel in the box.

    Args:
        logits: (..., H, W).
        boxes: (..., 4) x, y, w, h in pixels.

    Returns:
        Scalar in [0, 1], the mean over the images.
    """
    logits, _, inside = _by_image(logits, boxes)
    probabilities = torch.sigmoid(logits)
    total = count = torch.zeros(len(logits), device=logits.device)
    for down, right in NEIGHBOURS:
        here, there = _pair(probabilities, down, right)
        counted = torch.logical_or(*_pair(inside, down, right))
        total = total + ((here - there).square() * counted).sum((1, 2))
        count = count + counted.sum((1, 2))
    return (total / count.clamp(min=1)).mean()


def _by_image(logits: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Logits (N, H, W) and boxes (N, 4) in float32 or finer, and the boxes' pixels (N, H, W) bool."""
    if boxes.shape != (*logits.shape[:-2], 4):
        raise ValueError(
            f"logits {tuple(logits.shape)} and boxes {tuple(boxes.shape)}: must be (..., H, W) and (..., 4)"
        )
    dtype = torch.promote_types(logits.dtype, torch.float32)
    flat, boxes = logits.reshape(-1, *logits.shape[-2:]).to(dtype), boxes.reshape(-1, 4).to(dtype)
    return flat, boxes, box_pixels(boxes, (flat.shape[1], flat.shape[2]))


def _mean_of(values: Tensor, counted: Tensor) -> Tensor:
    """(N, P) -> (N,): the mean over what counts, 0 where nothing does."""
    return (values * counted).sum(1) / counted.sum(1).clamp(min=1)


def _pair(maps: Tensor, down: int, right: int) -> tuple[Tensor, Tensor]:
    """(N, H, W) -> all pixels that have the neighbour so far away, and that neighbour."""
    height, width = maps.shape[1:]
    left = max(0, -right)
    here = maps[:, : height - down, left : width - max(0, right)]
    return here, maps[:, down:, left + right : width + min(0, right)]
