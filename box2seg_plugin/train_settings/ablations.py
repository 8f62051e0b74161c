"""The small network and parts of it, for the paper's Table 2: box2seg/small_single_image, small_multi_frame,
small_multi_frame_plus and small_multi_frame_iterative.

As in the paper all four have one backbone, frozen, and everything else is trained from random weights, on the
same clips and for as many steps. The backbone is that of box2seg/small; the paper's is that of Mask R-CNN.
"""

from __future__ import annotations

from dataclasses import replace

from box2seg_plugin.network import ABLATIONS
from box2seg_plugin.train_settings.settings import Box2SegSettings
from box2seg_plugin.train_settings.small import CROPS, FAR_REACHING, small
from ltr.training import Stage


def _small_part(name: str, ablation: str) -> Box2SegSettings:
    parts = ABLATIONS[ablation]
    both = parts["use_single_frame"] and parts["use_aggregation"]
    return replace(
        small,
        name=name,
        network=replace(small.network, variant=f"box2seg_{name}", **parts),
        backbone_from="box2seg/small",
        rate_backbone=0.0,
        stages=(Stage(steps=1000, frames=3, batch=8, input_size=(192, 192), jitter=CROPS),),
        restarts=(),
        warmup=100,
        clip_styles=(FAR_REACHING,),
        stage_refinements=(parts["refinements"],),
        single_frame_dropout=small.single_frame_dropout if both else 0.0,
    )


small_single_image = _small_part("small_single_image", "SingleImage")
small_multi_frame = _small_part("small_multi_frame", "MultiFrame")
small_multi_frame_plus = _small_part("small_multi_frame_plus", "MultiFrame+")
small_multi_frame_iterative = _small_part("small_multi_frame_iterative", "MultiFrameIterative")
