"""Batches of training clips, numbered: sample i of a run depends on the seed and i alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from ltr.data.clip_processing import CropJitter, Sample, process_clip
from ltr.data.sampler import ClipSource


class ClipSamples(Dataset[Sample]):
    """Item i of a run: one clip drawn, cropped and turned into tensors with the random state (seed, i)."""

    def __init__(
        self, source: ClipSource, frames: int, jitter: CropJitter, size: tuple[int, int], seed: int
    ) -> None:
        self.source, self.frames, self.jitter, self.size, self.seed = source, frames, jitter, size, seed

    def __getitem__(self, index: int) -> Sample:
        rng = np.random.default_rng([self.seed, index])
        return process_clip(self.source.sample(rng, self.frames), self.jitter, self.size, rng)


class _Numbers(Sampler[list[int]]):
    """Batches of consecutive sample numbers from ``first`` on, ``count`` of them."""

    def __init__(self, first: int, count: int, batch: int) -> None:
        self.first, self.count, self.batch = first, count, batch

    def __iter__(self) -> Iterator[list[int]]:
        for start in range(self.first, self.first + self.count * self.batch, self.batch):
            yield list(range(start, start + self.batch))

    def __len__(self) -> int:
        return self.count


def collate(samples: list[Sample]) -> Sample:
    """Samples -> one with a leading batch dimension."""
    return Sample(
        torch.stack([s.images for s in samples]),
        torch.stack([s.masks for s in samples]),
        torch.stack([s.boxes for s in samples]),
    )


def _start_worker(_: int) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)


@dataclass
class LoadTime:
    """Seconds spent waiting for data."""

    seconds: float = 0.0


def batches(
    samples: ClipSamples, first: int, steps: int, batch: int, workers: int, waited: LoadTime | None = None
) -> Iterator[Sample]:
    """``steps`` batches from sample number ``first`` on.

    Args:
        samples: what to draw.
        first: number of the first sample, so that a resumed run goes on where it stopped.
        steps: batches to give.
        batch: clips a batch.
        workers: processes that prepare them; 0 prepares them in this one.
        waited: the time spent waiting is added to it.
    """
    loader = DataLoader(
        samples,
        batch_sampler=_Numbers(first, steps, batch),
        num_workers=workers,
        collate_fn=collate,
        worker_init_fn=_start_worker,
        prefetch_factor=4 if workers else None,
    )
    iterator = iter(loader)
    while True:
        start = time.perf_counter()
        sample = next(iterator, None)
        if waited is not None:
            waited.seconds += time.perf_counter() - start
        if sample is None:
            return
        yield sample
