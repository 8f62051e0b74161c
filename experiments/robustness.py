"""J by how far the boxes are off, for people do not draw them exactly.

python experiments/robustness.py --root DAVIS
"""

from __future__ import annotations

import argparse
import sys

from sweep import Setting
from table_command import main
from table_rows import Row, Table, add_network, add_window

from ltr.errors import InputError

AMOUNTS = (0.0, 0.05, 0.1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this table."""
    add_network(parser)
    shown = " ".join(f"{amount:g}" for amount in AMOUNTS)
    text = f"how far edges move, in sizes of the box ({shown})"
    parser.add_argument("--jitter", nargs="+", type=float, default=AMOUNTS, metavar="SHARE", help=text)
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="draws of each amount (3)")
    add_window(parser)


def rows(args: argparse.Namespace) -> list[Row]:
    """One row for each amount: so many draws of it, but the boxes as they are only once.

    Raises:
        InputError: an amount or the number of draws is out of range.
    """
    if args.seeds < 1:
        raise InputError(f"--seeds is {args.seeds}: must be at least 1")
    result = []
    for amount in args.jitter:
        if not 0 <= amount < 0.5:
            raise InputError(f"--jitter is {amount:g}: must be at least 0 and less than 0.5 (0.05 is 5 %)")
        draws = range(args.seeds) if amount else range(1)
        settings = tuple(
            Setting(args.model, args.frames, args.interval, jitter=amount, seed=seed) for seed in draws
        )
        result.append(Row(f"{100 * amount:g} %", settings))
    return result


TABLE = Table(
    name="robustness",
    title="Boxes that are off",
    about=(
        "One network. Each edge of each box moves by a uniform share, up to the one given, of its size. "
        "Mean and standard deviation over several draws. Masks end at their boxes, so even the true mask "
        "loses what lies outside: a column shows its J."
    ),
    first="jitter",
    add_arguments=add_arguments,
    rows=rows,
    columns=("true mask cut at the box",),
)

if __name__ == "__main__":
    sys.exit(main(TABLE))
