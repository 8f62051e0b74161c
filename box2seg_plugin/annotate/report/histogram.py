"""Counts values without keeping them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FINE = 50
"""Fine bins in each bar. Quantiles are told to a fine bin."""


class Histogram:
    """How values from ``low`` to ``high`` are spread, in several series that are stacked.

    Args:
        low, high: what the bars cover; values outside are counted in the first or last bar.
        bars: how many bars.
        series: how many series.
    """

    def __init__(self, low: float, high: float, bars: int = 20, series: int = 1) -> None:
        self.low, self.high, self.bars = low, high, bars
        self._counts = np.zeros((series, bars * FINE), dtype=np.int64)
        self._sum = 0.0

    def add(self, values: npt.NDArray[np.float64], series: int = 0) -> None:
        """Count (N,) finite values."""
        self._counts[series] += np.bincount(self._places(values), minlength=self._counts.shape[1])
        self._sum += float(values.sum())

    @property
    def total(self) -> int:
        """Values counted."""
        return int(self._counts.sum())

    @property
    def mean(self) -> float | None:
        """Mean of the values themselves; None without any."""
        return self._sum / self.total if self.total else None

    def quantile(self, share: float) -> float | None:
        """The value below which ``share`` of the values lie, to a fine bin; None without any."""
        if not self.total:
            return None
        upto = np.cumsum(self._counts.sum(axis=0))
        place = int(np.searchsorted(upto, share * self.total, side="left"))
        return self.low + (place + 0.5) * (self.high - self.low) / len(upto)

    def share_up_to(self, value: float) -> float:
        """Share of the values that are not larger, up to a fine bin; 0 without any."""
        place = int(self._places(np.array([value]))[0])
        return float(self._counts[:, : place + 1].sum() / self.total) if self.total else 0.0

    def share_from(self, value: float) -> float:
        """Share of the values that are not smaller, up to a fine bin; 0 without any."""
        place = int(self._places(np.array([value]))[0])
        return float(self._counts[:, place:].sum() / self.total) if self.total else 0.0

    def stacks(self) -> list[Sequence[int]]:
        """For each bar the counts of the series."""
        bars = self._counts.reshape(len(self._counts), self.bars, FINE).sum(axis=2)
        return [[int(count) for count in bar] for bar in bars.T]

    def edges(self) -> list[float]:
        """The bars' borders, one more than bars."""
        return [self.low + (self.high - self.low) * i / self.bars for i in range(self.bars + 1)]

    def _places(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """The fine bins of values."""
        bins = self._counts.shape[1]
        # Quotients of decimals fall just below an edge (0.15 / 0.05 = 2.999...): a hair lifts them onto it.
        places = np.floor((values - self.low) / (self.high - self.low) * bins + 1e-6)
        return np.clip(places, 0, bins - 1).astype(np.int64)
