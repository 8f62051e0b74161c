"""What becomes of one piece of many when something goes wrong with it: a name and a reason, in one line."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

from ltr.command_line import one_line
from ltr.errors import InputError


@dataclass(frozen=True)
class Failure:
    """A sequence or video that could not be run, and why, in one line."""

    name: str
    reason: str


def reason_of(error: Exception) -> str:
    """Why something failed, in one line; of other errors than the user's with the line of code."""
    if isinstance(error, InputError):
        return one_line(error)
    (*_, last) = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__}: {one_line(error)} ({Path(last.filename).name}:{last.lineno})"
