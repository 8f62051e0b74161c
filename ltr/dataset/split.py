"""A data set in two parts: A, the few that keep their masks, and B, the many of which boxes alone are known.

The split of the paper's section 4.2 is 1:9; which sequences it took is not published. Here a seed draws them:
:data:`SPLIT_SEED` draws the split that all our settings share.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ltr.dataset.interface import Clip, StillDataset, VideoDataset, split_stills
from ltr.dataset.mixed_stills import MixedStills
from ltr.errors import InputError

SHARE_A = 0.1
"""Of the sequences, or of the stills."""

SPLIT_SEED = 2021
"""Of ``numpy.random.default_rng``, whose permutation of the sorted names begins with those of A."""


class TrackSubset:
    """Some tracks of a data set of videos.

    Args:
        dataset: to choose from.
        tracks: their numbers, in the order wanted.
        name: of the subset.
    """

    def __init__(self, dataset: VideoDataset, tracks: Sequence[int], name: str) -> None:
        self.dataset, self.tracks, self.name = dataset, list(tracks), name

    def __len__(self) -> int:
        return len(self.tracks)

    def visible_frames(self, index: int) -> np.ndarray:
        """See :class:`ltr.dataset.interface.VideoDataset`."""
        return self.dataset.visible_frames(self.tracks[index])

    def sequence(self, index: int) -> str:
        """Return the name of the sequence a track belongs to."""
        return self.dataset.sequence(self.tracks[index])

    def object_id(self, index: int) -> int:
        """Return the object's id within its sequence, from 1."""
        return self.dataset.object_id(self.tracks[index])

    def read(self, index: int, frames: Sequence[int]) -> Clip:
        """Read the given frames of a track, in the given order."""
        return self.dataset.read(self.tracks[index], frames)


def split_videos(
    dataset: VideoDataset, share: float = SHARE_A, seed: int = SPLIT_SEED
) -> tuple[TrackSubset, TrackSubset]:
    """A and B of a data set of videos. The objects of a sequence stay together.

    Args:
        dataset: the tracks.
        share: of the sequences that are A's, in (0, 1); both parts get one at least.
        seed: of the draw; with the names of the sequences it decides the split.

    Raises:
        InputError: there are fewer than two sequences.
    """
    names = sorted({dataset.sequence(track) for track in range(len(dataset))})
    count = _count_a(len(names), share, dataset.name)
    chosen = {names[i] for i in np.random.default_rng(seed).permutation(len(names))[:count]}
    parts: tuple[list[int], list[int]] = [], []
    for track in range(len(dataset)):
        parts[dataset.sequence(track) not in chosen].append(track)
    a, b = (
        TrackSubset(dataset, tracks, _name_of(dataset.name, part, share, seed))
        for part, tracks in zip("AB", parts, strict=True)
    )
    return a, b


def split_pictures(
    stills: StillDataset, share: float = SHARE_A, seed: int = SPLIT_SEED
) -> tuple[MixedStills, MixedStills]:
    """A and B of stills; of several data sets in a mix, of each. The objects of a picture stay together.

    Args:
        stills: to be split.
        share: of the objects that are A's, in (0, 1); both parts get one at least.
        seed: of the draw.

    Raises:
        InputError: there are fewer than two objects.
    """
    datasets = stills.datasets if isinstance(stills, MixedStills) else [stills]
    splits = [split_stills(d, _count_a(len(d), share, d.name), seed) for d in datasets if len(d)]
    a, b = MixedStills([a for _, a in splits]), MixedStills([b for b, _ in splits])
    a.name, b.name = (_name_of(stills.name, part, share, seed) for part in "AB")
    return a, b


def _count_a(total: int, share: float, name: str) -> int:
    if not 0 < share < 1:
        raise ValueError(f"share is {share}: must be in (0, 1)")
    if total < 2:
        raise InputError(f"{name} has {total} items: a split takes two at least")
    return min(total - 1, max(1, round(share * total)))


def _name_of(dataset: str, part: str, share: float, seed: int) -> str:
    return f"{dataset} ({part} of a split {share:g} : {1 - share:g}, seed {seed})"
