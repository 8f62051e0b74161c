"""Losses between mask logits and masks.

Sources: Lovasz: Berman, Rannen Triki, Blaschko, "The Lovasz-Softmax loss", CVPR 2018; dice: Milletari et al.,
"V-Net", 3DV 2016.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def lovasz_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Lovasz-softmax of the foreground on sigmoid probabilities, over all pixels at once.

    Args:
        logits: any shape.
        masks: same shape, 0 or 1.

    Returns:
        Scalar in [0, 1]: the Lovasz extension of 1 - J. 0 where no pixel is foreground.
    """
    probabilities, truth = torch.sigmoid(logits.float()).flatten(), masks.float().flatten()
    errors, order = torch.sort((truth - probabilities).abs(), descending=True)
    truth = truth[order]
    total = truth.sum()
    intersection = total - truth.cumsum(0)
    union = total + (1 - truth).cumsum(0)
    jaccard = 1 - intersection / union
    weights = torch.cat((jaccard[:1], jaccard[1:] - jaccard[:-1]))
    return (errors * weights).sum() * (total > 0)


def cross_entropy_dice_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Mean binary cross-entropy plus 1 - soft dice of each frame.

    Args:
        logits: (..., H, W).
        masks: same shape, 0 or 1.
    """
    logits, truth = logits.float(), masks.float()
    probabilities = torch.sigmoid(logits)
    overlap = 2 * (probabilities * truth).sum((-2, -1)) + 1
    dice = 1 - overlap / (probabilities.sum((-2, -1)) + truth.sum((-2, -1)) + 1)
    return F.binary_cross_entropy_with_logits(logits, truth) + dice.mean()


def mask_iou(logits: Tensor, masks: Tensor) -> Tensor:
    """J of each frame at threshold 0: (..., H, W) -> (...) in [0, 1], 1 where both are empty."""
    predicted, truth = logits > 0, masks > 0
    union = (predicted | truth).sum((-2, -1)).float()
    return torch.where(union > 0, (predicted & truth).sum((-2, -1)).float() / union.clamp(min=1), torch.ones(()).to(union))
