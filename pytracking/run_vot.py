"""Run a tracker under the VOT toolkit.

    python pytracking/run_vot.py lwl box2seg_init --write-trackers-ini WORKSPACE
    vot evaluate --workspace WORKSPACE lwl_box2seg_init

The first command tells the toolkit how to start the tracker; the second, the toolkit's own, runs this script
without the option, and it talks TraX over its standard streams, or over the socket that TRAX_SOCKET names. It
needs the package vot-trax: pip install 'box2seg[vot]'.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ltr.command_line import BAD_INPUT, OneLineParser, one_line, print_error
from ltr.errors import InputError
from ltr.plugins import load_plugins
from pytracking.evaluation.reproducible import fixed_threads, seed_random_numbers
from pytracking.evaluation.results import FROM_BOXES
from pytracking.evaluation.start import initializer_of
from pytracking.registry import PARAMETERS, TRACKERS
from pytracking.vot.conversation import Conversation
from pytracking.vot.trackers_ini import TrackerEntry, add_entry, entry_name
from pytracking.vot.trax_session import TraxSession

PROG = "run_vot.py"

logger = logging.getLogger("pytracking.run_vot")


def parser() -> OneLineParser:
    """The command line."""
    result = OneLineParser(
        prog=PROG,
        description="Run a tracker under the VOT toolkit, which starts this script, or tell it how to.",
        epilog=f"example: python pytracking/{PROG} lwl box2seg_init --write-trackers-ini WORKSPACE",
    )
    add = result.add_argument
    add("tracker", help="e.g. lwl")
    add("param", nargs="?", default="default", help="the tracker's parameters (default)")
    add("--write-trackers-ini", type=Path, metavar="PATH",
        help="add the tracker to this trackers.ini, or to the one in this folder, and end")  # fmt: skip
    add("--from_boxes", "--from-boxes", action="store_true",
        help="start from boxes, also where the toolkit gives masks")  # fmt: skip
    add("--name", help="what the toolkit calls the tracker (TRACKER_PARAM)")
    add("--debug", type=int, default=0, choices=(0, 1), help="1: log more, and where errors come from")
    return result


def run(args: argparse.Namespace) -> None:
    """Write ``trackers.ini``, or answer the toolkit until it ends the session.

    Raises:
        InputError: a name is unknown, what the toolkit gives cannot be used, or the connection broke.
    """
    suffix = FROM_BOXES if args.from_boxes else ""
    name = args.name or entry_name(args.tracker, f"{args.param}{suffix}")
    if args.write_trackers_ini is not None:
        look_up(args)
        command = [sys.executable, "-m", "pytracking.run_vot", args.tracker, args.param]
        command += ["--from_boxes"] if args.from_boxes else []
        entry = TrackerEntry(name, f"{args.tracker}/{args.param}{suffix}", command)
        print(f"{add_entry(args.write_trackers_ini, entry)} names the tracker {name}")
        return
    if sys.stdin.isatty() and "TRAX_SOCKET" not in os.environ:
        logger.warning("waiting for the VOT toolkit, which starts this script; see %s --help", PROG)
    session = TraxSession(name)
    try:
        with fixed_threads():
            conversation = start(args)
            session.open()
            while (request := session.wait()) is not None:
                session.answer(conversation.answer(request))
    except Exception as error:  # a stranger's tracker may raise any: the toolkit is told as well
        session.end(describe(error))
        raise


def start(args: argparse.Namespace) -> Conversation:
    """Make the tracker that the arguments name.

    Raises:
        InputError: a name is unknown, or the tracker's own.
    """
    make_tracker, make_parameters = look_up(args)
    parameters = make_parameters()
    seed_random_numbers()
    tracker = make_tracker(parameters)
    initializer = initializer_of(parameters) if tracker.needs_masks else None
    return Conversation(tracker, initializer, args.from_boxes)


def look_up(args: argparse.Namespace) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What makes the tracker and its parameters.

    Raises:
        InputError: nothing is registered under a name; the message lists what is.
    """
    load_plugins()
    return TRACKERS.get(args.tracker), PARAMETERS.get(f"{args.tracker}/{args.param}")


def describe(error: Exception) -> str:
    """What went wrong, in one line."""
    return one_line(error if isinstance(error, InputError) else f"tracker failed: {error!r}")


def main(argv: list[str] | None = None) -> int:
    """Entry point.

    Returns:
        0: done, or the toolkit ended the session. 1: the tracker failed. 2: the input cannot be used.
        130: Ctrl-C.
    """
    args = parser().parse_args(argv)
    level = logging.DEBUG if args.debug else logging.WARNING
    logging.basicConfig(level=level, format="%(name)s: %(message)s")
    try:
        run(args)
    except InputError as error:
        print_error(PROG, error)
        return BAD_INPUT
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as error:
        sys.stderr.write(f"{PROG}: error: {describe(error)}\n")
        logger.debug("where it failed:", exc_info=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
