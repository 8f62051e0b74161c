"""Seconds per annotated frame, beside the plain published procedure; where they go; and what they buy.

    python benchmarks/annotate_speed.py                          ResNet-50 with random weights, half an hour
    python benchmarks/annotate_speed.py --weights sta.pth.tar    with the authors'
    python benchmarks/annotate_speed.py --frames 3 --interval 1 --repeats 1    a try

One video of JPEGs with one object, PNGs out. All ways to go through it advance frame by frame in turn, so
that whatever else the machine does slows all of them; the plain procedure, which costs the same for every
frame, joins in at some. Peak memory is that of a process of its own. Exit code 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from plain_agreement import logit_difference, mean_iou
from segment_memory import MEBIBYTE
from speed_lanes import (
    DEFAULT,
    PLAIN,
    WAYS,
    Lane,
    Video,
    make_lanes,
    peak_memory,
    race,
    seconds_per_frame,
    write_video,
)
from time_table import Rates, time_table

from box2seg_plugin.network import Box2SegNet, box2seg_resnet50
from box2seg_plugin.segmenter import DEFAULT_MODEL
from box2seg_plugin.variants import load_network
from ltr.command_line import BAD_INPUT, OneLineParser, print_error
from ltr.errors import InputError

AT_LEAST = {
    "exact fp32 over plain": 2.0,
    "default over plain": 10.0,
    "small model, default, frames/s": 5.0,
    "small model, IoU of default and plain masks": 0.97,
}
AT_MOST = {"exact fp32 logits against plain, relative": 1e-4}
"""The targets."""


def main() -> int:
    """Measure and print; 1 when a target is missed, 2 when the input is at fault."""
    parser = OneLineParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--weights", help="of a ResNet-50 network (random)")
    add("--frames", type=int, default=60, help="of the video (60)")
    add("--interval", type=int, default=5, help="between the frames of a window (5)")
    add("--repeats", type=int, default=3, help="times that the video is gone through (3)")
    add("--plain-frames", type=int, default=2, help="that the plain procedure annotates each time (2)")
    add("--peak-memory", choices=WAYS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
            return _run(args, write_video(Path(folder), args.frames))
    except InputError as error:
        print_error(parser.prog, error)
        return BAD_INPUT


def _run(args: argparse.Namespace, video: Video) -> int:
    network, small = _network(args), _load(DEFAULT_MODEL)
    if args.peak_memory:
        print(peak_memory(network, args.peak_memory, args.interval, video))
        return 0
    peaks = {way: _peak_of_process(args, way) for way in WAYS}
    print(f"{args.frames} frames, {torch.get_num_threads()} threads, torch {torch.__version__}", flush=True)
    lanes = make_lanes(network, args.interval)
    plain_frames = np.linspace(0, args.frames - 1, min(args.plain_frames, args.frames)).astype(int).tolist()
    for _ in range(args.repeats):
        race(lanes, video, plain_frames)
    print(f"\n{speed_table(lanes, peaks)}\n\n{share_of_bfloat16(lanes)}", flush=True)
    rates = Rates.measured()
    print(f"\n{rates}")
    for way in ("exact fp32", DEFAULT):
        table = time_table(network, lanes[way], lanes[PLAIN].median, video, rates)
        print(f"\n{way}:\n\n{table}", flush=True)
    reached = {
        "exact fp32 over plain": lanes[PLAIN].median / lanes["exact fp32"].median,
        "default over plain": lanes[PLAIN].median / lanes[DEFAULT].median,
        "small model, default, frames/s": 1 / seconds_per_frame(small, args.interval, video),
        "small model, IoU of default and plain masks": mean_iou(small, args.interval, video),
        "exact fp32 logits against plain, relative": logit_difference(
            network, args.interval, video, plain_frames
        ),
    }
    return _verdict(reached)


def _load(name_or_file: str) -> Box2SegNet:
    network = load_network(name_or_file)
    if not isinstance(network, Box2SegNet):
        raise InputError(f"{name_or_file} is a {network.config.variant}: must be a Box2Seg network")
    return network


def _network(args: argparse.Namespace) -> Box2SegNet:
    if args.weights:
        return _load(args.weights)
    torch.manual_seed(0)
    return box2seg_resnet50().eval()


def _peak_of_process(args: argparse.Namespace, way: str) -> int:
    """:func:`peak_memory` of a process of its own, while this one is small: a child starts with its parent's
    peak."""
    command = [sys.executable, str(Path(__file__).resolve()), "--peak-memory", way]
    command += ["--frames", str(args.frames), "--interval", str(args.interval)]
    command += ["--weights", str(args.weights)] * bool(args.weights)
    return int(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def speed_table(lanes: Mapping[str, Lane], peaks: Mapping[str, int]) -> str:
    """A row for each way."""
    lines = [
        "| way | s/frame, median | lowest to highest | plain / this | peak memory, MiB |",
        "|---|---|---|---|---|",
    ]
    for way, lane in lanes.items():
        spread = f"{min(lane.seconds):.3f} to {max(lane.seconds):.3f}"
        ratio, peak = lanes[PLAIN].median / lane.median, peaks[way] / MEBIBYTE
        lines.append(f"| {way} | {lane.median:.3f} | {spread} | {ratio:.1f} | {peak:,.0f} |")
    return "\n".join(lines)


def share_of_bfloat16(lanes: Mapping[str, Lane]) -> str:
    """How much of the default's gain comes from bfloat16."""
    plain, shared, default = (lanes[way].median for way in (PLAIN, "shared fp32", DEFAULT))
    share = math.log(shared / default) / math.log(plain / default)
    return (
        f"Of the default's {plain / default:.1f} x, {shared / default:.1f} x are bfloat16 ({share:.0%} in "
        f"logarithms), {plain / shared:.1f} x all the rest."
    )


def _verdict(reached: Mapping[str, float]) -> int:
    """Print what was reached; 1 when it is not enough."""
    missed = [name for name, value in AT_LEAST.items() if not reached[name] >= value]
    missed += [name for name, value in AT_MOST.items() if not reached[name] <= value]
    bounds = {name: f"at least {value:g}" for name, value in AT_LEAST.items()}
    bounds |= {name: f"at most {value:g}" for name, value in AT_MOST.items()}
    print()
    for name, value in reached.items():
        print(f"{name}: {value:.3g} ({bounds[name]}{', MISSED' if name in missed else ''})")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
