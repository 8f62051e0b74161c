"""Small pictures of masks: the part of the frame around the box, with the mask and the box."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from PIL import Image

from box2seg_plugin.annotate.output import AnnotationFolder
from ltr.data.boxes import BoxLike, clip_box, is_absent, mask_to_box
from ltr.data.image_io import RgbImage, read_image
from ltr.data.mask_io import ObjectMask, read_mask
from ltr.dataset.mask_quality import MaskQuality
from ltr.errors import InputError
from pytracking.evaluation.box_files import Boxes
from pytracking.visualization.overlay import draw_overlay

FramesOf = Callable[[str], Mapping[str, Path]]
"""Name of a video -> name of a mask -> file of the frame it belongs to."""

BoxesOf = Callable[[str], Mapping[int, Boxes]]
"""Name of a video -> object id -> (N, 4) x, y, w, h in all its frames."""

WIDTH, HEIGHT = 320, 240
"""Of the largest picture, pixels."""

AROUND = 1.6
"""Side of what is shown over the side of the box."""

LEAST_SIDE = 48
"""Pixels of the frame that are shown at least, across and down."""

JPEG_QUALITY = 80
GREY = 112
"""What a mask is drawn on where there is no frame."""

Key = TypeVar("Key")
Value = TypeVar("Value")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Thumbnail:
    """A picture that was written.

    Attributes:
        file: its name.
        size: (width, height), pixels.
        frame: the file of the frame; None where it cannot be read.
        mask: the file of the mask; None where it cannot be read.
    """

    file: str
    size: tuple[int, int]
    frame: Path | None
    mask: Path | None


class ThumbnailWriter:
    """Makes the pictures of a report.

    Args:
        annotations: where the masks are.
        frames_of: where the frames are; without it masks are shown alone. May raise InputError, as may
        boxes_of: what was annotated; without it no boxes are drawn.
        folder: for the pictures; it is there.
    """

    def __init__(
        self,
        annotations: AnnotationFolder,
        frames_of: FramesOf | None,
        boxes_of: BoxesOf | None,
        folder: Path,
    ) -> None:
        self.annotations, self.folder = annotations, folder
        self.frames_of, self.boxes_of = frames_of, boxes_of

    def write(self, records: Sequence[MaskQuality]) -> list[Thumbnail | None]:
        """A picture for each mask; None where there is nothing to draw. Each video is asked for once."""
        ranks: dict[str, list[int]] = {}
        for rank, record in enumerate(records):
            ranks.setdefault(record.video, []).append(rank)
        written: list[Thumbnail | None] = [None] * len(records)
        for video, places in ranks.items():
            frames = _known(self.frames_of, video, "frames")
            boxes = _known(self.boxes_of, video, "boxes")
            for rank in places:
                record = records[rank]
                box = _box(boxes.get(record.object), record.index)
                written[rank] = self._write_one(f"{rank + 1:03d}.jpg", record, frames.get(record.frame), box)
        return written

    def _write_one(
        self, file: str, record: MaskQuality, frame: Path | None, box: BoxLike | None
    ) -> Thumbnail | None:
        mask_file = self.annotations.masks_of(record.video) / f"{record.frame}.png"
        image, mask = _image(frame), _mask(mask_file, record.object)
        shown, drawn = image, mask
        if drawn is None:
            if image is None:
                return None
            drawn = np.zeros(image.shape[:2], np.uint8)
        if shown is None or shown.shape[:2] != drawn.shape:
            shown = np.full((*drawn.shape, 3), GREY, np.uint8)
        picture = draw_thumbnail(shown, drawn, box, record.object)
        (self.folder / file).write_bytes(_jpeg(picture))
        return Thumbnail(
            file=file,
            size=(picture.shape[1], picture.shape[0]),
            frame=None if image is None else frame,
            mask=None if mask is None else mask_file,
        )


def _known(tell: Callable[[str], Mapping[Key, Value]] | None, video: str, what: str) -> Mapping[Key, Value]:
    """What is told of a video; nothing, and a warning, where that cannot be read."""
    try:
        return tell(video) if tell else {}
    except InputError as error:
        logger.warning("the report shows no %s of %s: %s", what, video, error)
        return {}


def draw_thumbnail(image: RgbImage, mask: ObjectMask, box: BoxLike | None, object_id: int) -> RgbImage:
    """The surroundings of an object, enlarged or shrunk to ``WIDTH`` x ``HEIGHT`` or, at the frame's border,
    less.

    Args:
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) uint8, the object's pixels are its id, all others 0.
        box: x, y, w, h in pixels; None draws none, and the mask's own box is the centre.
        object_id: gives the colour.
    """
    height, width = mask.shape
    around = clip_box(mask_to_box(mask) if box is None else box, width, height)
    left, top, right, bottom = (0, 0, width, height) if is_absent(around) else _surroundings(around, mask)
    across, down = right - left, bottom - top
    zoom = min(WIDTH / across, HEIGHT / down)
    size = _snapped(across * zoom, WIDTH), _snapped(down * zoom, HEIGHT)
    zoom_x, zoom_y = size[0] / across, size[1] / down
    part = np.s_[top:bottom, left:right]
    smooth = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    picture = np.asarray(cv2.resize(image[part], size, interpolation=smooth), np.uint8)
    small_mask = np.asarray(cv2.resize(mask[part], size, interpolation=cv2.INTER_NEAREST), np.uint8)
    boxes = {}
    if box is not None:
        x, y, w, h = (float(value) for value in box)
        boxes[object_id] = ((x - left) * zoom_x, (y - top) * zoom_y, w * zoom_x, h * zoom_y)
    return draw_overlay(picture, small_mask, boxes, show_ids=False)


def _surroundings(box: BoxLike, mask: ObjectMask) -> tuple[int, int, int, int]:
    """(x0, y0, x1, y1) in pixels: the box and what is around it, in a thumbnail's shape as far as the frame
    and the box allow."""
    x, y, w, h = (float(value) for value in box)
    height, width = mask.shape
    across, down = max(AROUND * w, LEAST_SIDE), max(AROUND * h, LEAST_SIDE)
    across, down = max(across, down * WIDTH / HEIGHT), max(down, across * HEIGHT / WIDTH)
    # Where the frame is too low, less of its width is enough, and the other way round.
    across = max(w, min(across, height * WIDTH / HEIGHT))
    down = max(h, min(down, width * HEIGHT / WIDTH))
    (x0, x1), (y0, y1) = _span(x + w / 2, across, width), _span(y + h / 2, down, height)
    return x0, y0, x1, y1


def _span(centre: float, length: float, limit: int) -> tuple[int, int]:
    """``length`` pixels around the centre, moved into [0, limit), or all of it."""
    whole = min(limit, max(1, round(length)))
    first = min(max(0, round(centre - length / 2)), limit - whole)
    return first, first + whole


def _snapped(length: float, full: int) -> int:
    """Whole pixels; all of the room where little is missing, which would show as a dark line."""
    return full if length > 0.98 * full else max(1, round(length))


def _image(file: Path | None) -> RgbImage | None:
    """A frame; None where it cannot be read."""
    try:
        return None if file is None else read_image(file)
    except InputError:
        return None


def _mask(file: Path, object_id: int) -> ObjectMask | None:
    """The pixels of one object; None where the file cannot be read."""
    try:
        mask = read_mask(file)
    except InputError:
        return None
    return np.where(mask == object_id, mask, 0).astype(np.uint8)


def _box(boxes: Boxes | None, index: int) -> BoxLike | None:
    """An object's box in a frame; None where it has none."""
    if boxes is None or index >= len(boxes) or is_absent(boxes[index]):
        return None
    return boxes[index]


def _jpeg(picture: RgbImage) -> bytes:
    # Colours at full resolution: lines of one pixel would lose theirs.
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, format="JPEG", quality=JPEG_QUALITY, subsampling=0, optimize=True)
    return stream.getvalue()
