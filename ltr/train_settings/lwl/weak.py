"""lwl/weak_*: LWL trained where a tenth of the videos (A) has masks and the others (B) have boxes.

    weak_masks_only     A alone
    weak_mil            and B, by multiple instance learning from its boxes (Hsu et al., NeurIPS 2019)
    weak_mil_crf        the same with a dense CRF as regulariser (Tang et al., ECCV 2018)
    weak_pseudo         and B, with masks that a Box2Seg network trained on A has made from its boxes
    weak_full           and B, with its true masks

and likewise weak_small_*, in which the data are clips made from stills and networks are small.

Source: Zhao et al., ICCV 2021, section 4.2: a split 1:9 and 100,000 steps. Not published, and chosen here:
the split, the schedule (that of the first stage, stretched), the weights of the terms, the first masks of B's
clips (:mod:`ltr.actors.weak_lwl`), and that in all settings but the first half of the clips are A's. These
four train on the same frames in the same order: the labels of B are all that differs. Boxes do not stay tight
when they are turned, so that nothing is.

The small settings start from box2seg/small_part_a, which has seen no mask of B. weak_pseudo takes masks from
LTR_PSEUDO_MASKS_DIR and their frames from LTR_PSEUDO_FRAMES_DIR: ``box2seg annotate`` makes them with the
weights of box2seg/part_a (box2seg/small_part_a). ``experiments/table3_weak_supervision.py`` does all of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from ltr.actors.weak_lwl import BoxTerms, WeakLWLActor
from ltr.data.hidden_masks import HiddenMasks
from ltr.data.sampler import ClipSource, MixedClips, VideoClips
from ltr.dataset.catalog import VIDEOS
from ltr.dataset.clip_style import ClipStyle
from ltr.dataset.split import SHARE_A, SPLIT_SEED
from ltr.environment import Environment
from ltr.models.lwl import LWLNet
from ltr.train_settings.clip_data import ClipData
from ltr.train_settings.lwl.settings import FRAMES, LWLSettings, build
from ltr.train_settings.lwl.small import small
from ltr.train_settings.lwl.stage1 import stage1
from ltr.train_settings.split_data import MADE, SplitData
from ltr.training import Stage, Training

LABELS = ("none", "boxes", "made", "true")
"""What may be known of B: nothing (it is left out), its boxes, masks made from these, its masks."""


@dataclass(frozen=True)
class WeakSettings(LWLSettings):
    """One training run. ``data`` names the one source that is split.

    Attributes:
        labels_of_b: one of ``LABELS``.
        share_of_b: of the clips, in (0, 1); without labels none is B's.
        share_a, split_seed: see :mod:`ltr.dataset.split`.
        b_on_disk: B is what lies at the places pseudo_frames and pseudo_masks, whatever its labels, instead
            of what the split leaves; where they are true masks that lie there.
        terms: how predictions are held against boxes.

    Raises:
        ValueError: a field is none of these.
    """

    labels_of_b: str = "none"
    share_of_b: float = 0.5
    share_a: float = SHARE_A
    split_seed: int = SPLIT_SEED
    b_on_disk: bool = False
    terms: BoxTerms = field(default_factory=BoxTerms)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.labels_of_b not in LABELS:
            raise ValueError(f'labels_of_b is "{self.labels_of_b}": known are {", ".join(LABELS)}')
        if not 0 < self.share_of_b < 1:
            raise ValueError(f"share_of_b is {self.share_of_b}: must be in (0, 1)")
        if len(self.data) != 1:
            raise ValueError(f"data names {len(self.data)} sources: the one that is to be split is wanted")

    def source(self, data: ClipData, style: ClipStyle) -> ClipSource:
        """Where clips come from; ``style`` is that of clips made from stills."""
        split = SplitData(data, self.data[0][0], self.share_a, self.split_seed)
        a = split.a(style)
        if self.labels_of_b == "none":
            return a
        if self.b_on_disk:
            b: ClipSource = VideoClips(VIDEOS[MADE](data.places))
        else:
            b = split.made_b() if self.labels_of_b == "made" else split.b(style)
        if self.labels_of_b == "boxes":
            b = HiddenMasks(b)
        return MixedClips([a, b], [1 - self.share_of_b, self.share_of_b])


def build_weak(settings: WeakSettings, places: Environment, **changes: Any) -> Training:
    """The run that settings describe; see :func:`ltr.train_settings.lwl.settings.build`."""
    settings = replace(settings, **changes)
    training = build(settings, places)
    if settings.labels_of_b == "boxes":
        network = training.model
        assert isinstance(network, LWLNet)
        actor = WeakLWLActor(network, settings.loss, settings.loss_weight, settings.terms)
        training.actors = [actor for _ in settings.stages]
    return training


def _family(base: LWLSettings, prefix: str, crf: float, **changes: Any) -> dict[str, WeakSettings]:
    """The five settings by what they are called after the prefix."""
    same = {field.name: getattr(base, field.name) for field in fields(base)} | changes
    differing: dict[str, dict[str, Any]] = {
        "masks_only": {"labels_of_b": "none"},
        "mil": {"labels_of_b": "boxes"},
        "mil_crf": {"labels_of_b": "boxes", "terms": BoxTerms(crf=crf)},
        "pseudo": {"labels_of_b": "made"},
        "full": {"labels_of_b": "true"},
    }
    return {row: WeakSettings(**{**same, **own, "name": f"{prefix}_{row}"}) for row, own in differing.items()}


weak = _family(
    stage1,
    "weak",
    crf=0.5,
    data=(("youtube_vos", 1.0),),
    stages=(Stage(steps=100_000, frames=FRAMES, batch=20, input_size=(832, 480)),),
    milestones=(57_000,),
    rotation=0.0,
)

weak_small = _family(
    small,
    "weak_small",
    crf=0.5,
    stages=(replace(small.stages[0], steps=600),),
    passers_by=0.0,  # they are cut out with masks of stills, of which B's are hidden
    coarse=0.0,  # how far clips are shrunk depends on the masks: pictures would differ
    start="box2seg/small_part_a",
)
