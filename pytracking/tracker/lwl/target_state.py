"""Where a target is and how large: what decides where it is looked for in the next frame.

Source: the authors' implementation of LWL. Centre and size come from mean and variance of the mask, not from
its extreme points, which a single wrong pixel moves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SIGMAS = 4.0
"""Size of a target in standard deviations of its pixels' places: an ellipse's own, 1.15 of a rectangle's."""

MIN_SIDE = 1.0
"""Pixels."""


@dataclass(frozen=True)
class TargetState:
    """Centre (x, y) and size (w, h) of a target, continuous pixels of the frame."""

    centre: tuple[float, float]
    size: tuple[float, float]

    @property
    def box(self) -> npt.NDArray[np.float64]:
        """(4,) x, y, w, h."""
        (x, y), (w, h) = self.centre, self.size
        return np.array([x - w / 2, y - h / 2, w, h], dtype=np.float64)

    @property
    def scale(self) -> float:
        """Geometric mean of width and height."""
        return math.sqrt(self.size[0] * self.size[1])

    def follow(self, measured: TargetState, limits: tuple[float, float]) -> TargetState:
        """Go on to what was measured in the next frame.

        Args:
            measured: taken over but for its scale.
            limits: the scale becomes at least and at most this many times what it was.
        """
        scale = min(max(measured.scale, limits[0] * self.scale), limits[1] * self.scale)
        width, height = (max(side * scale / measured.scale, MIN_SIDE) for side in measured.size)
        return TargetState(measured.centre, (width, height))


def measure(weights: npt.NDArray[np.floating], left: int = 0, top: int = 0) -> TargetState:
    """The state of a target from its mask.

    Args:
        weights: (h, w) >= 0, mask or probabilities, not all 0.
        left, top: place of the first pixel in the frame.

    Returns:
        Mean of the pixels' places and 4 sigma of them. A pixel is a unit square, so that even a single one
        has a size.
    """
    (x, width), (y, height) = _moments(weights.sum(axis=0)), _moments(weights.sum(axis=1))
    return TargetState((left + x, top + y), (width, height))


def _moments(profile: npt.NDArray[np.floating]) -> tuple[float, float]:
    """Mean, and 4 sigma, of a density that is constant within each pixel [i, i + 1)."""
    density = profile.astype(np.float64) / profile.sum(dtype=np.float64)
    places = np.arange(len(density)) + 0.5
    mean = float(density @ places)
    variance = float(density @ (places - mean) ** 2) + 1 / 12
    return mean, SIGMAS * math.sqrt(variance)
