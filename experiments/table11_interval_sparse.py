"""Table 11: J by the distance between the frames of a window, where few frames have boxes (YouTube-VOS).

python experiments/table11_interval_sparse.py --root DAVIS
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from table_command import main
from table_rows import Table, Varied

from ltr.errors import InputError
from pytracking.evaluation.labelled_video import LabelledVideo

INTERVALS = Varied("interval", [5, 10, 15, 25], "--intervals")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this table."""
    INTERVALS.add_arguments(parser)
    text = "keep the mask of every Ath frame (5); 1 for videos that are sparse as they are"
    parser.add_argument("--annotated", type=int, default=5, metavar="A", help=text)


def keep_annotated(args: argparse.Namespace, video: LabelledVideo) -> LabelledVideo:
    """The video as YouTube-VOS has it: frames between the annotated ones have neither mask nor box.

    Raises:
        InputError: ``args.annotated`` is less than 1.
    """
    if args.annotated < 1:
        raise InputError(f"--annotated is {args.annotated}: must be at least 1")
    masks = tuple(mask if i % args.annotated == 0 else None for i, mask in enumerate(video.masks))
    return replace(video, masks=masks)


TABLE = Table(
    name="table11_interval_sparse",
    title="Interval between frames, sparse annotations (the paper's Table 11)",
    about=(
        "One network, boxes in every 5th frame (--annotated) as in YouTube-VOS: windows hold annotated "
        "frames alone, and those are evaluated. Intervals count all frames. Where a video is shorter than "
        "(T - 1) times the interval, windows shrink: a column shows their mean length."
    ),
    first="interval",
    add_arguments=add_arguments,
    rows=INTERVALS.rows,
    columns=("frames a window",),
    videos=keep_annotated,
)

if __name__ == "__main__":
    sys.exit(main(TABLE))
