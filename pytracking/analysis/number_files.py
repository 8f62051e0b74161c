"""Reads text files of numbers, one row a line: boxes, labels of frames, times."""

import math
from os import PathLike
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ltr.errors import InputError

Numbers = npt.NDArray[np.float64]

MAX_FILE_BYTES = 64 * 2**20


def read_text(path: str | PathLike[str]) -> str:
    """The content of a text file.

    Raises:
        InputError: no such file, unreadable, larger than 64 MiB, or not UTF-8.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)  # a device gives as much as one asks for
        if len(data) > MAX_FILE_BYTES:
            raise InputError(f"{path}: too large for a file of numbers: at most {MAX_FILE_BYTES >> 20} MiB")
        return data.decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file in UTF-8") from None


def read_rows(path: str | PathLike[str], columns: int) -> Numbers:
    """Reads a file whose lines hold `columns` numbers each; see ``parse_rows``."""
    return parse_rows(read_text(path), columns, str(path))


def read_values(path: str | PathLike[str]) -> Numbers:
    """Reads all numbers of a file, one after the other, however they are spread over lines.

    Returns:
        (number of values,) float64.

    Raises:
        InputError: a value is not a number ("file:line: ..."), or there is none.
    """
    values = [_number(text, f"{path}:{n}") for n, line in _lines(read_text(path)) for text in _fields(line)]
    if not values:
        raise InputError(f"{path}: holds no numbers")
    return np.array(values)


def parse_rows(text: str, columns: int, source: str) -> Numbers:
    """Reads lines of `columns` numbers, separated by commas, tabs or spaces.

    ``nan`` is read: it is how some tools write that there is no box. Blank lines at the end are ignored.

    Args:
        text: the lines.
        columns: numbers in each.
        source: where the text comes from, for messages.

    Returns:
        (number of lines, columns) float64.

    Raises:
        InputError: a line has another number of values or a value is not a number ("file:line: ..."), or
            there are no lines.
    """
    rows = []
    for n, line in _lines(text):
        fields = _fields(line)
        if len(fields) != columns:
            shown = repr(line.strip()[:60]) if line.strip() else "an empty line"
            raise InputError(f"{source}:{n}: {shown} holds {len(fields)} numbers: must be {columns}")
        rows.append([_number(field, f"{source}:{n}") for field in fields])
    if not rows:
        raise InputError(f"{source}: empty: must hold lines of {columns} numbers")
    return np.array(rows)


def _lines(text: str) -> list[tuple[int, str]]:
    """(number from 1, line), without the blank ones at the end."""
    stripped = text.rstrip()
    return list(enumerate(stripped.splitlines(), start=1)) if stripped else []


def _fields(line: str) -> list[str]:
    return line.replace(",", " ").split()


def _number(text: str, place: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.inf
    if math.isinf(value) or "_" in text:  # float() also reads 1_000
        raise InputError(f"{place}: {text[:60]!r} is not a number")
    return value
