"""The folder that a command writes to."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ltr.errors import InputError


def make_folder(out: Path) -> None:
    """Make a folder with its parents, and see that files can be written there.

    Raises:
        InputError: it is a file, or nothing can be written there.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out} is a file: must be a folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out}: cannot write there ({error.strerror or error})") from None
    check_writable(out, f"--out {out}")


def check_writable(folder: Path, option: str) -> None:
    """See that files can be written to a folder that is there.

    Raises:
        InputError: they cannot; ``option`` says who asked.
    """
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(f"{option}: cannot write there ({error.strerror or error})") from None
