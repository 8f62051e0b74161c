"""One target on its way through a video."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from ltr.data.boxes import mask_to_box
from ltr.data.crops import Crop
from pytracking.tracker.interface import Box
from pytracking.tracker.lwl.memory import SampleMemory
from pytracking.tracker.lwl.target_state import TargetState, measure

Mask = npt.NDArray[np.bool_]


@dataclass
class FollowedTarget:
    """What is known of a target.

    Attributes:
        state: where it is searched for.
        box: (4,) x, y, w, h: what is reported.
        memory: what the target model is learned from.
        z: the target model, (1, C, D, K, K).
        score: how sure the tracker is of the target in the last frame, in [0, 1].
        age: frames since it started.
    """

    state: TargetState
    box: Box
    memory: SampleMemory
    z: Tensor
    score: float = 1.0
    age: int = 0


@dataclass(frozen=True)
class Sighting:
    """A target as it is seen in a frame.

    Attributes:
        state: what its mask measures.
        box: around its mask, (4,) x, y, w, h.
        score: mean probability inside its mask.
    """

    state: TargetState
    box: Box
    score: float


def sight(
    probability: npt.NDArray[np.float32],
    mask: Mask,
    corner: tuple[int, int],
    crop: Crop,
    min_mask_sum: float,
) -> Sighting | None:
    """Find a target in its merged probability.

    Only what lies in the mask is measured. The authors measure all probabilities; one per cent of doubt over
    a crop of 25 times the target's area would double the size.

    Args:
        probability: (h, w) on a rectangle of the frame.
        mask: (h, w) bool, the pixels that merging gave to the target.
        corner: (left, top) of the rectangle.
        crop: where the network looked.
        min_mask_sum: the least sum of the probabilities, in pixels of the crop's output.

    Returns:
        None when the target is lost.
    """
    inside = np.where(mask, probability, 0)
    total = float(inside.sum(dtype=np.float64))
    stretch = crop.output_size[0] * crop.output_size[1] / (crop.width * crop.height)
    if not mask.any() or total * stretch < min_mask_sum:
        return None
    box = mask_to_box(mask)
    box[:2] += corner
    return Sighting(measure(inside, *corner), box, total / int(mask.sum()))
