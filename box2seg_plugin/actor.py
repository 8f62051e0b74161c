"""What a training step of Box2Seg does: both predictions against the masks.

Source: Zhao et al., ICCV 2021, eq. 6: the loss is taken of the first and of the refined prediction alike.
"""

from __future__ import annotations

import torch
from torch import Tensor

from box2seg_plugin.box_network import BoxNet
from ltr.data.clip_processing import Sample
from ltr.losses.segmentation import choose_loss, mask_iou


class Box2SegActor:
    """Turns a batch into a loss and statistics.

    Args:
        network: the network to train.
        loss: a key of ``ltr.losses.segmentation.LOSSES``.
        loss_weight: factor on the loss; with Adam it matters with gradient clipping alone.
        single_frame_dropout: share in [0, 1) of the clips whose m is blanked out, so that the decoder learns
            to use s.
        refinements: passes trained; None is the network's own.

    Raises:
        ValueError: an unknown loss, or m is to be dropped from a network that has nothing else.
    """

    def __init__(
        self,
        network: BoxNet,
        loss: str = "lovasz",
        loss_weight: float = 100.0,
        single_frame_dropout: float = 0.0,
        refinements: int | None = None,
    ) -> None:
        if not 0 <= single_frame_dropout < 1:
            raise ValueError(f"single_frame_dropout is {single_frame_dropout}: must be in [0, 1)")
        if single_frame_dropout > 0 and not network.config.use_aggregation:
            raise ValueError("single_frame_dropout leaves a network without aggregation nothing to decode")
        self.network = network
        self.loss = choose_loss(loss)
        self.loss_weight = loss_weight
        self.single_frame_dropout = single_frame_dropout
        self.refinements = refinements

    def __call__(self, batch: Sample) -> tuple[Tensor, dict[str, float]]:
        """Loss of a batch (see :class:`ltr.data.clip_processing.Sample`, with a leading B) and its
        statistics.

        Returns:
            scalar loss, and {"loss", "J/first", "J/final"}: the loss without its factor, J as the mean over
            frames in [0, 1].
        """
        keep = None
        if self.single_frame_dropout > 0:
            keep = (torch.rand(batch.images.shape[0]) >= self.single_frame_dropout).to(batch.images.device)
        predictions = self.network(batch.images, batch.boxes, None, self.refinements, keep)
        loss = torch.stack([self.loss(logits, batch.masks) for logits in predictions]).sum()
        stats = {
            "loss": float(loss.detach()),
            "J/first": float(mask_iou(predictions[0].detach(), batch.masks).mean()),
            "J/final": float(mask_iou(predictions[-1].detach(), batch.masks).mean()),
        }
        return self.loss_weight * loss, stats
