"""The lines of a large text file, each read when it is wanted."""

from __future__ import annotations

from array import array
from pathlib import Path

from box2seg_plugin.formats.folders import require_file
from ltr.errors import InputError

MAX_LINE_BYTES = 64 * 2**20


class TextLines:
    """The lines of a file, blank ones at its end apart. Memory holds where they start.

    Raises:
        InputError: the file cannot be read, or a line has more than ``MAX_LINE_BYTES``.
    """

    def __init__(self, path: Path) -> None:
        require_file(path)
        self._path = path
        self._starts = array("q")
        start = length = 0
        try:
            with path.open("rb") as file:
                while line := file.readline(MAX_LINE_BYTES):
                    self._starts.append(start)
                    start += len(line)
                    if line.strip():
                        length = len(self._starts)
                    if len(line) == MAX_LINE_BYTES:
                        raise InputError(f"{path}:{len(self._starts)}: too long: at most {len(line):,} bytes")
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
        del self._starts[length:]

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int) -> str:
        """A line without its end.

        Raises:
            InputError: it cannot be read, or is not UTF-8.
        """
        try:
            with self._path.open("rb") as file:
                file.seek(self._starts[index])
                return file.readline(MAX_LINE_BYTES).decode("utf-8-sig").strip()
        except OSError as error:
            raise InputError(f"{self._path}: cannot be read ({error.strerror or error})") from None
        except UnicodeDecodeError:
            raise InputError(f"{self._path}:{index + 1}: not text in UTF-8") from None
