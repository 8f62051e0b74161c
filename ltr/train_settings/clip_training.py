"""What all training on clips of masks is told, whatever the network, and how a run is made of it.

Settings of a network are a dataclass on top of :class:`ClipTrainingSettings`; its ``build`` makes the
network, its actors and the source of clips, and hands them to :func:`clip_training`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import torch
from torch import nn

from ltr.data.sampler import ClipSource
from ltr.dataset.clip_style import ClipStyle
from ltr.train_settings.clip_data import ClipData
from ltr.training import Actor, Stage, Training, cosine_schedule, step_schedule


class NetworkConfig(Protocol):
    """The shape of a network, a dataclass."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        ...


@dataclass(frozen=True)
class ClipTrainingSettings:
    """One training run.

    Attributes:
        name: settings name after the network's, e.g. "small" of "box2seg/small".
        network: its shape.
        data: data set keys and their sampling ratios; see :class:`ltr.train_settings.clip_data.ClipData`.
        clip_styles: how stills become clips, in each stage; a single one holds for all.
        held_out: stills set aside from training, to choose models on.
        stages: see :class:`ltr.training.Stage`.
        rate_backbone, rate_features, rate_encoders, rate_decoder, rate_regularisation: learning rates; what
            has a rate of 0 is frozen. ``rate_backbone`` is that of the backbone's layers,
            ``rate_features`` that of the convolution that makes x, ``rate_regularisation`` that of
            the lambdas.
        milestones: steps after which rates are divided by 5; empty means a cosine.
        warmup, restarts: with the cosine, steps over which the rates rise, and steps at which it begins anew.
        weight_decay: decoupled (AdamW), of convolutions' weights; 0 is plain Adam.
        batch_norm_eval: keep every batch norm in eval mode.
        loss: a key of ``ltr.losses.segmentation.LOSSES``.
        loss_weight: factor on the loss; with Adam it matters with gradient clipping alone.
        clip_gradient, average_decay, precision, seed: see :class:`ltr.training.Training`.
    """

    name: str
    network: NetworkConfig
    stages: tuple[Stage, ...]
    data: tuple[tuple[str, float], ...] = (("youtube_vos", 6.0), ("davis", 1.0))
    clip_styles: tuple[ClipStyle, ...] = (ClipStyle(),)
    held_out: int = 0
    rate_backbone: float = 0.0
    rate_features: float = 2e-5
    rate_encoders: float = 2e-4
    rate_decoder: float = 1e-4
    rate_regularisation: float = 1e-4
    milestones: tuple[int, ...] = ()
    warmup: int = 0
    restarts: tuple[int, ...] = ()
    weight_decay: float = 0.0
    batch_norm_eval: bool = True
    loss: str = "lovasz"
    loss_weight: float = 100.0
    clip_gradient: float = 0.0
    average_decay: float = 0.0
    precision: str = "fp32"
    seed: int = 0

    def __post_init__(self) -> None:
        if len(self.clip_styles) not in (1, len(self.stages)):
            raise ValueError(f"{len(self.stages)} stages, {len(self.clip_styles)} clip_styles")

    def sources(self, data: ClipData) -> list[ClipSource]:
        """Where the clips of each stage come from."""
        styles = self.clip_styles * (len(self.stages) if len(self.clip_styles) == 1 else 1)
        made = {style: self.source(data, style) for style in dict.fromkeys(styles)}
        return [made[style] for style in styles]

    def source(self, data: ClipData, style: ClipStyle) -> ClipSource:
        """Where clips come from; ``style`` is that of clips made from stills."""
        return data.source(self.data, style)

    def to_dict(self) -> dict[str, Any]:
        """Plain values; their hash is the run's."""
        return asdict(self)

    def rates(self, learners: Sequence[str]) -> dict[str, float]:
        """Learning rates by prefix of the parameters' names; what has none is an encoder's.

        Args:
            learners: names of the modules that hold the lambdas.
        """
        parts = {
            "backbone.": self.rate_backbone,
            "features.": self.rate_features,
            "decoder.": self.rate_decoder,
        }
        return parts | {f"{learner}.": self.rate_regularisation for learner in learners}


def clip_training(
    settings: ClipTrainingSettings,
    module: str,
    network: nn.Module,
    actors: Sequence[Actor],
    sources: Sequence[ClipSource],
    rates: Mapping[str, float],
    banner: Sequence[str],
) -> Training:
    """The run that settings describe.

    Args:
        settings: of the run.
        module: the network's name, in ``ltr.registry.NETWORKS`` and before the "/" of the settings' name.
        network: to be trained; it has a ``backbone``. What has a rate of 0 stops requiring gradients.
        actors: one for each stage.
        sources: of the clips, one for each stage.
        rates: see :meth:`ClipTrainingSettings.rates`; of several prefixes that fit, the first counts.
        banner: lines to tell the user first.
    """
    steps = sum(stage.steps for stage in settings.stages)
    if settings.milestones:
        schedule = step_schedule(settings.milestones, 0.2)
    else:
        schedule = cosine_schedule(steps, settings.warmup, settings.restarts)
    return Training(
        name=f"{module}/{settings.name}",
        settings=settings.to_dict(),
        network=(module, settings.network.to_dict()),
        model=network,
        actors=list(actors),
        sources=list(sources),
        stages=list(settings.stages),
        optimizer=_optimizer(settings, network, rates),
        schedule=schedule,
        seed=settings.seed,
        precision=settings.precision,
        clip_gradient=settings.clip_gradient,
        average_decay=settings.average_decay,
        prepare=lambda model: _hold_statistics(model, settings),
        banner=list(banner),
    )


def random_backbone_warning(settings: ClipTrainingSettings, module: str) -> list[str]:
    """A line of the banner where a backbone that nobody trained is frozen; else nothing."""
    if settings.rate_backbone > 0:
        return []
    return [f"The backbone of {module}/{settings.name} is frozen and starts from RANDOM weights."]


def _optimizer(
    settings: ClipTrainingSettings, network: nn.Module, rates: Mapping[str, float]
) -> torch.optim.Optimizer:
    """One group for each rate and decay. Vectors and lambdas do not decay; what has no rate is frozen."""
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


def _hold_statistics(model: nn.Module, settings: ClipTrainingSettings) -> None:
    """Put the batch norms that are not trained into eval mode."""
    if settings.rate_backbone == 0:
        model.get_submodule("backbone").eval()
    if settings.batch_norm_eval:
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
