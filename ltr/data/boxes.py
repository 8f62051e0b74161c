"""Boxes as numpy arrays, and what boxes and masks make of one another.

A box is (x, y, w, h) in float pixels, 0-based and continuous: it covers [x, x + w) x [y, y + h), so pixel
(row i, column j) is the unit square [j, j + 1) x [i, i + 1) and its centre lies at (j + 0.5, i + 0.5). A box
with w <= 0 or h <= 0 says that the target is absent; written out it is ``ABSENT``.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

BoxLike = npt.NDArray[np.floating] | Sequence[float]

ABSENT: tuple[float, float, float, float] = (-1.0, -1.0, -1.0, -1.0)
"""The canonical box of a target that is not in the frame."""


def is_absent(boxes: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Which boxes hold no target: w <= 0, h <= 0, or a value that is not finite.

    Args:
        boxes: (..., 4), pixels.

    Returns:
        (...) bool; a 0-d array for one box.
    """
    array = np.asarray(boxes, dtype=np.float64)
    return np.asarray(~(np.isfinite(array).all(axis=-1) & (array[..., 2:] > 0).all(axis=-1)))


def absent_box() -> npt.NDArray[np.float64]:
    """A fresh (4,) array holding ``ABSENT``."""
    return np.array(ABSENT, dtype=np.float64)


def mask_to_box(mask: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    """The smallest box that holds every non-zero pixel.

    Args:
        mask: (H, W), any dtype; pass ``mask == object_id`` for one object of several.

    Returns:
        (4,) float64 x, y, w, h; ``ABSENT`` when the mask is empty.
    """
    columns = np.flatnonzero(mask.any(axis=0))
    if columns.size == 0:
        return absent_box()
    rows = np.flatnonzero(mask.any(axis=1))
    x, y = columns[0], rows[0]
    return np.array([x, y, columns[-1] + 1 - x, rows[-1] + 1 - y], dtype=np.float64)


def clip_box(box: BoxLike, width: int, height: int) -> npt.NDArray[np.float64]:
    """The part of a box that lies in an image of width x height pixels.

    Returns:
        (4,) float64; ``ABSENT`` when nothing of the box lies inside, or the box is itself absent.
    """
    x, y, w, h = (float(value) for value in box)
    left, top = max(x, 0.0), max(y, 0.0)
    clipped = np.array([left, top, min(x + w, width) - left, min(y + h, height) - top], dtype=np.float64)
    return absent_box() if bool(is_absent(box)) or bool(is_absent(clipped)) else clipped


def box_iou(a: npt.ArrayLike, b: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Intersection over union; leading dimensions broadcast.

    Args:
        a, b: (..., 4), pixels.

    Returns:
        (...) float64 in [0, 1]; 0 where either box is absent.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    either_absent = is_absent(first) | is_absent(second)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        low = np.maximum(first[..., :2], second[..., :2])
        high = np.minimum(first[..., :2] + first[..., 2:], second[..., :2] + second[..., 2:])
        intersection = np.prod(np.clip(high - low, 0, None), axis=-1)
        union = np.prod(first[..., 2:], axis=-1) + np.prod(second[..., 2:], axis=-1) - intersection
        iou = intersection / union
    return np.where(either_absent, 0.0, iou)


def _span(start: float, length: float, limit: int) -> tuple[int, int]:
    """Whole pixels [first, last) of [start, start + length) in [0, limit): edges rounded, half upwards.

    An interval that reaches into [0, limit) keeps at least the pixel that holds most of it; (0, 0) otherwise.
    """
    low, high = max(start, 0.0), min(start + length, float(limit))
    if not low < high:
        return 0, 0
    first, last = math.floor(low + 0.5), math.floor(high + 0.5)
    if first == last:
        first = min(math.floor((low + high) / 2), limit - 1)
        last = first + 1
    return first, last


def box_pixels(box: BoxLike, height: int, width: int) -> tuple[int, int, int, int]:
    """The whole pixels of a box in an image: ``mask[y0:y1, x0:x1]``.

    Edges are rounded to the nearest whole pixel (half upwards, so that a shift by whole pixels shifts the
    result) and cut at the image; a box that reaches into the image keeps at least one pixel.

    Returns:
        (x0, y0, x1, y1) with 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height; (0, 0, 0, 0) for a box that is
        absent or lies wholly outside.
    """
    if bool(is_absent(box)):
        return 0, 0, 0, 0
    x, y, w, h = (float(value) for value in box)
    (x0, x1), (y0, y1) = _span(x, w, width), _span(y, h, height)
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else (0, 0, 0, 0)


def box_mask(box: BoxLike, height: int, width: int) -> npt.NDArray[np.bool_]:
    """The box drawn as a mask: True on its whole pixels, see ``box_pixels``.

    Returns:
        (height, width) bool.
    """
    mask = np.zeros((height, width), dtype=bool)
    x0, y0, x1, y1 = box_pixels(box, height, width)
    mask[y0:y1, x0:x1] = True
    return mask


def ellipse_mask(box: BoxLike, height: int, width: int) -> npt.NDArray[np.bool_]:
    """The ellipse inscribed in the box: True where the pixel's centre lies in it.

    The ellipse of a box that is cut by the image's border is cut as well. Where a box reaches into the image
    and no pixel centre lies in the ellipse (a tiny box, or one whose corner alone is visible) the one pixel
    of the box that is nearest to the ellipse's centre, by the ellipse's own measure, is True.

    Returns:
        (height, width) bool; empty exactly when ``box_mask`` is.
    """
    mask = np.zeros((height, width), dtype=bool)
    x0, y0, x1, y1 = box_pixels(box, height, width)
    if x0 == x1:
        return mask
    x, y, w, h = (float(value) for value in box)
    across = (np.arange(x0, x1) + 0.5 - (x + w / 2)) / (w / 2)
    down = (np.arange(y0, y1) + 0.5 - (y + h / 2)) / (h / 2)
    distance = across[None, :] ** 2 + down[:, None] ** 2
    mask[y0:y1, x0:x1] = distance <= max(1.0, distance.min())
    return mask


def jitter_box(box: BoxLike, amount: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Moves each edge by a uniform share, within +-amount, of the box's size along that axis.

    Args:
        box: (4,), pixels. An absent box stays absent.
        amount: in [0, 0.5), so that the box keeps a positive size.
        rng: where the four numbers come from; four are drawn for any box, absent or not.

    Raises:
        ValueError: amount outside [0, 0.5).
    """
    if not 0 <= amount < 0.5:
        raise ValueError(f"amount of box jitter is {amount}: must be in [0, 0.5)")
    shift = rng.uniform(-amount, amount, size=4)
    if bool(is_absent(box)):
        return absent_box()
    x, y, w, h = (float(value) for value in box)
    left, top = x + shift[0] * w, y + shift[1] * h
    right, bottom = x + w + shift[2] * w, y + h + shift[3] * h
    return np.array([left, top, right - left, bottom - top], dtype=np.float64)
