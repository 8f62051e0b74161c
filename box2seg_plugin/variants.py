"""Trained networks by name or by file."""

from __future__ import annotations

import hashlib
from os import PathLike
from pathlib import Path

import torch
from torch import nn

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


def weights_digest(network: nn.Module) -> str:
    """SHA-256 of a network's weights in hexadecimal, whatever file and device they came from or are on.

    Equal digests mean equal names, types, shapes and values.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        values = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {values.dtype} {tuple(values.shape)}\n".encode())
        digest.update(values.view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
