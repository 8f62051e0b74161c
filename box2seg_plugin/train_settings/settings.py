"""What can be set, and how settings become a training run. The defaults are those of the paper and its
authors.

Source: Zhao et al., ICCV 2021, section 3.6 and supplement; where the authors' public settings differ from the
paper, the settings are followed: learning rates 2e-4 / 1e-4 / 2e-5 (paper: 1e-2), all batch norms in eval
mode, crops of jittered size and place, brightness and grey jitter besides flips, frames drawn with
replacement (paper: without), loss x 100.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch

from box2seg_plugin.actor import Box2SegActor
from box2seg_plugin.network import RESNET50, Box2SegConfig, build_box2seg
from ltr.environment import Environment
from ltr.train_settings.clip_data import ClipData
from ltr.train_settings.clip_training import ClipTrainingSettings, clip_training, random_backbone_warning
from ltr.train_settings.starting_weights import file_digest, start_backbone, weights_of_run
from ltr.training import Stage, Training


@dataclass(frozen=True)
class Box2SegSettings(ClipTrainingSettings):
    """One training run.

    Attributes:
        stage_refinements: refinement passes trained in each stage.
        single_frame_dropout: see :class:`Box2SegActor`.
        backbone_from: run, "module/settings", whose backbone the network starts with
            (:mod:`ltr.train_settings.starting_weights`); empty starts from random weights.
    """

    name: str = "paper"
    network: Box2SegConfig = RESNET50
    stages: tuple[Stage, ...] = (Stage(steps=80_000, frames=3, batch=4, input_size=(832, 480)),)
    stage_refinements: tuple[int, ...] = (1,)
    milestones: tuple[int, ...] = (30_000, 60_000)
    single_frame_dropout: float = 0.0
    backbone_from: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.stage_refinements) != len(self.stages):
            raise ValueError(f"{len(self.stages)} stages, {len(self.stage_refinements)} stage_refinements")


def build(settings: Box2SegSettings, places: Environment, **changes: Any) -> Training:
    """The run that settings describe, on the data that the environment names.

    Args:
        settings: what to run.
        places: where data sets and the workspace are.
        changes: fields of the settings to replace; they change the hash of the run.

    Raises:
        InputError: a data set is not configured or cannot be used, or the backbone to start with is missing
            or does not fit.
    """
    settings = replace(settings, **changes)
    torch.manual_seed(settings.seed)
    network = build_box2seg(settings.network)
    if settings.backbone_from:
        path = weights_of_run(settings.backbone_from, f"box2seg/{settings.name}", places)
        first_lines = [start_backbone(network, path)]
    else:
        first_lines = random_backbone_warning(settings, "box2seg")
    data = ClipData(places, settings.held_out)
    training = clip_training(
        settings,
        "box2seg",
        network,
        actors=[
            Box2SegActor(network, settings.loss, settings.loss_weight, settings.single_frame_dropout, passes)
            for passes in settings.stage_refinements
        ],
        sources=settings.sources(data),
        rates=settings.rates(["aggregation", "refined_aggregation"]),
        banner=data.banner + first_lines,
    )
    if settings.backbone_from:
        training.settings["backbone_digest"] = file_digest(path)
    return training
