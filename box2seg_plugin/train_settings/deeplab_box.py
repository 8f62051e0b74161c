"""deeplab_box/small, small_finetuned and full: the single-frame baseline, on the data of the networks that it
is compared with and on as many crops.

* small goes with the networks of Table 2 (:mod:`box2seg_plugin.train_settings.ablations`): their frozen
  backbone. Of that only the first convolution is trained, which sees the box for the first time.
* small_finetuned is the same with all of the backbone trained, as the baseline's authors train theirs.
* full goes with box2seg/paper. All of it is trained, and like that one it starts from random weights.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch

from box2seg_plugin.actor import Box2SegActor
from box2seg_plugin.baselines.deeplab_box import (
    NETWORK,
    RESNET50,
    SMALL,
    DeepLabBoxConfig,
    DeepLabBoxNet,
    first_convolution,
)
from box2seg_plugin.train_settings.ablations import small_single_image
from box2seg_plugin.train_settings.small import CROPS
from ltr.environment import Environment
from ltr.models.crop_network import CropNet
from ltr.train_settings.clip_data import ClipData
from ltr.train_settings.clip_training import ClipTrainingSettings, clip_training
from ltr.train_settings.starting_weights import file_digest, start_backbone, weights_of_run
from ltr.training import Stage, Training


@dataclass(frozen=True)
class DeepLabBoxSettings(ClipTrainingSettings):
    """One training run.

    Attributes:
        rate_backbone: of all its layers but the first convolution, which is trained like an encoder.
        backbone_from: see :class:`box2seg_plugin.train_settings.settings.Box2SegSettings`.

    Raises:
        ValueError: a stage has clips of several frames.
    """

    name: str = "full"
    network: DeepLabBoxConfig = RESNET50
    stages: tuple[Stage, ...] = (
        Stage(steps=80_000, frames=1, batch=12, input_size=RESNET50.input_size, jitter=CROPS),
    )
    rate_backbone: float = 2e-5
    batch_norm_eval: bool = False
    backbone_from: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        for stage in self.stages:
            if stage.frames != 1:
                raise ValueError(
                    f"frames of a stage is {stage.frames}: must be 1, {NETWORK} looks at no more"
                )


full = DeepLabBoxSettings(milestones=(30_000, 60_000))


def _small(name: str, rate_backbone: float) -> DeepLabBoxSettings:
    like = small_single_image
    alike = {field.name: getattr(like, field.name) for field in fields(ClipTrainingSettings)}
    (clips,) = like.stages
    stage = replace(clips, frames=1, batch=clips.batch * clips.frames)
    changes = {"name": name, "network": SMALL, "stages": (stage,), "rate_backbone": rate_backbone}
    return DeepLabBoxSettings(**(alike | changes), backbone_from=like.backbone_from)


small = _small("small", rate_backbone=0.0)
small_finetuned = _small("small_finetuned", rate_backbone=5e-4)

ALL = (small, small_finetuned, full)


def build(settings: DeepLabBoxSettings, places: Environment, **changes: object) -> Training:
    """The run that settings describe, on the data that the environment names.

    Args:
        settings: what to run.
        places: where data sets and the workspace are.
        changes: fields of the settings to replace; they change the hash of the run.

    Raises:
        InputError: a data set is not configured or cannot be used, or the backbone to start with is missing
            or does not fit.
    """
    settings = replace(settings, **changes)  # type: ignore[arg-type]
    torch.manual_seed(settings.seed)
    network, digest = DeepLabBoxNet(settings.network), {}
    first_lines = [f"The backbone of {NETWORK}/{settings.name} starts from RANDOM weights."]
    if settings.backbone_from:
        path = weights_of_run(settings.backbone_from, f"{NETWORK}/{settings.name}", places)
        trained = CropNet(settings.network)
        first_lines = [start_backbone(trained, path)]
        network.take_backbone(trained.backbone)
        digest = {"backbone_digest": file_digest(path)}
    data = ClipData(places, settings.held_out)
    training = clip_training(
        settings,
        NETWORK,
        network,
        actors=[Box2SegActor(network, settings.loss, settings.loss_weight) for _ in settings.stages],
        sources=settings.sources(data),
        rates={f"backbone.{first_convolution(network.backbone)}.": settings.rate_encoders}
        | settings.rates([]),
        banner=data.banner + first_lines,
    )
    training.settings |= digest
    return training
