"""What can be set, and how settings become a training run. The defaults are those of the paper and its
authors.

Source: Zhao et al., ICCV 2021, section 3.6 and supplement; where the authors' public settings differ from the
paper, the settings are followed: learning rates 2e-4 / 1e-4 / 2e-5 (paper: 1e-2), all batch norms in eval
mode, crops of jittered size and place, brightness and grey jitter besides flips, frames drawn with
replacement (paper: without), loss x 100.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch
from torch import nn

from box2seg_plugin.actor import Box2SegActor
from box2seg_plugin.network import RESNET50, Box2SegConfig, Box2SegNet, build_box2seg
from box2seg_plugin.train_settings.data import ClipData
from ltr.dataset.clip_style import ClipStyle
from ltr.environment import Environment
from ltr.training import Stage, Training, cosine_schedule, step_schedule


@dataclass(frozen=True)
class Box2SegSettings:
    """One training run.

    Attributes:
        name: settings name after "box2seg/".
        network: its shape.
        data: data set keys and their sampling ratios; see :class:`ClipData`.
        clip_style: how stills become clips.
        held_out: stills set aside from training, to choose models on.
        stages: see :class:`ltr.training.Stage`; ``stage_refinements`` are the passes trained in each.
        rate_backbone, rate_features, rate_encoders, rate_decoder, rate_regularisation: learning rates; what
            has a rate of 0 is frozen. The backbone's layers are its, ``rate_features`` that of the
            convolution that makes x, ``rate_regularisation`` that of the lambdas.
        milestones: steps after which rates are divided by 5; empty means a cosine with ``warmup``.
        warmup: steps over which the rates rise, with the cosine.
        weight_decay: decoupled (AdamW), of convolutions' weights; 0 is plain Adam.
        batch_norm_eval: keep every batch norm in eval mode.
        loss, loss_weight, single_frame_dropout: see :class:`Box2SegActor`.
        clip_gradient, average_decay, precision, seed: see :class:`ltr.training.Training`.
    """

    name: str = "paper"
    network: Box2SegConfig = RESNET50
    data: tuple[tuple[str, float], ...] = (("youtube_vos", 6.0), ("davis", 1.0))
    clip_style: ClipStyle = field(default_factory=ClipStyle)
    held_out: int = 0
    stages: tuple[Stage, ...] = (Stage(steps=80_000, frames=3, batch=4, input_size=(832, 480)),)
    stage_refinements: tuple[int, ...] = (1,)
    rate_backbone: float = 0.0
    rate_features: float = 2e-5
    rate_encoders: float = 2e-4
    rate_decoder: float = 1e-4
    rate_regularisation: float = 1e-4
    milestones: tuple[int, ...] = (30_000, 60_000)
    warmup: int = 0
    weight_decay: float = 0.0
    batch_norm_eval: bool = True
    loss: str = "lovasz"
    loss_weight: float = 100.0
    single_frame_dropout: float = 0.0
    clip_gradient: float = 0.0
    average_decay: float = 0.0
    precision: str = "fp32"
    seed: int = 0

    def __post_init__(self) -> None:
        if len(self.stage_refinements) != len(self.stages):
            raise ValueError(f"{len(self.stages)} stages, {len(self.stage_refinements)} stage_refinements")

    def to_dict(self) -> dict[str, Any]:
        """Plain values; their hash is the run's."""
        return asdict(self)


def build(settings: Box2SegSettings, places: Environment, **changes: Any) -> Training:
    """The run that settings describe, on the data that the environment names.

    Args:
        settings: what to run.
        places: where data sets are.
        changes: fields of the settings to replace; they change the hash of the run.

    Raises:
        InputError: a data set is not configured or cannot be used.
    """
    settings = replace(settings, **changes)
    torch.manual_seed(settings.seed)
    network = build_box2seg(settings.network)
    data = ClipData(places, settings.held_out)
    source = data.source(settings.data, settings.clip_style)
    steps = sum(stage.steps for stage in settings.stages)
    if settings.milestones:
        schedule = step_schedule(settings.milestones, 0.2)
    else:
        schedule = cosine_schedule(steps, settings.warmup)
    return Training(
        name=f"box2seg/{settings.name}",
        settings=settings.to_dict(),
        network=("box2seg", settings.network.to_dict()),
        model=network,
        actors=[
            Box2SegActor(network, settings.loss, settings.loss_weight, settings.single_frame_dropout, passes)
            for passes in settings.stage_refinements
        ],
        source=source,
        stages=list(settings.stages),
        optimizer=_optimizer(settings, network),
        schedule=schedule,
        seed=settings.seed,
        precision=settings.precision,
        clip_gradient=settings.clip_gradient,
        average_decay=settings.average_decay,
        prepare=lambda model: _hold_statistics(model, settings),
        banner=data.banner + _warnings(settings),
    )


def _optimizer(settings: Box2SegSettings, network: Box2SegNet) -> torch.optim.Optimizer:
    """One group for each rate and decay. Vectors and lambdas do not decay; what has no rate is frozen."""
    rates = {
        "backbone.": settings.rate_backbone,
        "features.": settings.rate_features,
        "decoder.": settings.rate_decoder,
        "aggregation.": settings.rate_regularisation,
        "refined_aggregation.": settings.rate_regularisation,
    }
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        rate = next((r for prefix, r in rates.items() if name.startswith(prefix)), settings.rate_encoders)
        decay = settings.weight_decay if parameter.ndim > 1 else 0.0
        parameter.requires_grad_(rate > 0)
        if rate > 0:
            groups.setdefault((rate, decay), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": p, "lr": rate, "weight_decay": decay} for (rate, decay), p in groups.items()]
    )


def _hold_statistics(model: nn.Module, settings: Box2SegSettings) -> None:
    """Put the batch norms that are not trained into eval mode."""
    assert isinstance(model, Box2SegNet)
    if settings.rate_backbone == 0:
        model.backbone.eval()
    if settings.batch_norm_eval:
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()


def _warnings(settings: Box2SegSettings) -> list[str]:
    if settings.rate_backbone == 0:
        return [f"The backbone of box2seg/{settings.name} is frozen and starts from RANDOM weights."]
    return []
