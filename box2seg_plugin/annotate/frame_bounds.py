"""Boxes that show nothing of their frame, found once the frames' size is known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ltr.data.boxes import ABSENT, is_absent
from pytracking.evaluation.box_files import Boxes

_ABSENT_NOTATIONS = ((-1.0,) * 4, (0.0,) * 4)
"""How data sets write that there is no target. Other boxes of no area are mistakes."""


def outside_frame(boxes: npt.ArrayLike, width: int, height: int) -> npt.NDArray[np.bool_]:
    """Which boxes have an area, and no part of it in the frame.

    Args:
        boxes: (..., 4) x, y, w, h, pixels.
        width, height: of the frame, pixels.

    Returns:
        (...) bool; False for absent boxes. The same as an absent ``ltr.data.boxes.clip_box``.
    """
    array = np.asarray(boxes, dtype=np.float64)
    low = np.maximum(array[..., :2], 0)
    with np.errstate(over="ignore"):
        high = np.minimum(array[..., :2] + array[..., 2:], (width, height))
    return np.asarray(~is_absent(array) & ~(high > low).all(axis=-1))


def without_outside(
    boxes: Mapping[int, Boxes], width: int, height: int
) -> tuple[dict[int, Boxes], list[tuple[int, int]]]:
    """The boxes of a video, with the plain absent box for all that cannot be segmented.

    That is what lies wholly outside the frame, has no area, or is not finite.

    Args:
        boxes: object id -> (N, 4) x, y, w, h, pixels.
        width, height: of the frames, pixels.

    Returns:
        object id -> (N, 4), new arrays; and (frame index, object id) of each box that was replaced, by frame,
        without those that are one of the ways to say that there is none: -1,-1,-1,-1 and 0,0,0,0.
    """
    kept: dict[int, Boxes] = {}
    replaced: list[tuple[int, int]] = []
    for object_id, given in boxes.items():
        void = is_absent(given) | outside_frame(given, width, height)
        said = np.logical_or.reduce([(given == notation).all(axis=1) for notation in _ABSENT_NOTATIONS])
        replaced += [(int(frame), object_id) for frame in np.flatnonzero(void & ~said)]
        kept[object_id] = np.where(void[:, np.newaxis], ABSENT, given)
    return kept, sorted(replaced)
