"""Checkpoints of the authors' framework: what all of them say, and how one becomes a network of ours.

Such a file holds the state dict under "net" and, under "constructor", the arguments that built their network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from reprlib import repr as brief
from typing import Any, TypeVar

from torch import Tensor, nn

from ltr.checkpoint import read_foreign_checkpoint
from ltr.errors import InputError
from ltr.foreign.names import StandIn
from ltr.models.normalisation import CAFFE2, IMAGENET

Network = TypeVar("Network", bound=nn.Module)

BACKBONES = {"mrcnn": ("resnet50", CAFFE2), "imagenet": ("resnet50_3x3", IMAGENET)}
"""Their ``backbone_type`` -> our backbone and its pixel format."""


def load_checkpoint(
    path: str | PathLike[str],
    title: str,
    build: Callable[[dict[str, Any]], Network],
    translate: Callable[[Mapping[str, Tensor], Network], dict[str, Tensor]],
) -> Network:
    """A network from the authors' checkpoint file, on the CPU, in eval mode.

    Args:
        path: the file.
        title: the kind of network that it should hold, for messages.
        build: keyword arguments of their constructor -> our network.
        translate: their parameters and our network -> its state dict.

    Raises:
        InputError: the file cannot be read safely, or does not hold such a network.
    """
    content = read_foreign_checkpoint(path)
    parameters = content.get("net")
    if not isinstance(parameters, dict):
        raise InputError(f'{path} has no state dict under "net": not a checkpoint of the authors\' framework')
    try:
        network = build(_constructor_arguments(content.get("constructor")))
        network.load_state_dict(translate(parameters, network))
    except InputError as error:
        kind = brief(content.get("net_type"))
        raise InputError(f"{path} is no {title} network (its net_type is {kind}): {error}") from error
    return network.eval()


def _constructor_arguments(constructor: Any) -> dict[str, Any]:
    attributes = constructor.attributes if isinstance(constructor, StandIn) else {}
    arguments = attributes.get("kwds")
    return arguments if isinstance(arguments, dict) else {}


def config_fields(constructor: Mapping[str, Any], encoder_dims: int) -> dict[str, Any]:
    """Fields of :class:`ltr.models.segmentation_network.SegmentationConfig` that their constructor was told.

    Args:
        constructor: keyword arguments of their constructor.
        encoder_dims: how many channel numbers their encoders take.

    Raises:
        InputError: an argument has a value that our networks do not offer.
    """
    values: dict[str, Any] = {}
    if "backbone_type" in constructor:
        values["backbone"], values["pixels"] = _choice(constructor, "backbone_type", BACKBONES)
    if "label_encoder_dims" in constructor:
        values["encoder_dims"] = _integers(constructor, "label_encoder_dims", encoder_dims)
    for theirs, field in (("out_feature_dim", "feature_dim"), ("num_filters", "embedding_dim")):
        if theirs in constructor:
            (values[field],) = _integers(constructor, theirs, 1)
    if "decoder_mdim" in constructor:
        (dim,) = _integers(constructor, "decoder_mdim", 1)
        values["decoder_dims"] = (dim, 2 * dim, 2 * dim, 4 * dim)
    if "filter_size" in constructor and _integers(constructor, "filter_size", 1) != (3,):
        raise InputError(f"its constructor's filter_size is {brief(constructor['filter_size'])}: must be 3")
    return values


def _choice(constructor: Mapping[str, Any], name: str, choices: Mapping[str, Any]) -> Any:
    value = constructor[name]
    if not isinstance(value, str) or value not in choices:
        raise InputError(f"its constructor's {name} is {brief(value)}: must be one of {', '.join(choices)}")
    return choices[value]


def _integers(constructor: Mapping[str, Any], name: str, count: int) -> tuple[int, ...]:
    value = constructor[name]
    numbers = tuple(value) if isinstance(value, list | tuple) else (value,)
    if len(numbers) != count or not all(type(n) is int and 0 < n <= 4096 for n in numbers):
        raise InputError(f"its constructor's {name} is {brief(value)}: must be {count} positive integer(s)")
    return numbers
