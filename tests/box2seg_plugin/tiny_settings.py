"""A plugin with settings that take seconds: tiny/paper (Lovasz loss, no batch norm learns) and tiny/default
(cross-entropy and dice, all do).

With the rates of "default" rounding grows: the losses of one process whose weights are disturbed by 1e-7 are
off by 0.01 within 20 steps. The rates here are a hundredth of them, with which that is 1e-5.
"""

from dataclasses import replace
from functools import partial
from typing import Any

from box2seg_plugin.network import SMALL
from box2seg_plugin.train_settings.default import default
from box2seg_plugin.train_settings.paper import paper
from box2seg_plugin.train_settings.settings import Box2SegSettings, build
from ltr.data.clip_processing import CropJitter
from ltr.data.sampler import VideoClips
from ltr.dataset.procedural import ProceduralClips
from ltr.environment import Environment
from ltr.registry import TRAIN_SETTINGS
from ltr.training import Stage, Training

STEPS = 20
CALM = dict.fromkeys(("rate_backbone", "rate_features", "rate_encoders", "rate_decoder"), 2e-5)


def tiny(settings: Box2SegSettings) -> Box2SegSettings:
    """The same loss and batch norms, on small crops of rendered clips and with a small network."""
    jitter = CropJitter(scale=2.5, scale_sigma=0.1, shift=0.1)
    return replace(
        settings,
        network=replace(SMALL, feature_dim=16),
        data=(("procedural", 1.0),),
        stages=(Stage(STEPS, frames=2, batch=4, input_size=(32, 32), jitter=jitter),),
        warmup=5,
    )


def build_tiny(settings: Box2SegSettings, places: Environment, **changes: Any) -> Training:
    """The run, on clips that are quickly rendered."""
    training = build(tiny(settings), places, **changes)
    training.sources = [VideoClips(ProceduralClips(sequences=3, frames=8, width=96, height=64))]
    return training


def register() -> None:
    """Called by ``ltr.plugins.load_plugins``."""
    for settings in (paper, replace(default, **CALM)):
        TRAIN_SETTINGS.register(f"tiny/{settings.name}", partial(build_tiny, settings))
