"""A job for pools of processes: squares of numbers, some of which end the process that is at them."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from ltr.errors import InputError


@dataclass(frozen=True)
class Squares:
    """A runner dies at a number that ``deadly`` has a file ``<number>-...`` for, and the file goes. Of
    ``<number>-hang`` it makes ``<number>-hangs``, and does so for a minute."""

    deadly: Path
    fails: str = ""

    def make_runner(self) -> "Squares":
        if self.fails == "input":
            raise InputError("no weights")
        if self.fails == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        return self

    def run(self, piece: int, on_progress: Callable[[], None]) -> str:
        for marker in sorted(self.deadly.glob(f"{piece}-*")):
            if marker.name.endswith("-hang"):
                marker.rename(self.deadly / f"{piece}-hangs")
                time.sleep(60)
                continue
            marker.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        on_progress()
        return f"{piece * piece} with {torch.get_num_threads()} threads"

    def died(self, piece: int, how: str) -> str:
        return f"{piece} died: {how}"
