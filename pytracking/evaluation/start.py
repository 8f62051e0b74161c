"""What a tracker is given of its targets.

    targets = prepare_targets(sequence.targets(0), image, make_initializer("grabcut"), tracker.needs_masks)
    tracker.initialize(image, targets)

Where a tracker needs masks and a video has boxes, an initializer makes them, whichever tracker it is.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ltr.data.boxes import box_mask, is_absent
from ltr.errors import InputError
from pytracking.initializers import SegmentationInitializer, make_initializer, make_mask
from pytracking.object_merging import ObjectLogits, keep_one_pixel
from pytracking.registry import PARAMETERS
from pytracking.tracker.interface import Box, Image, Target, TrackerParameters

logger = logging.getLogger(__name__)

Masks = Mapping[int, npt.NDArray[np.bool_]]


def prepare_targets(
    targets: Mapping[int, Target],
    image: Image,
    initializer: SegmentationInitializer | None,
    needs_masks: bool,
) -> dict[int, Target]:
    """Check the targets that start in a frame and make the masks that are missing.

    Masks do not overlap afterwards. A pixel in several of them goes to one that was given; among those that
    were made to the one of the smaller box (the smaller object, if behind the larger, would hardly be seen),
    of boxes equal in size to the lower id. No mask is empty: one that lost all its pixels takes back the one
    nearest to the middle of its box.

    Args:
        targets: object id (1..254) -> target; their masks, where they have any, do not overlap.
        image: (H, W, 3) uint8 RGB, the frame in which they start.
        initializer: what makes masks from boxes; None: nothing does.
        needs_masks: whether the tracker needs them; without need none are made.

    Returns:
        object id -> target, in the order given. Boxes stay as they were given, around the mask or not.

    Raises:
        InputError: a box has no area or lies outside the frame, a mask is not of the frame's size, a mask is
            needed and there is no initializer, or the frame has no pixel left for an object.
    """
    for object_id, target in targets.items():
        _check(object_id, target, image)
    missing = [object_id for object_id, target in targets.items() if target.mask is None]
    if not needs_masks or not missing:
        return dict(targets)
    if initializer is None:
        raise no_initializer(f"object {missing[0]} starts with a box")
    given = {i: target.mask for i, target in targets.items() if target.mask is not None}
    made = {i: make_mask(initializer, image, targets[i].box) for i in missing}
    masks = _disjoint(given, made, {i: target.box for i, target in targets.items()})
    return {i: Target(target.box, masks[i]) for i, target in targets.items()}


def without_masks(targets: Mapping[int, Target]) -> dict[int, Target]:
    """The same targets, known by their boxes alone."""
    return {object_id: Target(target.box) for object_id, target in targets.items()}


def initializer_of(parameters: TrackerParameters) -> SegmentationInitializer | None:
    """What the parameters name; ``initializer_options``, where they have any, go to its factory.

    Raises:
        InputError: nothing is registered under that name, or an option does not fit.
    """
    if parameters.initializer is None:
        return None
    return make_initializer(parameters.initializer, **getattr(parameters, "initializer_options", {}))


def no_initializer(reason: str) -> InputError:
    """The error to raise where a tracker needs masks that nothing makes; ``reason`` says which."""
    known = ", ".join(_parameters_with_initializer()) or "none is installed"
    return InputError(
        f"{reason} and the tracker needs masks: choose parameters with an initializer, which makes them "
        f"(known: {known})"
    )


def _parameters_with_initializer() -> list[str]:
    """The registered tracker parameters ("lwl/box2seg_init") that name an initializer."""
    names = []
    for name in PARAMETERS:
        try:
            parameters = PARAMETERS.get(name)()
        except Exception as error:  # a stranger's code, asked for a hint only
            logger.debug('parameters "%s" cannot be made: %s', name, error)
            continue
        if getattr(parameters, "initializer", None) is not None:
            names.append(name)
    return names


def _check(object_id: int, target: Target, image: Image) -> None:
    """Refuse a target that nothing can start from."""
    height, width = image.shape[:2]
    shown = ", ".join(f"{value:g}" for value in target.box)
    if bool(is_absent(target.box)):
        raise InputError(f"object {object_id} starts with box ({shown}): width and height must be > 0")
    if not box_mask(target.box, height, width).any():
        raise InputError(
            f"object {object_id} starts with box ({shown}), outside its frame, which is {width} x {height}"
        )
    if target.mask is not None and target.mask.shape != (height, width):
        raise InputError(
            f"object {object_id} starts with a mask of {target.mask.shape[1]} x {target.mask.shape[0]}, "
            f"its frame is {width} x {height}"
        )


def _disjoint(given: Masks, made: Masks, boxes: Mapping[int, Box]) -> Masks:
    """Give each pixel to one object; see :func:`prepare_targets`."""
    smallest_last = sorted(made, key=lambda i: (boxes[i][2] * boxes[i][3], i), reverse=True)
    masks = {**{i: made[i] for i in smallest_last}, **given}  # a later one lies above those before
    labels = np.zeros(next(iter(masks.values())).shape, np.uint8)
    for object_id, mask in masks.items():
        labels[mask] = object_id
    for object_id in sorted(masks):
        if not (labels == object_id).any():
            nearest = ObjectLogits(object_id, 0, 0, _nearness(masks[object_id], boxes[object_id]))
            if not keep_one_pixel(labels, nearest):
                raise InputError(f"object {object_id} starts with a box that others fill: no pixel is left")
    return {object_id: labels == object_id for object_id in masks}


def _nearness(mask: npt.NDArray[np.bool_], box: Box) -> npt.NDArray[np.float32]:
    """(H, W): the nearer to the middle of the box the larger, -inf outside the mask."""
    x, y, w, h = box
    rows, columns = np.indices(mask.shape) + 0.5
    distance = (columns - (x + w / 2)) ** 2 + (rows - (y + h / 2)) ** 2
    return np.where(mask, -distance, -np.inf).astype(np.float32)
