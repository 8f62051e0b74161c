"""First masks from a box: the ways to turn (image, box) into a mask, chosen by name.

Built in are "rectangle", "ellipse" and "grabcut"; a plugin adds its own to
``pytracking.registry.INITIALIZERS``::

    INITIALIZERS.register("mine", MyInitializer)     # called without arguments, or with keyword options

What is registered is a factory: it may read a network, which is done once, and returns the initializer, which
is then called for every image.
"""

import logging
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from ltr.data.boxes import BoxLike, box_mask, box_pixels, ellipse_mask, is_absent
from ltr.errors import InputError
from pytracking.registry import INITIALIZERS

logger = logging.getLogger(__name__)

Image = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

LEAST_SAMPLES = 32
"""GrabCut fits five colours to each side; with fewer pixels than this there is nothing to fit."""


class SegmentationInitializer(Protocol):
    """Anything that turns an image and a box into a mask."""

    def __call__(self, image: Image, box: BoxLike) -> Mask:
        """Segment the object in a box.

        Args:
            image: H x W x 3 uint8 RGB.
            box: (x, y, w, h) pixels, w and h > 0; a part of it lies in the image.

        Returns:
            (H, W) bool. It may be empty or leave the box: ``make_mask`` sees to both.
        """
        ...


@dataclass(frozen=True)
class Rectangle:
    """The box itself."""

    def __call__(self, image: Image, box: BoxLike) -> Mask:
        return box_mask(box, *image.shape[:2])


@dataclass(frozen=True)
class Ellipse:
    """The ellipse inscribed in the box."""

    def __call__(self, image: Image, box: BoxLike) -> Mask:
        return ellipse_mask(box, *image.shape[:2])


@dataclass(frozen=True)
class GrabCut:
    """GrabCut (Rother et al., SIGGRAPH 2004) as OpenCV implements it, started from the box.

    What surrounds the box is background for certain. Where nothing does (the box fills the image), the box
    outside its inscribed ellipse starts as probable background. The same input gives the same mask in every
    run.

    Attributes:
        iterations: how often colours and cut are renewed in turn, at least 1.
        scale: the image is shrunk by this factor before, 0 to 1; 0.5 takes about a fifth of the time of 1.
        margin: how far beyond the box the background is learned from, share of the box's longer side.
    """

    iterations: int = 5
    scale: float = 0.5
    margin: float = 0.25

    def __post_init__(self) -> None:
        if self.iterations < 1 or not 0 < self.scale <= 1 or self.margin < 0:
            raise InputError(f"{self}: iterations must be >= 1, scale in (0, 1], margin >= 0")

    def __call__(self, image: Image, box: BoxLike) -> Mask:
        height, width = image.shape[:2]
        x0, y0, x1, y1 = box_pixels(box, height, width)
        spare = round(self.margin * max(x1 - x0, y1 - y0)) + 2
        window = np.s_[max(0, y0 - spare) : y1 + spare, max(0, x0 - spare) : x1 + spare]
        mask = np.zeros((height, width), bool)
        mask[window] = self._segment(image[window], box_mask(box, height, width)[window], box, window)
        return mask

    def _segment(self, image: Image, inside: Mask, box: BoxLike, window: tuple[slice, slice]) -> Mask:
        """Segment what is inside a window; `image` and `inside` are cut out of the whole."""
        height, width = inside.shape
        size = (max(1, round(width * self.scale)), max(1, round(height * self.scale)))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        within = cv2.resize(inside.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        state = np.where(within, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
        if np.count_nonzero(~within) < LEAST_SAMPLES:
            x, y, w, h = box
            shifted = (x - window[1].start, y - window[0].start, w, h)
            round_part = ellipse_mask(shifted, height, width).astype(np.uint8)
            state[cv2.resize(round_part, size, interpolation=cv2.INTER_NEAREST) == 0] = cv2.GC_PR_BGD
        foreground = state == cv2.GC_PR_FGD
        if min(np.count_nonzero(foreground), np.count_nonzero(~foreground)) < LEAST_SAMPLES:
            return np.zeros((height, width), bool)
        cv2.setRNGSeed(0)  # GrabCut starts its colours with k-means, which draws
        bgr = np.ascontiguousarray(small[..., ::-1])
        models = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.grabCut(bgr, state, None, *models, self.iterations, cv2.GC_INIT_WITH_MASK)  # type: ignore[call-overload]
        cut = ((state == cv2.GC_FGD) | (state == cv2.GC_PR_FGD)).astype(np.float32)
        return cv2.resize(cut, (width, height), interpolation=cv2.INTER_LINEAR) > 0.5


def register_initializers() -> None:
    """Register the built-in initializers; a name that a plugin has taken stays the plugin's."""
    for name, factory in (("rectangle", Rectangle), ("ellipse", Ellipse), ("grabcut", GrabCut)):
        if name not in INITIALIZERS:
            INITIALIZERS.register(name, factory)


def make_initializer(name: str, **options: Any) -> SegmentationInitializer:
    """Make an initializer by its name.

    Args:
        name: "rectangle", "ellipse", "grabcut", or what a plugin registered.
        options: go to its factory.

    Raises:
        InputError: the name is unknown (the message lists the known ones), or an option does not fit.
    """
    register_initializers()
    factory = INITIALIZERS.get(name)
    try:
        return factory(**options)
    except TypeError as error:
        if not options:
            raise
        raise InputError(f'initializer "{name}" does not take these options ({error})') from error


def make_mask(initializer: str | SegmentationInitializer, image: Image, box: BoxLike) -> Mask:
    """Segment the object in a box; the mask is never empty and never leaves the box.

    A mask that is empty within the box is replaced by the box's inscribed ellipse, with a warning in the log.

    Args:
        initializer: a name, or what ``make_initializer`` returned (make it once for many images).
        image: H x W x 3 uint8 RGB.
        box: (x, y, w, h) pixels.

    Returns:
        (H, W) bool, False outside the box's whole pixels.

    Raises:
        InputError: the box is absent or lies wholly outside the image, or the name is unknown.
        ValueError: the image is not H x W x 3 uint8, or the initializer returned a mask of another size.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"image is {image.dtype} {image.shape}: expected H x W x 3 uint8")
    height, width = image.shape[:2]
    shown = ", ".join(f"{value:g}" for value in box)
    if is_absent(box):
        raise InputError(f"box ({shown}) shows no object: width and height must be > 0")
    inside = box_mask(box, height, width)
    if not inside.any():
        raise InputError(f"box ({shown}) lies wholly outside the image, which is {width} x {height}")
    name = initializer if isinstance(initializer, str) else type(initializer).__name__
    segment = make_initializer(initializer) if isinstance(initializer, str) else initializer
    mask = np.asarray(segment(image, box)).astype(bool)
    if mask.shape != (height, width):
        raise ValueError(f'initializer "{name}" returned a mask {mask.shape} for an image {image.shape[:2]}')
    mask &= inside
    if not mask.any():
        logger.warning('initializer "%s" found nothing in the box (%s): its ellipse is taken', name, shown)
        return ellipse_mask(box, height, width) & inside
    return mask
