"""box2seg/small_single_image, small_multi_frame, small_multi_frame_plus: parts of the small network, for the
paper's Table 2.

Each is trained as box2seg/small is, on the same clips and for as many steps; none has a refinement to train.
The whole network, MultiFrameIterative, is box2seg/small itself.
"""

from __future__ import annotations

from dataclasses import replace

from box2seg_plugin.network import ABLATIONS
from box2seg_plugin.train_settings.settings import Box2SegSettings
from box2seg_plugin.train_settings.small import small


def _small_part(name: str, ablation: str, single_frame_dropout: float = 0.0) -> Box2SegSettings:
    return replace(
        small,
        name=name,
        network=replace(small.network, variant=f"box2seg_{name}", **ABLATIONS[ablation]),
        stage_refinements=(0,) * len(small.stages),
        single_frame_dropout=single_frame_dropout,
    )


small_single_image = _small_part("small_single_image", "SingleImage")
small_multi_frame = _small_part("small_multi_frame", "MultiFrame")
small_multi_frame_plus = _small_part("small_multi_frame_plus", "MultiFrame+", small.single_frame_dropout)
