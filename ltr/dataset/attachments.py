"""Thin parts that make a still's object larger than its body: lines, and what hangs on them.

A kite surfer's lines, a leash or a ski pole are part of a mask and stretch its box, so that most of the box
is background. Sets of stills hardly have them, and a network that never saw one takes the filled box for the
object.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from ltr.data.boxes import mask_to_box
from ltr.dataset.moving_layers import paint_over, paste

POINTS = 12
"""Straight pieces of a line."""

NEAR, FAR = 2.0, 5.0
"""How far from the object's centre lines end at most, in sizes of the object."""


def with_attachment(
    rng: Generator,
    image: np.ndarray,
    mask: np.ndarray,
    other: tuple[np.ndarray, np.ndarray],
    far_share: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """A still whose object has one to three bent lines in one direction; in half of the cases a second,
    small part lies at their end. The still grows on the side they reach to, by its own mirror image, as far
    as that does not show the object again.

    Args:
        image: (H, W, 3) uint8.
        mask: (H, W) uint8, 0 or 1, not empty.
        other: image and mask of another still, which the second part is taken from.
        far_share: in this share of the cases the object is far away: small, in the other still's place,
            with thin lines of many times its size, so that it fills a small part of its box.

    Returns:
        image and mask, new arrays.
    """
    far = far_share > 0 and rng.random() < far_share
    if far:
        image, mask = _far_away(rng, image, mask, other)
    box = mask_to_box(mask)
    size = float(np.sqrt(box[2] * box[3]))
    angle = rng.uniform(0, 2 * np.pi)
    reach = rng.uniform(0.9, FAR if far else NEAR)
    tip = box[:2] + box[2:] / 2 + reach * size * np.array([np.cos(angle), np.sin(angle)])
    image, mask, shift = _grown(image, mask, box, tip)
    tip = np.clip(tip + shift, 2, np.array(mask.shape[::-1]) - 3)
    rows, columns = np.nonzero(mask)
    colour = image[rows, columns].mean(axis=0) if rng.random() < 0.3 else rng.uniform(0, 255, 3)
    width = int(rng.integers(1, 4) if far else rng.integers(2, 5))
    for _ in range(int(rng.integers(1, 4))):
        start = int(rng.integers(len(rows)))
        end = tip + rng.normal(0, 0.06 * size, 2)
        line = _bent_line(rng, np.array([columns[start], rows[start]], float), end)
        cv2.polylines(image, [line], False, colour.tolist(), width, cv2.LINE_AA)
        cv2.polylines(mask, [line], False, 1, width)
    if rng.random() < 0.5:
        _paste_small(image, mask, other, tip, rng.uniform(0.15, 0.4) * size)
    return image, mask


def _far_away(
    rng: Generator, image: np.ndarray, mask: np.ndarray, other: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """The object an eighth to a third as large as the other still, somewhere in it; the other still's own
    object is painted over."""
    place = paint_over(*other) if other[1].any() else other[0].copy()
    x, y, w, h = (int(value) for value in mask_to_box(mask))
    frame = np.array(place.shape[1::-1])
    zoom = min(1.0, rng.uniform(0.12, 0.34) * float(np.sqrt(frame.prod() / (w * h))))
    corner = rng.uniform(0, 1, 2) * np.maximum(0, frame - zoom * np.array([w, h]))
    motion = np.array([[zoom, 0, corner[0] - zoom * x], [0, zoom, corner[1] - zoom * y]])
    # A small picture is made by averaging, not by picking pixels.
    blurred = cv2.GaussianBlur(image, (0, 0), 0.5 / zoom) if zoom < 0.8 else image
    pixels = cv2.warpAffine(blurred, motion, frame.tolist(), borderMode=cv2.BORDER_REPLICATE)
    soft = cv2.GaussianBlur(mask * np.uint8(255), (0, 0), max(0.5, 0.5 / zoom))
    opacity = cv2.warpAffine(soft, motion, frame.tolist())
    inside = (opacity > 127).astype(np.uint8)
    return (paste(place, pixels, opacity), inside) if inside.any() else (image, mask)


def _grown(
    image: np.ndarray, mask: np.ndarray, box: np.ndarray, tip: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The still with room for a point outside it, as far as a mirror image without the object reaches, and
    where its old corner is now."""
    sizes = np.array(mask.shape[::-1])
    free_before, free_after = np.maximum(0, box[:2] - 1), np.maximum(0, sizes - box[:2] - box[2:] - 1)
    before = np.clip(np.ceil(8 - tip), 0, free_before).astype(int)
    after = np.clip(np.ceil(tip + 8 - sizes), 0, free_after).astype(int)
    sides = (int(before[1]), int(after[1]), int(before[0]), int(after[0]))
    return (
        cv2.copyMakeBorder(image, *sides, cv2.BORDER_REFLECT_101),
        cv2.copyMakeBorder(mask, *sides, cv2.BORDER_CONSTANT, value=0),
        before,
    )


def _bent_line(rng: Generator, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(POINTS + 1, 1, 2) int32 pixels from start to end along a parabola."""
    along = np.linspace(0, 1, POINTS + 1)[:, None]
    across = (end - start)[::-1] * np.array([1, -1]) * rng.normal(0, 0.08)
    points = start + along * (end - start) + 4 * along * (1 - along) * across
    return np.rint(points).astype(np.int32)[:, None]


def _paste_small(
    image: np.ndarray, mask: np.ndarray, other: tuple[np.ndarray, np.ndarray], centre: np.ndarray, size: float
) -> None:
    """Lay another still's object, about ``size`` pixels large, onto image and mask, as far as it fits."""
    x, y, w, h = (int(value) for value in mask_to_box(other[1]))
    if w <= 0:
        return
    zoom = size / np.sqrt(w * h)
    shape = (max(2, round(w * zoom)), max(2, round(h * zoom)))
    part = cv2.resize(other[0][y : y + h, x : x + w], shape, interpolation=cv2.INTER_AREA)
    inside = cv2.resize(other[1][y : y + h, x : x + w] * np.uint8(255), shape, interpolation=cv2.INTER_AREA)
    left, top = (round(float(c) - s / 2) for c, s in zip(centre, shape, strict=True))
    rows = slice(max(0, top), min(mask.shape[0], top + shape[1]))
    columns = slice(max(0, left), min(mask.shape[1], left + shape[0]))
    source = (
        slice(rows.start - top, rows.stop - top),
        slice(columns.start - left, columns.stop - left),
    )
    seen = inside[source] > 127
    image[rows, columns][seen] = part[source][seen]
    mask[rows, columns][seen] = 1
