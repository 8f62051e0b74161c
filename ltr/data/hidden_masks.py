"""Clips of another source, of which boxes alone are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from ltr.data.boxes import box_mask
from ltr.data.mask_io import VOID
from ltr.data.sampler import ClipSource
from ltr.dataset.interface import Clip


class HiddenMasks:
    """Puts the filled box in place of the mask, labelled :data:`ltr.data.mask_io.VOID`: what is outside is
    known to be background, what is inside is not known.

    The label tells these clips from others in a batch.

    Args:
        clips: where the clips come from.
    """

    def __init__(self, clips: ClipSource) -> None:
        self.clips = clips
        self.name = f"boxes of {clips.name}"

    def sample(self, rng: Generator, frames: int) -> Clip:
        """See :class:`ltr.data.sampler.ClipSource`."""
        clip = self.clips.sample(rng, frames)
        drawn = [
            box_mask(box, *mask.shape).astype(np.uint8) * np.uint8(VOID)
            for mask, box in zip(clip.masks, clip.boxes, strict=True)
        ]
        return replace(clip, masks=drawn)
