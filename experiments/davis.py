"""J on videos in the layout of DAVIS, boxes made from the true masks: the base of tables 1, 2 and 8 to 11.

python experiments/davis.py --root DAVIS --frames 1 3 5
python experiments/davis.py --root DAVIS --sequences dog goat --frames 5 --jitter 0.05 0.10 --baselines
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

import torch

from box2seg_plugin.evaluation import Score, evaluate, score_initializers, score_table
from box2seg_plugin.segmenter import DEFAULT_MODEL
from box2seg_plugin.variants import load_network
from ltr.checkpoint import weights_digest
from ltr.command_line import BAD_INPUT, OneLineParser, print_error
from ltr.errors import InputError
from ltr.output_folder import check_writable
from pytracking.evaluation.labelled_video import davis_videos


def parser() -> OneLineParser:
    """The command line."""
    result = OneLineParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = result.add_argument
    add("--root", type=Path, required=True, help="folder of JPEGImages and Annotations")
    add("--sequences", nargs="+", metavar="NAME", help="some of its videos (all)")
    add("--frames", nargs="+", type=int, default=[1, 5], metavar="T", help="frames of a window (1 5)")
    add("--interval", type=int, default=5, metavar="D", help="distance between them (5)")
    add("--model", default=DEFAULT_MODEL, metavar="NAME_OR_FILE", help=f"({DEFAULT_MODEL})")
    add("--scale", type=float, help="side of the crop over side of the box (the network's own)")
    add("--refinements", type=int, metavar="N", help="(the network's own number)")
    add("--flip", action="store_true", help="average with the mirrored video")
    add("--jitter", nargs="+", type=float, default=[], metavar="SHARE", help="also with boxes that are off")
    add("--baselines", action="store_true", help="also the box filled, its ellipse, and GrabCut")
    add("--per-object", action="store_true", help="a column for each object")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto")
    add("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    add("--json", type=Path, metavar="FILE", help="write the numbers as well")
    return result


def run(args: argparse.Namespace) -> None:
    """Score every row and print the table."""
    for share in args.jitter:
        if not 0 <= share < 0.5:
            raise InputError(f"--jitter is {share:g}: must be at least 0 and less than 0.5")
    if args.json:
        check_writable(args.json.parent, "--json")
    videos = davis_videos(args.root, args.sequences)
    network = load_network(args.model)
    scores = score_initializers(videos) if args.baselines else []
    for jitter in [0.0, *args.jitter]:
        for frames in args.frames:
            scores.append(
                evaluate(
                    network,
                    videos,
                    frames,
                    args.interval,
                    args.scale,
                    args.refinements,
                    jitter,
                    args.flip,
                    args.device,
                    args.precision,
                )
            )
    print(score_table(scores, args.per_object))
    if args.json:
        args.json.write_text(json.dumps(_record(args, scores, weights_digest(network)), indent=1) + "\n")


def _record(args: argparse.Namespace, scores: list[Score], digest: str) -> dict[str, object]:
    """The numbers, and what made them."""
    return {
        "command": " ".join(sys.argv),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": args.model,
        "weights_sha256": digest,
        "torch": torch.__version__,
        "machine": platform.machine(),
        "rows": [
            {
                "method": score.method,
                "J": score.j,
                "seconds_per_frame": score.seconds_per_frame,
                "videos": {v.video: {"J": v.j, "objects": dict(v.j_of_object)} for v in score.videos},
            }
            for score in scores
        ],
    }


def main() -> int:
    """Run; 2 when the input is at fault."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        run(parser().parse_args())
    except (InputError, OSError) as error:
        print_error("davis.py", error)
        return BAD_INPUT
    return 0


if __name__ == "__main__":
    sys.exit(main())
