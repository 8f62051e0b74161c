"""Score trackers on a data set.

    python -m pytracking.analysis lwl/box2seg_init --dataset bundled
    python -m pytracking.analysis lwl/box2seg_init lwl/true_mask --dataset lasot

prints a table and writes plots and a JSON file with every number and curve. What is read are the results of
run_tracker.py, ``<results>/<tracker>/<parameters>/``, or any folder with files of the same form.
"""

import argparse
import importlib.util
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ltr.command_line import BAD_INPUT, OneLineParser, print_error
from ltr.environment import environment
from ltr.errors import InputError
from pytracking.analysis.datasets import DATASETS, DataSet, Options, dataset
from pytracking.analysis.plots import draw_plot
from pytracking.analysis.report import Evaluation, format_table, write_json
from pytracking.analysis.vot import EAO_INTERVAL

logger = logging.getLogger("pytracking.analysis")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = OneLineParser(
        prog="python -m pytracking.analysis",
        description="Score trackers on a data set: a table, plots, and a JSON file.",
        epilog="example: python -m pytracking.analysis lwl/box2seg_init --dataset davis2017_val --root DAVIS",
    )
    result.add_argument(
        "trackers", nargs="+", metavar="TRACKER", help="folder below the results, or any folder"
    )
    result.add_argument("--dataset", required=True, metavar="NAME", help=", ".join(DATASETS))
    result.add_argument("--root", type=Path, help="folder of the data set (else the one that is configured)")
    result.add_argument(
        "--results", type=Path, help="folder of results (else PYTRACKING_RESULTS_DIR, else ./results)"
    )
    result.add_argument(
        "--out", type=Path, default=Path("analysis"), help="folder for plots and JSON (./analysis)"
    )
    result.add_argument("--sequences", nargs="+", metavar="NAME", help="score these alone")
    result.add_argument("--skip-missing", action="store_true", help="score what all trackers have results of")
    result.add_argument(
        "--eao-interval", type=int, nargs=2, default=EAO_INTERVAL, metavar=("LOW", "HIGH"),
        help="VOT: lengths averaged over, HIGH not included (%(default)s)",
    )  # fmt: skip
    return result


def run(args: argparse.Namespace) -> None:
    """Score what the arguments name, print the table, write the files."""
    row = dataset(args.dataset)
    root = find_root(row, args.root)
    folders = find_results(row, root, args.results, args.trackers)
    sequences = choose_sequences(row.load(root), args.sequences)
    if args.skip_missing:
        sequences = _with_results(row, sequences, list(folders.values()))
    options = Options(tuple(args.eao_interval))
    evaluations = {name: row.score(sequences, folder, options) for name, folder in folders.items()}
    write_files(args.out, args.dataset, row, evaluations)
    sys.stdout.write(format_table(args.dataset, evaluations) + "\n")


def find_root(row: DataSet, root: Path | None) -> Path:
    """The data set's folder (or file): the one given, else the one that is configured or in the package.

    Raises:
        InputError: none is configured, or it does not exist.
    """
    if root is not None:
        if not root.exists():
            raise InputError(f"--root {root}: no such folder; it holds {row.layout}")
        return root
    return row.place if isinstance(row.place, Path) else environment().path(row.place)


def find_results(row: DataSet, root: Path, results: Path | None, trackers: Sequence[str]) -> dict[str, Path]:
    """Where each tracker's results are: below the folder of results, else at the path itself.

    Raises:
        InputError: neither exists.
    """
    if results is None:
        results = environment().path("results") if row.results is None else root / row.results
    folders = {}
    for tracker in trackers:
        below, itself = results / tracker, Path(tracker)
        if not below.exists() and not itself.exists():
            raise InputError(
                f'no results of "{tracker}": no folder {below}; run the tracker, or name --results'
            )
        folders[tracker] = below if below.exists() else itself
    return folders


def choose_sequences(sequences: Sequence[Any], names: Sequence[str] | None) -> Sequence[Any]:
    """The sequences of these names, all without names.

    Raises:
        InputError: a name is none of theirs.
    """
    if names is None:
        return sequences
    known = {sequence.name: sequence for sequence in sequences}
    if unknown := [name for name in names if name not in known]:
        raise InputError(
            f'no sequence "{unknown[0]}" in the data set, which has {len(known)} ({", ".join(known)[:200]})'
        )
    return [known[name] for name in names]


def write_files(out: Path, name: str, row: DataSet, evaluations: dict[str, Evaluation]) -> None:
    """Write ``<out>/<data set>.json`` and a PNG for each plot; without matplotlib no plots, and a warning.

    Raises:
        InputError: a file cannot be written.
    """
    write_json(out / f"{name}.json", name, evaluations)
    if row.plots and importlib.util.find_spec("matplotlib") is None:
        logger.warning("no plots: they need matplotlib (pip install 'box2seg[plots]')")
        return
    for plot in row.plots:
        draw_plot(out / f"{name}_{plot.curve}.png", plot, evaluations, name)


def _with_results(row: DataSet, sequences: Sequence[Any], folders: Sequence[Path]) -> list[Any]:
    """The sequences that all trackers have results of; at least one."""
    missing = {name for folder in folders for name in row.missing(folder, sequences)}
    kept = [sequence for sequence in sequences if sequence.name not in missing]
    if not kept:
        raise InputError(f"none of the {len(sequences)} sequences has results of all trackers")
    if missing:
        logger.warning("%d of %d sequences are left out: results are missing", len(missing), len(sequences))
    return kept


def main(argv: list[str] | None = None) -> int:
    """Entry point. Exit codes: 0 done, 2 the input cannot be used."""
    args = parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        run(args)
    except InputError as error:
        print_error("pytracking.analysis", error)
        return BAD_INPUT
    return 0


if __name__ == "__main__":
    sys.exit(main())
