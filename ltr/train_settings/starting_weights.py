"""Starting a training from the weights that another one has left."""

from __future__ import annotations

import hashlib
from pathlib import Path

from torch import nn

from ltr.checkpoint import read_weights
from ltr.environment import Environment
from ltr.errors import InputError
from ltr.models.warm_start import copy_shared_parts
from ltr.registry import Registry
from ltr.trainer import WEIGHTS

BUNDLED_RUNS: Registry[Path] = Registry("weights of the run")
"""Run -> file of weights that a package brings, for those who have not trained it themselves."""


def weights_of_run(run: str, wanted_by: str, places: Environment) -> Path:
    """The file of weights that a run has exported: the one in the workspace, else the one that a package
    brings (:data:`BUNDLED_RUNS`).

    Args:
        run: "module/settings".
        wanted_by: settings that start from it, for the message.
        places: where the workspace is.

    Raises:
        InputError: there is no such file.
    """
    own = places.path("workspace") / run / WEIGHTS
    bundled = [BUNDLED_RUNS.get(run)] if run in BUNDLED_RUNS else []
    for path in (own, *bundled):
        if path.is_file():
            return path
    raise InputError(
        f"{wanted_by} starts from the weights of {run}, and there is no file {own}: run "
        f"`python ltr/run_training.py {run.replace('/', ' ')}` first, or copy its weights there"
    )


def start_from(network: nn.Module, name: str, path: Path) -> str:
    """Fill a network with the weights in a file: all of them where it holds a network of the same name, the
    parts that both have otherwise (:func:`ltr.models.warm_start.copy_shared_parts`).

    Args:
        network: changed in place.
        name: its name in ``ltr.registry.NETWORKS``.
        path: file of :func:`ltr.checkpoint.save_weights`.

    Returns:
        A line that says what was taken.

    Raises:
        InputError: the file cannot be read, or does not fit.
    """
    weights = read_weights(path)
    total = len(network.state_dict())
    missing = copy_shared_parts(network, weights.tensors)
    if len(missing) == total or (weights.network == name and missing):
        raise InputError(
            f"{path} does not fit the {name} network that is to start from it: it lacks {len(missing)} of "
            f"{total} parameters and statistics, among them {missing[0]}"
        )
    rest = f"; new: {', '.join(sorted({key.partition('.')[0] for key in missing}))}" if missing else ""
    return f"starts from {path}: {total - len(missing)} of {total} parameters and statistics{rest}"


def start_backbone(network: nn.Module, path: Path) -> str:
    """Fill a network's ``backbone`` with that of another network.

    Args:
        network: changed in place.
        path: file of :func:`ltr.checkpoint.save_weights`, of any network.

    Returns:
        A line that says what was taken.

    Raises:
        InputError: the file cannot be read, or holds another backbone.
    """
    tensors = read_weights(path).tensors
    prefix = "backbone."
    theirs = {key.removeprefix(prefix): t for key, t in tensors.items() if key.startswith(prefix)}
    backbone = network.get_submodule("backbone")
    missing = copy_shared_parts(backbone, theirs)
    if missing:
        raise InputError(
            f"the backbone in {path} does not fit: it lacks {len(missing)} of {len(backbone.state_dict())} "
            f"parameters and statistics, among them {prefix}{missing[0]}"
        )
    return f"starts with the backbone of {path}"


def file_digest(path: Path) -> str:
    """First 12 hex digits of the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
