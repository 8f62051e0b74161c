"""What can be set, and how settings become a training run. The defaults are those of the first stage.

Source: Bhat et al., ECCV 2020, section 3.6 and supplement, and the authors' public settings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch

from ltr.actors.lwl import LWLActor
from ltr.data.coarse_clips import CoarseClips
from ltr.data.sampler import ClipSource
from ltr.data.turned_clips import TurnedClips
from ltr.dataset.passers_by import PassersBy
from ltr.environment import Environment
from ltr.models.lwl import RESNET50, LWLConfig, build_lwl
from ltr.train_settings.clip_data import ClipData
from ltr.train_settings.clip_training import ClipTrainingSettings, clip_training, random_backbone_warning
from ltr.train_settings.starting_weights import file_digest, start_from, weights_of_run
from ltr.training import Stage, Training

FRAMES = 4
"""Frames of a clip: one with its mask, three to be segmented."""


@dataclass(frozen=True)
class LWLSettings(ClipTrainingSettings):
    """One training run.

    Attributes:
        rotation, zoom: of whole clips, degrees and log of a factor; see
            :class:`ltr.data.turned_clips.TurnedClips`. 0 for both leaves clips as they are.
        passers_by: share of the clips in which something comes along and passes behind the target; see
            :class:`ltr.dataset.passers_by.PassersBy`. It takes stills to draw from.
        coarse: share of the clips that are shrunk, so that crops are enlarged as those of small targets are;
            see :class:`ltr.data.coarse_clips.CoarseClips`.
        frozen: prefixes of parameters that are not trained, whatever the rates.
        start: run, "module/settings", whose weights the network starts from as far as they fit
            (:mod:`ltr.train_settings.starting_weights`); empty starts from random ones.
    """

    name: str = "stage1"
    network: LWLConfig = RESNET50
    stages: tuple[Stage, ...] = (Stage(steps=70_000, frames=FRAMES, batch=20, input_size=(832, 480)),)
    milestones: tuple[int, ...] = (40_000,)
    rotation: float = 15.0
    zoom: float = 0.2
    passers_by: float = 0.0
    coarse: float = 0.0
    frozen: tuple[str, ...] = ()
    start: str = ""


def build(settings: LWLSettings, places: Environment, **changes: Any) -> Training:
    """The run that settings describe, on the data that the environment names.

    Args:
        settings: what to run.
        places: where data sets and the workspace are.
        changes: fields of the settings to replace; they change the hash of the run.

    Raises:
        InputError: a data set is not configured or cannot be used, or the weights to start from are missing
            or do not fit.
    """
    settings = replace(settings, **changes)
    torch.manual_seed(settings.seed)
    network = build_lwl(settings.network)
    if settings.start:
        path = weights_of_run(settings.start, f"lwl/{settings.name}", places)
        first_lines = [start_from(network, "lwl", path)]
    else:
        first_lines = random_backbone_warning(settings, "lwl")
    data = ClipData(places, settings.held_out)
    sources = [_changed(source, settings, data) for source in settings.sources(data)]
    training = clip_training(
        settings,
        "lwl",
        network,
        actors=[LWLActor(network, settings.loss, settings.loss_weight) for _ in settings.stages],
        sources=sources,
        rates=dict.fromkeys(settings.frozen, 0.0) | settings.rates(["learner"]),
        banner=data.banner + first_lines,
    )
    if settings.start:
        training.settings["start_digest"] = file_digest(path)
    return training


def _changed(source: ClipSource, settings: LWLSettings, data: ClipData) -> ClipSource:
    """Clips with what the settings do to them as a whole."""
    if settings.passers_by:
        source = PassersBy(source, data.training_stills(), settings.passers_by)
    if settings.coarse:
        source = CoarseClips(source, settings.coarse)
    if settings.rotation or settings.zoom:
        source = TurnedClips(source, settings.rotation, settings.zoom)
    return source
