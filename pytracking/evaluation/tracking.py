"""Runs a tracker over a sequence, frame by frame.

    for frame in track_sequence(tracker, sequence, make_initializer("grabcut")):
        print(frame.index, frame.result.boxes)

Frames are read one at a time, each when the one before has been dealt with: no tracker can look ahead.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ltr.data.image_io import RgbImage
from ltr.errors import InputError
from pytracking.evaluation.sequence import Sequence
from pytracking.evaluation.start import prepare_targets, without_masks
from pytracking.initializers import SegmentationInitializer
from pytracking.tracker.interface import Target, Tracker, TrackResult

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrackedFrame:
    """What came out for a frame.

    Attributes:
        index: of the frame, from 0.
        result: what the tracker said. Of frames before the first target starts: no boxes, and an empty mask
            if the tracker makes masks.
        seconds: that the tracker took; reading the frame and making masks from boxes are not in it.
        image: (H, W, 3) uint8 RGB; None if the tracker was not shown this frame.
        unreadable: why the frame could not be read and the result is that of the frame before; else None.
    """

    index: int
    result: TrackResult
    seconds: float = 0.0
    image: RgbImage | None = None
    unreadable: str | None = None


def track_sequence(
    tracker: Tracker,
    sequence: Sequence,
    initializer: SegmentationInitializer | None = None,
    from_boxes: bool = False,
) -> Iterator[TrackedFrame]:
    """Run a tracker over a sequence.

    A frame that cannot be read, or has not the first one's size, keeps the result of the one before, with a
    warning in the log. Targets that would start in it start in the next frame.

    Args:
        tracker: it is initialized anew.
        sequence: where a target starts.
        initializer: makes the masks that the tracker needs and the sequence lacks.
        from_boxes: start every target from its box, also where the sequence has its mask.

    Yields:
        every frame of the sequence, in order.

    Raises:
        InputError: the frame where the first target starts cannot be read, or targets cannot start (see
            :func:`pytracking.evaluation.start.prepare_targets`).
        ValueError: the tracker's result lacks a target or is malformed.
    """
    if not sequence.start_boxes and not sequence.start_masks:
        raise InputError(f'sequence "{sequence.name}" names no target to track')

    def starting(frame: int) -> dict[int, Target]:
        targets = sequence.targets(frame)
        return without_masks(targets) if from_boxes else targets

    first = sequence.first_frame
    image = sequence.image(first)
    shape = image.shape
    targets = prepare_targets(starting(first), image, initializer, tracker.needs_masks)
    result, seconds = _timed(tracker.initialize, image, targets)
    _check_result(result, targets, shape, makes_masks=result.mask is not None)
    blank = TrackResult({}, {}, None if result.mask is None else np.zeros(shape[:2], np.uint8))
    for index in range(first):
        yield TrackedFrame(index, blank)
    yield TrackedFrame(first, result, seconds, image)

    known, waiting = set(targets), dict[int, Target]()
    for index in range(first + 1, len(sequence)):
        waiting.update(starting(index))
        try:
            image = _read(sequence, index, shape)
        except InputError as error:
            logger.warning('sequence "%s", frame %d keeps the result of the one before: %s',
                           sequence.name, index, error)  # fmt: skip
            yield TrackedFrame(index, result, unreadable=str(error))
            continue
        new = prepare_targets(waiting, image, initializer, tracker.needs_masks)
        waiting.clear()
        known.update(new)
        result, seconds = _timed(tracker.track, image, *([new] if new else []))
        _check_result(result, known, shape, makes_masks=blank.mask is not None)
        yield TrackedFrame(index, result, seconds, image)


def _read(sequence: Sequence, index: int, shape: tuple[int, ...]) -> RgbImage:
    """Read a frame; InputError if it cannot be read or is not of this shape (H, W, 3)."""
    image = sequence.image(index)
    if image.shape != shape:
        raise InputError(
            f"{sequence.files[index]}: frame is {image.shape[1]} x {image.shape[0]}, the first one is "
            f"{shape[1]} x {shape[0]}"
        )
    return image


def _timed(call: Callable[..., TrackResult], *arguments: Any) -> tuple[TrackResult, float]:
    """What a call returns, and its seconds."""
    started = time.perf_counter()
    return call(*arguments), time.perf_counter() - started


def _check_result(
    result: TrackResult, object_ids: Collection[int], shape: tuple[int, ...], makes_masks: bool
) -> None:
    """Find a tracker's mistake where it is made, not when the results are read."""
    for object_id in object_ids:
        box = result.boxes.get(object_id)
        if box is None or np.shape(box) != (4,) or not np.isfinite(box).all():
            raise ValueError(f"the tracker's box of object {object_id} is {box}: must be four finite numbers")
    mask = result.mask
    if (mask is not None) != makes_masks:
        raise ValueError("the tracker makes masks of some frames alone: must be of all or none")
    if mask is not None and (mask.shape != shape[:2] or mask.dtype != np.uint8):
        raise ValueError(f"the tracker's mask is {mask.dtype} {mask.shape}: must be uint8 {shape[:2]}")
