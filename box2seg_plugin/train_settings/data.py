"""The data of a training run: which sets the environment names, and clips drawn from them."""

from __future__ import annotations

import logging

from ltr.data.sampler import ClipSource, MixedClips, VideoClips
from ltr.dataset.coco_objects import CocoObjects
from ltr.dataset.davis import Davis
from ltr.dataset.image_masks import ImageMasks
from ltr.dataset.interface import StillDataset, Subset, split_stills
from ltr.dataset.mixed_stills import MixedStills
from ltr.dataset.procedural import ProceduralClips
from ltr.dataset.synthetic_clips import ClipStyle, SyntheticClips
from ltr.dataset.youtube_vos import YoutubeVos
from ltr.environment import Environment
from ltr.errors import InputError

logger = logging.getLogger(__name__)

STILL_SIDE = 352
"""Stills are kept in memory with the longest side at most this: more than the crops need, 3 GB for DUTS-TR and COCO."""

SPLIT_SEED = 0
"""Which stills are set aside is the same for every run."""


class ClipData:
    """Makes clip sources by name.

    Names: "youtube_vos" and "davis" (videos), "stills" (clips made from DUTS-TR and COCO, whichever there are; at
    least one), "procedural" (rendered, needs nothing), "any" (all that the environment names, else procedural).

    Attributes:
        banner: lines for the user that say what is used.
    """

    def __init__(self, places: Environment, held_out: int = 0) -> None:
        self.places = places
        self.held_out = held_out
        self.banner: list[str] = []

    def source(self, wanted: tuple[tuple[str, float], ...], style: ClipStyle) -> ClipSource:
        """The mix of sources by (name, ratio)."""
        if wanted == (("any", 1.0),):
            wanted = self._available()
        sources = [self._one(name, style) for name, _ in wanted]
        self.banner.append(f"training data: {', '.join(source.name for source in sources)}")
        return sources[0] if len(sources) == 1 else MixedClips(sources, [ratio for _, ratio in wanted])

    def training_stills(self) -> StillDataset:
        """DUTS-TR and COCO objects without those set aside."""
        return self._stills()[0]

    def held_out_stills(self) -> StillDataset:
        """The stills set aside, to choose models on."""
        return self._stills()[1]

    def _available(self) -> tuple[tuple[str, float], ...]:
        ratios = {"youtube_vos": 6.0, "davis": 1.0}
        found = tuple((name, ratio) for name, ratio in ratios.items() if self.places.has(name))
        if self.places.has("duts") or self.places.has("coco"):
            found += (("stills", 3.0),)
        if found:
            return found
        self.banner += [
            "*" * 88,
            "No data set is configured: training on built-in PROCEDURAL clips. Good for trying things out, not for a",
            "model to use. Set LTR_DUTS_DIR, LTR_COCO_DIR, LTR_YOUTUBE_VOS_DIR or LTR_DAVIS_DIR for real ones.",
            "*" * 88,
        ]
        return (("procedural", 1.0),)

    def _one(self, name: str, style: ClipStyle) -> ClipSource:
        if name == "youtube_vos":
            return VideoClips(YoutubeVos(self.places.path("youtube_vos")))
        if name == "davis":
            return VideoClips(Davis(self.places.path("davis")))
        if name == "stills":
            return SyntheticClips(self.training_stills(), style)
        if name == "procedural":
            return VideoClips(ProceduralClips())
        raise ValueError(f'data is "{name}": known are youtube_vos, davis, stills, procedural, any')

    def _stills(self) -> tuple[StillDataset, StillDataset]:
        kept: list[StillDataset] = []
        aside: list[StillDataset] = []
        if self.places.has("duts"):
            duts = ImageMasks(self.places.path("duts"), limit_side=STILL_SIDE, cache=True, name="DUTS-TR")
            train, held = split_stills(duts, min(self.held_out, len(duts)), SPLIT_SEED)
            kept.append(train)
            aside.append(held)
        if self.places.has("coco"):
            coco = CocoObjects(self.places.path("coco"), limit_side=STILL_SIDE, cache=True, name="COCO")
            kept.append(Subset(coco, range(len(coco))))
        if not kept:
            raise InputError(
                "no still images configured: set LTR_DUTS_DIR (DUTS-TR-Image/, DUTS-TR-Mask/ or images/, masks/) or "
                "LTR_COCO_DIR (train2017/, annotations/instances_train2017.json), or duts/coco in the environment file"
            )
        return MixedStills(kept), MixedStills(aside)
