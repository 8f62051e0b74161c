"""Run a tracker on a data set.

    python pytracking/run_tracker.py lwl box2seg_init                  on the bundled clips
    python pytracking/run_tracker.py lwl box2seg_init --dataset_name lasot --threads 4
    python pytracking/run_tracker.py lwl box2seg_init --set model=FILE search_scale=4 --name mine
    python pytracking/run_tracker.py --list                            names of all trackers and parameters

Results go to RESULTS/TRACKER/PARAM: boxes as text, masks as PNG. Sequences that are done are skipped, so the
same command goes on where an interrupted run stopped. Results of other parameters or weights are not mixed.
"""

from __future__ import annotations

import argparse
import logging
import os
import shlex
import signal
import sys
from dataclasses import replace
from pathlib import Path

from tqdm.contrib.logging import logging_redirect_tqdm

from ltr.command_line import BAD_INPUT, OneLineParser, print_error
from ltr.environment import environment
from ltr.errors import InputError
from ltr.plugins import load_plugins
from ltr.registry import unknown_name
from pytracking.analysis.datasets import DATASETS as SCORED
from pytracking.evaluation.datasets import DEFAULT, dataset_names, load_sequences
from pytracking.evaluation.parameter_changes import parse_changes
from pytracking.evaluation.results import DELIMITERS, ResultsFolder
from pytracking.evaluation.runner import Outcome, run_sequences
from pytracking.evaluation.sequence import Sequence
from pytracking.evaluation.sequence_job import Job, look_up
from pytracking.evaluation.worker_pool import SetupError
from pytracking.registry import PARAMETERS, TRACKERS

logger = logging.getLogger("pytracking.run_tracker")

DEFAULT_PARAMETERS = "default"
MAX_THREADS = 1024


def parser() -> OneLineParser:
    """The command line."""
    result = OneLineParser(
        prog="run_tracker.py",
        description="Run a tracker on a data set; the same command goes on with an interrupted run.",
        epilog="example: python pytracking/run_tracker.py lwl box2seg_init --dataset_name davis2017_val",
    )
    add = result.add_argument
    add("tracker", nargs="?", help="e.g. lwl")
    add(
        "param",
        nargs="?",
        default=DEFAULT_PARAMETERS,
        help=f"the tracker's parameters ({DEFAULT_PARAMETERS})",
    )
    add(
        "--set", nargs="+", action="extend", default=[], metavar="FIELD=VALUE", dest="changes",
        help="change fields of the parameters, such as model=FILE",
    )  # fmt: skip
    add("--name", metavar="NAME", help="folder of the results, in that of the tracker (PARAM)")
    add("--dataset_name", "--dataset-name", metavar="NAME", help=f"{', '.join(dataset_names())} ({DEFAULT})")
    add("--sequence", nargs="+", action="extend", metavar="S", help="these alone, by their names")
    add("--threads", type=int, default=1, metavar="N", help="processes (1); 0 and 1 run in this process")
    add(
        "--debug", type=int, default=0, choices=(0, 1, 2),
        help="1: also an overlay video of each sequence, and where errors come from; 2: also score maps",
    )  # fmt: skip
    add("--root", type=Path, metavar="DIR", help="folder of the data set (else the one that is configured)")
    add("--results", type=Path, metavar="DIR", help="(else PYTRACKING_RESULTS_DIR, else ./results)")
    add(
        "--from_boxes",
        "--from-boxes",
        action="store_true",
        help="start from boxes, also where there are masks",
    )
    add("--overwrite", action="store_true", help="run also the sequences that are done")
    add(
        "--delimiter", choices=tuple(DELIMITERS), default="comma", help="between the numbers of a box (comma)"
    )
    add("--split_file", "--split-file", type=Path, metavar="FILE", help="names of sequences, one a line")
    add(
        "--list", action="store_true", help="print all trackers/parameters; with --dataset_name its sequences"
    )
    return result


def run(args: argparse.Namespace) -> int:
    """Run what the arguments name.

    Returns:
        0: all sequences are done. 1: some failed.

    Raises:
        InputError: an argument, the environment or the data cannot be used.
        SetupError: the tracker cannot be made.
    """
    load_plugins()
    if args.list:
        print("\n".join(_listed(args)))
        return 0
    folder = _results_folder(args)
    job = Job(args.tracker, args.param, folder, args.from_boxes, args.debug)
    job = replace(job, changes=parse_changes(args.changes, job.name, look_up(job)[1]))
    outcome = run_sequences(job, _load(args), args.threads, args.overwrite)
    print("\n".join(_summary(args, job, outcome)))
    return 1 if outcome.failed else 0


def _load(args: argparse.Namespace) -> list[Sequence]:
    """The sequences that are wanted."""
    return load_sequences(args.dataset_name or DEFAULT, args.root, args.split_file, args.sequence)


def _listed(args: argparse.Namespace) -> list[str]:
    if args.dataset_name is None:
        return PARAMETERS.names()
    return [sequence.name for sequence in _load(args)]


def _results_folder(args: argparse.Namespace) -> ResultsFolder:
    """Where results go; the names are checked first, since they become its path."""
    tracker, param = args.tracker, args.param
    if tracker is None:
        raise InputError(f"no tracker is named; known: {', '.join(TRACKERS) or 'none'} (--list names all)")
    TRACKERS.get(tracker)
    own = [name.removeprefix(f"{tracker}/") for name in PARAMETERS if name.startswith(f"{tracker}/")]
    if param not in own:
        raise unknown_name(f'parameters of "{tracker}":', param, own)
    if not 0 <= args.threads <= MAX_THREADS:
        raise InputError(f"--threads is {args.threads}: must be from 0 to {MAX_THREADS}")
    results = environment({"results": args.results}).path("results")
    name = param if args.name is None else args.name
    if not name or name.startswith(".") or "/" in name or os.sep in name:
        raise InputError(f'--name is "{name}": must be the name of a folder, without /')
    return ResultsFolder.of(results, tracker, name, args.from_boxes, args.delimiter)


def _summary(args: argparse.Namespace, job: Job, outcome: Outcome) -> list[str]:
    """What happened, and how to go on."""
    counts = f"{len(outcome.done)} done, {len(outcome.skipped)} skipped, {len(outcome.failed)} failed"
    speed = f", {outcome.frames_per_second:.1f} frames/s" if outcome.done else ""
    lines = [f"sequences: {counts}{speed}"]
    lines += [f"failed: {failure.name}: {failure.reason}" for failure in outcome.failed]
    lines.append(f"results: {job.folder.path}")
    row = SCORED.get(args.dataset_name or DEFAULT)
    if row is not None and row.results is None:  # else scores are of results in another form
        lines.append(f"scores: {shlex.join(_analysis(args, job))}")
    return lines


def _analysis(args: argparse.Namespace, job: Job) -> list[str]:
    """The command that scores these results."""
    results = f"{job.tracker}/{job.folder.path.name}"
    command = ["python", "-m", "pytracking.analysis", results, "--dataset", args.dataset_name or DEFAULT]
    for option, path in (("--root", args.root), ("--results", args.results)):
        if path is not None:
            command += [option, str(path)]
    if args.sequence:
        command += ["--sequences", *dict.fromkeys(args.sequence)]
    elif args.split_file is not None:
        command.append("--skip-missing")
    return command


def main(argv: list[str] | None = None) -> int:
    """Entry point.

    Returns:
        0: done. 1: sequences failed, or the tracker cannot be made. 2: the input cannot be used. 130:
        interrupted, and the same command goes on.
    """
    if sys.stderr is None:  # closed by the caller; progress needs one
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115  for the rest of the process
    args = parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("pytracking").setLevel(logging.DEBUG if args.debug else logging.NOTSET)
    try:
        with logging_redirect_tqdm():
            return run(args)
    except InputError as error:
        print_error("run_tracker.py", error)
        return BAD_INPUT
    except (SetupError, OSError) as error:
        print_error("run_tracker.py", error)
        return 1
    except KeyboardInterrupt:
        print("run_tracker.py: interrupted; the same command goes on with what is not done", file=sys.stderr)
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main())
