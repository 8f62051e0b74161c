"""What a tracker answers to the VOT toolkit, frame by frame; how it is said lies in ``trax_session``.

The toolkit shows a frame and the targets that start there, waits for where all targets are, and goes on to
the next frame. It may begin anew at any time: under the multi-start protocol it does so at every anchor.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ltr.data.boxes import mask_to_box
from ltr.data.image_io import RgbImage, read_image
from ltr.errors import InputError
from pytracking.analysis.vot_regions import Region, paint_region
from pytracking.evaluation.reproducible import seed_random_numbers
from pytracking.evaluation.start import prepare_targets, without_masks
from pytracking.initializers import SegmentationInitializer
from pytracking.tracker.interface import Box, Target, Tracker, TrackResult

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """A frame that the toolkit shows.

    Attributes:
        image: file of the frame.
        restart: whether a new run begins: nothing from before counts.
        new: where the targets are that start in this frame, by a box or by their pixels.
    """

    image: Path
    restart: bool
    new: Sequence[Box | Region]


@dataclass(frozen=True)
class ObjectState:
    """Where a target is now.

    Attributes:
        box: (4,) x, y, w, h in pixels; w or h <= 0 where the tracker knows of none.
        mask: (H, W) bool; None from trackers that make no masks.
        confidence: that the target is in the frame, in [0, 1].
    """

    box: Box
    mask: npt.NDArray[np.bool_] | None
    confidence: float


class Conversation:
    """A tracker that is asked by the toolkit.

    Targets are numbered from 1 in the order in which they start, and are answered for in that order.

    Args:
        tracker: who follows the targets.
        initializer: what makes a mask where the toolkit gives a box and the tracker needs a mask.
        from_boxes: start every target from its box, also where the toolkit gives its mask.
    """

    def __init__(
        self, tracker: Tracker, initializer: SegmentationInitializer | None, from_boxes: bool = False
    ) -> None:
        self._tracker = tracker
        self._initializer = initializer
        self._from_boxes = from_boxes
        self._shape: tuple[int, ...] | None = None
        self._states: list[ObjectState] = []

    def answer(self, request: Request) -> list[ObjectState]:
        """Let the tracker see a frame.

        A later frame that cannot be read, or has not the first one's size, leaves the targets where they
        were, with a warning in the log.

        Returns:
            the state of every target of this run so far.

        Raises:
            InputError: a frame where targets start cannot be read, or a target cannot start (see
                :func:`pytracking.evaluation.start.prepare_targets`).
            KeyError: the tracker says nothing of a target.
        """
        if request.restart:
            self._shape, self._states = None, []
            seed_random_numbers()  # a run is the same whatever ran before
        try:
            image = self._read(request.image)
        except InputError as error:
            if request.new:
                raise
            logger.warning("%s: the targets stay where they were", error)
            return self._states
        given = [make_target(region, *image.shape[:2]) for region in request.new]
        new = dict(enumerate(given, start=len(self._states) + 1))
        new = without_masks(new) if self._from_boxes else new
        new = prepare_targets(new, image, self._initializer, self._tracker.needs_masks)
        if request.restart:
            result = self._tracker.initialize(image, new)
        else:
            result = self._tracker.track(image, *([new] if new else []))
        self._states = [_state(result, i) for i in range(1, len(self._states) + len(new) + 1)]
        return self._states

    def _read(self, path: Path) -> RgbImage:
        """Read a frame; InputError if it cannot be read or is not of the run's size."""
        image = read_image(path)
        if self._shape is None:
            self._shape = image.shape
        if image.shape != self._shape:
            size, first = (f"{shape[1]} x {shape[0]}" for shape in (image.shape, self._shape))
            raise InputError(f"{path}: frame is {size}, the first one is {first}")
        return image


def make_target(region: Box | Region, height: int, width: int) -> Target:
    """What the toolkit gives of a target, as a tracker takes it.

    Args:
        region: a box, which is taken as it is, or pixels; those outside the image are dropped.
        height, width: of the image.
    """
    if not isinstance(region, Region):
        return Target(np.asarray(region, np.float64))
    mask = paint_region(region, 0, 0, width, height)
    return Target(mask_to_box(mask), mask)


def _state(result: TrackResult, object_id: int) -> ObjectState:
    mask = None if result.mask is None else result.mask == object_id
    return ObjectState(result.boxes[object_id], mask, result.scores[object_id])
