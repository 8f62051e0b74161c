"""What a training run consists of. Settings build one, the trainer runs it.

What is registered in ``ltr.registry.TRAIN_SETTINGS`` is a factory: called with the
:class:`ltr.environment.Environment` and, as keywords, with those of ``seed`` and ``precision`` that the user
wants otherwise than the settings have them, it returns a :class:`Training`.
"""

from __future__ import annotations

import hashlib
import json
import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ltr.data.clip_processing import CropJitter, Sample
from ltr.data.sampler import ClipSource

Actor = Callable[[Sample], tuple[Tensor, dict[str, float]]]
"""A batch -> its loss (scalar) and statistics by name, always the same names.

It calls the model that is trained with tensors (B, ...), and gets such. Where processes share the work, or a
batch is computed in parts, that call is what is shared: what comes after it is done by all, for the whole
batch."""


@dataclass(frozen=True)
class Stage:
    """A stretch of training with one kind of batch.

    Attributes:
        steps: optimizer steps.
        frames: T of the clips.
        batch: clips a step.
        input_size: (W, H) of the crops.
        jitter: how crops are placed.
    """

    steps: int
    frames: int
    batch: int
    input_size: tuple[int, int]
    jitter: CropJitter = field(default_factory=CropJitter)


@dataclass
class Training:
    """Everything the trainer needs.

    Attributes:
        name: "module/settings".
        settings: plain values that made it; they and their hash go into every checkpoint.
        network: registry name and config of the network, for the exported weights.
        model: the module that is trained and saved.
        actors: batch -> (loss, statistics), one for each stage.
        sources: where the clips come from, one for each stage.
        stages: run one after another.
        optimizer: over parameters of ``model``; the others must not require gradients.
        schedule: step -> factor on the learning rates.
        seed: of everything random, at least 0.
        precision: "fp32" or "bf16" (autocast; the optimizer's weights stay fp32).
        clip_gradient: largest norm of the gradient; 0 does not clip.
        average_decay: decay of the running average of the weights, which is what is exported; 0 exports the
            weights themselves.
        prepare: called with the model each time it has been set to training mode, to set parts of it back.
        epoch_steps: steps after which a checkpoint is written and the means of all statistics are told. Clips
            are drawn with replacement, so an epoch is a number of steps and no more.
        banner: lines to tell the user before anything else.
    """

    name: str
    settings: dict[str, Any]
    network: tuple[str, dict[str, Any]]
    model: nn.Module
    actors: list[Actor]
    sources: list[ClipSource]
    stages: list[Stage]
    optimizer: torch.optim.Optimizer
    schedule: Callable[[int], float]
    seed: int = 0
    precision: str = "fp32"
    clip_gradient: float = 0.0
    average_decay: float = 0.0
    prepare: Callable[[nn.Module], None] | None = None
    epoch_steps: int = 500
    banner: list[str] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """Optimizer steps of all stages."""
        return sum(stage.steps for stage in self.stages)

    @property
    def data_name(self) -> str:
        """What the sources are called, each name once."""
        return ", ".join(dict.fromkeys(source.name for source in self.sources))

    @property
    def settings_hash(self) -> str:
        """First 12 hex digits of the SHA-256 of the settings."""
        return settings_hash(self.settings)


def settings_hash(settings: dict[str, Any]) -> str:
    """First 12 hex digits of the SHA-256 of plain values, independent of their order."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()[:12]


def cosine_schedule(
    steps: int, warmup: int, restarts: Sequence[int] = (), floor: float = 0.01
) -> Callable[[int], float]:
    """Linear up to 1 over ``warmup`` steps, then half a cosine down to ``floor`` at ``steps``; the same anew
    from each step of ``restarts`` on (Loshchilov and Hutter, "SGDR", ICLR 2017)."""
    bounds = [0, *restarts, steps]

    def factor(step: int) -> float:
        cycle = bisect_right(bounds, step, 0, len(bounds) - 1) - 1
        begin, end = bounds[cycle], bounds[cycle + 1]
        if step - begin < warmup:
            return (step - begin + 1) / warmup
        share = min(1.0, (step - begin - warmup) / max(1, end - begin - warmup))
        return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * share))

    return factor


def step_schedule(milestones: tuple[int, ...], factor: float) -> Callable[[int], float]:
    """Multiply by ``factor`` at each milestone."""
    return lambda step: factor ** sum(step >= milestone for milestone in milestones)
