"""What the JSON files of COCO and of YouTube-VIS share: segmentations, categories, checked fields."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from box2seg_plugin.formats.names import check_name, check_text, shorten
from ltr.data.boxes import mask_to_box
from ltr.data.rle import compress_runs, encode_rle
from ltr.dataset.coco_objects import draw_segmentation
from ltr.errors import InputError

INFO = {"description": "masks written by box2seg convert; track_id: the object's id within its video"}

_MAX_COORDINATE = 1e6
_MAX_ID = 2**63


def segmentation_of(mask: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """The compressed run-length encoding of a mask, as COCO's mask API writes it."""
    return {"size": list(mask.shape), "counts": compress_runs(encode_rle(mask))}


def bbox_of(mask: npt.NDArray[np.bool_]) -> list[float]:
    """x, y, w, h of a mask that is not empty, pixels."""
    return mask_to_box(mask).tolist()


def draw_checked(segmentation: Any, size: tuple[int, int], place: str) -> npt.NDArray[np.uint8]:
    """The pixels of a segmentation: run-length encoding of either form, or polygons.

    Args:
        segmentation: as the JSON file has it, of any shape.
        size: (width, height) of the frame.
        place: whose it is, for messages.

    Returns:
        (height, width) uint8, 0 and 1.

    Raises:
        InputError: it is no segmentation, damaged, or of another size.
    """
    width, height = size
    if isinstance(segmentation, dict):
        side, counts = segmentation.get("size"), segmentation.get("counts")
        fits = isinstance(side, list) and len(side) == 2 and isinstance(counts, str | list)
    else:
        fits = isinstance(segmentation, list) and all(map(_is_polygon, segmentation))
    if not fits:
        raise InputError(
            f"{place}: the segmentation is {shorten(segmentation)}: must have counts and size, or be polygons"
        )
    return draw_segmentation(segmentation, height, width, place)


def _is_polygon(points: Any) -> bool:
    return isinstance(points, list) and all(
        isinstance(value, int | float) and abs(value) <= _MAX_COORDINATE  # nor is nan
        for value in points
    )


def text_field(entry: Mapping[str, Any], key: str, place: str) -> str:
    """A field that must hold a text that is not empty; raises InputError."""
    return check_text(entry.get(key), key, place)


def id_field(entry: Mapping[str, Any], key: str, place: str) -> int:
    """A field that must hold a whole number of at most 63 bits; raises InputError."""
    value = entry.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and -_MAX_ID < value < _MAX_ID:
        return value
    raise InputError(f"{place}: {key} is {shorten(value)}: must be a whole number")


def object_of(value: Any, place: str) -> dict[str, Any]:
    """A value that must be a JSON object; raises InputError."""
    if isinstance(value, dict):
        return value
    raise InputError(f"{place}: is {shorten(value)}: must be an object {{...}}")


def split_file_name(file_name: str, place: str) -> tuple[str, str, str]:
    """The parts of an image's name.

    Args:
        file_name: ``<folder>/<video>/<frame>.jpg``, or less of it.
        place: where it stands, for messages.

    Returns:
        what precedes the frame, the video (its last part, empty where there is none), and the frame's file.

    Raises:
        InputError: a part is no file's name, so that it could lead elsewhere.
    """
    parts = file_name.split("/")
    for part in parts:
        check_name(part, place)
    return str(PurePosixPath(*parts[:-1])), parts[-2] if len(parts) > 1 else "", parts[-1]


class Categories:
    """The categories of a file that is read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: dict[int, str] = {}

    def add(self, value: Any) -> None:
        """Take in an element of the array of categories; raises InputError."""
        entry = object_of(value, f"{self._path}: category")
        number = id_field(entry, "id", f"{self._path}: category")
        if number in self._names:
            raise InputError(f"{self._path}: two categories have the id {number}")
        self._names[number] = text_field(entry, "name", f"{self._path}: category {number}")

    def name(self, number: int) -> str | None:
        """A category's name; None where the file lists no categories.

        Raises:
            InputError: it lists others.
        """
        if not self._names:
            return None
        if number not in self._names:
            raise InputError(f"{self._path}: category {number} of an annotation is not among the categories")
        return self._names[number]


class CategoryNumbers:
    """The categories of a file that is written, numbered from 1 as they come."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        """The number of a category, a new one if it has none yet."""
        return self._numbers.setdefault(name, len(self._numbers) + 1)

    def elements(self) -> list[dict[str, Any]]:
        """The array of categories."""
        return [
            {"id": number, "name": name, "supercategory": "object"} for name, number in self._numbers.items()
        ]
