"""The folder that a command writes to."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ltr.errors import InputError


def make_folder(folder: Path, option: str) -> None:
    """Make a folder with its parents, and see that files can be written there.

    Args:
        folder: the folder; it may be there.
        option: how another one can be chosen, for messages: "--out".

    Raises:
        InputError: it is a file, or nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise InputError(f"{folder} is there and is no folder: choose another with {option}") from None
    except OSError as error:
        raise _not_writable(folder, option, error) from None
    check_writable(folder, option)


def check_writable(folder: Path, option: str) -> None:
    """See that files can be written to a folder that is there.

    Raises:
        InputError: they cannot.
    """
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _not_writable(folder, option, error) from None


def _not_writable(folder: Path, option: str, error: OSError) -> InputError:
    reason = error.strerror or error
    return InputError(f"cannot write to {folder} ({reason}): choose another folder with {option}")


@contextmanager
def whole_folder(path: Path, replace: bool = False) -> Iterator[Path]:
    """Gives a new folder to write to, which becomes ``path`` when the block ends without an error.

    Args:
        path: the folder to make, with its parents; it must not be there, or be empty, unless it is replaced.
        replace: put it in the place of one that is there, and remove what killed processes left of it. Only
            one process at a time may do that.

    Raises:
        InputError: anything of it cannot be written, the block's own ``OSError`` included.
    """
    # Beside it, so that a renaming does not cross file systems and is one step.
    name = path.name if replace else secrets.token_hex(8)
    new, old = path.with_name(f".{name}.part"), path.with_name(f".{name}.old")
    try:
        _remove(new, old)
        new.mkdir(parents=True)
        yield new
        if replace and path.exists():
            path.replace(old)
        new.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        _remove(new, old)


def _remove(*folders: Path) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
