"""Trained networks by name or by file."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import torch

from box2seg_plugin.baselines import deeplab_box
from box2seg_plugin.box_network import BoxNet
from box2seg_plugin.network import VARIANTS, network_from_config
from box2seg_plugin.official import load_official
from ltr.models.trained import TrainedNetworks

NETWORK = "box2seg"
"""The network's name in ``ltr.registry.NETWORKS`` and in the files of its weights."""

BUNDLED = Path(__file__).parent / "weights"


def load_network(name_or_file: str | PathLike[str], device: torch.device | str = "cpu") -> BoxNet:
    """A trained network in eval mode.

    Args:
        name_or_file: a variant that has weights in this package ("box2seg_small"), a ``.safetensors`` file of
            :func:`ltr.checkpoint.save_weights`, also one of a baseline (:mod:`box2seg_plugin.baselines`), or
            the authors' checkpoint (``sta.pth.tar``).
        device: where to put it.

    Raises:
        InputError: neither a known name nor a readable file, or the file holds another network.
    """
    known = TrainedNetworks[BoxNet](
        builders={NETWORK: network_from_config, deeplab_box.NETWORK: deeplab_box.network_from_config},
        variants=VARIANTS,
        bundled=BUNDLED,
        load_official=load_official,
        official="for box2seg_resnet50, the authors' sta.pth.tar",
    )
    return known.load(name_or_file).to(device)
