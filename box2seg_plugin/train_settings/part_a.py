"""box2seg/part_a, box2seg/small_part_a: Box2Seg trained on A alone, the tenth of a training set that has
masks (:mod:`ltr.dataset.split`), so that it can make those of B. For the paper's section 4.2.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from box2seg_plugin.train_settings.paper import paper
from box2seg_plugin.train_settings.settings import Box2SegSettings
from box2seg_plugin.train_settings.small import CROPS, SPARSE, small
from ltr.data.sampler import ClipSource
from ltr.dataset.clip_style import ClipStyle
from ltr.dataset.split import SHARE_A, SPLIT_SEED
from ltr.train_settings.clip_data import ClipData
from ltr.train_settings.split_data import SplitData
from ltr.training import Stage


@dataclass(frozen=True)
class PartASettings(Box2SegSettings):
    """One training run. ``data`` names the one source that is split.

    Attributes:
        share_a, split_seed: see :mod:`ltr.dataset.split`.

    Raises:
        ValueError: ``data`` names several.
    """

    share_a: float = SHARE_A
    split_seed: int = SPLIT_SEED

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.data) != 1:
            raise ValueError(f"data names {len(self.data)} sources: the one that is to be split is wanted")

    def source(self, data: ClipData, style: ClipStyle) -> ClipSource:
        """Where clips come from; ``style`` is that of clips made from stills."""
        return SplitData(data, self.data[0][0], self.share_a, self.split_seed).a(style)


def _on_part_a(base: Box2SegSettings, **changes: Any) -> PartASettings:
    return PartASettings(**{field.name: getattr(base, field.name) for field in fields(base)} | changes)


part_a = _on_part_a(paper, name="part_a", data=(("youtube_vos", 1.0),))

small_part_a = _on_part_a(
    small,
    name="small_part_a",
    stages=(
        Stage(steps=1200, frames=1, batch=24, input_size=(160, 160), jitter=CROPS),
        Stage(steps=800, frames=3, batch=8, input_size=(192, 192), jitter=CROPS),
    ),
    stage_refinements=(0, 1),
    clip_styles=(replace(SPARSE, attachment=0.0), SPARSE),
    restarts=(),
)
