"""Clips of another source with fewer pixels: crops around what is small then are as blurred as those that a
tracker of small targets looks at."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from ltr.data.boxes import is_absent, mask_to_box
from ltr.data.sampler import ClipSource
from ltr.dataset.interface import Clip

LEAST_SIDE = 12.0
"""Pixels: square root of the least area that a target is shrunk to."""


class CoarseClips:
    """Shrinks all frames of some clips by one factor.

    Args:
        clips: where the clips come from.
        share: of the clips that are shrunk, in [0, 1].
        greatest: the log of the factor is uniform up to that of this, > 1. It stays below what would leave
            the target too few pixels in some frame.
    """

    def __init__(self, clips: ClipSource, share: float, greatest: float = 4.0) -> None:
        self.clips, self.share, self.greatest = clips, share, greatest
        self.name = clips.name

    def sample(self, rng: Generator, frames: int) -> Clip:
        """See :class:`ltr.data.sampler.ClipSource`."""
        clip = self.clips.sample(rng, frames)
        if rng.random() >= self.share:
            return clip
        smallest = np.sqrt(min(int(np.count_nonzero(mask)) for mask in clip.masks))
        factor = min(float(np.exp(rng.uniform(0, np.log(self.greatest)))), smallest / LEAST_SIDE)
        if factor <= 1:
            return clip
        coarse = shrink(clip, factor)
        return clip if is_absent(coarse.boxes).any() else coarse


def shrink(clip: Clip, factor: float) -> Clip:
    """A clip with 1 / ``factor`` of the pixels along each axis, averaged; boxes are those of its masks.

    A pixel is the object's where half of it or more was. A box is absent where no pixel is.
    """
    images, masks = [], []
    for image, mask in zip(clip.images, clip.masks, strict=True):
        size = (max(1, round(mask.shape[1] / factor)), max(1, round(mask.shape[0] / factor)))
        images.append(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
        cover = cv2.resize(mask * np.uint8(255), size, interpolation=cv2.INTER_AREA)
        masks.append((cover > 127).astype(np.uint8))
    return Clip(images, masks, np.stack([mask_to_box(mask) for mask in masks]), clip.name)
