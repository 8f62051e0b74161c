"""The authors' LWL checkpoints (``lwl_stage2.pth``, ``lwl_stage1.pth``) -> our network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from typing import Any

from torch import Tensor

from ltr.models import official_checkpoint, official_names
from ltr.models.lwl import RESNET50, LWLConfig, LWLNet

NAMES: dict[str, str] = {
    **official_names.BACKBONE,
    **official_names.TARGET_FEATURES,
    **official_names.filter_learner("target_model.", "learner."),
    **official_names.mask_encoder("label_encoder.", "mask_encoder."),
    **official_names.decoder(),
}
"""Prefix of the authors' parameter names -> prefix of ours."""


def official_config(constructor: Mapping[str, Any]) -> LWLConfig:
    """Our config for the keyword arguments of their constructor; what is not named is as they published it.

    Raises:
        InputError: an argument has a value that this network does not offer.
    """
    return replace(RESNET50, **official_checkpoint.config_fields(constructor, encoder_dims=3))


def official_state_dict(parameters: Mapping[str, Tensor], network: LWLNet) -> dict[str, Tensor]:
    """The authors' parameters as a state dict for ``network``.

    Raises:
        InputError: names or shapes differ from what the network needs (:func:`official_names.translate`).
    """
    return official_names.translate(parameters, NAMES, network.state_dict())


def load_official(path: str | PathLike[str]) -> LWLNet:
    """The authors' network from their checkpoint file, on the CPU, in eval mode.

    Raises:
        InputError: the file cannot be read safely, or does not hold an LWL network.
    """
    return official_checkpoint.load_checkpoint(
        path, "LWL", lambda constructor: LWLNet(official_config(constructor)), official_state_dict
    )
