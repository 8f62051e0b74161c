"""box2seg/small: the embedded model, trained from scratch on clips made from stills (DUTS-TR, COCO)."""

from __future__ import annotations

from dataclasses import replace

from box2seg_plugin.network import SMALL
from box2seg_plugin.train_settings.settings import Box2SegSettings
from ltr.data.clip_processing import CropJitter
from ltr.dataset.clip_style import ClipStyle
from ltr.training import Stage

CROPS = CropJitter(
    scale=1.9,
    cover=1.2,
    scale_sigma=0.2,
    shift=0.25,
    box_jitter=0.08,
    box_jitter_share=0.5,
    brightness=0.0,
    grey=0.0,
)

REACHING = ClipStyle(attachment=0.08)
"""Some targets with lines that stretch their box."""

SPARSE = replace(REACHING, sparse=0.7)
"""And more targets that fill little of it."""

FAR_REACHING = replace(SPARSE, attachment=0.16, far_attachment=0.6)
"""And more and longer lines, on small bodies."""

MOSTLY_FAR = replace(FAR_REACHING, attachment=0.3, far_attachment=0.75)
"""And twice as many of these."""

small = replace(
    Box2SegSettings(),
    name="small",
    network=SMALL,
    data=(("stills", 1.0),),
    held_out=500,
    stages=(
        Stage(steps=1900, frames=1, batch=24, input_size=(160, 160), jitter=CROPS),
        Stage(steps=1600, frames=3, batch=8, input_size=(192, 192), jitter=CROPS),
        Stage(steps=1000, frames=1, batch=24, input_size=(192, 192), jitter=CROPS),
        Stage(steps=1300, frames=1, batch=24, input_size=(192, 192), jitter=CROPS),
        Stage(steps=1400, frames=3, batch=8, input_size=(208, 208), jitter=CROPS),
        Stage(steps=2600, frames=1, batch=24, input_size=(192, 192), jitter=CROPS),
        Stage(steps=1200, frames=3, batch=8, input_size=(208, 208), jitter=CROPS),
        Stage(steps=895, frames=1, batch=24, input_size=(192, 192), jitter=CROPS),
        Stage(steps=705, frames=1, batch=24, input_size=(192, 192), jitter=CROPS),
        Stage(steps=900, frames=3, batch=8, input_size=(208, 208), jitter=CROPS),
    ),
    restarts=(3500, 7200, 11000),
    clip_styles=(*(ClipStyle(),) * 2, REACHING, *(SPARSE,) * 2, *(FAR_REACHING,) * 3, *(MOSTLY_FAR,) * 2),
    stage_refinements=(0, 1, 0, 0, 1, 0, 1, 0, 0, 1),
    rate_backbone=2e-3,
    rate_features=2e-3,
    rate_encoders=2e-3,
    rate_decoder=2e-3,
    rate_regularisation=2e-4,
    milestones=(),
    warmup=200,
    weight_decay=0.02,
    batch_norm_eval=False,
    loss="cross_entropy_dice",
    loss_weight=1.0,
    single_frame_dropout=0.4,
    clip_gradient=2.0,
    average_decay=0.998,
    precision="bf16",
)
