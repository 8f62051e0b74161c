"""YouTube-VIS: one JSON file, a video's frames in one entry, an object's masks in all of them in another.

Objects of YouTube-VIS have no number within their video: ``track_id`` is ours, for label maps.
Source: https://youtube-vos.org/dataset/vis.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from box2seg_plugin.formats.coco_parts import (
    INFO,
    Categories,
    CategoryNumbers,
    bbox_of,
    draw_checked,
    id_field,
    object_of,
    segmentation_of,
    split_file_name,
)
from box2seg_plugin.formats.json_reader import read_again, read_elements
from box2seg_plugin.formats.json_writer import JsonArrays, json_arrays
from box2seg_plugin.formats.label_painter import LabelPainter
from box2seg_plugin.formats.losses import Losses
from box2seg_plugin.formats.mask_video import (
    LabelMap,
    MaskVideo,
    Reading,
    VideoLoaders,
    WriteVideo,
    check_object_id,
    check_size,
    objects_in,
)
from box2seg_plugin.formats.names import check_text
from ltr.errors import InputError

_PER_FRAME = ("segmentations", "bboxes", "areas")


@contextmanager
def write_youtube_vis(out: Path, losses: Losses) -> Iterator[WriteVideo]:
    """Writes one file; see ``Writer``. Frames that are not annotated are left out, void is background."""
    with json_arrays(out, {"info": INFO}, ("annotations", "videos", "categories")) as arrays:
        writer = _VisWriter(arrays, losses)
        yield writer.write
        arrays.extend("categories", writer.categories.elements())


class _VisWriter:
    def __init__(self, arrays: JsonArrays, losses: Losses) -> None:
        self.categories = CategoryNumbers()
        self._arrays = arrays
        self._losses = losses
        self._videos = 0
        self._objects = 0

    def write(self, video: MaskVideo) -> None:
        file_names: list[str] = []
        objects: dict[int, dict[str, dict[int, Any]]] = {}
        for index, labels in video.annotated():
            for object_id, mask in objects_in(labels, self._losses):
                fields = objects.setdefault(object_id, {key: {} for key in _PER_FRAME})
                values = (segmentation_of(mask), bbox_of(mask), int(np.count_nonzero(mask)))
                for key, value in zip(_PER_FRAME, values, strict=True):
                    fields[key][len(file_names)] = value
            file_names.append(f"{video.name}/{video.images[index]}")
        length = len(file_names)
        self._videos += 1
        shape = {"width": video.size[0], "height": video.size[1], "length": length}
        self._arrays.extend("videos", [{"id": self._videos, **shape, "file_names": file_names}])
        for object_id, fields in sorted(objects.items()):
            self._objects += 1
            entry = {
                "id": self._objects,
                "video_id": self._videos,
                "category_id": self.categories.number(video.category(object_id)),
                "track_id": object_id,
                "iscrowd": 0,
                **shape,
                **{key: [values.get(frame) for frame in range(length)] for key, values in fields.items()},
            }
            self._arrays.extend("annotations", [entry])


@dataclass
class _Video:
    """A video, and where its objects stand in the file: (start, length), bytes."""

    name: str
    size: tuple[int, int]
    images: tuple[str, ...]
    places: list[tuple[int, int]] = field(default_factory=list)


def find_youtube_vis(path: Path, reading: Reading) -> VideoLoaders:
    """The videos of a file. Memory holds the encoded masks of one video at a time.

    Objects without ``track_id`` are numbered from 1 within their video, in the order of the file. Crowds are
    void.

    Raises:
        InputError: the file is not YouTube-VIS'. What loads a video raises it where an annotation is damaged.
    """
    videos, categories = _read_index(path)
    return {video.name: partial(_load, path, video, categories, reading.losses) for video in videos.values()}


def _read_index(path: Path) -> tuple[dict[int, _Video], Categories]:
    videos: dict[int, _Video] = {}
    categories = Categories(path)
    places: dict[int, list[tuple[int, int]]] = {}
    for element in read_elements(path, ("videos", "annotations", "categories")):
        entry = object_of(element.value, f"{path}: an element of {element.array}")
        if element.array == "videos":
            number = id_field(entry, "id", f"{path}: video")
            if number in videos:
                raise InputError(f"{path}: two videos have the id {number}")
            videos[number] = _video_of(entry, f"{path}: video {number}")
        elif element.array == "annotations":
            number = id_field(entry, "id", f"{path}: annotation")
            video = id_field(entry, "video_id", f"{path}: annotation {number}")
            places.setdefault(video, []).append((element.start, element.length))
        else:
            categories.add(entry)
    if not videos:
        raise InputError(f"{path}: holds no videos: is this a YouTube-VIS file?")
    if lost := sorted(places.keys() - videos.keys()):
        raise InputError(f"{path}: an annotation is of video {lost[0]}, which is not there")
    names: set[str] = set()
    for number, video_entry in videos.items():
        if video_entry.name in names:
            raise InputError(f'{path}: two videos are called "{video_entry.name}": names must differ')
        names.add(video_entry.name)
        video_entry.places = places.get(number, [])
    return videos, categories


def _video_of(entry: dict[str, Any], place: str) -> _Video:
    size = check_size(entry.get("width"), entry.get("height"), place)
    files = entry.get("file_names")
    if not isinstance(files, list) or not files:
        raise InputError(f"{place}: has no list file_names")
    parts = [split_file_name(check_text(file, "file name", place), place) for file in files]
    folder, name, _ = parts[0]
    if not name or any(part[0] != folder for part in parts):
        raise InputError(f"{place}: its files must be in one folder, which names the video: video/frame.jpg")
    return _Video(name, size, tuple(part[2] for part in parts))


@dataclass(frozen=True)
class _Track:
    """An object: its id (None: a crowd), its segmentation in each frame, and its place for messages."""

    object_id: int | None
    segmentations: list[Any]
    place: str


def _load(path: Path, video: _Video, categories: Categories, losses: Losses) -> MaskVideo:
    tracks: list[_Track] = []
    named: dict[int, str] = {}
    for position, entry in enumerate(read_again(path, video.places), start=1):
        place = f"{path}: annotation {entry.get('id')}"
        track = _track_of(entry, position, len(video.images), place)
        if track.object_id in [other.object_id for other in tracks if other.object_id is not None]:
            raise InputError(f'{place}: object {track.object_id} of video "{video.name}" is there twice')
        tracks.append(track)
        category = categories.name(id_field(entry, "category_id", place))
        if track.object_id is not None and category is not None:
            named[track.object_id] = category

    def read(frame: int) -> LabelMap:
        painter = LabelPainter(video.size, losses)
        for track in tracks:
            if track.segmentations[frame] is None:
                continue
            mask = draw_checked(
                track.segmentations[frame], video.size, f"{track.place}, frame {video.images[frame]}"
            )
            if track.object_id is None:
                painter.add_void(mask)
            else:
                painter.add(track.object_id, mask)
        return painter.labels

    return MaskVideo(video.name, video.size, video.images, read, f'{path}: video "{video.name}"', named)


def _track_of(entry: dict[str, Any], position: int, length: int, place: str) -> _Track:
    segmentations = entry.get("segmentations")
    if not isinstance(segmentations, list) or len(segmentations) != length:
        count = len(segmentations) if isinstance(segmentations, list) else "no list"
        raise InputError(f"{place}: its segmentations are {count}, its video has {length} frames")
    if entry.get("iscrowd") == 1:
        return _Track(None, segmentations, place)
    number = entry.get("track_id")
    return _Track(check_object_id(position if number is None else number, place), segmentations, place)
