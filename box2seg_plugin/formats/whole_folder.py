"""Folders that are there whole or not at all."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ltr.errors import InputError


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Gives a new folder to write to, which becomes ``path`` when the block ends without an error.

    Args:
        path: the folder to make, with its parents; it must not be there, or be empty.

    Raises:
        InputError: anything of it cannot be written, the block's own ``OSError`` included.
    """
    # Beside it, so that the renaming does not cross file systems and is one step.
    temporary = path.parent / f".{secrets.token_hex(8)}.part"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
