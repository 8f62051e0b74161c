"""Batches of training clips, numbered: sample i of a run depends on the seed and i alone."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from ltr.data.clip_processing import CropJitter, Sample, process_clip
from ltr.data.sampler import ClipSource
from ltr.errors import InputError

PREFETCHED = 4
"""Batches that each worker keeps ready."""

GRACE_S = 30
"""Seconds that a worker goes on for after SIGTERM: as long as schedulers wait before they kill."""


class ClipSamples(Dataset[Sample]):
    """Sample i of a run: a clip drawn, cropped and turned into tensors with the random state (seed, i).

    Args:
        source: where clips are drawn from.
        frames: T.
        jitter: how they are cropped.
        size: (W, H) of the crops.
        seed: of the run, at least 0.
    """

    def __init__(
        self, source: ClipSource, frames: int, jitter: CropJitter, size: tuple[int, int], seed: int
    ) -> None:
        self.source, self.frames, self.jitter, self.size, self.seed = source, frames, jitter, size, seed

    def __getitem__(self, index: int) -> Sample:
        rng = np.random.default_rng([self.seed, index])
        return process_clip(self.source.sample(rng, self.frames), self.jitter, self.size, rng)


class _Batches(Dataset[Sample | InputError]):
    """Batch i holds the samples from ``first + i * batch`` on, or the share of them that is asked for.

    An InputError is given back, not raised: on its way out of a worker it would lose its one line.
    """

    def __init__(
        self, samples: ClipSamples, first: int, steps: int, batch: int, share: tuple[int, int]
    ) -> None:
        number, shares = share
        self.samples, self.steps, self.batch, self.size = samples, steps, batch, batch // shares
        self.first = first + number * self.size

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, index: int) -> Sample | InputError:
        start = self.first + index * self.batch
        try:
            return collate([self.samples[number] for number in range(start, start + self.size)])
        except InputError as error:
            return error


def collate(samples: Sequence[Sample]) -> Sample:
    """Samples -> one with a leading batch dimension."""
    return Sample(
        torch.stack([sample.images for sample in samples]),
        torch.stack([sample.masks for sample in samples]),
        torch.stack([sample.boxes for sample in samples]),
    )


def batches(
    samples: ClipSamples,
    first: int,
    steps: int,
    batch: int,
    workers: int,
    share: tuple[int, int] = (0, 1),
) -> Generator[Sample]:
    """``steps`` batches from sample number ``first`` on. Closing the iterator ends its workers.

    Args:
        samples: what to draw.
        first: number of the first sample, so that a resumed run goes on where it stopped.
        steps: batches to give.
        batch: clips a batch.
        workers: processes that prepare them; 0 prepares them in this one. The batches are the same.
        share: (i, n) gives of each batch the i-th of n equal parts alone, from 0; n divides ``batch``.

    Raises:
        InputError: a sample cannot be read.
        ChildProcessError: a worker died.
    """
    loader = DataLoader(
        _Batches(samples, first, steps, batch, share),
        batch_size=None,
        num_workers=workers,
        worker_init_fn=_start_worker,
        prefetch_factor=PREFETCHED if workers else None,
        # A forked worker shares the pictures that the source holds in memory; macOS cannot fork safely.
        multiprocessing_context="fork" if workers and sys.platform == "linux" else None,
    )
    with _one_opencv_thread():
        items = iter(loader)
    try:
        for item in items:
            if isinstance(item, InputError):
                raise item
            yield item
    except RuntimeError as error:
        if not str(error).startswith("DataLoader worker"):
            raise
        what = str(error).strip().rstrip(".")
        raise ChildProcessError(f"{what} (out of memory? fewer --workers need less)") from error
    finally:
        # The traceback of an error holds this frame, and would keep the iterator and its workers alive.
        del items


@contextmanager
def _one_opencv_thread() -> Iterator[None]:
    """Let OpenCV end its threads while workers are forked.

    A worker forked at the moment that one of them holds its lock would wait for that lock forever.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def _start_worker(_: int) -> None:
    """One thread for each worker. When to stop is for the training process to say, which ends its workers.

    A scheduler sends SIGTERM to all processes, and the training's last step still wants its batch. But a
    Python that exits sends SIGTERM too and waits for its children, so a worker must not ignore it for ever.
    """
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGTERM, lambda *_: signal.alarm(GRACE_S))
        signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
