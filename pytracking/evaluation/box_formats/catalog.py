"""The formats that boxes are read from: one row each.

tracks = read_tracks("auto", path, frame_names)
"""

from __future__ import annotations

import codecs
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from ltr.registry import unknown_name
from pytracking.evaluation.box_files import Boxes
from pytracking.evaluation.box_formats import cvat, lines, mot, youtube_vis
from pytracking.evaluation.box_formats.limited_file import pieces
from pytracking.evaluation.box_formats.tracks import BoxTracks

AUTO = "auto"
"""Instead of a format: the one that the file's content looks like."""


@dataclass(frozen=True)
class BoxFormat:
    """How a format is read.

    Attributes:
        read: (file, names of the frames, name of the video) -> tracks.
        videos: names of the videos that a file has boxes of; None: its files are of one video each.
    """

    read: Callable[[Path, Sequence[str], str], BoxTracks]
    videos: Callable[[Path], list[str]] | None = None


FORMATS: dict[str, BoxFormat] = {
    "lines": BoxFormat(lines.read),
    "csv": BoxFormat(lines.read),
    "mot": BoxFormat(mot.read),
    "cvat": BoxFormat(cvat.read),
    "youtube_vis": BoxFormat(youtube_vis.read, youtube_vis.video_names),
}
"""GOT-10k, LaSOT, TrackingNet and OTB are "lines"."""


def format_names() -> list[str]:
    """What boxes can be read as."""
    return [AUTO, *FORMATS]


def find_format(name: str, path: Path) -> BoxFormat:
    """A format by its name; ``AUTO`` looks into the file.

    Raises:
        InputError: there is no such format, or no such file to look into.
    """
    if name == AUTO:
        name = detect_format(path)
    if name not in FORMATS:
        raise unknown_name("format of boxes", name, format_names())
    return FORMATS[name]


def detect_format(path: Path) -> str:
    """What the beginning of a file looks like; "lines" when like nothing else.

    Raises:
        InputError: the file cannot be read.
    """
    start = next(pieces(path), b"").removeprefix(codecs.BOM_UTF8).lstrip()
    if start.startswith((b"{", b"[")):
        return "youtube_vis"
    if start.startswith(b"<"):
        return "cvat"
    line = start.splitlines()[0].decode(errors="replace") if start else ""
    fields = [name.strip('"').lower() for name in line.replace(",", " ").split()]
    if "frame" in fields:
        return "csv"
    # Eight numbers are a polygon: VOT's truth has lines of four or of eight.
    is_mot = len(fields) in (6, 7, 9, 10) and all(map(_is_number, fields))
    return "mot" if is_mot else "lines"


def read_tracks(
    format_name: str, path: str | PathLike[str], frame_names: Sequence[str], video: str = ""
) -> BoxTracks:
    """Read the boxes of a video.

    Args:
        format_name: one of ``format_names()``.
        path: the file.
        frame_names: the video's frames in order, file names without suffix; at least one.
        video: its name, for a file of several videos.

    Raises:
        InputError: there is no such format, the file is not of it, is malformed ("file:line: ..."), or does
            not fit the frames.
    """
    return find_format(format_name, Path(path)).read(Path(path), frame_names, video)


def read_boxes_as(
    format_name: str, path: str | PathLike[str], frame_names: Sequence[str], video: str = ""
) -> dict[int, Boxes]:
    """The boxes alone of ``read_tracks``: object id -> (N, 4) float64."""
    return read_tracks(format_name, path, frame_names, video).boxes


def _is_number(text: str) -> bool:
    try:
        return not math.isnan(float(text))
    except ValueError:
        return False
