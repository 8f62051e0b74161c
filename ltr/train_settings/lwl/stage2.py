"""lwl/stage2: goes on from lwl/stage1 with all of the network but the backbone's first layers."""

from __future__ import annotations

from dataclasses import replace

from ltr.train_settings.lwl.settings import FRAMES
from ltr.train_settings.lwl.stage1 import stage1
from ltr.training import Stage

RATE = 2e-5

stage2 = replace(
    stage1,
    name="stage2",
    stages=(Stage(steps=80_000, frames=FRAMES, batch=20, input_size=(832, 480)),),
    rate_backbone=RATE,
    rate_features=RATE,
    rate_encoders=RATE,
    rate_decoder=RATE,
    rate_regularisation=RATE,
    milestones=(25_000, 75_000),
    frozen=("backbone.conv1.", "backbone.bn1.", "backbone.layer1."),
    start="lwl/stage1",
)
