"""Trained networks by name or by file."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import torch

from box2seg_plugin.network import VARIANTS, Box2SegNet, network_from_config
from box2seg_plugin.official import load_official
from ltr.models.trained import TrainedNetworks

NETWORK = "box2seg"
"""The network's name in ``ltr.registry.NETWORKS`` and in the files of its weights."""

BUNDLED = Path(__file__).parent / "weights"


def load_network(name_or_file: str | PathLike[str], device: torch.device | str = "cpu") -> Box2SegNet:
    """A trained network in eval mode.

    Args:
        name_or_file: a variant that has weights in this package ("box2seg_small"), a ``.safetensors`` file of
            :func:`ltr.checkpoint.save_weights`, or the authors' checkpoint (``sta.pth.tar``).
        device: where to put it.

    Raises:
        InputError: neither a known name nor a readable file, or the file holds another network.
    """
    known = TrainedNetworks(
        network=NETWORK,
        variants=VARIANTS,
        bundled=BUNDLED,
        build=network_from_config,
        load_official=load_official,
        official="for box2seg_resnet50, the authors' sta.pth.tar",
    )
    return known.load(name_or_file).to(device)
