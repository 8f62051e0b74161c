"""box2seg/default: the small network on whatever data there is, done on a laptop over lunch."""

from __future__ import annotations

from dataclasses import replace

from box2seg_plugin.train_settings.small import CROPS, SPARSE, small
from ltr.training import Stage

default = replace(
    small,
    name="default",
    data=(("any", 1.0),),
    stages=(Stage(steps=2000, frames=3, batch=4, input_size=(192, 192), jitter=CROPS),),
    stage_refinements=(1,),
    clip_styles=(SPARSE,),
    restarts=(),
    average_decay=0.99,
    precision="fp32",
)
