"""What a training step of LWL does: the first frame's mask is given, what comes after is judged.

Source: Bhat et al., ECCV 2020, section 3.6.
"""

from __future__ import annotations

from torch import Tensor

from ltr.data.clip_processing import Sample
from ltr.losses.segmentation import choose_loss, mask_iou
from ltr.models.lwl import LWLNet

GIVEN = 1
"""Frames of a clip whose masks are given."""


class LWLActor:
    """Turns a batch into a loss and statistics.

    Args:
        network: the network to train.
        loss: a key of ``ltr.losses.segmentation.LOSSES``.
        loss_weight: factor on the loss; with Adam it matters with gradient clipping alone.

    Raises:
        ValueError: an unknown loss.
    """

    def __init__(self, network: LWLNet, loss: str = "lovasz", loss_weight: float = 100.0) -> None:
        self.network = network
        self.loss = choose_loss(loss)
        self.loss_weight = loss_weight

    def __call__(self, batch: Sample) -> tuple[Tensor, dict[str, float]]:
        """Loss of a batch (see :class:`ltr.data.clip_processing.Sample`, with a leading B, of two frames or
        more) and its statistics.

        Returns:
            scalar loss, and {"loss", "J/first", "J/last"}: the loss without its factor, J on the first and on
            the last frame predicted, in [0, 1].
        """
        logits = self.network(batch.images, batch.masks[:, :GIVEN])
        truth = batch.masks[:, GIVEN:]
        loss = self.loss(logits, truth)
        iou = mask_iou(logits.detach(), truth)
        stats = {
            "loss": float(loss.detach()),
            "J/first": float(iou[:, 0].mean()),
            "J/last": float(iou[:, -1].mean()),
        }
        return self.loss_weight * loss, stats
