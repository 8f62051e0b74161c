"""Several still data sets as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ltr.dataset.interface import StillDataset


class MixedStills:
    """The items of several still data sets, one data set after another."""

    def __init__(self, datasets: Sequence[StillDataset]) -> None:
        self.datasets = list(datasets)
        self.ends = np.cumsum([len(dataset) for dataset in self.datasets], dtype=np.int64)
        self.name = " + ".join(dataset.name for dataset in self.datasets)

    def __len__(self) -> int:
        return int(self.ends[-1]) if self.datasets else 0

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        if not 0 <= index < len(self):
            raise IndexError(f"item {index} of {self.name}: it has {len(self)} items")
        which = int(np.searchsorted(self.ends, index, side="right"))
        dataset = self.datasets[which]
        return dataset[index - (int(self.ends[which]) - len(dataset))]
