"""The authors' Box2Seg checkpoints (``sta.pth.tar``) -> our network.

Such a file holds the state dict under "net" and, under "constructor", the arguments that built their network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from reprlib import repr as brief
from typing import Any

from torch import Tensor

from box2seg_plugin.network import RESNET50, Box2SegConfig, Box2SegNet
from ltr.checkpoint import read_foreign_checkpoint
from ltr.errors import InputError
from ltr.foreign.names import StandIn
from ltr.models import official_names
from ltr.models.normalisation import CAFFE2, IMAGENET

NAMES: dict[str, str] = {
    **official_names.BACKBONE,
    **official_names.TARGET_FEATURES,
    **official_names.filter_learner("target_model.", "aggregation."),
    **official_names.filter_learner("target_model_segm.", "refined_aggregation."),
    **official_names.mask_encoder("label_encoder.", "single_frame_encoder."),
    **official_names.residual_block("label_encoder.res3.", "single_frame_encoder.joint."),
    **official_names.mask_encoder("bbox_encoder.", "object_encoder."),
    **official_names.residual_block("bbox_encoder.res3.", "object_encoder.joint."),
    **official_names.mask_encoder("segm_encoder.", "mask_encoder."),
    **official_names.decoder(),
}
"""Prefix of the authors' parameter names -> prefix of ours."""

IGNORED = ("label_encoder.samp_w_pred.",)
"""The encoder of m has a confidence head that the authors never use."""

BACKBONES = {"mrcnn": ("resnet50", CAFFE2), "imagenet": ("resnet50_3x3", IMAGENET)}
"""Their ``backbone_type`` -> our backbone and its pixel format."""


def official_config(constructor: Mapping[str, Any]) -> Box2SegConfig:
    """Our config for the keyword arguments of their constructor; what is not named is as they published it.

    Raises:
        InputError: an argument has a value that this network does not offer.
    """
    values: dict[str, Any] = {}
    if "backbone_type" in constructor:
        values["backbone"], values["pixels"] = _choice(constructor, "backbone_type", BACKBONES)
    if "label_encoder_dims" in constructor:
        values["encoder_dims"] = _integers(constructor, "label_encoder_dims", 4)
    for theirs, field in (("out_feature_dim", "feature_dim"), ("num_filters", "embedding_dim")):
        if theirs in constructor:
            (values[field],) = _integers(constructor, theirs, 1)
    if "decoder_mdim" in constructor:
        (dim,) = _integers(constructor, "decoder_mdim", 1)
        values["decoder_dims"] = (dim, 2 * dim, 2 * dim, 4 * dim)
    if "filter_size" in constructor and _integers(constructor, "filter_size", 1) != (3,):
        raise InputError(f"its constructor's filter_size is {brief(constructor['filter_size'])}: must be 3")
    return replace(RESNET50, **values)


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


def official_state_dict(parameters: Mapping[str, Tensor], network: Box2SegNet) -> dict[str, Tensor]:
    """The authors' parameters as a state dict for ``network``.

    Raises:
        InputError: names or shapes differ from what the network needs (:func:`official_names.translate`).
    """
    return official_names.translate(parameters, NAMES, network.state_dict(), IGNORED)


def load_official(path: str | PathLike[str]) -> Box2SegNet:
    """The authors' network from their checkpoint file, on the CPU, in eval mode.

    Raises:
        InputError: the file cannot be read safely, or does not hold a Box2Seg network.
    """
    content = read_foreign_checkpoint(path)
    parameters = content.get("net")
    if not isinstance(parameters, dict):
        raise InputError(f'{path} has no state dict under "net": not a checkpoint of the authors\' framework')
    try:
        network = Box2SegNet(official_config(_constructor_arguments(content.get("constructor"))))
        network.load_state_dict(official_state_dict(parameters, network))
    except InputError as error:
        kind = brief(content.get("net_type"))
        raise InputError(f"{path} is no Box2Seg network (its net_type is {kind}): {error}") from error
    return network.eval()


def _constructor_arguments(constructor: Any) -> dict[str, Any]:
    attributes = constructor.attributes if isinstance(constructor, StandIn) else {}
    arguments = attributes.get("kwds")
    return arguments if isinstance(arguments, dict) else {}
