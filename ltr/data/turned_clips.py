"""Clips of another source, turned and zoomed as a whole."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from ltr.data.boxes import is_absent, mask_to_box
from ltr.data.sampler import ClipSource
from ltr.dataset.interface import Clip

TURNS = 5
"""Turns that are tried before a clip is left as it is, where the object leaves the picture."""


class TurnedClips:
    """Turns every frame of a clip about the picture's centre by one angle and zooms it by one factor.

    The picture keeps its size; its edge is repeated where it has moved inwards, and the mask is empty there.
    Boxes are those of the turned masks.

    Args:
        clips: where the clips come from.
        rotation: the angle is uniform within +- this, degrees.
        zoom: the log of the factor is uniform within +- this.
    """

    def __init__(self, clips: ClipSource, rotation: float, zoom: float) -> None:
        self.clips, self.rotation, self.zoom = clips, rotation, zoom
        self.name = clips.name

    def sample(self, rng: Generator, frames: int) -> Clip:
        """See :class:`ltr.data.sampler.ClipSource`."""
        clip = self.clips.sample(rng, frames)
        for _ in range(TURNS):
            angle = rng.uniform(-self.rotation, self.rotation)
            turned = turn(clip, angle, float(np.exp(rng.uniform(-self.zoom, self.zoom))))
            if not is_absent(turned.boxes).any():
                return turned
        return clip


def turn(clip: Clip, angle: float, factor: float) -> Clip:
    """A clip turned anticlockwise by ``angle`` degrees and enlarged by ``factor`` about each frame's centre.

    The box of a frame that the object has left is absent.
    """
    images, masks = [], []
    for image, mask in zip(clip.images, clip.masks, strict=True):
        height, width = mask.shape
        # Pixel (0, 0) covers the unit square, so its centre, which OpenCV takes for the origin, is at 0.5.
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, factor)
        size = (width, height)
        images.append(cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE))
        masks.append(cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_NEAREST))
    return Clip(images, masks, np.stack([mask_to_box(mask) for mask in masks]), clip.name)
