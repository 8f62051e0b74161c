"""What can be chosen of the LWL tracker."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ltr.checkpoint import weights_digest
from ltr.device import DEVICES, PRECISIONS
from ltr.errors import InputError
from ltr.models.lwl_variants import load_lwl

RANGES: dict[str, tuple[float, float]] = {
    "memory_size": (2, 1024),
    "learning_rate": (0.001, 0.999),
    "first_weight": (0, 0.999),
    "first_steps": (0, 1000),
    "update_steps": (0, 1000),
    "update_every": (1, 100_000),
    "search_scale": (1, 100),
    "min_mask_sum": (0, 1e9),
    "batch": (1, 1024),
}
"""Field -> least and greatest value."""

OPTIONAL = ("first_steps", "update_steps", "search_scale")
"""Fields that may be None: the network's own value."""

WHOLE = ("memory_size", "first_steps", "update_steps", "update_every", "batch")
"""Fields that are whole numbers."""


@dataclass(frozen=True)
class LWLParameters:
    """The defaults are the authors', as far as the network does not decide.

    Attributes:
        model: name or file of the network, see :func:`ltr.models.lwl_variants.load_lwl`.
        device: "auto" (a GPU where there is one), "cpu" or "cuda".
        precision: "auto" (bf16 where the device has instructions for it), "fp32" or "bf16".
        memory_size: samples that are kept of each target, the first one among them.
        learning_rate: how fast the weights of samples decay, see :mod:`pytracking.tracker.lwl.memory`.
        first_weight: the least that the first sample weighs, share of all.
        first_steps, update_steps: descent steps on the first frame, and later at a time; None is the
            network's own number.
        update_every: descend in every so many frames; the memory takes in every frame.
        search_scale: side of the region that is searched over the target's; None is the network's own.
        scale_limits: the least and the most that a target's size changes from frame to frame, as a factor.
        min_mask_sum: a target whose probabilities sum to less, in pixels of the network's input, is lost. The
            authors count 100 in pixels of the frame. Here a target is as large in the input whatever its size
            in the frame, so that one of 8 x 8 pixels is followed too.
        batch: targets whose crops are computed at a time; it bounds the memory taken by a frame.
        initializer: name in ``pytracking.registry.INITIALIZERS`` of what makes a mask where there is only a
            box; None asks for masks.
        initializer_options: go to its factory.

    Raises:
        InputError: a value is out of range.
    """

    model: str = "lwl_small"
    device: str = "auto"
    precision: str = "auto"
    memory_size: int = 32
    learning_rate: float = 0.1
    first_weight: float = 0.25
    first_steps: int | None = None
    update_steps: int | None = None
    update_every: int = 1
    search_scale: float | None = None
    scale_limits: tuple[float, float] = (0.95, 1.10)
    min_mask_sum: float = 100.0
    batch: int = 8
    initializer: str | None = None
    initializer_options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if value is None and name in OPTIONAL:
                continue
            kind, expected = (int, "a whole number ") if name in WHOLE else ((int, float), "")
            if not isinstance(value, kind) or isinstance(value, bool) or not low <= value <= high:
                raise InputError(f"{name} is {value!r}: must be {expected}from {low:g} to {high:g}")
        limits = self.scale_limits
        if len(limits) != 2 or not 0 < limits[0] <= 1 <= limits[1] < math.inf:
            raise InputError(f"scale_limits is {limits}: must be two numbers, 0 < least <= 1 <= greatest")
        for name, known in (("device", DEVICES), ("precision", PRECISIONS)):
            if getattr(self, name) not in known:
                raise InputError(f'{name} is "{getattr(self, name)}": must be one of {", ".join(known)}')

    def weights_digests(self) -> dict[str, str]:
        """SHA-256 of the network's weights.

        Raises:
            InputError: there are none, or they cannot be read.
        """
        return {"model": weights_digest(load_lwl(self.model))}
