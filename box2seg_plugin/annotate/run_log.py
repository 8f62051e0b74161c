"""What depends on the day and the machine: one text file for each run, beside what the runs leave."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from pathlib import Path


class RunLog:
    """A log of a run: ``<info>/runs/<date>-<machine>-<process>.log``.

    Nothing depends on it: where it cannot be written it is left out.

    Args:
        info: folder of all that is no mask.
    """

    def __init__(self, info: Path) -> None:
        self._started = time.perf_counter()
        name = f"{time.strftime('%Y%m%dT%H%M%S')}-{socket.gethostname()}-{os.getpid()}.log"
        self.path = info / "runs" / name

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.perf_counter() - self._started

    def note(self, text: str) -> None:
        """Add a line."""
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
