"""The whole chain: boxes -> masks -> a tracker trained on them, against true masks and filled boxes.

    python experiments/pseudo_label_chain.py --work chain --davis DAVIS [--clips 300] [--steps 400]

1. Clips are made from the stills to train on (DUTS-TR, COCO) and written as videos with a box in each frame;
   their true masks are hidden.
2. `box2seg annotate folder` makes masks from the boxes.
3. lwl/small is trained three times: on the true masks, on those of step 2, on the filled boxes. All else is
   the same: clips, frames, crops, steps, seed, and the weights to start from (box2seg_small's).
4. Each network tracks the videos of DAVIS from the box of the first true mask, from which Box2Seg makes the
   mask to start with (lwl/box2seg_init).

What is done is not done again, so that the same command goes on after a stop. Needs LTR_DUTS_DIR or
LTR_COCO_DIR (ltr/environment.py says what they hold) as long as there are clips to be made.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from chain_clips import (
    CLIPS,
    RECTANGLES,
    TRUE,
    LabelQuality,
    judge_labels,
    missing_clips,
    note_settings,
    write_clips,
)
from chain_steps import annotate_clips, timed, track, train
from report import FOLDER, provenance, shown_command, write_report

from box2seg_plugin.parameters import box2seg_init
from box2seg_plugin.segmenter import DEFAULT_MODEL
from box2seg_plugin.variants import load_network
from ltr.command_line import BAD_INPUT, OneLineParser, print_error
from ltr.dataset.synthetic_clips import SyntheticClips
from ltr.device import DEVICES
from ltr.environment import environment
from ltr.errors import InputError
from ltr.output_folder import make_folder
from ltr.plugins import load_plugins
from ltr.train_settings.clip_data import AT_LEAST, ClipData
from ltr.train_settings.lwl.settings import build
from ltr.train_settings.lwl.small import small
from pytracking.analysis.report import Scores, markdown_table
from pytracking.evaluation.datasets import load_sequences

NAME = "pseudo_label_chain"
TITLE = "From boxes to a tracker: LWL trained on Box2Seg's masks"

ROWS = {"true": "true masks", "box2seg": "Box2Seg's masks", "rectangles": "filled boxes"}
"""Labels that are trained on -> what the table calls them."""

ABOUT = (
    "Clips made from stills get masks from their boxes alone, LWL is trained on these, and tracks videos "
    "from the first frame's box. Beside it the same training, on the same frames, with the clips' true masks "
    "and with their boxes filled. The annotator was trained on clips of the same stills (other "
    "compositions), and all three trainings start from box2seg_small's weights, as lwl/small does."
)

HOW_MEASURED = (
    "Labels: masks that are trained on, and their mean J with the true ones. The other columns: J-Mean of "
    "pytracking.analysis on the videos (all frames but the first and the last), started from the box of the "
    "first true mask through Box2Seg (lwl/box2seg_init with the network of the row)."
)


def parser() -> OneLineParser:
    """The command line."""
    result = OneLineParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = result.add_argument
    add("--work", type=Path, required=True, metavar="DIR", help="for clips, masks, weights, results")
    add("--davis", type=Path, required=True, metavar="DIR", help="folder of JPEGImages and Annotations")
    add("--clips", type=int, default=300, help="made from stills (300)")
    add("--frames", type=int, default=8, help="of a clip (8)")
    add("--steps", type=int, default=400, help="of each training (400)")
    add("--seed", type=int, default=0, help="of clips and trainings (0)")
    add("--model", default=DEFAULT_MODEL, help=f"the annotator's network or file ({DEFAULT_MODEL})")
    add("--min-quality", type=float, default=0.0, metavar="Q", help="train on the annotator's masks whose "
        "score is at least this (0: on all)")  # fmt: skip
    add("--device", choices=DEVICES, default="auto", help="where to compute (auto)")
    add("--out", type=Path, default=FOLDER, metavar="DIR", help="for the report (experiments/results)")
    return result


def run(args: argparse.Namespace, command: str) -> str:
    """Do what is not done, and write the report.

    Returns:
        the table, in Markdown.

    Raises:
        InputError: an option, the environment or the data cannot be used, or a step failed.
    """
    for option in ("clips", "frames", "steps"):
        if getattr(args, option) < 1:
            raise InputError(f"--{option} is {getattr(args, option)}: must be at least 1")
    if not 0 <= args.min_quality <= 1:
        raise InputError(f"--min-quality is {args.min_quality:g}: must be from 0 to 1")
    load_plugins()
    make_folder(args.work, "--work")
    make_folder(args.out, "--out")
    videos = [sequence.name for sequence in load_sequences("davis", args.davis)]
    with timed("clips"):
        make_clips(args)
    with timed("annotation"):
        masks = {"true": args.work / TRUE, "rectangles": args.work / RECTANGLES, "box2seg": annotate(args)}
    scores: dict[str, Mapping[str, Scores]] = {}
    for labels in ROWS:
        with timed(f"training on {ROWS[labels]}"):
            weights = train_on(args, labels, masks[labels])
        with timed(f"tracking after it, {len(videos)} videos"):
            scores[labels] = track_davis(args, labels, weights)
    least = {labels: args.min_quality if labels == "box2seg" else 0.0 for labels in ROWS}
    own = {labels: judge_labels(args.work, folder, least[labels]) for labels, folder in masks.items()}
    table = format_table(own, scores, videos)
    network = {args.model: load_network(args.model)}
    facts = provenance(command, network, _describe(args, videos), args.device, "auto")
    write_report(args.out, NAME, TITLE, [ABOUT, table, HOW_MEASURED, "Made by:", facts])
    return table


def make_clips(args: argparse.Namespace) -> None:
    """Step 1; the stills are read only if clips are missing."""
    note_settings(args.work, {"clips": args.clips, "frames": args.frames, "seed": args.seed})
    if missing_clips(args.work, args.clips):
        stills = ClipData(environment(), small.held_out).training_stills()
        source = SyntheticClips(stills, small.clip_styles[0])
        write_clips(args.work, source, args.clips, args.frames, args.seed)


def annotate(args: argparse.Namespace) -> Path:
    """Step 2.

    Returns:
        folder of the masks.
    """
    return annotate_clips(args.work / CLIPS, args.work / "annotated", args.model, args.device)


def train_on(args: argparse.Namespace, labels: str, masks: Path) -> Path:
    """Step 3 for one kind of labels.

    Returns:
        file of the weights.
    """
    workspace = args.work / "workspace"
    places = environment({"workspace": workspace, "pseudo_frames": args.work / CLIPS, "pseudo_masks": masks})
    return train(build(small, places, **changes(args, labels)), workspace, args.device)


def changes(args: argparse.Namespace, labels: str) -> dict[str, Any]:
    """What is otherwise than in lwl/small."""
    good_enough = f"{AT_LEAST}{args.min_quality:g}" if labels == "box2seg" and args.min_quality else ""
    return {
        "name": f"chain_{labels}",
        "data": ((f"pseudo_masks{good_enough}", 1.0),),
        "stages": (replace(small.stages[0], steps=args.steps),),
        "warmup": min(small.warmup, args.steps // 4),
        "passers_by": 0.0,  # they are cut out with the true masks of stills, which are hidden here
        "coarse": 0.0,  # how far clips are shrunk depends on the labels: pictures would differ
        "seed": args.seed,
    }


def track_davis(args: argparse.Namespace, labels: str, weights: Path) -> Mapping[str, Scores]:
    """Step 4 for one network."""
    make_parameters = partial(box2seg_init, model=str(weights), device=args.device)
    results = args.work / "results"
    return track(f"chain_{labels}", weights, args.davis, results, make_parameters, from_boxes=True)


def format_table(
    own: Mapping[str, LabelQuality], scores: Mapping[str, Mapping[str, Scores]], videos: Sequence[str]
) -> str:
    """Markdown: a line for each kind of labels, a column for each video."""
    lines = []
    for labels, text in ROWS.items():
        per_video = [_mean_j(scores[labels], video) for video in videos]
        mean = scores[labels][""]["J-Mean"]
        known = [str(own[labels].count), f"{own[labels].j:.3f}"]
        lines.append([text, *known, *(f"{j:.3f}" for j in per_video), f"{mean:.3f}"])
    return markdown_table(["trained on", "labels", "their J", *videos, "mean J"], lines)


def _mean_j(scores: Mapping[str, Scores], video: str) -> float:
    """Over the objects of a video."""
    values = [score["J-Mean"] for name, score in scores.items() if name.rpartition("_")[0] == video]
    return sum(values) / len(values)


def _describe(args: argparse.Namespace, videos: Sequence[str]) -> str:
    least = f", of the annotator's masks those with a score of {args.min_quality:g} (other frames are drawn)"
    chosen = least if args.min_quality else ""
    return (
        f"{args.clips} clips of {args.frames} frames, seed {args.seed}{chosen}; {args.steps} steps of "
        f"{small.stages[0].batch} clips of {small.stages[0].frames} frames; {args.davis.name}, "
        f"{len(videos)} videos"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; 2 when the input is at fault."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    args = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        print(run(args, shown_command(NAME, arguments)))
    except (InputError, OSError) as error:
        print_error(f"{NAME}.py", error)
        return BAD_INPUT
    return 0


if __name__ == "__main__":
    sys.exit(main())
