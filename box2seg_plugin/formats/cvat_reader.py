"""What stands in a CVAT file: tracks with masks, still encoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from box2seg_plugin.formats.folders import require_file
from box2seg_plugin.formats.mask_video import check_object_id, check_size
from box2seg_plugin.formats.names import shorten, whole_number
from ltr.errors import InputError
from pytracking.analysis.vot_regions import Region, parse_region
from pytracking.evaluation.box_formats.cvat_meta import MAX_TEXT, MetaReader, TaskFrames, task_frames
from pytracking.evaluation.box_formats.plain_xml import Attributes, read_elements

OBJECT = "object"
"""Attribute of a mask: its object's id."""

MAX_FRAMES = 1_000_000
"""Of a video, more than nine hours of it."""

_SHAPES = ("box", "polygon", "polyline", "points", "ellipse", "cuboid", "skeleton")


@dataclass(frozen=True)
class EncodedMask:
    """A mask as the file has it.

    Attributes:
        frame: number of the frame, from 0.
        corner, size: left and top, width and height of its rectangle, pixels.
        runs: their lengths, separated by commas.
        place: where it stands, for messages.
        object_id: value of the attribute ``object``, 1 to 254; None where there is none.
    """

    frame: int
    corner: tuple[int, int]
    size: tuple[int, int]
    runs: str
    place: str
    object_id: int | None = None

    def region(self, frame_size: tuple[int, int]) -> Region:
        """Its pixels.

        Raises:
            InputError: the runs are damaged or do not fill the rectangle, or that leaves the frame.
        """
        region = parse_region(f"m{_joined(self.corner)},{_joined(self.size)},{self.runs}", self.place)
        covered = sum(map(int, self.runs.split(",")))
        if covered != self.size[0] * self.size[1]:
            raise InputError(
                f"{self.place}: the mask's runs cover {covered} pixels, its rectangle has "
                f"{self.size[0]} x {self.size[1]}"
            )
        if any(c + s > f for c, s, f in zip(self.corner, self.size, frame_size, strict=True)):
            raise InputError(
                f"{self.place}: the mask's rectangle {_joined(self.corner)},{_joined(self.size)} leaves the "
                f"frame of {frame_size[0]} x {frame_size[1]}"
            )
        return region


@dataclass
class Track:
    """A track: its number, its label, its group (0: none), and its masks that can be seen."""

    number: int
    label: str
    group: int
    masks: list[EncodedMask] = field(default_factory=list)


@dataclass
class CvatFile:
    """What a file holds.

    Attributes:
        size: (width, height) of the frames; None where the file does not say.
        task: which frames there are; None where the file does not say.
        length: number of frames, where they are counted from 0 as in the source.
        tracks: in the order of the file.
        other_shapes: how many shapes are no masks.
    """

    size: tuple[int, int] | None
    task: TaskFrames | None
    length: int
    tracks: list[Track]
    other_shapes: int


def read_cvat(path: Path) -> CvatFile:
    """Reads a file.

    Raises:
        InputError: it is not CVAT's, or not of a video, or a field is missing or wrong.
    """
    handler = _Handler()
    require_file(path)
    read_elements(path, handler.start, handler.end, handler.text)
    meta = handler.meta.texts
    if not meta and not handler.tracks:
        raise InputError(f'{path}: neither meta nor tracks in it: export as "CVAT for video 1.1"')
    task = task_frames(meta, str(path))
    if task is not None and task.length > MAX_FRAMES:
        raise InputError(f"{path}: size is {task.length}: at most {MAX_FRAMES:,} frames are read")
    last = max((mask.frame for track in handler.tracks for mask in track.masks), default=-1)
    length = max(task.length if task else 0, last + 1)
    return CvatFile(_stated_size(meta, path), task, length, handler.tracks, handler.other_shapes)


def _stated_size(meta: Mapping[str, str], path: Path) -> tuple[int, int] | None:
    width, height = (meta.get(f"original_size/{side}") for side in ("width", "height"))
    if width is None or height is None:
        return None
    place = f"{path}: original_size"
    return check_size(whole_number(width, "width", place), whole_number(height, "height", place), place)


class _Handler:
    """Takes in a file element by element."""

    def __init__(self) -> None:
        self.meta = MetaReader()
        self.tracks: list[Track] = []
        self.other_shapes = 0
        self._elements: list[str] = []
        self._text = ""
        self._place = ""
        self._mask: EncodedMask | None = None  # the one that is open
        self._in_object = False

    def start(self, name: str, attributes: Attributes, place: str) -> None:
        """An element begins."""
        self._elements.append(name)
        self.meta.start(name)
        self._text, self._place = "", place
        path = self._elements
        if path[0] != "annotations":
            raise InputError(f"{place}: {shorten(name)} is not CVAT's: must be annotations")
        if path[1:] == ["image"]:
            raise InputError(f'{place}: an export "CVAT for images": export as "CVAT for video 1.1"')
        if path[1:] == ["meta", "project"]:
            raise InputError(f"{place}: an export of a project: export its tasks, a video each")
        if path[1:] == ["track"]:
            group = _number(attributes, "group_id", place) if "group_id" in attributes else 0
            self.tracks.append(Track(_number(attributes, "id", place), attributes.get("label", ""), group))
        elif path[1:] == ["track", "mask"]:
            self._mask = _mask(attributes, place)
        elif path[1:-1] == ["track"]:
            self.other_shapes += name in _SHAPES
        self._in_object = path[1:] == ["track", "mask", "attribute"] and attributes.get("name") == OBJECT

    def text(self, text: str) -> None:
        """Text within an element."""
        self.meta.text(text)
        if self._in_object:
            self._text = (self._text + text)[:MAX_TEXT]

    def end(self, name: str) -> None:
        """An element ends."""
        self.meta.end()
        if self._in_object and self._mask is not None:
            number = whole_number(self._text.strip(), f"attribute {OBJECT}", self._place)
            self._mask = replace(self._mask, object_id=check_object_id(number, self._place))
        elif name == "mask" and self._mask is not None:
            self.tracks[-1].masks.append(self._mask)
            self._mask = None
        self._in_object = False
        self._elements.pop()


def _mask(attributes: Attributes, place: str) -> EncodedMask | None:
    """A mask; None where the element says that from here on there is none."""
    if attributes.get("outside") == "1":
        return None
    frame, left, top, width, height = (
        _number(attributes, key, place) for key in ("frame", "left", "top", "width", "height")
    )
    if frame >= MAX_FRAMES:
        raise InputError(f"{place}: frame is {frame}: at most {MAX_FRAMES:,} frames are read")
    return EncodedMask(frame, (left, top), (width, height), _attribute(attributes, "rle", place), place)


def _number(attributes: Attributes, key: str, place: str) -> int:
    return whole_number(_attribute(attributes, key, place), key, place)


def _attribute(attributes: Attributes, key: str, place: str) -> str:
    if key not in attributes:
        raise InputError(f"{place}: {key} is missing")
    return attributes[key]


def _joined(numbers: tuple[int, int]) -> str:
    return ",".join(map(str, numbers))
