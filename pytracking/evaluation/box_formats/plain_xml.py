"""Reads XML of strangers: elements, attributes and text, no entities.

Files with a document type are refused, and with it all that makes XML dangerous: entities that stand for
other entities (a few lines that become gigabytes) and those that stand for files or addresses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from reprlib import repr as shown
from typing import NoReturn
from xml.parsers import expat

from ltr.errors import InputError
from pytracking.evaluation.box_formats.limited_file import pieces

Attributes = Mapping[str, str]
OnStart = Callable[[str, Attributes, str], None]
OnEnd = Callable[[str], None]
OnText = Callable[[str], None]

MAX_DEPTH = 100
"""Elements within elements. CVAT's files have seven; the time that deeper ones take grows without end."""


def read_elements(path: Path, on_start: OnStart, on_end: OnEnd, on_text: OnText | None = None) -> None:
    """Go through the elements of a file in order.

    Args:
        path: the file.
        on_start: is called with each element's name, attributes and place ("file:line") as it begins.
        on_end: is called with its name as it ends.
        on_text: is called with text, perhaps a piece of it, between tags; None skips it.

    Raises:
        InputError: the file cannot be read, is too large, not well-formed, nested deeper than ``MAX_DEPTH``,
            or has a document type; what the functions raise.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0

    def place() -> str:
        return f"{path}:{parser.CurrentLineNumber}"

    def refuse(*_: object) -> NoReturn:
        raise InputError(f"{place()}: document types and entities (<!DOCTYPE ...>) are not read: remove them")

    def start(name: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise InputError(f"{place()}: more than {MAX_DEPTH} elements within each other: not CVAT's")
        on_start(name, attributes, place())

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        on_end(name)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = on_text
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    try:
        for piece in pieces(path):
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = expat.ErrorString(error.code) if isinstance(error, expat.ExpatError) else shown(str(error))
        raise InputError(f"{place()}: not well-formed XML ({reason})") from None
