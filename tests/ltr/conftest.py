"""Fixtures of the tests of ltr."""

import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

LEGACY_HEAD = (
    0x1950A86A20F9469CFC6C,
    1001,
    {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}},
)

WrapPickle = Callable[..., Path]


@pytest.fixture
def wrap_pickle(tmp_path: Path) -> WrapPickle:
    """Makes the file that ``torch.save`` would make around a pickle, here one made by hand.

    The function returned takes the pickle, the format ("zip", "legacy", or "bare" for the pickle alone) and,
    for pickles that refer to one, the bytes of a storage of floats whose key is "0".
    """

    def wrap(pickled: bytes, form: str = "zip", storage: bytes | None = None) -> Path:
        path = tmp_path / "made.pth"
        if form == "bare":
            path.write_bytes(pickled)
        elif form == "legacy":
            head = b"".join(pickle.dumps(value, protocol=2) for value in LEGACY_HEAD)
            keys = pickle.dumps([] if storage is None else ["0"], protocol=2)
            tail = b"" if storage is None else struct.pack("<q", len(storage) // 4) + storage
            path.write_bytes(head + pickled + keys + tail)
        else:
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("archive/data.pkl", pickled)
                archive.writestr("archive/version", "3\n")
                if storage is not None:
                    archive.writestr("archive/data/0", storage)
        return path

    return wrap
