"""Writes ``trackers.ini``, where the VOT toolkit looks up how a tracker is started."""

from __future__ import annotations

import configparser
import io
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ltr.errors import InputError
from pytracking.analysis.whole_file import whole_file

FILE_NAME = "trackers.ini"
REPLY_SECONDS = 600
"""The toolkit's own 30 seconds are short for a large network on a CPU."""


@dataclass(frozen=True)
class TrackerEntry:
    """A section of ``trackers.ini``.

    Attributes:
        name: what the toolkit calls the tracker; letters, digits, "-" and "_".
        label: what stands in its tables.
        command: program and arguments.
    """

    name: str
    label: str
    command: Sequence[str]

    def __post_init__(self) -> None:
        if not re.fullmatch("[A-Za-z0-9_-]+", self.name):
            raise InputError(f'tracker name "{self.name}": may hold letters, digits, "-" and "_" alone')

    def values(self) -> dict[str, str]:
        """The section's lines; a "%" is doubled, which the toolkit undoes."""
        values = {
            "label": self.label,
            "protocol": "trax",
            "command": shlex.join(self.command),
            "timeout": str(REPLY_SECONDS),
        }
        return {key: value.replace("%", "%%") for key, value in values.items()}


def entry_name(*words: str) -> str:
    """A name for the toolkit, of what tells the tracker from others: "lwl", "box2seg_init"."""
    return re.sub("[^A-Za-z0-9_-]", "_", "_".join(words))


def add_entry(path: Path, entry: TrackerEntry) -> Path:
    """Add a tracker to a ``trackers.ini``, which is made where there is none.

    What the file holds is left as it is; an entry that is there already is not written again.

    Args:
        path: the file, or the folder that it lies in.
        entry: what to add.

    Returns:
        the file.

    Raises:
        InputError: it cannot be read or written, or has another entry of that name.
    """
    file = path / FILE_NAME if path.is_dir() else path
    if file.suffix != ".ini":
        raise InputError(f"{file}: must be a folder, or a file that ends in .ini: the toolkit reads no other")
    text, known = _read(file)
    if entry.name in known:
        if dict(known.items(entry.name, raw=True)) == entry.values():
            return file
        raise InputError(
            f"{file}: has another [{entry.name}]; delete that section, or choose another name with --name"
        )
    section = configparser.RawConfigParser()
    section[entry.name] = entry.values()
    lines = io.StringIO()
    section.write(lines)
    before = text if not text or text.endswith("\n") else text + "\n"
    with whole_file(file) as temporary:
        temporary.write_text(f"{before}\n{lines.getvalue().strip()}\n".lstrip("\n"), encoding="utf-8")
    return file


def _read(file: Path) -> tuple[str, configparser.ConfigParser]:
    """The text of a file and what the toolkit reads there; nothing where there is no file."""
    known = configparser.ConfigParser()
    try:
        text = file.read_text(encoding="utf-8")
        known.read_string(text)
    except FileNotFoundError:
        return "", known
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror or error})") from None
    except (UnicodeDecodeError, configparser.Error) as error:
        raise InputError(f"{file}: is no {FILE_NAME} ({error})") from None
    return text, known
