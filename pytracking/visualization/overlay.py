"""Draws masks and boxes over a frame."""

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt

from ltr.data.boxes import BoxLike, is_absent
from ltr.data.image_io import RgbImage
from ltr.data.mask_io import DAVIS_PALETTE, ObjectMask

FONT = cv2.FONT_HERSHEY_SIMPLEX


def _bright_palette() -> npt.NDArray[np.uint8]:
    """The DAVIS colours, each scaled to full brightness, for thin lines on dark frames."""
    colours = DAVIS_PALETTE.astype(np.float64)
    return np.rint(colours * 255 / np.maximum(colours.max(axis=1, keepdims=True), 1)).astype(np.uint8)


LINE_PALETTE: npt.NDArray[np.uint8] = _bright_palette()
"""(256, 3) uint8 RGB: the colour of an object's contour, box and number."""
LINE_PALETTE.setflags(write=False)


def draw_overlay(
    image: RgbImage,
    mask: ObjectMask,
    boxes: Mapping[int, BoxLike] | None = None,
    alpha: float = 0.4,
    show_ids: bool | None = None,
) -> RgbImage:
    """Fills each object with its DAVIS colour, draws its contour, its box and its number.

    Args:
        image: (H, W, 3) uint8 RGB; it is not changed.
        mask: (H, W) uint8 object ids, 0 background.
        boxes: object id -> (4,) x, y, w, h in pixels; absent boxes are not drawn.
        alpha: opacity of the fill, 0 (contour alone) to 1.
        show_ids: draw the object's number; None draws them where there is more than one object.

    Returns:
        (H, W, 3) uint8 RGB, a new array.

    Raises:
        ValueError: the mask's size is not the image's, or alpha is outside [0, 1].
    """
    if mask.shape != image.shape[:2]:
        raise ValueError(f"mask of shape {mask.shape} does not fit an image of shape {image.shape}")
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha is {alpha}: must be in [0, 1]")
    boxes = {object_id: box for object_id, box in (boxes or {}).items() if not is_absent(box)}
    thickness = _line_thickness(image)
    canvas = image.copy()
    inside = mask > 0
    if alpha > 0:
        mixed = (1 - alpha) * image[inside] + alpha * DAVIS_PALETTE[mask[inside]]
        canvas[inside] = np.rint(mixed).astype(np.uint8)
    contour = _contours(mask, thickness)
    canvas[contour] = LINE_PALETTE[mask[contour]]
    for object_id, box in boxes.items():
        _draw_box(canvas, box, object_id)
    object_ids = sorted({*np.flatnonzero(np.bincount(mask.ravel(), minlength=256)[1:]) + 1, *boxes})
    if show_ids or (show_ids is None and len(object_ids) > 1):
        for object_id in object_ids:
            _draw_id(canvas, mask, boxes.get(object_id), int(object_id))
    return canvas


def draw_label(canvas: RgbImage, text: str, corner: tuple[int, int], colour: tuple[int, int, int]) -> None:
    """Writes text on a black plate, in place; the plate is shifted inside the canvas.

    Args:
        corner: (x, y) of the plate's upper left corner, pixels.
        colour: RGB of the letters.
    """
    scale = max(0.4, min(canvas.shape[:2]) / 1000)
    thickness = max(1, round(scale))
    (width, height), _ = cv2.getTextSize(text, FONT, scale, thickness)
    plate_width, plate_height = width + 4, height + 6
    x = max(0, min(corner[0], canvas.shape[1] - plate_width))
    y = max(0, min(corner[1], canvas.shape[0] - plate_height))
    canvas[y : y + plate_height, x : x + plate_width] = 0
    cv2.putText(canvas, text, (x + 2, y + height + 3), FONT, scale, colour, thickness, cv2.LINE_AA)


def _line_thickness(image: RgbImage) -> int:
    """Two pixels at 480p, more on larger frames."""
    return max(1, round(min(image.shape[:2]) / 240))


def _contours(mask: ObjectMask, thickness: int) -> npt.NDArray[np.bool_]:
    """(H, W) bool: pixels of an object within `thickness` of a pixel that is not of that object."""
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (2 * thickness + 1, 2 * thickness + 1))
    # The image's border is no contour: outside it the mask goes on as it is.
    highest = cv2.dilate(mask, kernel, borderType=cv2.BORDER_REPLICATE)
    lowest = cv2.erode(mask, kernel, borderType=cv2.BORDER_REPLICATE)
    return (mask > 0) & (highest != lowest)


def _draw_box(canvas: RgbImage, box: BoxLike, object_id: int) -> None:
    """A line of one pixel, on the outermost pixels of the box."""
    x, y, w, h = (float(value) for value in box)
    limit = 2 * max(canvas.shape)  # OpenCV's coordinates are 32-bit integers
    x0, y0, x1, y1 = (int(np.clip(round(value), -limit, limit)) for value in (x, y, x + w, y + h))
    cv2.rectangle(canvas, (x0, y0), (max(x0, x1 - 1), max(y0, y1 - 1)), _line_colour(object_id), 1)


def _draw_id(canvas: RgbImage, mask: ObjectMask, box: BoxLike | None, object_id: int) -> None:
    """The object's number, at the upper left corner of its box or, without one, at its topmost pixel."""
    if box is None:
        rows, columns = np.nonzero(mask == object_id)
        x, y = int(columns[0]), int(rows[0])
    else:
        x, y = round(float(box[0])) + 1, round(float(box[1])) + 1
    draw_label(canvas, str(object_id), (x, y), _line_colour(object_id))


def _line_colour(object_id: int) -> tuple[int, int, int]:
    red, green, blue = LINE_PALETTE[object_id].tolist()
    return red, green, blue
