"""Adds one way to get a first mask from a box: the inner half of the box, in each direction."""

import numpy as np
import numpy.typing as npt

from ltr.data.boxes import BoxLike, box_mask
from pytracking.registry import INITIALIZERS


class InnerHalf:
    """A box of half the width and height at the same centre."""

    def __call__(self, image: npt.NDArray[np.uint8], box: BoxLike) -> npt.NDArray[np.bool_]:
        x, y, w, h = box
        return box_mask((x + w / 4, y + h / 4, w / 2, h / 2), *image.shape[:2])


def register() -> None:
    """Called once by ``ltr.plugins.load_plugins``."""
    INITIALIZERS.register("inner_half", InnerHalf)
