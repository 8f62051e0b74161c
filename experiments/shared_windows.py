"""Shared windows against exact ones: J on clips made from stills that training set aside.

    python experiments/shared_windows.py [--model box2seg_small] [--clips 40] [--frames 40]

Shared windows cost a fraction (box2seg_plugin/windows.py); the annotator uses them as long as they are
within 0.003 of the exact ones. Exit code 1 when they are not. Needs LTR_DUTS_DIR (ltr/environment.py says
what it holds).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from box2seg_plugin.segmenter import DEFAULT_MODEL, VideoSegmenter
from box2seg_plugin.train_settings.small import small
from box2seg_plugin.variants import load_network
from box2seg_plugin.windows import RULES
from ltr.command_line import BAD_INPUT, OneLineParser, print_error
from ltr.dataset.interface import Clip
from ltr.dataset.synthetic_clips import SyntheticClips
from ltr.device import DEVICES, PRECISIONS
from ltr.environment import environment
from ltr.errors import InputError
from ltr.train_settings.clip_data import ClipData
from pytracking.analysis.davis import region_similarity
from pytracking.analysis.report import markdown_table

BOUND = 0.003
"""What shared windows may lose."""

SEED = 20212


@dataclass(frozen=True)
class Comparison:
    """J of each clip, by rule."""

    values: dict[str, list[float]]

    @property
    def loss(self) -> float:
        """What shared windows lose, in the mean."""
        return float(np.mean(self.values["exact"]) - np.mean(self.values["shared"]))

    @property
    def standard_error(self) -> float:
        """Of the loss, by the clips' scatter."""
        losses = np.subtract(self.values["exact"], self.values["shared"])
        return float(losses.std(ddof=1) / np.sqrt(len(losses))) if len(losses) > 1 else float("nan")

    def table(self) -> str:
        """In Markdown."""
        rows = [[rule, f"{np.mean(values):.4f}"] for rule, values in self.values.items()]
        rows.append(["lost by shared", f"{self.loss:.4f} ± {self.standard_error:.4f} (at most {BOUND:g})"])
        return markdown_table(["windows", f"J, mean over {len(self.values['exact'])} clips"], rows)


def clip_j(segmenter: VideoSegmenter, clip: Clip) -> float:
    """Mean J over a clip's frames."""
    found = segmenter(clip.images, clip.boxes)
    return float(
        np.mean([region_similarity(true > 0, mask > 0) for true, mask in zip(clip.masks, found, strict=True)])
    )


def compare(args: argparse.Namespace) -> Comparison:
    """Segment the clips with both kinds of windows."""
    network = load_network(args.model)
    segmenters = {
        rule: VideoSegmenter(
            network, args.window, args.interval, device=args.device, precision=args.precision, windows=rule
        )
        for rule in RULES
    }
    source = SyntheticClips(ClipData(environment(), small.held_out).held_out_stills())
    values: dict[str, list[float]] = {rule: [] for rule in RULES}
    for number in tqdm(range(args.clips), unit="clip", disable=None):
        clip = source.sample(np.random.default_rng([SEED, number]), args.frames)
        for rule, segmenter in segmenters.items():
            values[rule].append(clip_j(segmenter, clip))
    return Comparison(values)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; 1 when shared windows lose too much, 2 when the input is at fault."""
    parser = OneLineParser(
        prog="shared_windows.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--model", default=DEFAULT_MODEL, help="network, or file of weights (box2seg_small)")
    add("--clips", type=int, default=40, help="(40)")
    add("--frames", type=int, default=40, help="of a clip (40)")
    add("--window", type=int, default=5, help="frames of a window, odd (5)")
    add("--interval", type=int, default=5, help="between them, frames (5)")
    add("--device", choices=DEVICES, default="auto", help="where to compute (auto)")
    add("--precision", choices=PRECISIONS, default="auto", help="how precisely (auto)")
    args = parser.parse_args(argv)
    try:
        if min(args.clips, args.frames) < 1:
            raise InputError(f"--clips is {args.clips}, --frames {args.frames}: both must be at least 1")
        comparison = compare(args)
    except InputError as error:
        print_error(parser.prog, error)
        return BAD_INPUT
    print(comparison.table())
    return int(comparison.loss > BOUND)


if __name__ == "__main__":
    sys.exit(main())
