"""Writes a JSON object of large arrays that grow at the same time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from pytracking.analysis.whole_file import whole_file

JsonObject = Mapping[str, Any]


class JsonArrays:
    """The arrays, each in a file until the object is put together."""

    def __init__(self, files: Mapping[str, IO[str]]) -> None:
        self._files = files
        self._empty = dict.fromkeys(files, True)

    def extend(self, array: str, elements: Sequence[JsonObject]) -> None:
        """Append elements, one a line."""
        for element in elements:
            self._files[array].write(f"{'' if self._empty[array] else ','}\n{to_json(element)}")
            self._empty[array] = False


@contextmanager
def json_arrays(path: Path, head: JsonObject, arrays: Sequence[str]) -> Iterator[JsonArrays]:
    """Opens ``{**head, array: [...], array: [...]}`` for writing; nothing of it is kept in memory.

    The file is there whole, when the block has ended without an error, or not at all. While it is written
    all arrays but the first are in temporary files beside it.

    Args:
        path: the file.
        head: what stands before the arrays; not empty.
        arrays: their keys; the largest best comes first.

    Raises:
        InputError: it cannot be written.
    """
    with whole_file(path) as temporary, ExitStack() as stack:
        file = stack.enter_context(temporary.open("w", encoding="ascii"))
        others = {
            array: stack.enter_context(TemporaryFile("w+", encoding="ascii", dir=temporary.parent))
            for array in arrays[1:]
        }
        file.write(f"{to_json(head)[:-1]},\n{to_json(arrays[0])}:[")
        yield JsonArrays({arrays[0]: file, **others})
        file.write("\n]")
        for array, other in others.items():
            other.seek(0)
            file.write(f",\n{to_json(array)}:[")
            shutil.copyfileobj(other, file)
            file.write("\n]")
        file.write("}\n")


def to_json(value: Any) -> str:
    """A value as compact JSON in ASCII."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
