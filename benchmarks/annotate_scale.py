"""Does ``box2seg annotate`` cost the same for each frame of a long video, and what is a second worker worth?

    python benchmarks/annotate_scale.py                              20 minutes on two free cores
    python benchmarks/annotate_scale.py --lengths 1 100 1000 --workers 1

Videos are made of the frames of a bundled clip, over and over. Long videos are annotated by a tiny network
with random weights, since only the growth matters; of them the processors' seconds are told, which other work
on the machine changes little. Workers have one thread each and the small model. Exit code 1 when a target is
missed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from segment_memory import MEBIBYTE, RUSAGE_UNIT

import pytracking
from box2seg_plugin.network import box2seg_small
from box2seg_plugin.segmenter import DEFAULT_MODEL
from ltr.checkpoint import save_weights
from ltr.command_line import BAD_INPUT, OneLineParser, print_error
from ltr.errors import InputError
from pytracking.analysis.report import markdown_table

CLIP = Path(pytracking.__file__).parent / "bundled" / "goat"

MOST_GROWTH = {"seconds": 1.2, "memory": 1.2}
"""Of the longest video over that of the shortest: seconds for each frame, and the process's peak memory."""

LEAST_SPEEDUP = 1.6
"""Of two workers over one."""


@dataclass(frozen=True)
class Cost:
    """What a run took: seconds of the clock, of the processors, and peak memory of a process in bytes."""

    seconds: float
    processor_seconds: float
    memory: int


def main() -> int:
    """Measure and print; 1 when a target is missed, 2 when the input is at fault."""
    parser = OneLineParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--lengths", nargs="+", type=int, default=[1, 100, 1000, 10_000], metavar="N", help="frames of a "
        "video; what the first one takes is taken off the others (1 100 1000 10000)")  # fmt: skip
    add("--workers", nargs="+", type=int, default=[1, 2], metavar="N", help="(1 2)")
    add("--videos", type=int, default=8, metavar="N", help="that the workers share (8)")
    add("--frames", type=int, default=80, metavar="N", help="of each of them (80); to start takes seconds")
    add("--repeats", type=int, default=3, metavar="N", help="of the workers' runs, whose median is told (3)")
    args = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            missed = [*_lengths(Path(folder), args.lengths), *_workers(Path(folder), args)]
    except InputError as error:
        print_error("annotate_scale.py", error)
        return BAD_INPUT
    print("\n".join(f"missed: {target}" for target in missed) or "all targets are met")
    return 1 if missed else 0


def _lengths(folder: Path, lengths: Sequence[int]) -> list[str]:
    """Annotate one video of each length; the targets that are missed."""
    torch.manual_seed(0)
    network = box2seg_small(input_size=(64, 64), test_steps=1)
    model = folder / "tiny.safetensors"
    save_weights(model, network.state_dict(), "box2seg", network.config.to_dict())
    costs = {}
    for length in lengths:
        root = folder / f"length{length}"
        make_video(root / "video", length)
        costs[length] = annotate(root, folder / f"masks{length}", str(model), 1)
    idle, *longer = lengths
    per_frame = {n: (costs[n].processor_seconds - costs[idle].processor_seconds) / (n - idle) for n in longer}
    rows = [[f"{n:,}", f"{1000 * per_frame[n]:.2f}", f"{costs[n].memory / MEBIBYTE:.0f}"] for n in longer]
    print(markdown_table(["frames", "ms/frame", "peak MiB"], rows), flush=True)
    if len(longer) < 2:
        return []
    growth = {
        "seconds": per_frame[longer[-1]] / per_frame[longer[0]],
        "memory": costs[longer[-1]].memory / costs[longer[0]].memory,
    }
    return [
        f"{name} of {longer[-1]} frames over {longer[0]}: {value:.2f}, must be at most {MOST_GROWTH[name]}"
        for name, value in growth.items()
        if value > MOST_GROWTH[name]
    ]


def _workers(folder: Path, args: argparse.Namespace) -> list[str]:
    """Annotate the same videos with different numbers of workers; the targets that are missed."""
    root = folder / "workers"
    for video in range(args.videos):
        make_video(root / f"video{video}", args.frames)
    seconds: dict[int, list[float]] = {workers: [] for workers in args.workers}
    for repeat in range(args.repeats):
        for workers in args.workers:
            out = folder / f"out{workers}-{repeat}"
            seconds[workers].append(annotate(root, out, DEFAULT_MODEL, workers).seconds)
    first = args.workers[0]
    median = {workers: statistics.median(values) for workers, values in seconds.items()}
    gain = {
        workers: statistics.median(a / b for a, b in zip(seconds[first], values, strict=True))
        for workers, values in seconds.items()
    }
    frames = args.videos * args.frames
    rows = [[str(w), f"{median[w]:.1f}", f"{frames / median[w]:.2f}", f"{gain[w]:.2f}"] for w in args.workers]
    print(markdown_table(["workers", "s", "frames/s", "times as fast"], rows), flush=True)
    if first != 1 or 2 not in gain or gain[2] >= LEAST_SPEEDUP:
        return []
    return [f"two workers are {gain[2]:.2f} x one, must be at least {LEAST_SPEEDUP} x"]


def make_video(folder: Path, frames: int) -> None:
    """A video of the data set "folder": links to the frames of the clip, there and back."""
    files = sorted((CLIP / "frames").iterdir())
    boxes = (CLIP / "boxes.txt").read_text(encoding="ascii").splitlines()
    order = [*range(len(files)), *range(len(files) - 2, 0, -1)]
    folder.mkdir(parents=True)
    for frame in range(frames):
        (folder / f"{frame:06d}.jpg").symlink_to(files[order[frame % len(order)]])
    lines = (boxes[order[frame % len(order)]] for frame in range(frames))
    (folder / "boxes.txt").write_text("".join(f"{line}\n" for line in lines), encoding="ascii")


def annotate(root: Path, out: Path, model: str, workers: int) -> Cost:
    """Run the command, with one thread for each worker."""
    command = [sys.executable, "-m", "box2seg_plugin.cli", "annotate", "folder", "--root", str(root)]
    command += ["--out", str(out), "--model", model, "--workers", str(workers), "--threads", "1"]
    command += ["--device", "cpu", "--no-report", "--quiet"]
    started = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise InputError(f"box2seg annotate --root {root} failed: exit code {process.returncode}")
    return Cost(time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss * RUSAGE_UNIT)


if __name__ == "__main__":
    sys.exit(main())
