"""Files of weights and of training states.

* Weights, to keep and to share: safetensors with the network's name and config in the metadata
  (:func:`save_weights`, :func:`read_weights`); :func:`weights_digest` tells them apart.
* The state of a training, to resume from: plain values and tensors in a torch file (:func:`save_training`,
  :func:`load_training`).
* Checkpoints that others wrote: pickles, read as data and never run (:func:`read_foreign_checkpoint`).

Every file is written beside its place and then moved there, so that none is ever found half written.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from ltr.errors import InputError
from ltr.foreign import torch_files

FORMAT = "ltr-weights-1"
RESERVED = ("format", "network", "config")


@dataclass(frozen=True)
class Weights:
    """What a file of weights holds.

    Attributes:
        network: the network's name in ``ltr.registry.NETWORKS``.
        config: plain values (from JSON: tuples have become lists) from which the network is built.
        extra: what else the writer noted: seed, hash of the settings ...
        tensors: state dict, on the CPU, in the dtypes of the file.
    """

    network: str
    config: dict[str, Any]
    extra: dict[str, str]
    tensors: dict[str, Tensor]


def save_weights(
    path: str | PathLike[str],
    state_dict: Mapping[str, Tensor],
    network: str,
    config: Mapping[str, Any],
    extra: Mapping[str, str] | None = None,
    dtype: torch.dtype | None = None,
) -> None:
    """Write weights as safetensors.

    Args:
        path: the file; its folder is made.
        state_dict: name -> tensor, on any device.
        network: name of the network in ``ltr.registry.NETWORKS``.
        config: plain values that JSON can hold.
        extra: more metadata, e.g. {"seed": "0"}.
        dtype: of the stored floating tensors with two or more dimensions, e.g. ``torch.float16``. Vectors
            (biases, norms, lambda) are small and delicate and stay as they are; with None all do.

    Raises:
        ValueError: ``extra`` uses a reserved key, or a tensor holds a value that is not finite in ``dtype``.
    """
    metadata = {"format": FORMAT, "network": network, "config": json.dumps(dict(config))}
    for key, value in (extra or {}).items():
        if key in RESERVED:
            raise ValueError(f'extra metadata has the key "{key}": {", ".join(RESERVED)} are taken')
        metadata[key] = str(value)
    tensors = {name: _stored(name, tensor, dtype) for name, tensor in state_dict.items()}
    _write(path, lambda file: safetensors.torch.save_file(tensors, file, metadata))


def _stored(name: str, tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    tensor = tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
    if dtype is not None and tensor.is_floating_point() and tensor.ndim >= 2:
        tensor = tensor.to(dtype)
    if tensor.is_floating_point() and not tensor.isfinite().all():
        raise ValueError(f'"{name}" holds values that are not finite as {tensor.dtype}: not saved')
    return tensor


def read_weights(path: str | PathLike[str]) -> Weights:
    """Read what :func:`save_weights` wrote.

    Raises:
        InputError: no such file, no safetensors file, a file cut short, one without our metadata, or one that
            holds values that are not finite.
    """
    path = _existing(path)
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  no mapping
    except (safetensors.SafetensorError, OSError) as error:
        raise InputError(f"{path} is no safetensors file, or is damaged: {error}") from error
    missing = [key for key in RESERVED if key not in metadata]
    if missing:
        raise InputError(f"{path} has no {', '.join(missing)} in its metadata: weights of another program")
    if metadata["format"] != FORMAT:
        raise InputError(f'{path} has format "{metadata["format"]}"; this version reads "{FORMAT}"')
    try:
        config = json.loads(metadata["config"])
    except (ValueError, RecursionError) as error:  # too many digits, too deep: no JSONDecodeError
        raise InputError(f"{path}: the config in its metadata is not valid JSON: {error}") from error
    if not isinstance(config, dict):
        raise InputError(f"{path}: the config in its metadata is a {type(config).__name__}, not a table")
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise InputError(f'{path}: "{name}" holds values that are not finite: train it anew')
    extra = {key: value for key, value in metadata.items() if key not in RESERVED}
    return Weights(metadata["network"], config, extra, tensors)


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


def save_training(path: str | PathLike[str], payload: Mapping[str, Any]) -> None:
    """Write the state of a training: tensors and plain values (None, bool, numbers, text, bytes).

    Raises:
        TypeError: the payload holds anything else, which :func:`load_training` would refuse; names where.
    """
    payload = dict(payload)
    _check_plain(payload, "payload")
    _write(path, lambda file: torch.save(payload, file))


def load_training(path: str | PathLike[str], device: torch.device | str = "cpu") -> dict[str, Any]:
    """Read what :func:`save_training` wrote; runs no code of the file.

    Raises:
        InputError: no such file, a damaged one, or one that holds more than tensors and plain values.
    """
    path = _existing(path)
    try:
        payload = torch.load(path, map_location=device, weights_only=True)
    except (
        pickle.UnpicklingError,
        EOFError,
        LookupError,
        OSError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        if isinstance(error, pickle.UnpicklingError):  # torch's own words are for callers of torch.load
            reason = "it is not made of tensors and plain values alone"
        raise InputError(f"{path} is no training state, or is damaged: {reason}") from error
    if not isinstance(payload, dict):
        raise InputError(f"{path} is no training state: it holds a {type(payload).__name__}")
    return payload


def _check_plain(value: Any, where: str) -> None:
    if type(value) in (dict, OrderedDict):
        for key, item in value.items():
            if type(key) not in (str, int):
                raise TypeError(f"{where} has the key {key!r}: must be text or an integer")
            _check_plain(item, f"{where}[{key!r}]")
    elif type(value) in (list, tuple):
        for index, item in enumerate(value):
            _check_plain(item, f"{where}[{index}]")
    elif not isinstance(value, Tensor) and type(value) not in (type(None), bool, int, float, str, bytes):
        raise TypeError(f"{where} is a {type(value).__name__}: must be a tensor or a plain value")


def read_foreign_checkpoint(path: str | PathLike[str]) -> dict[Any, Any]:
    """Read a checkpoint that another program pickled (``torch.save``, zip or legacy format) as data.

    Tensors and plain values are read. An object of any other class becomes an inert
    :class:`ltr.foreign.names.StandIn`, a class or function that is only mentioned a ``Reference``. Nothing
    that the file names is imported or called, and its sizes are not believed; :mod:`ltr.foreign.names` tells
    which names are taken for classes.

    Returns:
        The dict that the file holds, tensors on the CPU.

    Raises:
        InputError: no such file, no torch file, a damaged one, or one whose pickle would run code.
    """
    path = _existing(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            if size == 0:
                raise InputError("is empty")
            if file.read(4) == b"PK\x03\x04":
                value = torch_files.read_zip(file, size)
            else:
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as stream:
                    value = torch_files.read_legacy(stream)
    except InputError as error:
        raise InputError(f"{path} {error}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    if not isinstance(value, dict):
        raise InputError(f"{path} holds a {type(value).__name__}, not the dictionary of a checkpoint")
    return value


def _existing(path: str | PathLike[str]) -> Path:
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} is a folder, not a file" if path.is_dir() else f"there is no file {path}")
    return path


def _write(path: str | PathLike[str], write: Callable[[Path], object]) -> None:
    """Let ``write`` make the file under another name beside ``path``, then move it there."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
