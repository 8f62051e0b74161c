"""What the scripts of the tables share: their options, the plan, the run and the report."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from report import FOLDER, provenance, shown_command, write_report
from sweep import Result, Setting, compare
from table_rows import Row, Table

from box2seg_plugin.box_network import BoxNet
from box2seg_plugin.variants import load_network
from ltr.command_line import BAD_INPUT, OneLineParser, print_error
from ltr.device import DEVICES, PRECISIONS
from ltr.errors import InputError
from ltr.output_folder import make_folder
from pytracking.analysis.report import markdown_table
from pytracking.evaluation.labelled_video import LabelledVideo, davis_videos

HOW_MEASURED = (
    "J: mean over the evaluated frames with a true object, then over the objects of a video, then over the "
    "videos. Boxes are made from the true masks. s/frame: what the row takes by itself, reading included. "
    "The paper's own figures are not recorded here."
)

NOT_TRAINED = "not trained"

COLUMNS: dict[str, tuple[str, Callable[[Result], float]]] = {
    "frames a window": (".1f", lambda result: result.window_frames),
    "true mask cut at the box": (".3f", lambda result: result.ceiling),
}
"""Columns that some tables have besides J and seconds."""


def table_parser(table: Table) -> argparse.ArgumentParser:
    """The command line of a table."""
    result = OneLineParser(
        prog=f"{table.name}.py",
        description=f"{table.title}. {table.about}",
        epilog=f"example: python experiments/{table.name}.py --root DAVIS --every 4",
    )
    add = result.add_argument
    add("--root", type=Path, help="folder of JPEGImages and Annotations, as DAVIS has them")
    add("--sequences", nargs="+", metavar="NAME", help="some of its videos (all)")
    add("--every", type=int, default=1, metavar="N", help="evaluate every Nth frame; windows use all (1)")
    table.add_arguments(result)
    add("--device", choices=DEVICES, default="auto", help="where to compute (auto)")
    add("--precision", choices=PRECISIONS, default="auto", help="how precisely (auto)")
    add("--out", type=Path, default=FOLDER, metavar="FOLDER", help="for the report (experiments/results)")
    add("--dry-run", action="store_true", help="say what would be run and what is missing for it, and end")
    return result


def main(table: Table, argv: Sequence[str] | None = None) -> int:
    """Run a table's script; 2 when the input is at fault."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    args = table_parser(table).parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        if args.dry_run:
            print(plan(table, args))
        else:
            print(run(table, args, shown_command(table.name, arguments)))
    except (InputError, OSError) as error:
        print_error(f"{table.name}.py", error)
        return BAD_INPUT
    return 0


def run(table: Table, args: argparse.Namespace, command: str) -> str:
    """Make the table and write the report.

    Returns:
        the table, in Markdown.

    Raises:
        InputError: an option, the data or a network cannot be used.
    """
    rows = table.rows(args)
    make_folder(args.out, "--out")
    videos = _videos(table, args)
    networks = {model: load_network(model) for model in _models(rows)}
    _check_networks(rows, networks)
    settings = list(dict.fromkeys(setting for row in rows for setting in row.settings))
    results = compare(settings, networks, videos, args.every, args.device, args.precision, table.name)
    text = _format(table, rows, results, [video.name for video in videos])
    facts = provenance(command, networks, _describe_data(args, videos), args.device, args.precision)
    write_report(args.out, table.name, table.title, [table.about, text, HOW_MEASURED, "Made by:", facts])
    return text


def plan(table: Table, args: argparse.Namespace) -> str:
    """What :func:`run` would do, and what is missing for it."""
    rows = table.rows(args)
    lines = [f"{table.title}: {table.first} = {', '.join(row.label for row in rows)}"]
    lines += [f"network: {model}{_missing(model)}" for model in _models(rows)]
    lines += [f"network: MISSING, {row.label}: {NOT_TRAINED}" for row in rows if not row.settings]
    try:
        lines.append(f"data: {_describe_data(args, _videos(table, args))}")
    except InputError as error:
        lines.append(f"data: MISSING, {error}")
    settings = {setting for row in rows for setting in row.settings}
    return "\n".join([*lines, f"runs over the data: {len(settings)}", f"report: {args.out / table.name}.md"])


def _models(rows: Sequence[Row]) -> list[str]:
    """The networks that the rows ask for."""
    return list(dict.fromkeys(setting.model for row in rows for setting in row.settings))


def _missing(model: str) -> str:
    try:
        load_network(model)
    except InputError as error:
        return f": MISSING, {error}"
    return ""


def _videos(table: Table, args: argparse.Namespace) -> list[LabelledVideo]:
    if args.root is None:
        raise InputError("--root is not given: name the folder of JPEGImages and Annotations")
    return [table.videos(args, video) for video in davis_videos(args.root, args.sequences)]


def _check_networks(rows: Sequence[Row], networks: Mapping[str, BoxNet]) -> None:
    """Refuse a network that is not what its row says.

    Raises:
        InputError: one is not.
    """
    for row in rows:
        for setting in row.settings:
            config = networks[setting.model].config.to_dict()
            wrong = [
                f"{key} = {config.get(key)} ({value})"
                for key, value in row.needs.items()
                if config.get(key) != value
            ]
            if wrong:
                raise InputError(f"{setting.model} is no {row.label} network: its {', '.join(wrong)}")


def _describe_data(args: argparse.Namespace, videos: Sequence[LabelledVideo]) -> str:
    known = [sum(mask is not None for mask in video.masks) for video in videos]
    evaluated = sum(len(range(0, count, max(1, args.every))) for count in known)
    frames = sum(len(video.masks) for video in videos)
    return f"{args.root.resolve().name}, {len(videos)} videos, {frames} frames, {evaluated} of them evaluated"


def _format(
    table: Table, rows: Sequence[Row], results: Mapping[Setting, Result], videos: Sequence[str]
) -> str:
    head = [table.first, *videos, "mean J", *table.columns, "s/frame"]
    lines = []
    for row in rows:
        if not row.settings:
            lines.append([row.label, NOT_TRAINED, *["-"] * (len(head) - 2)])
            continue
        runs = [results[setting] for setting in row.settings]
        per_video = np.mean([[video.j for video in run.score.videos] for run in runs], axis=0)
        spread = f" ± {np.std([run.score.j for run in runs], ddof=1):.3f}" if len(runs) > 1 else ""
        columns = [COLUMNS[name] for name in table.columns]
        extra = [format(_mean(value(run) for run in runs), form) for form, value in columns]
        seconds = _mean(run.score.seconds_per_frame for run in runs)
        mean_j = f"**{_mean(run.score.j for run in runs):.3f}**{spread}"
        lines.append([row.label, *(f"{j:.3f}" for j in per_video), mean_j, *extra, f"{seconds:.3f}"])
    return markdown_table(head, lines)


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
