"""How far made masks can be trusted: one record for each mask, in CSV files beside them."""

from __future__ import annotations

import csv
import math
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from os import PathLike
from pathlib import Path
from typing import IO, Any

from ltr.data.mask_io import MAX_OBJECT_ID
from ltr.errors import InputError

DECIMALS = 4
"""Of every number in the files; records hold their numbers rounded likewise."""


@dataclass(frozen=True)
class MaskQuality:
    """What is known of one object's mask in one frame. Shares and scores are in 0..1.

    Attributes:
        video: name of the video.
        frame: name of the mask, without suffix.
        object: its id in the mask.
        index: number of the frame in the video, from 0.
        box_iou: IoU of the box around the mask and the box given.
        confidence: mean over the box of the distance of the probability from 1/2, times 2.
        inside: mean probability of the object in the mask.
        expected_iou: the IoU with the truth to expect if the network's probabilities were true.
        stability: IoU of the masks at a stricter and at a laxer threshold.
        agreement: IoU of the masks of the first and the last pass; 1 with a single pass.
        fill: share of the box that the mask fills.
        rim: share of the box's outermost pixels that the mask takes, on sides inside the frame.
        area_jump: |log of the mask's share of its box over that in the neighbouring annotated frames|; the
            mean of both neighbours, 0 without any.
        likeness: mean IoU with the masks of the two annotated frames before and the two after, all stretched
            to the same box; 1 without any.
        fallback: whether a stand-in was written, because nothing was found.
        score: the J to expect, from these and from their means over the object's masks in the video.
        kept: whether the mask was written. One whose score was too low is left out: where other objects of
            the frame were kept its pixels are void (255), where none was the frame has no file.
    """

    video: str
    frame: str
    object: int
    index: int
    box_iou: float
    confidence: float
    inside: float
    expected_iou: float
    stability: float
    agreement: float
    fill: float
    rim: float
    area_jump: float
    likeness: float
    fallback: bool
    score: float
    kept: bool


COLUMNS = tuple(field.name for field in fields(MaskQuality))
"""Of the CSV files, in order."""

MAX_DIGITS = 18
"""Of a whole number; longer ones are a mistake, and slow to read."""

UNBOUNDED = frozenset({"area_jump"})
"""Columns whose numbers may be larger than 1."""


def write_quality(path: str | PathLike[str], records: Iterable[MaskQuality]) -> None:
    """Write records as a CSV file, row by row; the file is there whole or not at all.

    Equal records make equal bytes, and what is read and written again does not change.

    Args:
        path: the file; its folder must exist. What stood there is replaced.
        records: they need not fit into memory.

    Raises:
        ValueError: a number is not finite.
        InputError: the file cannot be written.
    """
    with _replacing(Path(path)) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(map(_row, records))


def join_quality(path: str | PathLike[str], parts: Iterable[str | PathLike[str]]) -> None:
    """Write the rows of many files of :func:`write_quality` as one, in order, without looking into them.

    Raises:
        InputError: a part cannot be read or has other columns, or the file cannot be written.
    """
    head = ",".join(COLUMNS) + "\n"
    with _replacing(Path(path)) as file:
        file.write(head)
        for part in map(Path, parts):
            with _opened(part) as rows:
                if rows.readline() != head:
                    raise InputError(f"{part}:1: must be {head.strip()}")
                shutil.copyfileobj(rows, file)


def read_quality(path: str | PathLike[str]) -> Iterator[MaskQuality]:
    """Read a file of records, row by row. Columns may come in any order; unknown ones are left out.

    Raises:
        InputError: there is no such file, or a row is no record ("file:line: ..."). Raised when it is met.
    """
    path = Path(path)
    with _opened(path) as file:
        rows = csv.reader(file, strict=True)
        line = 1
        try:
            header = next(rows, [])
            places = _places(header)
            for row in rows:
                line = rows.line_num
                if len(row) != len(header):
                    raise ValueError(f"has {len(row)} values, must have {len(header)} as the first line")
                yield MaskQuality(
                    **{
                        name: parse(name, row[place])
                        for name, place, parse in zip(COLUMNS, places, _PARSERS, strict=True)
                    }
                )
        except (csv.Error, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{path}:{max(line, rows.line_num)}: {error}") from None


def rounded(value: float) -> float:
    """A number as the files hold it."""
    return round(float(value), DECIMALS) + 0.0  # -0.0 + 0.0 is 0.0


def _row(record: MaskQuality) -> list[str]:
    return [text(name, getattr(record, name)) for name, text in zip(COLUMNS, _WRITERS, strict=True)]


def _number_text(name: str, value: float) -> str:
    if not math.isfinite(value):
        raise ValueError(f"{name} is {value}: must be finite")
    return f"{rounded(value):.{DECIMALS}f}"


def _whole_text(_: str, value: int) -> str:
    return str(int(value))


def _plain_text(_: str, value: str) -> str:
    return value


def _places(header: Sequence[str]) -> list[int]:
    """Where the columns stand."""
    missing = [name for name in COLUMNS if header.count(name) != 1]
    if missing:
        raise ValueError(f'must name the columns, each once; "{missing[0]}" is not')
    return [header.index(name) for name in COLUMNS]


def _parse_text(name: str, text: str) -> str:
    if not text:
        raise ValueError(f"{name} is empty")
    return text


def _parse_whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < MAX_DIGITS):
        raise ValueError(f'{name} is "{_short(text)}": must be a whole number from 0')
    value = int(text)
    if name == "object" and not 1 <= value <= MAX_OBJECT_ID:
        raise ValueError(f"object is {value}: must be from 1 to {MAX_OBJECT_ID}")
    return value


def _parse_number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f'{name} is "{_short(text)}": must be a number') from None
    most = math.inf if name in UNBOUNDED else 1.0
    if not (0 <= value <= most and math.isfinite(value)):
        raise ValueError(
            f"{name} is {value:g}: must be at least 0 and " + ("finite" if most > 1 else "at most 1")
        )
    return value


def _parse_flag(name: str, text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError(f'{name} is "{_short(text)}": must be 0 or 1')
    return text == "1"


def _short(text: str) -> str:
    return text if len(text) <= 18 else f"{text[:15]}..."


_KINDS: dict[str, tuple[Callable[[str, Any], str], Callable[[str, str], Any]]] = {
    "str": (_plain_text, _parse_text),
    "int": (_whole_text, _parse_whole),
    "float": (_number_text, _parse_number),
    "bool": (_whole_text, _parse_flag),
}
"""Type of a field -> how it is written and read."""

_WRITERS, _PARSERS = zip(*(_KINDS[str(field.type)] for field in fields(MaskQuality)), strict=True)


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    try:
        # File names that are no UTF-8 come back as they went in.
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            yield file
    except FileNotFoundError:
        raise InputError(f"{path}: no such file of mask quality") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


@contextmanager
def _replacing(path: Path) -> Iterator[IO[str]]:
    """A file in ``path``'s folder that takes its place at the end, if all went well."""
    part = path.with_name(f".{os.getpid()}-{threading.get_ident()}.csv.tmp")
    try:
        with part.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        part.unlink(missing_ok=True)
