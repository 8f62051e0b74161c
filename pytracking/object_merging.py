"""Several objects' logits -> one mask in which no pixel is given twice ("soft aggregation").

Source: Oh et al., "Fast Video Object Segmentation by Reference-Guided Mask Propagation", CVPR 2018. The
    background's
probability is the product of the objects' complements, probabilities are clamped at 1e-7, and a pixel goes to
the largest of the softmax over the logits of background and objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CLAMP = 1e-7
MAX_LOGIT = float(np.log1p(-CLAMP) - np.log(CLAMP))


@dataclass(frozen=True)
class ObjectLogits:
    """One object's logits on a rectangle of the frame; outside it there is none of the object.

    Attributes:
        object_id: 1..255.
        top, left: the rectangle's first pixel in the frame.
        logits: (h, w) float32; 0 is the threshold. The rectangle lies in the frame.
    """

    object_id: int
    top: int
    left: int
    logits: npt.NDArray[np.float32]

    @property
    def region(self) -> tuple[slice, slice]:
        """The rectangle as an index into arrays of the frame's size."""
        height, width = self.logits.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


@dataclass(frozen=True)
class MergedMask:
    """What became of the objects.

    Attributes:
        mask: (H, W) uint8 object ids, 0 background.
        claimed_twice: pixels that more than one object claimed (logit above 0) before merging.
    """

    mask: npt.NDArray[np.uint8]
    claimed_twice: int


def merge_objects(objects: Sequence[ObjectLogits], height: int, width: int) -> MergedMask:
    """Give each pixel of the frame to one object or to the background.

    The order of ``objects`` does not matter: of objects that are equally sure (beyond the clamp) the lowest
    id wins.
    """
    mask = np.zeros((height, width), dtype=np.uint8)
    if len(objects) == 1:  # the softmax of y and -y
        mask[objects[0].region][objects[0].logits > 0] = objects[0].object_id
        return MergedMask(mask, 0)
    best = np.full((height, width), -np.inf, dtype=np.float32)
    background = np.zeros((height, width), dtype=np.float32)  # log probability
    claims = np.zeros((height, width), dtype=np.uint8)
    for item in sorted(objects, key=lambda item: item.object_id):
        logits = np.clip(item.logits, -MAX_LOGIT, MAX_LOGIT)
        wins = logits > best[item.region]
        mask[item.region][wins] = item.object_id
        best[item.region][wins] = logits[wins]
        background[item.region] -= np.logaddexp(0, item.logits)
        claims[item.region] += item.logits > 0
    mask[best <= _logit(background)] = 0
    return MergedMask(mask, int(np.count_nonzero(claims > 1)))


def keep_one_pixel(mask: npt.NDArray[np.uint8], item: ObjectLogits) -> bool:
    """Give an object that lost all its pixels to others the one of its rectangle that it is surest of.

    Changes ``mask`` in place. A pixel that is another object's last one is not taken.

    Returns:
        False when there is no pixel to give.
    """
    part = mask[item.region]
    counts = np.bincount(mask.ravel(), minlength=256)
    counts[0] = 2  # of the background the last pixel may be taken
    logits = np.where(counts[part] > 1, item.logits, -np.inf)
    if logits.size == 0 or not np.isfinite(logits).any():
        return False
    part[np.unravel_index(np.argmax(logits), logits.shape)] = item.object_id
    return True


def _logit(log_probability: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """log p -> log(p / (1 - p)), clamped."""
    with np.errstate(divide="ignore"):
        logit = log_probability - np.log(-np.expm1(log_probability))
    return np.clip(logit, -MAX_LOGIT, MAX_LOGIT)
