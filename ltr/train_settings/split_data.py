"""The two parts of a training set that weak supervision is about: A, with masks, and B, with boxes."""

from __future__ import annotations

from ltr.data.sampler import ClipSource, VideoClips
from ltr.dataset.catalog import VIDEOS
from ltr.dataset.clip_style import ClipStyle
from ltr.dataset.interface import StillDataset
from ltr.dataset.split import SHARE_A, SPLIT_SEED, TrackSubset, split_pictures, split_videos
from ltr.dataset.synthetic_clips import SyntheticClips
from ltr.train_settings.clip_data import DATASET_OF, ClipData

MADE = "pseudo_masks"
"""The data set of masks that an annotator has made from B's boxes."""


class SplitData:
    """Clip sources of A and of B.

    Args:
        data: where data sets are.
        wanted: what is split: "stills", or a source of videos of :class:`ClipData`.
        share, seed: see :mod:`ltr.dataset.split`.

    Raises:
        InputError: the data set is not configured, cannot be used, or has too little to be split.
    """

    def __init__(self, data: ClipData, wanted: str, share: float = SHARE_A, seed: int = SPLIT_SEED) -> None:
        self.data = data
        self.parts: tuple[StillDataset, StillDataset] | tuple[TrackSubset, TrackSubset]
        if wanted == "stills":
            self.parts = split_pictures(data.training_stills(), share, seed)
        elif wanted in DATASET_OF:
            self.parts = split_videos(VIDEOS[DATASET_OF[wanted]](data.places), share, seed)
        else:
            raise ValueError(f'data to split is "{wanted}": known are stills, {", ".join(DATASET_OF)}')

    def a(self, style: ClipStyle) -> ClipSource:
        """Clips of A, with masks. ``style`` is that of clips made from stills."""
        return self._clips(0, style)

    def b(self, style: ClipStyle) -> ClipSource:
        """Clips of B with their true masks, which are to be hidden unless all supervision is wanted."""
        return self._clips(1, style)

    def made_b(self) -> ClipSource:
        """Clips of B with the masks that somebody has made from their boxes: place ``pseudo_masks``. Of
        videos those of B alone are taken; of stills it is clips on disk, all of them.

        Raises:
            InputError: there are none.
        """
        part = self.parts[1]
        options = {}
        if isinstance(part, TrackSubset):
            options["sequences"] = sorted({part.sequence(track) for track in range(len(part))})
        return VideoClips(VIDEOS[MADE](self.data.places, **options))

    def _clips(self, which: int, style: ClipStyle) -> ClipSource:
        part = self.parts[which]
        source = VideoClips(part) if isinstance(part, TrackSubset) else SyntheticClips(part, style)
        line = f"training data: {source.name}"
        if line not in self.data.banner:
            self.data.banner.append(line)
        return source
