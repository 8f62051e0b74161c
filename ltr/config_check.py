"""Whether a config that was read from a file is one that a network can have.

Files of weights carry the config that their network is built from. A damaged or hostile one must not ask for
terabytes, compute for ever or fail in the middle of a video.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

RANGES: dict[str, tuple[float, float]] = {
    "input_size": (32, 4096),
    "crop_scale": (1, 100),
    "crop_cover": (0, 100),
    "refinements": (0, 100),
    "mean": (-1000, 1000),
    "std": (1e-6, 1000),
}
"""Field -> least and greatest number."""

USUAL_RANGE = (1, 1024)
"""That of all other fields: channels, strides, steps."""


def check_config(config: Any, example: Any) -> None:
    """Refuse values of another type than the example's, or out of range.

    Args:
        config: a dataclass.
        example: one of the same class that a network has. Tuples of numbers must be as long as its own.

    Raises:
        ValueError: names the field, its value and what it must be.
    """
    for field in fields(config):
        value, model = getattr(config, field.name), getattr(example, field.name)
        if is_dataclass(value):
            check_config(value, model)
            continue
        if not _is_like(value, model):
            raise ValueError(f"{field.name} is {value!r}: must be of the kind of {model!r}")
        low, high = RANGES.get(field.name, USUAL_RANGE)
        for number in value if isinstance(value, tuple) else (value,):
            if type(number) in (int, float) and not low <= number <= high:
                raise ValueError(f"{field.name} is {value!r}: must be from {low:g} to {high:g}")


def _is_like(value: Any, model: Any) -> bool:
    if isinstance(model, tuple) and isinstance(value, tuple):
        right_length = len(value) > 0 if isinstance(model[0], str) else len(value) == len(model)
        return right_length and all(_is_like(item, model[0]) for item in value)
    return type(value) is type(model) or (type(model) is float and type(value) is int)
