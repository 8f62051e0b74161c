"""Trained LWL networks by name or by file."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import torch

from ltr.models.lwl import VARIANTS, LWLNet, network_from_config
from ltr.models.lwl_official import load_official
from ltr.models.trained import TrainedNetworks

NETWORK = "lwl"
"""The network's name in ``ltr.registry.NETWORKS`` and in the files of its weights."""

BUNDLED = Path(__file__).parent.parent / "weights"


def load_lwl(name_or_file: str | PathLike[str], device: torch.device | str = "cpu") -> LWLNet:
    """A trained network in eval mode.

    Args:
        name_or_file: a ``.safetensors`` file of :func:`ltr.checkpoint.save_weights`, the authors' checkpoint
            (``lwl_stage2.pth``), or a variant whose weights lie in ``ltr/weights``: lwl_small.
        device: where to put it.

    Raises:
        InputError: neither a known name nor a readable file, or the file holds another network.
    """
    known = TrainedNetworks(
        builders={NETWORK: network_from_config},
        variants=VARIANTS,
        bundled=BUNDLED,
        load_official=load_official,
        official="for lwl_resnet50, the authors' lwl_stage2.pth",
    )
    return known.load(name_or_file).to(device)
