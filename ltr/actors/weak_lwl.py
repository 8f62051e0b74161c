"""What a training step of LWL does where boxes are all that is known of some clips.

Source: Zhao et al., ICCV 2021, section 4.2, which compares with such training. Clips with masks are trained
on as ever (:mod:`ltr.actors.lwl`). What is predicted on the others is held against the boxes, by multiple
instance learning (:mod:`ltr.losses.mil`) and a dense CRF (:mod:`ltr.losses.crf`).

LWL learns its target from the mask of a clip's first frame, and such a clip has none there; how the paper
went about it is not published. Its box filled would teach the network that targets are rectangles with
background in them, while at test time they are masks. So the network makes that mask itself: it learns from
the filled box, segments that same frame, and what it finds inside the box is what the clip starts with. No
gradient goes through it: the network learns from its first masks, not to make them. ``BoxTerms.start`` is
the setting.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ltr.actors.lwl import GIVEN
from ltr.data.clip_processing import Sample
from ltr.data.mask_io import VOID
from ltr.losses.crf import dense_crf_loss
from ltr.losses.mil import mil_unary_loss, smoothness_loss
from ltr.losses.segmentation import choose_loss, mask_iou
from ltr.models.lwl import LWLNet

STARTS = ("prediction", "box")
"""What clips without masks start with: what the network makes of the first box, or that box, filled."""

LEAST_FILL = 0.05
"""Of a box: a predicted mask that holds less of it, in probability, gives way to the box, filled."""


@dataclass(frozen=True)
class BoxTerms:
    """How predictions are held against boxes: factors on the terms, and what they need to know.

    Attributes:
        unary, smoothness: of :mod:`ltr.losses.mil`.
        crf: of :mod:`ltr.losses.crf`; 0 leaves it out.
        crf_side, sigma_place, sigma_colour: see :func:`ltr.losses.crf.dense_crf_loss`.
        start: one of ``STARTS``.

    Raises:
        ValueError: an unknown ``start``.
    """

    unary: float = 1.0
    smoothness: float = 1.0
    crf: float = 0.0
    crf_side: int = 32
    sigma_place: float = 0.2
    sigma_colour: float = 15.0
    start: str = "prediction"

    def __post_init__(self) -> None:
        if self.start not in STARTS:
            raise ValueError(f'start is "{self.start}": known are {", ".join(STARTS)}')

    def loss(self, logits: Tensor, boxes: Tensor, images: Tensor) -> Tensor:
        """Scalar: the terms of logits (..., H, W) for boxes (..., 4) in images (..., 3, H, W)."""
        total = self.unary * mil_unary_loss(logits, boxes)
        if self.smoothness:
            total = total + self.smoothness * smoothness_loss(logits, boxes)
        if self.crf:
            cut = dense_crf_loss(
                torch.sigmoid(logits.float()), images, self.crf_side, self.sigma_place, self.sigma_colour
            )
            total = total + self.crf * cut
        return total


class WeakLWLActor:
    """Turns a batch into a loss and statistics.

    Args:
        network: the network to train.
        loss: for clips with masks, a key of ``ltr.losses.segmentation.LOSSES``.
        loss_weight: factor on the whole loss; with Adam it matters with gradient clipping alone.
        terms: for clips without.

    Raises:
        ValueError: an unknown loss.
    """

    def __init__(
        self,
        network: LWLNet,
        loss: str = "lovasz",
        loss_weight: float = 100.0,
        terms: BoxTerms | None = None,
    ) -> None:
        self.network = network
        self.loss = choose_loss(loss)
        self.loss_weight = loss_weight
        self.terms = terms or BoxTerms()

    def __call__(self, batch: Sample) -> tuple[Tensor, dict[str, float]]:
        """Loss of a batch (see :class:`ltr.data.clip_processing.Sample`, with a leading B, of two frames or
        more) and its statistics. Clips whose masks are hidden (:mod:`ltr.data.hidden_masks`) show
        :data:`ltr.data.mask_io.VOID`.

        Returns:
            scalar loss, the mean over the clips; and {"loss", "boxes", "J/first", "J/last"}: the loss without
            its factor, the part of it that clips without masks add, and of those with masks J on the first
            and on the last frame predicted, in [0, 1]. Where a batch has no such clip its figures are 0.
        """
        hidden = (batch.masks == VOID).flatten(1).any(1)
        start = self._start_masks(batch, hidden)
        logits = self.network(batch.images, start)
        zero = logits.new_zeros((), dtype=torch.float32)
        masks, boxes, iou = zero, zero, zero.expand(1, 1)
        if not hidden.all():
            seen, truth = logits[~hidden], batch.masks[~hidden, GIVEN:]
            masks = self.loss(seen, truth) * (~hidden).float().mean()
            iou = mask_iou(seen.detach(), truth)
        if hidden.any():
            shown = (logits[hidden], batch.boxes[hidden, GIVEN:], batch.images[hidden, GIVEN:])
            boxes = self.terms.loss(*shown) * hidden.float().mean()
        loss = masks + boxes
        stats = {
            "loss": float(loss.detach()),
            "boxes": float(boxes.detach()),
            "J/first": float(iou[:, 0].mean()),
            "J/last": float(iou[:, -1].mean()),
        }
        return self.loss_weight * loss, stats

    def _start_masks(self, batch: Sample, hidden: Tensor) -> Tensor:
        """(B, GIVEN, H, W) float32 in [0, 1]: the masks that the clips start with."""
        given = (batch.masks[:, :GIVEN] > 0).float()
        if self.terms.start == "box" or not hidden.any():
            return given
        # The first frames, as what comes after themselves. Of all clips, because a call of the network is
        # what processes share (ltr.shared_batch), and its batch norms are to see what they always see.
        with torch.no_grad():
            logits = self.network(batch.images[:, :GIVEN].repeat(1, 2, 1, 1, 1), given)
        found = torch.sigmoid(logits.float()) * given
        enough = found.sum((-2, -1)) >= LEAST_FILL * given.sum((-2, -1))
        return torch.where(hidden[:, None, None, None] & enough[..., None, None], found, given)
