"""CVAT: tracks of boxes in the export "CVAT for video 1.1" (``annotations.xml``).

    <track id="0" label="dog">
      <box frame="0" outside="0" occluded="0" keyframe="1" xtl="10.5" ytl="4" xbr="30" ybr="24"/>

Source: https://docs.cvat.ai/docs/manual/advanced/xml_format/. The export lists every frame of a track, key
frame or not, so that nothing has to be interpolated. A frame that is not listed, or with ``outside="1"``, has
no box.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Sequence
from pathlib import Path
from reprlib import repr as shown

from ltr.data.boxes import absent_box
from ltr.errors import InputError
from pytracking.evaluation.box_files import Boxes
from pytracking.evaluation.box_formats.cvat_meta import MetaReader, task_frames
from pytracking.evaluation.box_formats.plain_xml import Attributes, read_elements
from pytracking.evaluation.box_formats.tracks import BoxTracks, TrackBuilder, checked_box

_CORNERS = ("xtl", "ytl", "xbr", "ybr")
_CVAT_FRAME = re.compile(r"frame_([0-9]{1,9})", re.ASCII)
_OTHER_SHAPES = ("polygon", "polyline", "points", "mask", "ellipse", "cuboid", "skeleton")

logger = logging.getLogger(__name__)


def read(path: Path, frame_names: Sequence[str], video: str) -> BoxTracks:
    """Read the tracks of a video.

    Where the video has as many frames as the task, they are the task's, whatever their numbers are
    (:mod:`~pytracking.evaluation.box_formats.cvat_meta`). Else numbers are those in the names of the frames,
    where these are called as CVAT exports them (frame_000010), and count from 0 where they are not.

    Args:
        path: the file.
        frame_names: the video's frames in order, file names without suffix.
        video: not asked for: the file is of one video.

    Raises:
        InputError: the file cannot be read, is not such an export, a box is malformed or comes twice or its
            frame is not there ("file:line: ..."), or there is no track of boxes.
    """
    reader = _Reader(path, frame_names)
    read_elements(path, reader.start, reader.end, reader.text)
    reader.warn()
    return reader.builder.tracks()


class _Reader:
    """What has been read so far."""

    def __init__(self, path: Path, frame_names: Sequence[str]) -> None:
        self.builder = TrackBuilder(path, len(frame_names))
        self._path = path
        self._frame_names = frame_names
        self._index_of: dict[int, int] = {}  # a frame's number in the file -> its index
        self._meta = MetaReader()
        self._depth = 0
        self._track: int | None = None  # the one that is open, and whether it has had a box
        self._label = ""
        self._has_boxes = False
        self._last_shown: int | None = None  # the frame of the box before, if that was not outside
        self._gaps: set[int] = set()
        self._other_shapes: set[int] = set()

    def start(self, name: str, attributes: Attributes, place: str) -> None:
        """An element begins."""
        self._depth += 1
        self._meta.start(name)
        if self._depth == 1 and name != "annotations":
            raise InputError(f"{place}: <{name[:40]}> is not CVAT's: must be <annotations>")
        if self._depth == 2 and name == "image":
            raise InputError(
                f'{place}: an export "CVAT for images", which has no tracks: export as "CVAT for video 1.1"'
            )
        if self._depth == 2 and name == "track":
            self._index_of = self._index_of or self._frame_indices()
            self._track, self._label = _whole(attributes, "id", place), attributes.get("label", "")
            self._has_boxes, self._last_shown = False, None
        elif self._depth == 3 and self._track is not None:
            if name == "box":
                self._add(self._track, attributes, place)
            elif name in _OTHER_SHAPES:
                self._other_shapes.add(self._track)

    def text(self, text: str) -> None:
        """Text within an element."""
        self._meta.text(text)

    def end(self, name: str) -> None:
        """An element ends."""
        self._depth -= 1
        self._meta.end()
        if self._depth == 1:
            self._track = None

    def warn(self) -> None:
        """Say what was left out."""
        if self._other_shapes:
            logger.warning(
                "%s: left out, shapes that are no boxes: %s", self._path, _tracks(self._other_shapes)
            )
        if self._gaps:
            logger.warning(
                "%s: frames between boxes are not listed, and count as without one (an export of key frames "
                "alone?): %s",
                self._path, _tracks(self._gaps),
            )  # fmt: skip

    def _frame_indices(self) -> dict[int, int]:
        count = len(self._frame_names)
        task = task_frames(self._meta.texts, str(self._path))
        if task is not None and task.length == count:
            return {task.number(index): index for index in range(count)}
        matches = [_CVAT_FRAME.fullmatch(name) for name in self._frame_names]
        numbers = [int(match[1]) for match in matches if match]
        if len(numbers) < count:
            numbers = list(range(count))
        return {number: index for index, number in enumerate(numbers)}

    def _add(self, track: int, attributes: Attributes, place: str) -> None:
        if not self._has_boxes:
            self.builder.open(track, self._label, place)
            self._has_boxes = True
        number = _whole(attributes, "frame", place)
        frame = self._index_of.get(number)
        if frame is None:
            raise InputError(f"{place}: there is no frame {number}: {_known(self._index_of)}")
        outside = attributes.get("outside", "0") == "1"
        self.builder.add(track, frame, absent_box() if outside else _box(attributes, place), place)
        if self._last_shown is not None and frame > self._last_shown + 1:
            self._gaps.add(track)
        self._last_shown = None if outside else frame


def _known(index_of: dict[int, int]) -> str:
    return f"the {len(index_of)} frames are {min(index_of)} to {max(index_of)}"


def _box(attributes: Attributes, place: str) -> Boxes:
    """(4,) x, y, w, h; around a box that is turned."""
    left, top, right, bottom = (_number(attributes, name, place) for name in _CORNERS)
    angle = math.radians(_number(attributes, "rotation", place)) if "rotation" in attributes else 0.0
    if angle == 0:
        return checked_box((left, top, right - left, bottom - top), place)
    cosine, sine = abs(math.cos(angle)), abs(math.sin(angle))
    width = (right - left) * cosine + (bottom - top) * sine
    height = (right - left) * sine + (bottom - top) * cosine
    return checked_box(((left + right - width) / 2, (top + bottom - height) / 2, width, height), place)


def _whole(attributes: Attributes, name: str, place: str) -> int:
    text = _attribute(attributes, name, place)
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise InputError(f"{place}: {name}={shown(text)} must be a whole number")
    return int(text)


def _number(attributes: Attributes, name: str, place: str) -> float:
    text = _attribute(attributes, name, place)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{place}: {name}={shown(text)} must be a number")
    return value


def _attribute(attributes: Attributes, name: str, place: str) -> str:
    if name not in attributes:
        raise InputError(f"{place}: lacks {name}=")
    return attributes[name]


def _tracks(tracks: set[int]) -> str:
    return f"track {', '.join(map(str, sorted(tracks)))}"
