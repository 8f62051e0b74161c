"""COCO's instance annotations: one JSON file, an image for each frame, an annotation for each mask.

An image's file name is ``<video>/<frame>.jpg``. COCO has no notion of an object that lasts: ``track_id``, as
TAO and others have it, holds the object's id. Source: https://cocodataset.org/#format-data.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from box2seg_plugin.formats.coco_index import NO_TRACK, CocoIndex, read_index
from box2seg_plugin.formats.coco_parts import INFO, CategoryNumbers, bbox_of, draw_checked, segmentation_of
from box2seg_plugin.formats.json_reader import read_again
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
    objects_in,
)
from ltr.data.mask_io import MAX_OBJECT_ID
from ltr.errors import InputError


@contextmanager
def write_coco(out: Path, losses: Losses) -> Iterator[WriteVideo]:
    """Writes one file; see ``Writer``. Frames that are not annotated are left out, void is background."""
    with json_arrays(out, {"info": INFO}, ("annotations", "images", "categories")) as arrays:
        writer = _CocoWriter(arrays, losses)
        yield writer.write
        arrays.extend("categories", writer.categories.elements())


class _CocoWriter:
    def __init__(self, arrays: JsonArrays, losses: Losses) -> None:
        self.categories = CategoryNumbers()
        self._arrays = arrays
        self._losses = losses
        self._counts = {"images": 0, "annotations": 0}

    def write(self, video: MaskVideo) -> None:
        new: dict[str, list[dict[str, Any]]] = {"images": [], "annotations": []}

        def append(array: str, fields: dict[str, Any]) -> int:
            number = self._counts[array] + len(new[array]) + 1
            new[array].append({"id": number, **fields})
            return number

        width, height = video.size
        for index, labels in video.annotated():
            file_name = f"{video.name}/{video.images[index]}"
            image = append("images", {"file_name": file_name, "width": width, "height": height})
            for object_id, mask in objects_in(labels, self._losses):
                append(
                    "annotations",
                    {
                        "image_id": image,
                        "category_id": self.categories.number(video.category(object_id)),
                        "track_id": object_id,
                        "segmentation": segmentation_of(mask),
                        "area": int(np.count_nonzero(mask)),
                        "bbox": bbox_of(mask),
                        "iscrowd": 0,
                    },
                )
        for name, elements in new.items():
            self._arrays.extend(name, elements)
            self._counts[name] += len(elements)


def find_coco(path: Path, reading: Reading) -> VideoLoaders:
    """The videos of a file: the images of one folder, in the order of the file.

    Memory holds where everything stands, and the masks of one frame. Images without folder make up one video
    with the file's name. Annotations without ``track_id`` are numbered within each image. Crowds are void.

    Raises:
        InputError: the file is not COCO's. What loads a video raises it where frames have one name.
    """
    index = read_index(path)
    return {name: partial(_load, index, name, reading.losses) for name in index.videos}


def _load(index: CocoIndex, name: str, losses: Losses) -> MaskVideo:
    video = index.videos[name]
    source = f'{index.path}: video "{name}"'

    def read(frame: int) -> LabelMap:
        return _read_frame(index, video.ids[frame], video.size, losses)

    return MaskVideo(name, video.size, tuple(video.images), read, source, _categories(index, name))


def _read_frame(index: CocoIndex, image: int, size: tuple[int, int], losses: Losses) -> LabelMap:
    rows = index.annotations_of(image)
    entries = read_again(index.path, [(row.start, row.length) for row in rows])
    painter = LabelPainter(size, losses)
    painted: set[int] = set()
    for number, (row, entry) in enumerate(zip(rows, entries, strict=True), start=1):
        place = f"{index.path}: annotation {entry.get('id')}"
        mask = draw_checked(entry.get("segmentation"), size, place)
        if entry.get("iscrowd") == 1:
            painter.add_void(mask)
            continue
        object_id = check_object_id(number, place) if row.track == NO_TRACK else row.track
        if object_id in painted:
            raise InputError(f"{place}: object {object_id} has two masks in image {image}")
        painted.add(object_id)
        painter.add(object_id, mask)
    return painter.labels


def _categories(index: CocoIndex, name: str) -> dict[int, str]:
    """Object id -> category, of the objects that have but one."""
    found: dict[int, set[int]] = {}
    for image in index.videos[name].ids:
        for number, row in enumerate(index.annotations_of(image), start=1):
            found.setdefault(number if row.track == NO_TRACK else row.track, set()).add(row.category)
    named = {
        object_id: index.categories.name(min(numbers))
        for object_id, numbers in sorted(found.items())
        if len(numbers) == 1 and object_id <= MAX_OBJECT_ID
    }
    return {object_id: category for object_id, category in named.items() if category is not None}
