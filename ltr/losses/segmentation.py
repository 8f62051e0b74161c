"""Losses between mask logits and masks, and J.

Sources: Lovasz: Berman, Rannen Triki, Blaschko, "The Lovasz-Softmax loss", CVPR 2018, algorithm 1; dice:
Milletari, Navab, Ahmadi, "V-Net", 3DV 2016.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor


def lovasz_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Lovasz-softmax of the foreground on sigmoid probabilities, over all pixels at once.

    Args:
        logits: any shape.
        masks: same shape, 0 or 1.

    Returns:
        Scalar in [0, 1]: the Lovasz extension of 1 - J, which it equals for hard predictions. 0 where no
        pixel is foreground.
    """
    probabilities, truth = torch.sigmoid(logits.float()).flatten(), masks.flatten() > 0
    errors, order = torch.sort((truth.float() - probabilities).abs(), descending=True)
    truth = truth[order]
    total = truth.sum()
    # With the pixels up to here mistaken, worst first, J is intersection / union. What each one adds to 1 - J
    # is written out: as a difference of neighbours it would drown in rounding among a million pixels.
    intersection = total - truth.cumsum(0)
    union = (total + (~truth).cumsum(0)).float()
    weights = torch.where(truth, 1 / union, intersection / (union * (union - 1).clamp(min=1)))
    return (errors * weights).sum() * (total > 0)


def cross_entropy_dice_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Mean binary cross-entropy plus 1 - soft dice, the mean over frames.

    Args:
        logits: (..., H, W).
        masks: same shape, 0 or 1.

    Returns:
        Scalar >= 0.
    """
    logits, truth = logits.float(), masks.float()
    probabilities = torch.sigmoid(logits)
    overlap = 2 * (probabilities * truth).sum((-2, -1)) + 1
    dice = 1 - overlap / (probabilities.sum((-2, -1)) + truth.sum((-2, -1)) + 1)
    return F.binary_cross_entropy_with_logits(logits, truth) + dice.mean()


def mask_iou(logits: Tensor, masks: Tensor) -> Tensor:
    """J of each frame at threshold 0: (..., H, W) -> (...) in [0, 1], 1 where both are empty."""
    predicted, truth = logits > 0, masks > 0
    intersection = (predicted & truth).sum((-2, -1)).float()
    union = (predicted | truth).sum((-2, -1)).float()
    return torch.where(union > 0, intersection / union.clamp(min=1), 1.0)


Loss = Callable[[Tensor, Tensor], Tensor]
"""Logits and masks of the same shape (..., H, W) -> a scalar."""

LOSSES: Mapping[str, Loss] = {"lovasz": lovasz_loss, "cross_entropy_dice": cross_entropy_dice_loss}


def choose_loss(name: str) -> Loss:
    """The loss that settings name. ValueError for an unknown one."""
    if name not in LOSSES:
        raise ValueError(f'loss is "{name}": known are {", ".join(LOSSES)}')
    return LOSSES[name]
