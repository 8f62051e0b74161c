"""How fast the machine multiplies matrices and moves memory."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch


def matrix_rate(dtype: torch.dtype) -> float:
    """Operations a second (a multiplication and an addition are two) of products of square matrices; the best
    of several sizes."""
    rates = []
    for side in (1024, 2048, 4096):
        a, b = torch.randn(2, side, side).to(dtype)
        rates.append(2 * side**3 / _best_seconds(lambda a=a, b=b: torch.mm(a, b)))  # type: ignore[misc]
    return max(rates)


def memory_rate() -> float:
    """Bytes a second, read and written, of copying what fits into no cache."""
    source = torch.zeros(64 * 2**20)
    target = torch.empty_like(source)
    return 2 * source.nbytes / _best_seconds(lambda: target.copy_(source))


def _best_seconds(work: Callable[[], object], repeats: int = 5) -> float:
    """The shortest time that a piece of work takes, after a first try."""
    work()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)
