"""Batches are the same whoever loads them and wherever a run begins; workers end with their run."""

import multiprocessing
import multiprocessing.process
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.random import Generator

from ltr.data.clip_processing import CropJitter, Sample
from ltr.data.loader import ClipSamples, batches, collate
from ltr.dataset.interface import Clip
from ltr.errors import InputError


class Squares:
    """A square at a random place on noise, in every frame."""

    name = "squares"

    def sample(self, rng: Generator, frames: int) -> Clip:
        images = [rng.integers(0, 256, (50, 60, 3), dtype=np.uint8) for _ in range(frames)]
        x, y = (int(value) for value in rng.integers(0, 30, 2))
        mask = np.zeros((50, 60), np.uint8)
        mask[y : y + 16, x : x + 16] = 1
        return Clip(images, [mask] * frames, np.array([[x, y, 16, 16]] * frames, dtype=float), "square")


class Unreadable(Squares):
    """Fails as a file does that cannot be read."""

    def sample(self, rng: Generator, frames: int) -> Clip:
        raise InputError("a.jpg: cannot be read")


class Deadly(Squares):
    """Ends the process that draws from it, as the kernel does when memory runs out."""

    def sample(self, rng: Generator, frames: int) -> Clip:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("not reached")


def samples(source: Squares | None = None, seed: int = 0) -> ClipSamples:
    return ClipSamples(source or Squares(), 2, CropJitter(), (32, 32), seed)


def equal(one: Sample, other: Sample) -> bool:
    return all(
        torch.equal(getattr(one, field), getattr(other, field)) for field in ("images", "masks", "boxes")
    )


def running_workers() -> list[multiprocessing.process.BaseProcess]:
    """Processes that are still there after a while."""
    deadline = time.monotonic() + 10
    while multiprocessing.active_children() and time.monotonic() < deadline:
        time.sleep(0.01)
    return multiprocessing.active_children()


def test_a_batch_stacks_its_samples() -> None:
    source = samples()
    (batch,) = batches(source, 5, 1, 3, 0)
    assert batch.images.shape == (3, 2, 3, 32, 32)
    assert batch.masks.shape == (3, 2, 32, 32)
    assert batch.boxes.shape == (3, 2, 4)
    assert equal(batch, collate([source[5], source[6], source[7]]))


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_give_the_same_batches_as_none(workers: int) -> None:
    alone, helped = (list(batches(samples(), 3, 5, 2, count)) for count in (0, workers))
    assert len(alone) == len(helped) == 5
    assert all(map(equal, alone, helped))


def test_a_run_that_begins_later_goes_on_with_the_same_samples() -> None:
    whole = list(batches(samples(), 0, 6, 2, 0))
    assert all(map(equal, whole[4:], batches(samples(), 8, 2, 2, 0)))


@pytest.mark.parametrize("workers", [0, 1])
def test_shares_make_up_the_batch(workers: int) -> None:
    whole = batches(samples(), 3, 3, 4, 0)
    shares = [batches(samples(), 3, 3, 4, workers, (number, 2)) for number in range(2)]
    for batch, one, other in zip(whole, *shares, strict=True):
        assert len(one.images) == len(other.images) == 2
        assert torch.equal(batch.images, torch.cat([one.images, other.images]))
        assert torch.equal(batch.boxes, torch.cat([one.boxes, other.boxes]))


def test_samples_differ_from_each_other_and_between_seeds() -> None:
    one, other = samples(seed=0), samples(seed=1)
    assert not equal(one[0], one[1])
    assert not equal(one[0], other[0])


@pytest.mark.parametrize("workers", [0, 1])
def test_what_cannot_be_read_is_one_line_from_workers_too(workers: int) -> None:
    with pytest.raises(InputError) as error:
        list(batches(samples(Unreadable()), 0, 2, 2, workers))
    assert str(error.value) == "a.jpg: cannot be read"
    assert not running_workers(), "the error's traceback keeps them alive"


def test_closing_ends_the_workers() -> None:
    stream = batches(samples(), 0, 1000, 2, 2)
    next(stream)
    assert len(multiprocessing.active_children()) == 2
    stream.close()
    assert not running_workers()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_workers_leave_signals_to_the_training_process(number: int) -> None:
    """A terminal, or a cluster's scheduler, sends them to all processes of a run."""
    stream = batches(samples(), 0, 40, 2, 1)
    next(stream)
    (worker,) = multiprocessing.active_children()
    assert worker.pid is not None
    os.kill(worker.pid, number)
    assert len(list(stream)) == 39


def test_a_program_that_never_closes_its_batches_can_exit() -> None:
    """Python ends its children with SIGTERM then, and waits for them."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import test_loader as t; from ltr.data import loader\n"
        "loader.GRACE_S = 1\n"
        "stream = loader.batches(t.samples(), 0, 40, 2, 1); next(stream)\n"
        "import builtins; builtins.kept = stream.gi_frame.f_locals['items']\n"
    )
    subprocess.run([sys.executable, "-c", code, str(Path(__file__).parent)], timeout=120, check=True)


def test_a_worker_that_dies_is_noticed() -> None:
    with pytest.raises(ChildProcessError, match=r"DataLoader worker .*\(out of memory\? fewer --workers"):
        list(batches(samples(Deadly()), 0, 2, 2, 1))
