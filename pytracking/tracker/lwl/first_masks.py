"""The masks with which targets start."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ltr.data.mask_io import MAX_OBJECT_ID
from ltr.errors import InputError
from pytracking.tracker.interface import Labels, Target


def first_labels(targets: Mapping[int, Target], frame_hw: tuple[int, int]) -> Labels:
    """Give each pixel of the given masks to one target.

    Where masks overlap, as those made of boxes do, the smaller one lies in front.

    Args:
        targets: object id -> target.
        frame_hw: (H, W) of the frame.

    Returns:
        (H, W) uint8 object ids.

    Raises:
        InputError: an id out of range, a target without a mask, with an empty one or one of another size.
    """
    areas = {}
    for object_id, target in targets.items():
        if not 1 <= object_id <= MAX_OBJECT_ID:
            raise InputError(f"object id is {object_id}: must be from 1 to {MAX_OBJECT_ID}")
        mask = target.mask
        if mask is None:
            raise InputError(
                f"object {object_id} starts with a box and this tracker needs a mask: give one, or take "
                "parameters that name an initializer (such as lwl/grabcut_init)"
            )
        if mask.shape != frame_hw or mask.dtype != np.bool_:
            raise InputError(
                f"mask of object {object_id} is {mask.dtype} {mask.shape}: must be bool {frame_hw}, the size "
                "of the frame"
            )
        areas[object_id] = int(mask.sum())
        if not areas[object_id]:
            raise InputError(f"mask of object {object_id} is empty: at least one pixel must be the target's")
    labels = np.zeros(frame_hw, dtype=np.uint8)
    for object_id in sorted(areas, key=lambda i: (areas[i], i), reverse=True):
        labels[targets[object_id].mask] = object_id
    return labels
