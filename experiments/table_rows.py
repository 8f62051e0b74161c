"""What a table is: its rows, the ways of segmenting behind them, and the options that choose them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sweep import Setting

from box2seg_plugin.segmenter import DEFAULT_MODEL
from pytracking.evaluation.labelled_video import LabelledVideo


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        label: its first cell.
        settings: what is run; of several, mean and standard deviation are shown. None: there is no network.
        needs: fields of the network's config, and the values they must have.
    """

    label: str
    settings: tuple[Setting, ...] = ()
    needs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A table of the paper.

    Attributes:
        name: of its script and its report.
        title: headline of the report.
        about: what is varied, and what one has to know to read it.
        first: head of the first column.
        add_arguments: adds the options of this table.
        rows: the rows that the options ask for. InputError for options out of range.
        columns: keys of :data:`table_command.COLUMNS`, besides J and seconds.
        videos: what is made of a video before it is segmented.
    """

    name: str
    title: str
    about: str
    first: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    rows: Callable[[argparse.Namespace], list[Row]]
    columns: tuple[str, ...] = ()
    videos: Callable[[argparse.Namespace, LabelledVideo], LabelledVideo] = lambda _, video: video


@dataclass(frozen=True)
class Varied:
    """The one thing that a table varies, as rows: a list of values that the user may change.

    Attributes:
        field: of :class:`sweep.Setting`.
        values: the list.
        option: its name on the command line.
    """

    field: str
    values: Sequence[float]
    option: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the list, the network, and of T and the interval what is not varied."""
        add_network(parser)
        shown = " ".join(f"{value:g}" for value in self.values)
        kind = type(self.values[0])
        parser.add_argument(
            self.option, nargs="+", type=kind, default=self.values, dest="values", help=f"({shown})"
        )
        add_window(parser, except_for=self.field)

    def rows(self, args: argparse.Namespace) -> list[Row]:
        """One row for each value."""
        fixed = {name: getattr(args, name) for name in WINDOW if name != self.field}
        return [
            Row(f"{value:g}", (Setting(args.model, **{**fixed, self.field: value}),)) for value in args.values
        ]


WINDOW = {"frames": ("T", "frames of a window (5)"), "interval": ("D", "frames between them (5)")}
"""Options of a window: name -> metavar, help."""


def add_network(parser: argparse.ArgumentParser) -> None:
    """The option of the tables that look at one network."""
    text = f"the network ({DEFAULT_MODEL})"
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME_OR_FILE", help=text)


def add_window(parser: argparse.ArgumentParser, except_for: str = "") -> None:
    """The options of a window, one of which may be left out."""
    for name, (metavar, text) in WINDOW.items():
        if name != except_for:
            parser.add_argument(f"--{name}", type=int, default=5, metavar=metavar, help=text)
