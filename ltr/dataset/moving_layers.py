"""Pictures with an opacity that move along smooth affine paths, and how they are laid over each other.

An affine map is a (2, 3) float64 array from a layer's pixels to the frame's, as OpenCV has it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from ltr.data.boxes import BoxLike
from ltr.dataset.clip_style import ClipStyle

GRID = 4
"""Control points of a bend along each axis."""


@dataclass(frozen=True)
class Bend:
    """A warp of the whole frame that swings as time passes.

    Attributes:
        waves: (2, GRID, GRID, 2) float32, shifts in pixels: sine and cosine part, y, x, (dx, dy).
        phase: radians at time 0.
        speed: radians in one unit of time.
    """

    waves: np.ndarray
    phase: float
    speed: float

    def shift(self, time: float, size: tuple[int, int]) -> np.ndarray:
        """The shift of every pixel at a time: (H, W, 2) float32, for ``size`` (H, W)."""
        swing = self.phase + self.speed * time
        grid = np.sin(swing) * self.waves[0] + np.cos(swing) * self.waves[1]
        return cv2.resize(grid.astype(np.float32), (size[1], size[0]), interpolation=cv2.INTER_CUBIC)


@dataclass
class Layer:
    """A picture that moves.

    Attributes:
        image: (H, W, 3) uint8.
        opacity: (H, W) uint8, 0..255.
        motion: an affine map for every frame.
        bend: how its outline deforms, if it does.
    """

    image: np.ndarray
    opacity: np.ndarray
    motion: list[np.ndarray]
    bend: Bend | None = None

    def render(self, frame: int, time: float, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (H, W, 3) uint8 and opacity (H, W) uint8 in a frame of ``size`` (H, W)."""
        matrix = self.motion[frame]
        if self.bend is None:
            width_height = (size[1], size[0])
            return (
                cv2.warpAffine(self.image, matrix, width_height),
                cv2.warpAffine(self.opacity, matrix, width_height),
            )
        inverse = cv2.invertAffineTransform(matrix).astype(np.float32)
        shift = self.bend.shift(time, size)
        xs = np.arange(size[1], dtype=np.float32)[None, :]
        ys = np.arange(size[0], dtype=np.float32)[:, None]
        map_x = inverse[0, 0] * xs + inverse[0, 1] * ys + inverse[0, 2] + shift[..., 0]
        map_y = inverse[1, 0] * xs + inverse[1, 1] * ys + inverse[1, 2] + shift[..., 1]
        return (
            cv2.remap(self.image, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
            cv2.remap(self.opacity, map_x, map_y, cv2.INTER_LINEAR),
        )


def paste(frame: np.ndarray, pixels: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    """Pixels (H, W, 3) laid over a frame of the same size, by opacity (H, W) uint8 0..255."""
    weight = opacity.astype(np.float32) * np.float32(1 / 255)
    return cv2.blendLinear(pixels, frame, weight, 1 - weight)


def soft_opacity(mask: np.ndarray) -> np.ndarray:
    """0/1 mask (H, W) uint8 -> opacity 0..255 with an edge one pixel soft."""
    return cv2.GaussianBlur(mask * np.uint8(255), (3, 3), 0.8)


def followed_by(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The affine map that does ``first``, then ``second``."""
    moved = second[:, :2] @ first[:, 2] + second[:, 2]
    return np.hstack([second[:, :2] @ first[:, :2], moved[:, None]])


def frame_times(rng: Generator, frames: int) -> np.ndarray:
    """When frames are taken: (frames,) increasing from 0 to 1 with uneven gaps."""
    if frames == 1:
        return np.zeros(1)
    steps = np.cumsum(rng.uniform(0.5, 1.5, frames))
    return (steps - steps[0]) / (steps[-1] - steps[0])


def smooth_path(
    rng: Generator, times: np.ndarray, box: BoxLike, travel: float, style: ClipStyle
) -> list[np.ndarray]:
    """An affine map for every time. Place, scale, angle and shear are random quadratic functions of time.

    Args:
        times: in [0, 1].
        box: x, y, w, h of what moves; scale, angle and shear are about its centre.
        travel: standard deviation of the way of its centre, in sizes of the box.
    """
    x, y, w, h = (float(value) for value in box)
    size = np.sqrt(w * h)
    spread = np.array([travel * size, travel * size, style.zoom, style.turn, style.stretch])
    start, speed, curve = (rng.normal(0, 1, 5) * spread * share for share in (0.4, 1.0, 0.5))
    centre = np.array([x + w / 2, y + h / 2])
    motion = []
    for t in times - 0.5:
        dx, dy, zoom, turn, shear = start + speed * t + curve * (t * t - 1 / 12)
        cos, sin = np.cos(turn) * np.exp(zoom), np.sin(turn) * np.exp(zoom)
        linear = np.array([[cos, -sin], [sin, cos]]) @ np.array([[1, shear], [0, 1]])
        offset = centre + np.array([dx, dy]) - linear @ centre
        motion.append(np.hstack([linear, offset[:, None]]))
    return motion


def paint_over(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The still without its object, inpainted at a quarter of the size, which is good enough once it moves.

    Args:
        image: (H, W, 3) uint8.
        mask: (H, W) uint8, 0 or 1.
    """
    small = cv2.resize(image, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    hole = cv2.dilate(mask, np.ones((9, 9), np.uint8))
    hole = cv2.resize(hole, small.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    filled = cv2.resize(cv2.inpaint(small, hole, 3, cv2.INPAINT_TELEA), image.shape[1::-1])
    return paste(image, filled, soft_opacity(cv2.dilate(mask, np.ones((7, 7), np.uint8))))
