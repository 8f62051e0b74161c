"""The files that a training leaves in its folder: the state it goes on from, the weights for use."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor

from ltr.checkpoint import load_training, save_training, save_weights
from ltr.errors import InputError
from ltr.training import Training

LATEST = "latest.ckpt"
WEIGHTS = "weights.safetensors"

ANEW = "Remove it to start anew, or choose another --workspace"


def write_state(folder: Path, payload: dict[str, Any]) -> Path:
    """Write the checkpoint. OSError: it cannot be written, and the one before is whole."""
    path = folder / LATEST
    _write(path, lambda: save_training(path, payload))
    return path


def read_state(folder: Path, training: Training) -> dict[str, Any] | None:
    """The checkpoint in the folder, if there is one.

    Raises:
        InputError: it is damaged, or that of another run.
    """
    path = folder / LATEST
    if not path.exists():
        return None
    payload = load_training(path)
    if payload.get("settings_hash") != training.settings_hash:
        then, now = payload.get("settings", {}), training.settings
        changed = sorted(key for key in {*then, *now} if then.get(key) != now.get(key))
        raise InputError(
            f"{path} was made with other settings: {', '.join(changed) or 'unknown ones'} differ. {ANEW}"
        )
    if payload.get("data", training.data_name) != training.data_name:
        raise InputError(
            f'{path} was trained on "{payload["data"]}", and the environment now gives '
            f'"{training.data_name}". {ANEW}'
        )
    return payload


def write_weights(folder: Path, training: Training, tensors: Mapping[str, Tensor], step: int) -> Path:
    """Write weights for use, in half precision. OSError: they cannot be written."""
    path = folder / WEIGHTS
    network, config = training.network
    extra = {
        "settings": training.name,
        "settings_hash": training.settings_hash,
        "data": training.data_name,
        "seed": str(training.seed),
        "step": str(step),
    }
    _write(path, lambda: save_weights(path, tensors, network, config, extra, dtype=torch.float16))
    return path


def _write(path: Path, write: Callable[[], None]) -> None:
    """Write a file; what goes wrong comes out as one OSError, whichever library noticed it."""
    try:
        write()
    except (OSError, RuntimeError, SafetensorError) as error:
        reason = str(error).partition("\n")[0]
        free = shutil.disk_usage(path.parent).free / 1e6
        raise OSError(
            f"cannot write {path}: {reason} ({free:.0f} MB are free there); the file before it is untouched"
        ) from error
