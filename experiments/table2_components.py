"""Table 2: J of networks that lack parts of the method, each trained by itself.

python experiments/table2_components.py --root DAVIS --models SingleImage=single_image.safetensors

They are trained by python ltr/run_training.py box2seg small_single_image (small_multi_frame,
small_multi_frame_plus); the whole network is box2seg small.
"""

from __future__ import annotations

import argparse
import sys

from sweep import Setting
from table_command import main
from table_rows import Row, Table, add_window

from box2seg_plugin.network import ABLATIONS
from box2seg_plugin.segmenter import DEFAULT_MODEL
from ltr.errors import InputError
from ltr.registry import unknown_name

WHOLE = "MultiFrameIterative"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this table."""
    text = f"weights of {', '.join(ABLATIONS)} ({WHOLE}={DEFAULT_MODEL})"
    parser.add_argument("--models", nargs="+", default=[], metavar="NAME=FILE", help=text)
    add_window(parser)


def rows(args: argparse.Namespace) -> list[Row]:
    """One row for each network of the paper; without settings where no weights are given.

    Raises:
        InputError: ``args.models`` holds something else than NAME=FILE, a name that is none, or one twice.
    """
    given: dict[str, str] = {}
    for text in args.models:
        name, _, file = text.partition("=")
        if not file:
            raise InputError(f"--models {text}: must be NAME=FILE, NAME one of {', '.join(ABLATIONS)}")
        if name not in ABLATIONS:
            raise unknown_name("network of this table", name, ABLATIONS)
        if name in given:
            raise InputError(f"--models gives {name} twice: {given[name]} and {file}")
        given[name] = file
    weights = {WHOLE: DEFAULT_MODEL, **given}
    result = []
    for name, parts in ABLATIONS.items():
        settings = (Setting(weights[name], args.frames, args.interval),) if name in weights else ()
        result.append(Row(name, settings, parts))
    return result


TABLE = Table(
    name="table2_components",
    title="Components (the paper's Table 2)",
    about=(
        "Networks that lack parts of the method, each trained by itself. SingleImage: the guess from one "
        "frame. MultiFrame: what several frames agree on. MultiFrame+: both. MultiFrameIterative: both, "
        "refined. The list below says how each was trained."
    ),
    first="network",
    add_arguments=add_arguments,
    rows=rows,
)

if __name__ == "__main__":
    sys.exit(main(TABLE))
