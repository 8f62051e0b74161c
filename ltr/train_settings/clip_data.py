"""The data of a training run: which sets the environment names, and clips drawn from them."""

from __future__ import annotations

import logging
from functools import cached_property

from ltr.data.sampler import ClipSource, MixedClips, VideoClips
from ltr.dataset.catalog import VIDEOS
from ltr.dataset.clip_style import ClipStyle
from ltr.dataset.coco_objects import CocoObjects
from ltr.dataset.image_masks import ImageMasks
from ltr.dataset.interface import StillDataset, split_stills
from ltr.dataset.mixed_stills import MixedStills
from ltr.dataset.synthetic_clips import SyntheticClips
from ltr.environment import PLACES, Environment
from ltr.errors import InputError

logger = logging.getLogger(__name__)

STILL_SIDE = 352
"""Longest side of stills, which stay in memory: more than the crops need, 3 GB for DUTS-TR and COCO."""

SPLIT_SEED = 0
"""Which stills are set aside is the same for every run."""

ANY = (("any", 1.0),)
RATIOS = {"youtube_vos": 6.0, "davis": 1.0, "stills": 3.0}
"""Sampling ratios of what "any" finds; the first two are the paper's."""

MADE_MASKS = ("got10k_masks", "lasot_masks", "pseudo_masks")
"""Sources whose masks were made from boxes ..."""

AT_LEAST = ">="
"""... and what may stand between such a name and the quality that they must have."""

DATASET_OF = {
    "youtube_vos": "youtube_vos",
    "davis": "davis2017",
    "procedural": "procedural",
    **dict(zip(MADE_MASKS, MADE_MASKS, strict=True)),
}
"""Source -> its data set in the catalog."""

PROCEDURAL_BANNER = [
    "*" * 88,
    "No data set is configured: training on built-in PROCEDURAL clips. Good for trying things out, not for a",
    "model to use. Set LTR_DUTS_DIR, LTR_COCO_DIR, LTR_YOUTUBE_VOS_DIR or LTR_DAVIS_DIR for real ones.",
    "*" * 88,
]


class ClipData:
    """Makes clip sources by name.

    Names: "youtube_vos" and "davis" (videos), "got10k_masks", "lasot_masks" and "pseudo_masks" (videos with
    masks made from boxes), "stills" (clips made from DUTS-TR and COCO, whichever there are, at least one),
    "procedural" (rendered, needs nothing), "any" (all that the environment names, else procedural; of made
    masks none, which have to be asked for). "got10k_masks>=0.6" takes the masks of a quality of at least 0.6
    (:mod:`ltr.dataset.mask_quality`).

    Args:
        places: where data sets are.
        held_out: stills of DUTS-TR to set aside; at most half of them are.

    Attributes:
        banner: lines for the user that say what is used.
    """

    def __init__(self, places: Environment, held_out: int = 0) -> None:
        self.places = places
        self.held_out = held_out
        self.banner: list[str] = []

    def source(self, wanted: tuple[tuple[str, float], ...], style: ClipStyle) -> ClipSource:
        """The mix of sources by (name, ratio).

        Raises:
            InputError: a data set is not configured or cannot be used.
        """
        if wanted == ANY:
            wanted = self._available()
        sources = [self._one(name, style) for name, _ in wanted]
        line = f"training data: {', '.join(source.name for source in sources)}"
        if line not in self.banner:
            self.banner.append(line)
        return sources[0] if len(sources) == 1 else MixedClips(sources, [ratio for _, ratio in wanted])

    def training_stills(self) -> StillDataset:
        """DUTS-TR and COCO objects without those set aside."""
        return self._stills[0]

    def held_out_stills(self) -> StillDataset:
        """The stills set aside, to choose models on."""
        return self._stills[1]

    def _available(self) -> tuple[tuple[str, float], ...]:
        has = {key: self.places.has(key) for key in RATIOS if key != "stills"}
        has["stills"] = self.places.has("duts") or self.places.has("coco")
        found = tuple((key, ratio) for key, ratio in RATIOS.items() if has[key])
        if not found and not self.banner:
            self.banner += PROCEDURAL_BANNER
        return found or (("procedural", 1.0),)

    def _one(self, name: str, style: ClipStyle) -> ClipSource:
        if name == "stills":
            return SyntheticClips(self.training_stills(), style)
        key, at_least, quality = name.partition(AT_LEAST)
        if key not in DATASET_OF or (at_least and key not in MADE_MASKS):
            known = ", ".join((*RATIOS, "procedural", "any", *MADE_MASKS))
            raise ValueError(f'data is "{name}": known are {known}')
        options = {"min_quality": float(quality)} if at_least else {}
        return VideoClips(VIDEOS[DATASET_OF[key]](self.places, **options))

    @cached_property
    def _stills(self) -> tuple[StillDataset, StillDataset]:
        """Stills to train on, and those set aside."""
        kept: list[StillDataset] = []
        aside: list[StillDataset] = []
        if self.places.has("duts"):
            duts = ImageMasks(self.places.path("duts"), limit_side=STILL_SIDE, cache=True, name="DUTS-TR")
            train, held = split_stills(duts, min(self.held_out, len(duts) // 2), SPLIT_SEED)
            kept.append(train)
            aside.append(held)
        if self.places.has("coco"):
            kept.append(CocoObjects(self.places.path("coco"), limit_side=STILL_SIDE, cache=True, name="COCO"))
        if self.held_out and not any(len(stills) for stills in aside):
            logger.warning("stills are set aside from DUTS-TR alone: without LTR_DUTS_DIR none are")
        if not kept:
            raise InputError(
                "no still images are configured: set LTR_DUTS_DIR to the folder with "
                f"{PLACES['duts'].layout}, LTR_COCO_DIR to that with {PLACES['coco'].layout}, or both"
            )
        return MixedStills(kept), MixedStills(aside)
