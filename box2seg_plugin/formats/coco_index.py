"""Where everything stands in a file of COCO's: what is read of it at first."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from box2seg_plugin.formats.coco_parts import Categories, id_field, object_of, split_file_name, text_field
from box2seg_plugin.formats.json_reader import Element, read_elements
from box2seg_plugin.formats.mask_video import check_object_id, check_size
from ltr.errors import InputError

NO_TRACK = 0
"""Stands for the track of an annotation that names none."""

Numbers = partial(array, "q")


class Row(NamedTuple):
    """An annotation: its image, its object's id, its category, and where it stands in the file, bytes."""

    image: int
    track: int
    category: int
    start: int
    length: int


@dataclass
class CocoVideo:
    """The images of one folder, all of one size (width, height): file names without the folder, and ids."""

    folder: str
    size: tuple[int, int]
    images: list[str] = field(default_factory=list)
    ids: array[int] = field(default_factory=Numbers)


class CocoIndex:
    """The videos of a file, and its annotations by image: 40 bytes for an annotation, 100 for an image."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.videos: dict[str, CocoVideo] = {}
        self.categories = Categories(path)
        self._numbers = Numbers()
        self._rows = np.zeros((0, 5), dtype=np.int64)

    def annotations_of(self, image: int) -> list[Row]:
        """The annotations of an image, in the order of the file."""
        first = np.searchsorted(self._rows[:, 0], image, "left")
        last = np.searchsorted(self._rows[:, 0], image, "right")
        return [Row(*row) for row in self._rows[first:last].tolist()]

    def add_image(self, entry: dict[str, Any]) -> None:
        """Take in an element of the array of images; raises InputError."""
        number = id_field(entry, "id", f"{self.path}: image")
        place = f"{self.path}: image {number}"
        size = check_size(entry.get("width"), entry.get("height"), place)
        folder, name, image = split_file_name(text_field(entry, "file_name", place), place)
        video = self.videos.setdefault(name or self.path.stem, CocoVideo(folder, size))
        if video.folder != folder:
            raise InputError(f'{place}: is of {folder}, another video "{name}" of {video.folder}: rename one')
        if video.size != size:
            raise InputError(
                f"{place}: is {size[0]} x {size[1]}, others of its video are {video.size[0]} x "
                f"{video.size[1]}: all frames of a video must have one size"
            )
        video.images.append(image)
        video.ids.append(number)

    def add_annotation(self, element: Element) -> None:
        """Take in an element of the array of annotations; raises InputError."""
        number = id_field(element.value, "id", f"{self.path}: annotation")
        place = f"{self.path}: annotation {number}"
        track = element.value.get("track_id", element.value.get("instance_id"))
        row = Row(
            id_field(element.value, "image_id", place),
            NO_TRACK if track is None else check_object_id(track, place),
            id_field(element.value, "category_id", place),
            element.start,
            element.length,
        )
        self._numbers.extend(row)

    def close(self) -> None:
        """Sort the annotations, when the file has been read.

        Raises:
            InputError: there are no images, two have one id, or an annotation's image is not there.
        """
        rows = np.array(self._numbers, dtype=np.int64).reshape(-1, 5)
        self._numbers = Numbers()
        self._rows = rows[np.argsort(rows[:, 0], kind="stable")]
        if not self.videos:
            raise InputError(f"{self.path}: holds no images: is this a COCO instance file?")
        ids, counts = np.unique(
            np.concatenate([np.array(video.ids, dtype=np.int64) for video in self.videos.values()]),
            return_counts=True,
        )
        if counts.max() > 1:
            raise InputError(f"{self.path}: two images have the id {ids[counts.argmax()]}")
        if (lost := self._rows[~np.isin(self._rows[:, 0], ids), 0]).size:
            raise InputError(
                f"{self.path}: an annotation is of image {lost[0]}, which is not there ({lost.size} such)"
            )


def read_index(path: Path) -> CocoIndex:
    """Reads a file once.

    Raises:
        InputError: it is not COCO's, or what it holds does not fit together; segmentations are not looked at.
    """
    index = CocoIndex(path)
    for element in read_elements(path, ("images", "annotations", "categories")):
        entry = object_of(element.value, f"{path}: an element of {element.array}")
        if element.array == "images":
            index.add_image(entry)
        elif element.array == "annotations":
            index.add_annotation(element)
        else:
            index.categories.add(entry)
    index.close()
    return index
