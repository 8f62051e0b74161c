"""Table 2: J of networks that lack parts of the method, each trained by itself.

python experiments/table2_components.py --root DAVIS --models SingleImage=single_image.safetensors ...

They are trained by python ltr/run_training.py box2seg small_single_image (small_multi_frame,
small_multi_frame_plus, small_multi_frame_iterative).
"""

from __future__ import annotations

import argparse
import sys

from sweep import Setting
from table_command import main
from table_rows import Row, Table, add_window

from box2seg_plugin.network import ABLATIONS
from ltr.errors import InputError
from ltr.registry import unknown_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this table."""
    text = f"weights of {', '.join(ABLATIONS)}"
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
    result = []
    for name, parts in ABLATIONS.items():
        settings = (Setting(given[name], args.frames, args.interval),) if name in given else ()
        result.append(Row(name, settings, parts))
    return result


TABLE = Table(
    name="table2_components",
    title="Components (the paper's Table 2)",
    about=(
        "Networks that lack parts of the method, trained alike on one frozen backbone. SingleImage: the "
        "guess from one frame. MultiFrame: what several frames agree on. MultiFrame+: both. "
        "MultiFrameIterative: both, refined. The list below says how each was trained."
    ),
    first="network",
    add_arguments=add_arguments,
    rows=rows,
)

if __name__ == "__main__":
    sys.exit(main(TABLE))
