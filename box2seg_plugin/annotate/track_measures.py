"""One object's masks in a video beside one another: their measures, and how each fits its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from box2seg_plugin.mask_measures import SHAPE_SIDE, MaskMeasures

Values = npt.NDArray[np.float64]

LEAST_FILL = 1e-4
"""Of the box; less counts as this much where the logarithm is taken."""

NEAR = 2
"""How many masks before and after a mask it is compared with."""


@dataclass(frozen=True)
class TrackMeasures:
    """Arrays (N,), a value for each annotated frame in order.

    Attributes:
        area_jump: |log of the fill over that in the next annotated frame|, the mean of the frames before and
            after; 0 for a single mask.
        likeness: mean IoU with the masks of up to ``NEAR`` annotated frames on either side, all stretched to
            the same box; 1 for a single mask.

    The others: see :class:`MaskMeasures`.
    """

    box_iou: Values
    fill: Values
    rim: Values
    confidence: Values
    inside: Values
    expected_iou: Values
    stability: Values
    agreement: Values
    area_jump: Values
    likeness: Values


def track_measures(masks: Sequence[MaskMeasures]) -> TrackMeasures:
    """Put one object's masks beside one another.

    Args:
        masks: of the annotated frames in order, at least one.
    """

    def values(name: str) -> Values:
        return np.array([getattr(mask, name) for mask in masks], dtype=np.float64)

    fill = values("fill")
    log_fill = np.log(np.maximum(fill, LEAST_FILL))
    shapes = np.frombuffer(b"".join(mask.shape for mask in masks), dtype=np.uint8)
    shapes = shapes.reshape(-1, SHAPE_SIDE**2)
    return TrackMeasures(
        box_iou=values("box_iou"),
        fill=fill,
        rim=values("rim"),
        confidence=values("confidence"),
        inside=values("inside"),
        expected_iou=values("expected_iou"),
        stability=values("stability"),
        agreement=values("agreement"),
        area_jump=_mean_near(
            len(masks), 1, 0.0, lambda distance: np.abs(log_fill[distance:] - log_fill[:-distance])
        ),
        likeness=_mean_near(
            len(masks), NEAR, 1.0, lambda distance: _shape_iou(shapes[distance:], shapes[:-distance])
        ),
    )


def _mean_near(count: int, near: int, alone: float, between: Callable[[int], Values]) -> Values:
    """(count,) mean of something between each mask and those up to ``near`` before and after it.

    Args:
        alone: the value of a mask without neighbours.
        between: distance -> (count - distance,) what is between the masks so far apart.
    """
    total, number = np.zeros(count), np.zeros(count)
    for distance in range(1, min(near, count - 1) + 1):
        value = between(distance)
        for side in (slice(distance, None), slice(None, -distance)):
            total[side] += value
            number[side] += 1
    return np.where(number > 0, total / np.maximum(number, 1), alone)


def _shape_iou(first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8]) -> Values:
    """(N,) IoU of coarse masks (N, cells); 1 where both are empty."""
    shared = np.minimum(first, second).sum(axis=1, dtype=np.int64)
    union = np.maximum(first, second).sum(axis=1, dtype=np.int64)
    return np.where(union > 0, shared / np.maximum(union, 1), 1.0)
