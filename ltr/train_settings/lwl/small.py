"""lwl/small: the embedded tracker's network, on clips made from stills (DUTS-TR, COCO).

It starts from the parts of box2seg/small, which has the same backbone, features, mask encoder and decoder.
"""

from __future__ import annotations

from ltr.data.clip_processing import CropJitter
from ltr.dataset.clip_style import ClipStyle
from ltr.models.lwl import SMALL
from ltr.train_settings.lwl.settings import FRAMES, LWLSettings
from ltr.training import Stage

CROPS = CropJitter(scale=2.7, cover=1.4, scale_sigma=0.25, shift=0.4, brightness=0.0, grey=0.0)
"""Around where the tracker looks (:data:`ltr.models.lwl.SMALL`), moved as far as targets move. Brightness and
noise are the clips' own."""

small = LWLSettings(
    name="small",
    network=SMALL,
    data=(("stills", 1.0),),
    held_out=500,
    clip_styles=(ClipStyle(attachment=0.08, sparse=0.7),),
    stages=(Stage(steps=1600, frames=FRAMES, batch=8, input_size=(192, 192), jitter=CROPS),),
    rate_backbone=5e-4,
    rate_features=1e-3,
    rate_encoders=1e-3,
    rate_decoder=1e-3,
    rate_regularisation=2e-4,
    milestones=(),
    warmup=100,
    weight_decay=0.02,
    batch_norm_eval=False,
    loss="cross_entropy_dice",
    loss_weight=1.0,
    clip_gradient=2.0,
    average_decay=0.998,
    precision="bf16",
    rotation=0.0,
    zoom=0.0,
    passers_by=0.5,
    coarse=0.5,
    start="box2seg/small",
)
