"""Where training clips come from: sources of clips, and their mix.

A clip source is anything with ``name`` and ``sample(rng, frames) -> Clip``. Sampling depends on ``rng``
alone, so a sample's number and the seed decide it, whatever the number of workers and wherever a run was
interrupted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.random import Generator

from ltr.data.boxes import is_absent
from ltr.dataset.interface import Clip, VideoDataset
from ltr.errors import InputError

DRAWS = 100
"""Tracks that are tried before giving up."""


class ClipSource(Protocol):
    """Something that clips can be drawn from."""

    @property
    def name(self) -> str:
        """Name for messages and logs."""
        ...

    def sample(self, rng: Generator, frames: int) -> Clip:
        """A clip of ``frames`` frames, each with a visible object.

        Raises:
            InputError: there is nothing to draw, or it cannot be read.
        """
        ...


class VideoClips:
    """Clips of tracks: T frames, in order, within ``max_gap`` frames of each other, the object visible in
    each.

    Tracks and frames are drawn with replacement, as the authors' settings do: a track with fewer visible
    frames than asked for gives some twice.

    Args:
        dataset: the tracks.
        max_gap: frames between the first frame of a clip and the last, at most.

    Raises:
        InputError: the data set has no tracks.
    """

    def __init__(self, dataset: VideoDataset, max_gap: int = 100) -> None:
        if len(dataset) == 0:
            raise InputError(f"{dataset.name}: no track to sample from")
        self.dataset = dataset
        self.max_gap = max_gap
        self.name = dataset.name

    def sample(self, rng: Generator, frames: int) -> Clip:
        """See :class:`ClipSource`."""
        for _ in range(DRAWS):
            index = int(rng.integers(len(self.dataset)))
            visible = self.dataset.visible_frames(index)
            if len(visible) == 0:
                continue
            first = visible[int(rng.integers(len(visible)))]
            near = visible[(visible >= first) & (visible <= first + self.max_gap)]
            chosen = np.sort(near[rng.integers(len(near), size=frames)])
            clip = self.dataset.read(index, [int(frame) for frame in chosen])
            if not is_absent(clip.boxes).any():
                return clip
        raise InputError(f"{self.name}: no visible object in {DRAWS} draws; are its masks empty?")


class MixedClips:
    """Draws from several sources in a given ratio.

    Args:
        sources: at least one.
        ratios: a positive number for each; they need not sum to 1.
    """

    def __init__(self, sources: Sequence[ClipSource], ratios: Sequence[float]) -> None:
        if not sources or len(sources) != len(ratios) or min(ratios) <= 0:
            raise ValueError(
                f"{len(sources)} sources with ratios {list(ratios)}: one positive ratio for each"
            )
        self.sources = list(sources)
        self.shares = np.array(ratios, dtype=np.float64) / sum(ratios)
        self.name = " + ".join(source.name for source in sources)

    def sample(self, rng: Generator, frames: int) -> Clip:
        """See :class:`ClipSource`."""
        return self.sources[int(rng.choice(len(self.sources), p=self.shares))].sample(rng, frames)
