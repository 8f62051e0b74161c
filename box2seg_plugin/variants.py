"""Trained networks by name or by file."""

from __future__ import annotations

import hashlib
from os import PathLike
from pathlib import Path

import torch
from torch import nn

from box2seg_plugin.network import VARIANTS, Box2SegConfig, Box2SegNet
from box2seg_plugin.official import load_official
from ltr.checkpoint import read_weights
from ltr.errors import InputError
from ltr.registry import unknown_name

NETWORK = "box2seg"
"""The network's name in ``ltr.registry.NETWORKS`` and in the files of its weights."""

BUNDLED = Path(__file__).parent / "weights"

FOREIGN_SUFFIXES = (".pth", ".pt", ".tar")


def load_network(name_or_file: str | PathLike[str], device: torch.device | str = "cpu") -> Box2SegNet:
    """A trained network in eval mode.

    Args:
        name_or_file: a variant that has weights in this package ("box2seg_small"), a ``.safetensors`` file of
            :func:`ltr.checkpoint.save_weights`, or the authors' checkpoint (``sta.pth.tar``).
        device: where to put it.

    Raises:
        InputError: neither a known name nor a readable file, or the file holds another network.
    """
    return _load(str(name_or_file)).to(device).eval()


def _load(name_or_file: str) -> Box2SegNet:
    if name_or_file in VARIANTS:
        bundled = BUNDLED / f"{name_or_file}.safetensors"
        if not bundled.is_file():
            raise InputError(
                f'"{name_or_file}" comes without weights: give a file of weights instead '
                "(for box2seg_resnet50, the authors' sta.pth.tar)"
            )
        return load_weights(bundled)
    if name_or_file.endswith(".safetensors"):
        return load_weights(name_or_file)
    if name_or_file.endswith(FOREIGN_SUFFIXES):
        return load_official(name_or_file)
    if Path(name_or_file).exists():
        raise InputError(f"{name_or_file} is no file of weights: must end in .safetensors, .pth, .tar or .pt")
    raise unknown_name("model (no such file either)", name_or_file, VARIANTS)


def load_weights(path: str | PathLike[str]) -> Box2SegNet:
    """The network in a ``.safetensors`` file of ours, built from the config in its metadata.

    Raises:
        InputError: the file cannot be read, or its config or weights are not those of a Box2Seg network.
    """
    weights = read_weights(path)
    if weights.network != NETWORK:
        raise InputError(f'{path} holds weights of the network "{weights.network}", not of "{NETWORK}"')
    try:
        network = Box2SegNet(Box2SegConfig.from_dict(weights.config))
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise InputError(f"{path}: its config is not one of this version: {error}") from error
    try:
        network.load_state_dict(weights.tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: its weights do not fit its config: {reason[:300]}") from error
    return network


def weights_digest(network: nn.Module) -> str:
    """SHA-256 of a network's weights in hexadecimal, whatever file and device they came from or are on.

    Goes into manifests: equal digests mean equal names, types, shapes and values.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        values = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {values.dtype} {tuple(values.shape)}\n".encode())
        digest.update(values.view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
