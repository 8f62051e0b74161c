"""YouTube-VIS: one JSON file with the tracks of many videos.

    {"videos": [{"id": 1, "file_names": ["dog/00000.jpg", ...]}],
     "annotations": [{"id": 1, "video_id": 1, "category_id": 3, "bboxes": [[x, y, w, h], null, ...]}],
     "categories": [{"id": 3, "name": "dog"}]}

Source: Yang et al., "Video Instance Segmentation" (ICCV 2019), and its data set's files. A video is called as
the folder of its frames. ``null`` says that there is no box. Groups (``iscrowd``) are no objects: left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from reprlib import repr as shown
from typing import Any

from ltr.errors import InputError
from pytracking.evaluation.box_formats.limited_file import pieces
from pytracking.evaluation.box_formats.tracks import BoxTracks, TrackBuilder, checked_box

_MAX_ID = 10**15


@dataclass(frozen=True)
class _Track:
    """One annotation: its id, class, and for each frame whatever stands for its box."""

    id: int
    label: str | None
    boxes: list[Any]


@dataclass(frozen=True)
class _Video:
    """The names of the frames, without suffix, and the tracks."""

    frames: tuple[str, ...]
    tracks: list[_Track] = field(default_factory=list)


def read(path: Path, frame_names: Sequence[str], video: str) -> BoxTracks:
    """Read the tracks of a video.

    Args:
        path: the file. It is kept in memory until another one is read.
        frame_names: the video's frames in order, file names without suffix; the file's must be among them,
            frames that it does not name are without boxes.
        video: name of the video; does not matter for a file of one video.

    Raises:
        InputError: the file cannot be read or is not such JSON, it has not the video, a frame of it is not
            there, a box is malformed, or there is no track.
    """
    videos = _read_file(path)
    if video not in videos and len(videos) > 1:
        raise InputError(
            f'{path}: has no video "{video}": it has {len(videos)}, such as "{next(iter(videos))}"'
        )
    entry = videos.get(video) or next(iter(videos.values()))
    indices = {name: index for index, name in enumerate(frame_names)}
    if lost := [name for name in entry.frames if name not in indices]:
        raise InputError(
            f'{path}: frame "{lost[0]}" of video "{video}" has no file; the files are {frame_names[0]} ... '
            f"{frame_names[-1]}"
        )
    builder = TrackBuilder(path, len(frame_names))
    for track in entry.tracks:
        place = f"{path}: annotation {track.id}"
        if len(track.boxes) != len(entry.frames):
            raise InputError(
                f"{place}: number of bboxes is {len(track.boxes)}, number of file_names {len(entry.frames)}"
            )
        builder.open(track.id, track.label, place)
        for name, box in zip(entry.frames, track.boxes, strict=True):
            if box is None:
                continue
            if not isinstance(box, list):
                raise InputError(f"{place}, frame {name}: {shown(box)} must be a box [x, y, w, h] or null")
            builder.add(track.id, indices[name], checked_box(box, f"{place}, frame {name}"), place)
    return builder.tracks()


def video_names(path: Path) -> list[str]:
    """The videos that a file has boxes of, in its order.

    Raises:
        InputError: the file cannot be read or is not such JSON.
    """
    return list(_read_file(path))


def _read_file(path: Path) -> dict[str, _Video]:
    """The videos of a file, by name; at least one. The last file stays in memory."""
    try:
        state = path.stat()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    return _read_once(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=1)
def _read_once(path: Path, changed: int, size: int) -> dict[str, _Video]:
    try:
        content = json.loads(b"".join(pieces(path)))
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: cannot be read as JSON ({error})") from None
    root = _object(content, str(path))
    labels = {
        _whole(entry, "id", place): entry["name"]
        for place, entry in _entries(root, "categories", path)
        if isinstance(entry.get("name"), str)
    }
    names: dict[int, str] = {}
    videos: dict[str, _Video] = {}
    for place, entry in _entries(root, "videos", path):
        name, video = _video(entry, place)
        if name in videos:
            raise InputError(f'{place}: there are two videos "{name}"')
        if names.setdefault(_whole(entry, "id", place), name) is not name:
            raise InputError(f"{place}: there are two videos with id {entry['id']}")
        videos[name] = video
    if not videos:
        raise InputError(f"{path}: names no video: must have videos and annotations, as YouTube-VIS has")
    for place, entry in _entries(root, "annotations", path):
        if entry.get("iscrowd") == 1:
            continue
        video_id = _whole(entry, "video_id", place)
        if video_id not in names:
            raise InputError(f"{place}: there is no video {video_id}")
        track = _Track(_whole(entry, "id", place), _label(entry, labels), _list(entry, "bboxes", place))
        videos[names[video_id]].tracks.append(track)
    return videos


def _video(entry: dict[str, Any], place: str) -> tuple[str, _Video]:
    """Its name and frames."""
    files = _list(entry, "file_names", place)
    if odd := [name for name in files if not isinstance(name, str)]:
        raise InputError(f"{place}: file_names has {shown(odd[0])}: must be names of files")
    frames = tuple(PurePosixPath(name).stem for name in files)
    if not frames or len(set(frames)) < len(frames):
        raise InputError(f"{place}: file_names must name at least one frame, and none twice")
    name = PurePosixPath(files[0]).parent.name or entry.get("name")
    return name if isinstance(name, str) else str(_whole(entry, "id", place)), _Video(frames)


def _label(entry: dict[str, Any], labels: dict[int, str]) -> str | None:
    category = entry.get("category_id")
    return labels.get(category) if isinstance(category, int) else None


def _entries(root: dict[str, Any], key: str, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place for messages, entry) of a list of objects; nothing where it is missing."""
    if key in root:
        for index, entry in enumerate(_list(root, key, str(path))):
            place = f"{path}: {key}[{index}]"
            yield place, _object(entry, place)


def _object(value: object, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{place}: {shown(value)} must be an object {{...}}, as in YouTube-VIS")
    return value


def _list(entry: dict[str, Any], key: str, place: str) -> list[Any]:
    if not isinstance(entry.get(key), list):
        raise InputError(f"{place}: {key} is {shown(entry.get(key))}: must be a list")
    return entry[key]


def _whole(entry: dict[str, Any], key: str, place: str) -> int:
    value = entry.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _MAX_ID:
        raise InputError(f"{place}: {key} is {shown(value)}: must be a whole number of at most {_MAX_ID}")
    return value
