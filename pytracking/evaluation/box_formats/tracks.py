"""The boxes of a video's objects, and how the readers of formats put them together."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from reprlib import repr as shown  # short, whatever the value is
from typing import TypeGuard

import numpy as np
import numpy.typing as npt

from ltr.data.boxes import ABSENT
from ltr.data.mask_io import MAX_OBJECT_ID
from ltr.errors import InputError
from pytracking.evaluation.box_files import MAX_COORDINATE, Boxes

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class BoxTracks:
    """The boxes of a video.

    Attributes:
        boxes: object id (1..254, rising) -> (N, 4) float64 x, y, w, h in pixels. Where there is none, w or h
            is not positive: as the file has it, ``ABSENT`` where it has nothing.
        ids: object id -> what the file calls the object.
        labels: object id -> its class, of those of which the file names one.
    """

    boxes: dict[int, Boxes]
    ids: Mapping[int, int]
    labels: Mapping[int, str] = field(default_factory=dict)

    def called(self) -> list[tuple[int, int, str]]:
        """(object id, what the file calls it, its class or "") of all objects; none where all are called as
        their ids."""
        if not self.labels and all(object_id == given for object_id, given in self.ids.items()):
            return []
        return [(object_id, given, self.labels.get(object_id, "")) for object_id, given in self.ids.items()]


class TrackBuilder:
    """Collects boxes in any order.

    Args:
        source: the file they come from, for messages.
        num_frames: N, frames of the video.
    """

    def __init__(self, source: Path, num_frames: int) -> None:
        self._source = source
        self._num_frames = num_frames
        self._boxes: dict[int, Boxes] = {}
        self._given: dict[int, npt.NDArray[np.bool_]] = {}
        self._labels: dict[int, str] = {}

    def open(self, track: int, label: str | None, place: str) -> None:
        """Begin a track, which may stay without boxes.

        Args:
            track: its id in the file.
            label: its class, if known.
            place: for the message.

        Raises:
            InputError: it has been begun already, or there are more tracks than a mask holds.
        """
        if track in self._boxes:
            raise InputError(f"{place}: track {track} is there twice: ids must differ")
        if len(self._boxes) == MAX_OBJECT_ID:
            raise InputError(
                f"{place}: more than {MAX_OBJECT_ID} objects, which is what a mask holds: split the file"
            )
        self._boxes[track] = np.tile(np.array(ABSENT), (self._num_frames, 1))
        self._given[track] = np.zeros(self._num_frames, dtype=np.bool_)
        if label:
            self._labels[track] = label

    def add(self, track: int, frame: int, box: Boxes, place: str) -> None:
        """Give a track its box in a frame.

        Args:
            track: one that has been begun.
            frame: index from 0.
            box: (4,), from ``checked_box``.
            place: for the message.

        Raises:
            InputError: it has one already.
        """
        if self._given[track][frame]:
            raise InputError(f"{place}: track {track} already has a box in this frame: remove one")
        self._given[track][frame] = True
        self._boxes[track][frame] = box

    def __contains__(self, track: int) -> bool:
        return track in self._boxes

    def tracks(self) -> BoxTracks:
        """What was collected. Ids that are not 1, 2, 3 ... are replaced by these, in rising order.

        Raises:
            InputError: there is no track.
        """
        if not self._boxes:
            raise InputError(f"{self._source}: holds no track of boxes")
        ids = dict(enumerate(sorted(self._boxes), start=1))
        if any(object_id != track for object_id, track in ids.items()):
            pairs = ", ".join(f"{track} is {object_id}" for object_id, track in ids.items())
            logger.info("%s: objects are numbered anew: %s", self._source, pairs)
        return BoxTracks(
            boxes={object_id: self._boxes[track] for object_id, track in ids.items()},
            ids=ids,
            labels={i: self._labels[track] for i, track in ids.items() if track in self._labels},
        )


def checked_box(values: Sequence[object], place: str) -> Boxes:
    """A box of numbers as they were read.

    Args:
        values: x, y, w, h.
        place: for the message.

    Returns:
        (4,) float64; w or h may not be positive.

    Raises:
        InputError: they are not four finite numbers within +-``MAX_COORDINATE``.
    """
    if len(values) != 4:
        raise InputError(f"{place}: box {shown(values)} must be four numbers x, y, w, h")
    numbers: list[float] = []
    for value in values:
        if not is_number(value):
            raise InputError(f"{place}: box {shown(values)}: {shown(value)} is not a number")
        if not abs(value) <= MAX_COORDINATE:  # also nan, and whole numbers beyond every float
            raise InputError(
                f"{place}: box {shown(values)}: must be finite and within +-{MAX_COORDINATE:g} pixels"
            )
        numbers.append(float(value))
    return np.array(numbers)


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether a value of a JSON file is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)
