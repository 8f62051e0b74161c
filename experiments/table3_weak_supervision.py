"""Table 3: LWL trained where a tenth of the data has masks and the rest has boxes, at small scale.

    python experiments/table3_weak_supervision.py --work weak --davis DAVIS [--seeds 3]

A is a tenth of the stills (DUTS-TR, COCO), B clips made of the others, of which boxes are shown. With each
seed a small Box2Seg is trained on A and makes masks for B from the boxes; then five trackers are trained, all
from that Box2Seg's weights: on A alone, on A and B's boxes (MIL, MIL + CRF), on A and the masks made for B,
on A and B's true masks. They track DAVIS and clips of stills held out, from the first true mask.

What is done is not done again, so that the same command goes on after a stop. --dry-run says what would be
done. Needs LTR_DUTS_DIR, and takes LTR_COCO_DIR too (ltr/environment.py says what they hold).

At the paper's scale: ltr/run_training.py lwl weak_masks_only, weak_mil, weak_mil_crf, weak_pseudo, weak_full.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from report import FOLDER, provenance, shown_command, write_report
from weak_chain import CLIP_SEED, ROWS, Budget, SeedOutcome, WeakChain

from box2seg_plugin.variants import load_network
from ltr.command_line import BAD_INPUT, OneLineParser, print_error
from ltr.dataset.split import SHARE_A, SPLIT_SEED
from ltr.device import DEVICES
from ltr.environment import environment
from ltr.errors import InputError
from ltr.output_folder import make_folder
from ltr.plugins import load_plugins
from pytracking.analysis.report import markdown_table
from pytracking.evaluation.datasets import load_sequences

NAME = "table3_weak_supervision"
TITLE = "Weak supervision (the paper's Table 3), at small scale"

LABELS = {
    "masks_only": ("only A", "-"),
    "mil": ("MIL", "boxes"),
    "mil_crf": ("MIL + CRF", "boxes"),
    "pseudo": ("ours", "Box2Seg's masks"),
    "full": ("full supervision", "true masks"),
}
"""Row -> what it is called, and what it is told of B."""

STRICTLY = {"mil": True, "mil_crf": False, "pseudo": True, "full": True}
"""Row -> whether, in the paper's order, it is better than the one above, or at least as good."""

ABOUT = (
    "LWL trained on clips with masks (A) and clips of which boxes are known (B), five ways. MIL: multiple "
    "instance learning from the boxes' rows and columns (Hsu et al., NeurIPS 2019). CRF: with a dense CRF as "
    "regulariser (Tang et al., ECCV 2018). Ours: with masks that a Box2Seg trained on A made from the boxes."
)

HOW_MEASURED = (
    "J-Mean of pytracking.analysis (all frames but the first and the last), tracked from the first frame's "
    "true mask: mean and standard deviation over the seeds, each with an annotator of its own. All trackers "
    "start from the weights of their seed's annotator, which has seen no mask of B. Half of the clips of a "
    "step are A's, in the first row all. J of the labels: with the true masks of B. The paper's own figures "
    "are not recorded here."
)


def parser() -> OneLineParser:
    """The command line."""
    result = OneLineParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = result.add_argument
    add("--work", type=Path, required=True, metavar="DIR", help="for clips, masks, weights, results")
    add("--davis", type=Path, required=True, metavar="DIR", help="folder of JPEGImages and Annotations")
    add("--seeds", type=int, default=3, metavar="N", help="trainings with seeds 0 to N - 1 (3)")
    add("--clips", type=int, default=1500, help="of B (1500)")
    add("--frames", type=int, default=5, help="of each of them (5)")
    add("--held-out", type=int, default=40, metavar="CLIPS", help="to track (40)")
    add("--held-out-frames", type=int, default=12, metavar="T", help="of each of them (12)")
    add("--annotator-steps", type=int, default=2000, metavar="N", help="of the training on A (2000)")
    add("--steps", type=int, default=600, help="of each tracker's training (600)")
    add("--device", choices=DEVICES, default="auto", help="where to compute (auto)")
    add("--out", type=Path, default=FOLDER, metavar="DIR", help="for the report (experiments/results)")
    add("--dry-run", action="store_true", help="say what would be done and what is missing for it, and end")
    return result


def run(args: argparse.Namespace, command: str) -> str:
    """Do what is not done, and write the report.

    Returns:
        the tables, in Markdown.

    Raises:
        InputError: an option, the environment or the data cannot be used, or a step failed.
    """
    chain = _chain(args)
    load_plugins()
    videos = len(load_sequences("davis", args.davis))
    make_folder(args.work, "--work")
    make_folder(args.out, "--out")
    chain.make_clips()
    outcomes = [chain.run_seed(seed) for seed in range(args.seeds)]
    data = {"davis": f"{args.davis.resolve().name}", "held_out": "held-out clips"}
    text = (
        f"{format_table(outcomes, data)}\n\n{format_order(outcomes, data)}\n\n{format_seeds(outcomes, data)}"
    )
    annotators = {str(outcome.annotator): load_network(outcome.annotator) for outcome in outcomes}
    facts = provenance(command, annotators, _describe(args, videos), args.device, "auto")
    write_report(args.out, NAME, TITLE, [ABOUT, text, HOW_MEASURED, "Made by:", facts])
    return text


def plan(args: argparse.Namespace) -> str:
    """What :func:`run` would do, and what is missing for it."""
    chain = _chain(args)
    lines = [f"{TITLE}: {', '.join(LABELS[row][0] for row in ROWS)}; seeds 0 to {args.seeds - 1}"]
    places = environment()
    for key, needed in (("duts", "MISSING, set LTR_DUTS_DIR"), ("coco", "not configured, not needed")):
        lines.append(f"stills, {key}: {'configured' if places.has(key) else needed}")
    try:
        lines.append(f"videos: {len(load_sequences('davis', args.davis))} in {args.davis}")
    except InputError as error:
        lines.append(f"videos: MISSING, {error}")
    lines += chain.plan_clips()
    for seed in range(args.seeds):
        lines += chain.plan(seed)
    return "\n".join([*lines, f"report: {args.out / NAME}.md"])


def format_table(outcomes: Sequence[SeedOutcome], data: Mapping[str, str]) -> str:
    """Markdown: a line for each row, J on each data set over the seeds.

    Args:
        outcomes: of the seeds.
        data: data set -> its head.
    """
    label_j = {"pseudo": _spread([outcome.label_j for outcome in outcomes]), "full": "1.000"}
    lines = [
        [*LABELS[row], label_j.get(row, "-"), *(_spread(_values(outcomes, row, key)) for key in data), "-"]
        for row in ROWS
    ]
    return markdown_table(["trained with", "labels of B", "J of these", *data.values(), "paper"], lines)


def format_seeds(outcomes: Sequence[SeedOutcome], data: Mapping[str, str]) -> str:
    """Markdown: the same seed by seed."""
    head = [f"{text}, seed {seed}" for text in data.values() for seed in range(len(outcomes))]
    lines = [
        [LABELS[row][0], *(f"{value:.3f}" for key in data for value in _values(outcomes, row, key))]
        for row in ROWS
    ]
    return markdown_table(["trained with", *head], lines)


def format_order(outcomes: Sequence[SeedOutcome], data: Mapping[str, str]) -> str:
    """Whether the means come in the paper's order, and where not."""
    parts = []
    for key, text in data.items():
        means = {row: float(np.mean(_values(outcomes, row, key))) for row in ROWS}
        wrong = [
            f"{LABELS[row][0]} is {'not better than' if strictly else 'worse than'} {LABELS[above][0]}"
            for (row, strictly), above in zip(STRICTLY.items(), ROWS, strict=False)
            if means[row] < means[above] or (strictly and means[row] == means[above])
        ]
        parts.append(f"on {text}, {'; '.join(wrong) or 'as there'}")
    order = "only A < MIL <= MIL + CRF < ours < full supervision"
    return f"The paper's order is {order}. Of the means here: {'. '.join(parts)}."


def _chain(args: argparse.Namespace) -> WeakChain:
    if args.seeds < 1:
        raise InputError(f"--seeds is {args.seeds}: must be at least 1")
    budget = Budget(
        args.clips, args.frames, args.held_out, args.held_out_frames, args.annotator_steps, args.steps
    )
    return WeakChain(args.work.absolute(), args.davis, budget, args.device)


def _values(outcomes: Sequence[SeedOutcome], row: str, data: str) -> list[float]:
    return [outcome.j[row][data] for outcome in outcomes]


def _spread(values: Sequence[float]) -> str:
    """Mean, and standard deviation where there are several."""
    mean = f"{np.mean(values):.3f}"
    return f"{mean} ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else mean


def _describe(args: argparse.Namespace, videos: int) -> str:
    return (
        f"stills split {SHARE_A:g} : {1 - SHARE_A:g} by seed {SPLIT_SEED}; B is {args.clips} clips of "
        f"{args.frames} frames (seed {CLIP_SEED}); {args.annotator_steps} steps on A, {args.steps} of each "
        f"tracker; tracked: {args.davis.resolve().name}, {videos} videos, and {args.held_out} clips of "
        f"{args.held_out_frames} frames"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; 2 when the input is at fault."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    args = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        print(plan(args) if args.dry_run else run(args, shown_command(NAME, arguments)))
    except (InputError, OSError) as error:
        print_error(f"{NAME}.py", error)
        return BAD_INPUT
    return 0


if __name__ == "__main__":
    sys.exit(main())
