"""Reads files of strangers: piece by piece, and not without end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ltr.errors import InputError

MAX_FILE_BYTES = 512 * 2**20
PIECE_BYTES = 2**16


def pieces(path: Path) -> Iterator[bytes]:
    """The content of a file, in pieces of at most ``PIECE_BYTES``.

    Raises:
        InputError: no such file, it is a pipe, it cannot be read, or it goes on after ``MAX_FILE_BYTES``.
    """
    total = 0
    try:
        if path.is_fifo():
            raise InputError(f"{path}: a pipe, and boxes are read more than once: save them to a file")
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                total += len(piece)
                if total > MAX_FILE_BYTES:
                    raise InputError(f"{path}: too large: at most {MAX_FILE_BYTES >> 20} MiB are read")
                yield piece
    except FileNotFoundError:
        raise InputError(f"{path}: no such box file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
