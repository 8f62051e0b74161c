"""Still pictures of single objects from COCO's instance annotations."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ltr.data.image_io import read_image
from ltr.data.rle import decode_rle
from ltr.dataset.still_cache import StillCache, limit_longest_side
from ltr.errors import InputError

FINER = 4
"""Polygons are drawn on a grid so many times finer than the picture's."""

SUBPIXEL_BITS = 4
"""OpenCV draws polygons in fixed-point coordinates; this many bits hold the fraction of a pixel."""


class CocoObjects:
    """One item per annotated object that is large enough and not a crowd.

    Layouts: COCO's own, ``annotations/instances_<split>.json`` with ``<split>/``, or ``annotations.json``
    with ``images/``. Polygons and both forms of run-length encoding are read.

    Items are (image H x W x 3 uint8 RGB, mask H x W uint8 with values 0 and 1), in the order of the file.
    With `cache` the images are read-only views of memory; masks are drawn when an item is read.

    Args:
        root: folder of one of the two layouts.
        split: name of COCO's split; not used with ``annotations.json``.
        min_area: objects with a smaller annotated area (pixels of the stored picture) are left out.
        limit_side: pictures with a longer side are shrunk to it, pixels; None keeps their size.
        cache: decode all pictures now and keep them in memory.
        name: name of the data set; the folder's by default.

    Raises:
        InputError: a file or folder is missing, the annotations are not COCO's, or no object is large enough.
    """

    def __init__(
        self,
        root: str | Path,
        split: str = "train2017",
        min_area: float = 900.0,
        limit_side: int | None = None,
        cache: bool = False,
        name: str | None = None,
    ) -> None:
        root = Path(root)
        self.name = name or root.name
        annotation_file, self._folder = _find_files(root, split)
        self._limit_side = limit_side
        self._pictures, self._objects = _read_annotations(annotation_file, min_area)
        self._images = StillCache(self._read_image)
        if cache:
            self._images.fill(self._path(index) for index in range(len(self)))

    def __len__(self) -> int:
        return len(self._objects)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        entry = self._objects[index]
        picture = self._pictures[entry["image_id"]]
        name = f"object {entry.get('id')} of {picture['file_name']}"
        mask = draw_segmentation(entry["segmentation"], picture["height"], picture["width"], name)
        image = self._images.read(self._path(index))
        mask = (limit_longest_side(mask * 255, self._limit_side) > 127).astype(np.uint8)
        if image.shape[:2] != mask.shape:
            raise InputError(
                f"{self._path(index)} is {image.shape[1]} x {image.shape[0]} pixels, its annotations are for "
                f"{mask.shape[1]} x {mask.shape[0]}"
            )
        return image, mask

    def picture(self, index: int) -> str:
        """Return the file name of an item's picture; objects of one picture share it."""
        return str(self._pictures[self._objects[index]["image_id"]]["file_name"])

    def _path(self, index: int) -> Path:
        return self._folder / self.picture(index)

    def _read_image(self, path: Path) -> np.ndarray:
        return limit_longest_side(read_image(path), self._limit_side)


def draw_segmentation(segmentation: Any, height: int, width: int, name: str = "object") -> np.ndarray:
    """Draw the segmentation of a COCO annotation.

    Args:
        segmentation: a list of polygons [x1, y1, x2, y2, ...] in continuous pixel coordinates, whose union is
            the object, or {"counts": runs or text, "size": [height, width]}.
        height, width: size of the picture, pixels.
        name: whose segmentation it is, for messages.

    Returns:
        (height, width) uint8 with values 0 and 1.

    Raises:
        InputError: the segmentation has neither form, or is damaged.
    """
    if isinstance(segmentation, dict):
        try:
            size, counts = segmentation["size"], segmentation["counts"]
        except KeyError as error:
            raise InputError(f"segmentation of {name} has no {error}: expected size and counts") from error
        if list(size) != [height, width]:
            raise InputError(
                f"segmentation of {name} is for {size} (height, width), its picture {[height, width]}"
            )
        return decode_rle(counts, height, width, name)
    mask = np.zeros((height, width), dtype=np.uint8)
    for polygon in segmentation:
        points = np.asarray(polygon, dtype=np.float64)
        if points.ndim != 1 or points.size < 6 or points.size % 2:
            raise InputError(
                f"a polygon of {name} has {points.size} numbers: expected x and y of 3 or more points"
            )
        _draw_polygon(mask, points.reshape(-1, 2))
    return mask


def _draw_polygon(mask: np.ndarray, points: np.ndarray) -> None:
    """Set the pixels (H x W uint8, in place) of which more than half lies in a polygon (n, 2), in pixels.

    OpenCV fills every pixel that the outline touches, which makes objects fatter by half a pixel. So the
    polygon is drawn finer, and more of a pixel must be filled, by what the outline still adds.
    """
    low = np.maximum(np.floor(points.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(points.max(axis=0)), mask.shape[::-1]).astype(int)
    width, height = high - low
    if width < 1 or height < 1:
        return
    fine = np.zeros((height * FINER, width * FINER), dtype=np.uint8)
    # OpenCV's coordinates have pixel centres at whole numbers, COCO's at halves.
    fixed = np.rint(((points - low) * FINER - 0.5) * (1 << SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(fine, [fixed], 255, shift=SUBPIXEL_BITS)
    share = cv2.resize(fine, (int(width), int(height)), interpolation=cv2.INTER_AREA)
    mask[low[1] : high[1], low[0] : high[0]] |= share > 255 * (0.5 + 0.5 / FINER)


def _find_files(root: Path, split: str) -> tuple[Path, Path]:
    """The annotation file and the folder of the pictures."""
    official = (root / "annotations" / f"instances_{split}.json", root / split)
    for annotation_file, folder in ((root / "annotations.json", root / "images"), official):
        if annotation_file.is_file():
            if not folder.is_dir():
                raise InputError(f"{annotation_file} has no pictures: expected the folder {folder}")
            return annotation_file, folder
    raise InputError(
        f"no COCO annotations in {root}: expected annotations/instances_{split}.json with {split}/, "
        "or annotations.json with images/"
    )


def _read_annotations(path: Path, min_area: float) -> tuple[dict[int, dict[str, Any]], list[dict[str, Any]]]:
    """Pictures by id, and the annotations that become items."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        pictures = {picture["id"]: picture for picture in content["images"]}
        objects = [
            entry
            for entry in content["annotations"]
            if not entry.get("iscrowd", 0) and entry["area"] >= min_area and entry["image_id"] in pictures
        ]
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not a COCO instance file ({type(error).__name__}: {error})") from error
    if not objects:
        raise InputError(f"{path} holds no object of at least {min_area:g} pixels")
    return pictures, objects
