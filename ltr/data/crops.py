"""Crops: the part of an image that a network looks at, and the way there and back.

The crop rule is the "inside major" rule of the authors' implementation: an area of scale^2 times the box's,
in the aspect of the network's input, centred on the box; shrunk while it is larger than the image along both
axes; then shifted inside the image along each axis that it fits, and centred along the other.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ltr.data.boxes import BoxLike, is_absent

MIN_CROP_SIDE = 4
"""Pixels. A box of a fraction of a pixel still gives a crop that can be resized."""


@dataclass(frozen=True)
class Crop:
    """A rectangle of whole image pixels and the size it is resized to.

    Attributes:
        x, y, width, height: pixels of the image; the rectangle may leave the image.
        output_size: (width, height) of the network's input.
    """

    x: int
    y: int
    width: int
    height: int
    output_size: tuple[int, int]

    def __post_init__(self) -> None:
        if min(self.width, self.height, *self.output_size) < 1:
            raise ValueError(f"{self}: width, height and both output sizes must be >= 1")

    @property
    def box(self) -> tuple[int, int, int, int]:
        """x, y, w, h in the image."""
        return self.x, self.y, self.width, self.height

    def _stretch(self) -> npt.NDArray[np.float64]:
        """(2,): output pixels per image pixel along x and y."""
        return np.array(self.output_size, dtype=np.float64) / (self.width, self.height)

    def box_to_crop(self, box: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Boxes (..., 4) in image pixels -> boxes (..., 4) in output pixels. An absent box stays as it is."""
        boxes = np.asarray(box, dtype=np.float64)
        stretch = self._stretch()
        moved = np.concatenate(
            [(boxes[..., :2] - (self.x, self.y)) * stretch, boxes[..., 2:] * stretch], axis=-1
        )
        return np.where(is_absent(boxes)[..., None], boxes, moved)

    def box_to_image(self, box: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Boxes (..., 4) in output pixels -> boxes (..., 4) in image pixels. An absent box stays as it is."""
        boxes = np.asarray(box, dtype=np.float64)
        stretch = self._stretch()
        moved = np.concatenate(
            [boxes[..., :2] / stretch + (self.x, self.y), boxes[..., 2:] / stretch], axis=-1
        )
        return np.where(is_absent(boxes)[..., None], boxes, moved)


def _crop_size(
    width: int,
    height: int,
    box_size: tuple[float, float],
    scale: float,
    output: tuple[int, int],
    cover: float,
) -> tuple[int, int]:
    """Width and height of the crop in whole pixels, before it is placed.

    The order of the floating-point operations decides the last pixel; it is the one that gives the authors'
    integers.
    """
    w, h = box_size
    zoom = math.sqrt(w * h / (output[0] * output[1])) * scale
    if cover > 0:
        # One pixel more than asked for, because placing the crop rounds its corner.
        zoom = max(zoom, (cover * w + 1) / output[0], (cover * h + 1) / output[1])
    crop_width, crop_height = math.ceil(output[0] * zoom), math.ceil(output[1] * zoom)
    shrink = min(crop_width / width, crop_height / height)
    if shrink > 1:
        crop_width, crop_height = math.floor(crop_width / shrink), math.floor(crop_height / shrink)
    return max(crop_width, MIN_CROP_SIDE), max(crop_height, MIN_CROP_SIDE)


def _place(centre: float, length: int, limit: int) -> int:
    """First of `length` pixels around `centre`.

    They are shifted inside the image's [0, limit); where they are more, they stick out evenly on both sides.
    """
    if length > limit:
        return -((length - limit) // 2)
    return min(max(round(centre - length * 0.5), 0), limit - length)


def crop_inside_major(
    image_size_hw: tuple[int, int],
    box: BoxLike,
    scale: float,
    output_size_wh: tuple[int, int],
    cover: float = 0.0,
) -> Crop:
    """The crop around a box (DESIGN section 4).

    Args:
        image_size_hw: (height, width) of the image, pixels.
        box: (4,), pixels; it may leave the image, and may lie outside it.
        scale: the crop's area is scale^2 times the box's.
        output_size_wh: (width, height) of the network's input; the crop has its aspect.
        cover: where > 0 the crop grows, its aspect kept, until it holds the box times `cover` along both
            axes. An elongated box would stick out of a crop of its area alone; with cover >= 1 the crop holds
            all of the box that the image shows.

    Returns:
        A crop of at least 4 pixels along both axes that overlaps the image.

    Raises:
        ValueError: the box is absent or not finite, or a size or scale is not positive.
    """
    height, width = image_size_hw
    if min(height, width, *output_size_wh) < 1 or not scale > 0:
        raise ValueError(
            f"crop with scale {scale} to {output_size_wh} of an image of {width} x {height}: must be positive"
        )
    if bool(is_absent(box)):
        raise ValueError(
            f"crop around box {tuple(float(v) for v in box)}: width and height must be > 0 and finite"
        )
    x, y, w, h = (float(value) for value in box)
    crop_width, crop_height = _crop_size(width, height, (w, h), scale, output_size_wh, cover)
    return Crop(
        x=_place(x + 0.5 * w, crop_width, width),
        y=_place(y + 0.5 * h, crop_height, height),
        width=crop_width,
        height=crop_height,
        output_size=(output_size_wh[0], output_size_wh[1]),
    )


def _overlap(start: int, length: int, limit: int) -> tuple[int, int, int, int]:
    """(first, last, before, after): pixels [first, last) of [0, limit), and how many to add on either side.

    An interval wholly outside keeps the pixel at the border.
    """
    first = min(max(start, 0), limit - 1)
    last = max(min(start + length, limit), first + 1)
    before = min(max(first - start, 0), length - 1)
    return first, last, before, length - before - (last - first)


def _cut(array: npt.NDArray[np.uint8], crop: Crop, border: int) -> npt.NDArray[np.uint8]:
    """The crop's pixels at image resolution, the border filled by OpenCV's rule `border`."""
    x0, x1, left, right = _overlap(crop.x, crop.width, array.shape[1])
    y0, y1, top, bottom = _overlap(crop.y, crop.height, array.shape[0])
    part = array[y0:y1, x0:x1]
    if left or right or top or bottom:
        padded = cv2.copyMakeBorder(part, top, bottom, left, right, border)
        return np.asarray(padded, dtype=np.uint8)
    return part


def sample_image(image: npt.NDArray[np.uint8], crop: Crop) -> npt.NDArray[np.uint8]:
    """The crop of an image at the network's input size.

    Args:
        image: (H, W, 3) uint8.

    Returns:
        (output height, output width, 3) uint8, contiguous: resized bilinearly, the image's border replicated
        outside.
    """
    part = _cut(image, crop, cv2.BORDER_REPLICATE)
    if (part.shape[1], part.shape[0]) == crop.output_size:
        return np.array(part, order="C")
    resized = cv2.resize(part, crop.output_size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.uint8)


def sample_mask(mask: npt.NDArray[np.uint8], crop: Crop) -> npt.NDArray[np.uint8]:
    """The crop of a mask at the network's input size.

    Args:
        mask: (H, W) uint8 object ids.

    Returns:
        (output height, output width) uint8, contiguous: the id at each output pixel's centre, 0 outside the
        image.
    """
    height, width = mask.shape
    if crop.x >= width or crop.y >= height or crop.x + crop.width <= 0 or crop.y + crop.height <= 0:
        return np.zeros(crop.output_size[::-1], dtype=np.uint8)
    part = _cut(mask, crop, cv2.BORDER_CONSTANT)
    if (part.shape[1], part.shape[0]) == crop.output_size:
        return np.array(part, order="C")
    resized = cv2.resize(part, crop.output_size, interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(resized, dtype=np.uint8)


def paste_logits(
    logits: npt.NDArray[np.float32], crop: Crop, image_size_hw: tuple[int, int], fill: float
) -> npt.NDArray[np.float32]:
    """Puts what the network says about a crop back into the frame.

    Args:
        logits: (h, w) float32 for the whole crop, at any resolution.
        image_size_hw: (H, W) of the frame, pixels.
        fill: the value outside the crop.

    Returns:
        (H, W) float32: resized bilinearly to crop.width x crop.height, the part inside the frame.
    """
    frame = np.full(image_size_hw, fill, dtype=np.float32)
    left, top = max(crop.x, 0), max(crop.y, 0)
    right, bottom = min(crop.x + crop.width, image_size_hw[1]), min(crop.y + crop.height, image_size_hw[0])
    if left >= right or top >= bottom:
        return frame
    resized = cv2.resize(logits, (crop.width, crop.height), interpolation=cv2.INTER_LINEAR)
    frame[top:bottom, left:right] = resized[top - crop.y : bottom - crop.y, left - crop.x : right - crop.x]
    return frame
