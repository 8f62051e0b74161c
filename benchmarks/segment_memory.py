"""Peak memory of a long video against a short one: it must not grow with the number of frames.

    python benchmarks/segment_memory.py                   200 against 2,000 frames, about two minutes
    python benchmarks/segment_memory.py --lengths 200 20000

Each video runs in a process of its own, because a process never gives its peak back. Frames are made as they
are read, masks are dropped as they come.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from box2seg_plugin.network import box2seg_small
from box2seg_plugin.segmenter import VideoSegmenter

HEIGHT, WIDTH = 120, 160
MEBIBYTE = 2**20
RUSAGE_UNIT = 1 if sys.platform == "darwin" else 1024


def frames(count: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Noise; every frame is new."""
    rng = np.random.default_rng(0)
    for _ in range(count):
        yield rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def peak_memory(count: int) -> int:
    """Bytes that this process needed at most, after it has segmented a video of ``count`` frames."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    segmenter = VideoSegmenter(box2seg_small(input_size=(128, 128)), frames=5, interval=5, device="cpu")
    boxes = np.tile([40.0, 30.0, 60.0, 50.0], (count, 1))
    for _ in segmenter(frames(count), boxes):
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RUSAGE_UNIT


def main() -> int:
    """Print the peaks and their ratio; exit code 1 when it is above 1.10."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lengths", nargs=2, type=int, default=[200, 2000], metavar="N", help="(200 2000)")
    parser.add_argument("--one", type=int, metavar="N", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one is not None:
        print(peak_memory(args.one))
        return 0
    peaks = []
    for length in args.lengths:
        command = [sys.executable, str(Path(__file__).resolve()), "--one", str(length)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        peaks.append(int(done.stdout))
        print(f"{length:>8,} frames: peak memory {peaks[-1] / MEBIBYTE:,.0f} MiB", flush=True)
    ratio = peaks[1] / peaks[0]
    print(f"ratio {ratio:.3f} (at most 1.10)")
    return int(ratio > 1.10)


if __name__ == "__main__":
    sys.exit(main())
