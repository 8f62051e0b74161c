"""Reads files of ``torch.save``, zip and legacy, without torch's unpickler: tensors, plain values, stand-ins.

A file of the zip format is an uncompressed archive of one pickle and one file per storage. A legacy one is a
row of pickles (magic number, protocol, facts of the writing machine, the value, the storages' keys) and then
the storages. In either the value's pickle refers to storages by persistent ids that claim a type and a
length. No claim is believed: together the storages must fit in the file, and a tensor in its storage.
"""

from __future__ import annotations

import io
import math
import mmap
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from ltr.errors import InputError
from ltr.foreign.inert_pickle import InertUnpickler
from ltr.foreign.names import Reference, StandIn

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
STORAGE_DTYPES = {
    "BFloat16Storage": torch.bfloat16,
    "BoolStorage": torch.bool,
    "ByteStorage": torch.uint8,
    "CharStorage": torch.int8,
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "IntStorage": torch.int32,
    "LongStorage": torch.int64,
    "ShortStorage": torch.int16,
}
DTYPES = {str(dtype): dtype for dtype in STORAGE_DTYPES.values()}
NUMPY_SCALARS = frozenset(["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"])


@dataclass(frozen=True)
class Storage:
    """The values that one or more tensors of a file look at."""

    values: Tensor


class StorageTable:
    """Answers the persistent ids of one file.

    Args:
        limit: bytes of the file, which hold every storage.
        read: key, element type, count -> the storage's values.
    """

    def __init__(self, limit: int, read: Callable[[str, torch.dtype, int], Tensor]) -> None:
        self._left = limit
        self._read = read
        self.storages: dict[str, Storage] = {}

    def __call__(self, persistent_id: Any) -> Storage:
        match persistent_id:
            case ("storage", Reference() as kind, str(key), str(), int(count)):
                pass
            case ("storage", Reference() as kind, str(key), str(), int(count), None):
                pass
            case _:
                raise InputError("has a persistent id that is no storage's")
        dtype = STORAGE_DTYPES.get(kind.name)
        if dtype is None or kind.module not in ("torch", "torch.cuda"):
            raise InputError(f"has a storage of type {kind.path}, which is not known")
        if key not in self.storages:
            if not 0 <= count * dtype.itemsize <= self._left:
                raise InputError(
                    f'is damaged: storage "{key}" claims {count} elements, more than the file holds'
                )
            self._left -= count * dtype.itemsize
            self.storages[key] = Storage(self._read(key, dtype, count))
        storage = self.storages[key]
        if (storage.values.dtype, len(storage.values)) != (dtype, count):
            raise InputError(f'is damaged: it describes storage "{key}" in two ways')
        return storage


def rebuild_tensor(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> Tensor:
    """A tensor on part of a storage. Hooks, metadata and whether it wants gradients are left out."""
    if not (isinstance(storage, Storage) and isinstance(size, tuple) and isinstance(stride, tuple)):
        raise InputError("is damaged: a tensor has no storage or no shape")
    if len(size) != len(stride) or not all(type(n) is int and n >= 0 for n in (offset, *size, *stride)):
        raise InputError("is damaged: a tensor has a shape, strides or an offset that are no counts")
    elements, count = math.prod(size), len(storage.values)
    if elements == 0:
        return storage.values.new_empty(size)
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if last >= count or elements > count:
        raise InputError(f"is damaged: a tensor of {elements} elements looks beyond its storage of {count}")
    return storage.values.as_strided(size, stride, offset)


def _rebuild_parameter(data: Any, *_: Any) -> Tensor:
    if not isinstance(data, Tensor):
        raise InputError("is damaged: a parameter is no tensor")
    return data


def _numpy_scalar(dtype: Any, raw: Any) -> bool | int | float:
    match dtype:
        case StandIn(path="numpy.dtype", args=(str(code), *_), state=(int(), "<" | "|", *_)):
            if code in NUMPY_SCALARS and isinstance(raw, bytes):
                return np.frombuffer(raw, dtype=f"<{code}", count=1)[0].item()
    raise InputError("has a numpy scalar that is no little-endian number")


CONSTRUCTORS: dict[str, Callable[..., Any]] = {
    "numpy._core.multiarray.scalar": _numpy_scalar,
    "numpy.core.multiarray.scalar": _numpy_scalar,
    "torch.Size": lambda size=(): tuple(size),
    "torch._utils._rebuild_parameter": _rebuild_parameter,
    "torch._utils._rebuild_tensor": rebuild_tensor,
    "torch._utils._rebuild_tensor_v2": rebuild_tensor,
}


def read_zip(file: IO[bytes], size: int) -> Any:
    """The value in a file of the zip format of ``size`` bytes. InputError as by :class:`InertUnpickler`."""
    try:
        with zipfile.ZipFile(file) as archive:
            return _read_archive(archive, size)
    except InputError:
        raise
    except (zipfile.BadZipFile, EOFError, LookupError, RuntimeError, ValueError, struct.error) as error:
        raise InputError(f"is damaged: {error}") from error


def _read_archive(archive: zipfile.ZipFile, size: int) -> Any:
    pickles = [name for name in archive.namelist() if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise InputError(f"is a zip file with {len(pickles)} data.pkl: not written by torch.save")
    root = pickles[0].partition("/")[0]

    def entry(name: str) -> bytes:
        info = archive.getinfo(f"{root}/{name}")
        if info.compress_type != zipfile.ZIP_STORED or info.file_size > size:
            raise InputError(f"holds {info.filename} compressed, which torch.save never does, and is refused")
        return archive.read(info)

    if f"{root}/byteorder" in archive.namelist() and entry("byteorder") != b"little":
        raise InputError("was written on a big-endian machine, which is not supported")

    def read_storage(key: str, dtype: torch.dtype, count: int) -> Tensor:
        return _values(entry(f"data/{key}"), dtype, count)

    data = entry("data.pkl")
    table = StorageTable(size, read_storage)
    return InertUnpickler(io.BytesIO(data), len(data), CONSTRUCTORS, DTYPES, table).load()


def read_legacy(stream: mmap.mmap) -> Any:
    """The value in a file of the legacy format. InputError as by :class:`InertUnpickler`."""
    size = len(stream)

    def plain() -> Any:
        return InertUnpickler(stream, size).load()  # type: ignore[arg-type]

    if plain() != LEGACY_MAGIC or plain() != LEGACY_PROTOCOL:
        raise InputError("is a pickle, but not one written by torch.save")
    machine = plain()
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise InputError("was written on a big-endian machine, which is not supported")

    table = StorageTable(size, lambda key, dtype, count: torch.empty(count, dtype=dtype))
    value = InertUnpickler(stream, size, CONSTRUCTORS, DTYPES, table).load()  # type: ignore[arg-type]
    keys = plain()
    known = isinstance(keys, list) and all(isinstance(key, str) for key in keys)
    if not known or sorted(keys) != sorted(table.storages):
        raise InputError("is damaged: its list of storages is not that of its tensors")
    for key in keys:
        values = table.storages[key].values
        (count,) = struct.unpack("<q", stream.read(8).ljust(8, b"\xff"))
        if count != len(values):
            raise InputError(f'is cut short or damaged: storage "{key}" has not its {len(values)} elements')
        values.copy_(_values(stream.read(values.nbytes), values.dtype, count))
    return value


def _values(raw: bytes, dtype: torch.dtype, count: int) -> Tensor:
    if len(raw) != count * dtype.itemsize:
        raise InputError(f"is cut short or damaged: a storage of {count} {dtype} has {len(raw)} bytes")
    return torch.frombuffer(bytearray(raw), dtype=dtype) if count else torch.empty(0, dtype=dtype)
