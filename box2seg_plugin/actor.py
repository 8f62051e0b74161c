"""What a training step of Box2Seg does: both predictions against the masks.

Source: Zhao et al., ICCV 2021, eq. 6: the loss is taken of the first and of the refined prediction alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from box2seg_plugin.network import Box2SegNet
from ltr.data.clip_processing import Sample
from ltr.losses.segmentation import cross_entropy_dice_loss, lovasz_loss, mask_iou

LOSSES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "lovasz": lovasz_loss,
    "cross_entropy_dice": cross_entropy_dice_loss,
}


class Box2SegActor:
    """Turns a batch into a loss and statistics.

    Args:
        network: the network to train.
        loss: a key of ``LOSSES``.
        loss_weight: factor on the loss; it matters with gradient clipping alone.
        single_frame_dropout: share of the clips whose m is blanked out, so that the decoder learns to use s.
        refinements: passes trained; None is the network's own.
    """

    def __init__(
        self,
        network: Box2SegNet,
        loss: str = "lovasz",
        loss_weight: float = 100.0,
        single_frame_dropout: float = 0.0,
        refinements: int | None = None,
    ) -> None:
        if loss not in LOSSES:
            raise ValueError(f'loss is "{loss}": known are {", ".join(LOSSES)}')
        self.network = network
        self.loss = LOSSES[loss]
        self.loss_weight = loss_weight
        self.single_frame_dropout = single_frame_dropout
        self.refinements = refinements

    def __call__(self, batch: Sample) -> tuple[Tensor, dict[str, float]]:
        """Loss of a batch (see :class:`ltr.data.clip_processing.Sample`, with a leading B) and its statistics.

        Returns:
            scalar loss, and {"loss", "J/first", "J/final"}, J as the mean over frames in [0, 1].
        """
        keep = None
        if self.single_frame_dropout > 0:
            keep = (torch.rand(batch.images.shape[0]) >= self.single_frame_dropout).to(batch.images.device)
        predictions = self.network(batch.images, batch.boxes, None, self.refinements, keep)
        losses = [self.loss(logits, batch.masks) for logits in predictions]
        loss = torch.stack(losses).sum()
        stats = {
            "loss": float(loss.detach()),
            "J/first": float(mask_iou(predictions[0].detach(), batch.masks).mean()),
            "J/final": float(mask_iou(predictions[-1].detach(), batch.masks).mean()),
        }
        return self.loss_weight * loss, stats
