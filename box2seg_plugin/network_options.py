"""The options that say which network runs and how: the same for every command that segments."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from box2seg_plugin.windows import RULES

if TYPE_CHECKING:
    from box2seg_plugin.segmenter import VideoSegmenter


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    """Which network, and where it computes."""
    add = parser.add_argument
    add("--model", metavar="NAME_OR_FILE", help="network, or file of weights (box2seg_small)")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to compute (auto)")
    add("--precision", choices=("auto", "fp32", "bf16"), default="auto", help="how precisely (auto)")


def add_window_arguments(parser: argparse.ArgumentParser, windows: str = "exact") -> None:
    """How a video is gone through; ``windows`` is the default of that option."""
    add = parser.add_argument
    add("--frames", type=int, default=5, metavar="T", help="frames looked at together, odd (5)")
    add("--interval", type=int, default=5, metavar="D", help="distance between them, frames (5)")
    add(
        "--windows",
        choices=tuple(RULES),
        default=windows,
        help=f"exact: each frame with the T around it; shared: T frames at once, faster ({windows})",
    )
    add("--refinements", type=int, metavar="N", help="refinement passes (the network's own number)")
    add("--flip", action="store_true", help="average with the mirrored video: takes twice as long")


def make_segmenter(args: argparse.Namespace, read_ahead: int = 0) -> VideoSegmenter:
    """The segmenter that both groups of options describe.

    Args:
        args: the parsed options.
        read_ahead: see :class:`box2seg_plugin.segmenter.VideoSegmenter`.

    Raises:
        InputError: an option is out of range, there is no such device or network.
    """
    # Here, because torch takes seconds to import, which --help need not wait for.
    from box2seg_plugin.segmenter import DEFAULT_MODEL, VideoSegmenter

    return VideoSegmenter(
        args.model or DEFAULT_MODEL,
        frames=args.frames,
        interval=args.interval,
        refinements=args.refinements,
        device=args.device,
        precision=args.precision,
        flip=args.flip,
        windows=args.windows,
        read_ahead=read_ahead,
    )
