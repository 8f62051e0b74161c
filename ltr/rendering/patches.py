"""Pieces of picture that are laid over a frame."""

from dataclasses import dataclass

import cv2
import numpy as np

from ltr.rendering.noise import FloatField, Picture


@dataclass(frozen=True)
class Patch:
    """A piece of picture to be laid over a frame.

    Attributes:
        left, top: place of its first pixel in the frame; it lies wholly inside the frame.
        colour: (h, w, 3) uint8 RGB, not multiplied with the coverage.
        cover: (h, w) float32 in [0, 1]; 1 hides what is behind.
    """

    left: int
    top: int
    colour: Picture
    cover: FloatField


@dataclass(frozen=True)
class Sprite:
    """A picture that is moved about, standing on the middle of its lower edge.

    Attributes:
        colour: (h, w, 3) uint8 RGB, not multiplied with the coverage.
        cover: (h, w) float32 in [0, 1].
    """

    colour: Picture
    cover: FloatField

    def at(self, x: float, y: float, scale: float, width: int, height: int) -> Patch | None:
        """Place the foot at (x, y) in a frame of width x height pixels; None if nothing is seen there."""
        rows, columns = self.cover.shape
        origin_x, origin_y = x - scale * columns / 2, y - scale * rows
        left, right = (
            max(0, int(np.floor(origin_x))),
            min(width, int(np.ceil(origin_x + scale * columns)) + 1),
        )
        top, bottom = max(0, int(np.floor(origin_y))), min(height, int(np.ceil(y)) + 1)
        if right - left < 1 or bottom - top < 1:
            return None
        half = 0.5 * scale - 0.5
        placed = np.array([[scale, 0, origin_x - left + half], [0, scale, origin_y - top + half]], np.float32)
        size = (right - left, bottom - top)
        colour = cv2.warpAffine(
            self.colour, placed, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        cover = cv2.warpAffine(
            self.cover, placed, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
        )
        return Patch(left, top, colour, cover)

    def covers(self, x: float, y: float, scale: float, xs: FloatField, ys: FloatField) -> np.ndarray:
        """Tell which points (pixels xs, ys of equal shape) it hides with the foot at (x, y): bool."""
        rows, columns = self.cover.shape
        across = np.floor((xs - x) / scale + columns / 2).astype(np.int64)
        down = np.floor((ys - y) / scale + rows).astype(np.int64)
        inside = (across >= 0) & (across < columns) & (down >= 0) & (down < rows)
        return inside & (self.cover[np.clip(down, 0, rows - 1), np.clip(across, 0, columns - 1)] >= 0.5)


def lay_over(frame: Picture, patch: Patch, blur: int = 0, strength: float = 1.0) -> None:
    """Lay a patch over a frame (H x W x 3 uint8), in place.

    Args:
        frame: changed.
        patch: what is laid over it.
        blur: length of its motion while the shutter is open, whole pixels across; below 2 is none.
        strength: factor on its coverage.
    """
    colour, cover = patch.colour, patch.cover
    if blur >= 2:
        colour, cover = cv2.blur(colour, (blur, 1)), cv2.blur(cover, (blur, 1))
    if strength != 1:
        cover = cover * np.float32(strength)
    height, width = cover.shape
    window = frame[patch.top : patch.top + height, patch.left : patch.left + width]
    window[:] = cv2.blendLinear(colour, np.ascontiguousarray(window), cover, 1 - cover)


def lay_label(labels: Picture, patch: Patch, label: int) -> None:
    """Write a label (H x W uint8, in place) where a patch hides more than half of a pixel."""
    height, width = patch.cover.shape
    labels[patch.top : patch.top + height, patch.left : patch.left + width][patch.cover >= 0.5] = label
