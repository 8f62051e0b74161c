"""What every command line does alike: what is wrong with the input is told in one line, with exit code 2."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

BAD_INPUT = 2
"""Exit code when the input is at fault."""


class OneLineParser(argparse.ArgumentParser):
    """A parser whose errors are one line: the usage is a ``--help`` away.

    An argument without characters is an error, too: as a path it would silently mean the current folder.
    """

    def parse_known_args(
        self, args: Iterable[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        arguments = sys.argv[1:] if args is None else list(args)
        for argument in arguments:
            if not argument or (argument.startswith("--") and argument.partition("=")[1:] == ("=", "")):
                self.error(f'the argument "{argument}" is empty (a variable that is not set?)')
        return super().parse_known_args(arguments, namespace)

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: error: {one_line(message)} (see {self.prog} --help)\n")


def print_error(prog: str, error: Exception) -> None:
    """Tell on stderr, in one line, what went wrong with the command ``prog``."""
    sys.stderr.write(f"{prog}: error: {one_line(error)}\n")


def one_line(message: Exception | str) -> str:
    """A message for the terminal; an ``OSError`` is told as "file: reason".

    Line breaks, control characters and bytes that are no text, which names of files may hold, are escaped.
    """
    text = str(message)
    if isinstance(message, OSError) and message.strerror:
        text = message.strerror if message.filename is None else f"{message.filename}: {message.strerror}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
