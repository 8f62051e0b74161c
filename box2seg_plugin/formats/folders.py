"""What is in a folder of the user's."""

from __future__ import annotations

from pathlib import Path

from ltr.errors import InputError


def entries(folder: Path) -> list[Path]:
    """The files and folders in a folder by name, hidden ones apart.

    Raises:
        InputError: it is no folder, or cannot be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror or error})") from None


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder; see ``entries``."""
    return [path for path in entries(folder) if path.is_dir()]


def require_file(path: Path) -> None:
    """Refuse what is no file: a pipe would be waited for, a device read for ever.

    Raises:
        InputError: there is no file, or a link to nowhere.
    """
    if not path.is_file():
        raise InputError(f"{path}: {'is no file' if path.exists() else 'no such file'}")
