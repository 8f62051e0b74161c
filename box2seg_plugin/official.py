"""The authors' Box2Seg checkpoints (``sta.pth.tar``) -> our network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from typing import Any

from torch import Tensor

from box2seg_plugin.network import RESNET50, Box2SegConfig, Box2SegNet
from ltr.models import official_checkpoint, official_names

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


def official_config(constructor: Mapping[str, Any]) -> Box2SegConfig:
    """Our config for the keyword arguments of their constructor; what is not named is as they published it.

    Raises:
        InputError: an argument has a value that this network does not offer.
    """
    return replace(RESNET50, **official_checkpoint.config_fields(constructor, encoder_dims=4))


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
    return official_checkpoint.load_checkpoint(
        path, "Box2Seg", lambda constructor: Box2SegNet(official_config(constructor)), official_state_dict
    )
