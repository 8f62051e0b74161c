"""The command ``box2seg``: one subcommand for each job."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import re
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tqdm.contrib.logging import logging_redirect_tqdm

from ltr.command_line import BAD_INPUT, OneLineParser, print_error
from ltr.errors import InputError

COMMANDS: dict[str, tuple[str, str]] = {
    "segment": ("box2seg_plugin.segment_command", "masks for a video from its boxes"),
    "annotate": ("box2seg_plugin.annotate_command", "masks for all videos of a data set from their boxes"),
    "convert": ("box2seg_plugin.convert_command", "masks of videos from one format to another"),
    "demo": ("box2seg_plugin.demo_command", "segment the bundled clips and compare with their true masks"),
}
"""Name -> module and what it does. A module has EXAMPLE, add_arguments(parser) and run(args) -> exit code."""

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line (``sys.argv`` when None) and return the exit code.

    0: done. 2: the input is at fault, one line on stderr says how. 130: interrupted.
    """
    if sys.stderr is None:  # closed by the caller; the progress needs one
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115  for the rest of the process
    name = "box2seg"
    try:
        args = _parser().parse_args(_join_negative_boxes(sys.argv[1:] if argv is None else argv))
        name = f"box2seg {args.command}"
        return _run(args)
    except (InputError, OSError) as error:
        print_error(name, error)
        return BAD_INPUT
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return INTERRUPTED


def _run(args: argparse.Namespace) -> int:
    logging.basicConfig(
        level=logging.WARNING if getattr(args, "quiet", False) else logging.INFO,
        format="%(message)s",
        stream=sys.stderr,
    )
    with logging_redirect_tqdm():
        return int(args.run(args))


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog="box2seg",
        description="Masks from boxes in videos.",
        epilog="example: box2seg demo",
    )
    parser.add_argument("--version", action="version", version=f"box2seg {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module_name, purpose) in COMMANDS.items():
        module = importlib.import_module(module_name)
        command = commands.add_parser(
            name,
            help=purpose,
            description=module.__doc__,
            epilog=f"example: {module.EXAMPLE}",
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def _join_negative_boxes(argv: Sequence[str]) -> list[str]:
    """``--box -5,3,20,20`` -> ``--box=-5,3,20,20``: a box may start left of the frame, an option may not."""
    joined: list[str] = []
    for argument in argv:
        if joined and joined[-1] == "--box" and re.match(r"-[\d.]", argument):
            joined[-1] = f"--box={argument}"
        else:
            joined.append(argument)
    return joined


def _version() -> str:
    try:
        return version("box2seg")
    except PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    sys.exit(main())
