"""Reads the arrays of large JSON files element by element: COCO's files can be larger than the memory."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from box2seg_plugin.formats.folders import require_file
from ltr.errors import InputError

MAX_ELEMENT_BYTES = 256 * 2**20
"""Of one element of an array, and of everything outside the arrays: what is in memory at a time."""

_CHUNK = 1 << 20
_SPACE = re.compile(r"[ \t\n\r]*")
_BAD_JSON = (ValueError, RecursionError)
"""What Python's decoder raises: of bad text, of numbers of thousands of digits, of deep nesting."""


@dataclass(frozen=True)
class Element:
    """An element of one of the arrays.

    Attributes:
        array: key of the array in the file's object.
        start, length: where the element stands in the file, bytes.
        value: what it holds.
    """

    array: str
    start: int
    length: int
    value: Any


def read_elements(path: Path, arrays: Collection[str]) -> Iterator[Element]:
    """The elements of some arrays of a file that holds one JSON object, in the order of the file.

    Args:
        path: the file.
        arrays: keys of the arrays. A key may be missing; what stands under others is passed over.

    Raises:
        InputError: the file cannot be read, is not such JSON (the message says at which byte), one of the
            keys comes twice, or an element is larger than ``MAX_ELEMENT_BYTES``.
    """
    require_file(path)
    try:
        with path.open("rb") as file:
            yield from _Scanner(path, file).elements(arrays)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def read_again(path: Path, places: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    """Elements whose (start, length) are known, JSON objects all.

    Raises:
        InputError: the file has changed since.
    """
    values = []
    try:
        with path.open("rb") as file:
            for start, length in places:
                file.seek(start)
                values.append(_decode(file.read(length)))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except _BAD_JSON:
        values = [None]
    if not all(isinstance(value, dict) for value in values):
        raise InputError(f"{path}: has changed while it was read")
    return values


def _decode(text: bytes) -> Any:
    return json.loads(text.decode("utf-8"), parse_constant=_no_number)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


class _Scanner:
    """Goes through a file once. The window onto it is kept as Latin-1, in which a byte is a character: what
    gives JSON its structure is ASCII, and what is not stands within strings."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._decoder = json.JSONDecoder(parse_constant=_no_number)
        self._window = ""
        self._offset = 0  # of the window in the file
        self._position = 0  # in the window
        self._at_end = False

    def elements(self, arrays: Collection[str]) -> Iterator[Element]:
        if self._peek() == "\xef":  # the byte order mark that some programs write
            self._expect("\xef")
            self._expect("\xbb")
            self._expect("\xbf")
        self._expect("{")
        seen: set[str] = set()
        while self._peek() != "}":
            if seen:
                self._expect(",")
            key = self._value()[2]
            if not isinstance(key, str) or key in seen:
                self._fail(f"key {str(key)[:60]!r} is no text or comes twice")
            seen.add(key)
            self._expect(":")
            if key in arrays:
                yield from self._array(key)
            else:
                self._value()
        self._expect("}")
        if self._peek():
            self._fail("text after the end")

    def _array(self, key: str) -> Iterator[Element]:
        self._expect("[")
        first = True
        while self._peek() != "]":
            if not first:
                self._expect(",")
            first = False
            yield Element(key, *self._value())
        self._expect("]")

    def _value(self) -> tuple[int, int, Any]:
        """(start, length, value) of what comes next."""
        self._peek()
        while True:
            problem, where = "the file ends too early", None
            try:
                value, end = self._decoder.raw_decode(self._window, self._position)
                # A number that ends with the window may go on behind it.
                if end < len(self._window) or self._at_end:
                    break
            except _BAD_JSON as error:
                problem, where = str(getattr(error, "msg", error)), getattr(error, "pos", None)
                if isinstance(error, RecursionError):
                    self._fail(problem, where)
            if self._at_end:
                self._fail(problem, where)
            self._read_more()
        text = self._window[self._position : end]
        start = self._offset + self._position
        if not text.isascii():
            try:
                value = _decode(text.encode("latin-1"))
            except _BAD_JSON as problem:
                self._fail(str(problem))
        self._position = end
        return start, len(text), value

    def _peek(self) -> str:
        """The next character that is no space, empty at the end of the file."""
        while True:
            self._position = _SPACE.match(self._window, self._position).end()  # type: ignore[union-attr]
            if self._position < len(self._window) or self._at_end:
                return self._window[self._position : self._position + 1]
            self._read_more()

    def _expect(self, character: str) -> None:
        found = self._peek()
        if found != character:
            self._fail(f"{found!r} where {character!r} should be" if found else "the file ends too early")
        self._position += 1

    def _read_more(self) -> None:
        """Let the window begin here, and reach twice as far."""
        self._offset += self._position
        self._window = self._window[self._position :]
        self._position = 0
        if len(self._window) > MAX_ELEMENT_BYTES:
            self._fail(f"a part of more than {MAX_ELEMENT_BYTES / 2**20:.0f} MiB, or damaged")
        chunk = self._file.read(max(_CHUNK, len(self._window)))
        self._at_end = not chunk
        self._window += chunk.decode("latin-1")

    def _fail(self, problem: str, position: int | None = None) -> NoReturn:
        byte = self._offset + (self._position if position is None else position)
        raise InputError(f"{self._path}: not the JSON that it should be: {problem} (at byte {byte})")
