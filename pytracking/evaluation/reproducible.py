"""What makes a tracker say the same of a video whenever and wherever it is run."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import torch


@contextmanager
def fixed_threads(threads: int | None = None) -> Iterator[None]:
    """Compute with so many threads; None: as many as OMP_NUM_THREADS says, else one.

    Sums of floating-point numbers depend on the number of threads. With one that followed from the number of
    processes or cores, so would the results. And several processes with a thread each are faster than one
    with several.
    """
    threads = threads or configured_threads() or 1
    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])


def configured_threads() -> int | None:
    """What OMP_NUM_THREADS says, if it is a number above 0."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return int(wanted) if wanted.isdecimal() and int(wanted) > 0 else None


def seed_random_numbers(seed: int = 0) -> None:
    """Begin all global random numbers anew."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  what trackers may still use
    torch.manual_seed(seed)
    cv2.setRNGSeed(seed)
