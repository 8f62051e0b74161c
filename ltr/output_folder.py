"""The folder that a command writes to."""

from __future__ import annotations

import tempfile
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
