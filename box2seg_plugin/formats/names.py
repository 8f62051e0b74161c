"""Names that come from files: whether they can be names of files and of objects."""

from __future__ import annotations

import re
import unicodedata

from ltr.errors import InputError

MAX_NAME_BYTES = 250
"""Of a video's or a frame's name in UTF-8, so that there is room for a suffix."""

_SHOWN = 60
_NO_TEXT = {"Cc", "Cs", "Zl", "Zp"}
_NO_XML = "\ufffe\uffff"
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)


def check_name(name: object, place: str) -> str:
    """A name that becomes one part of a path below the folder written to, and never leads out of it.

    Args:
        name: as read.
        place: where it stands, for messages.

    Raises:
        InputError: it is no text or empty, starts with a dot, holds a slash, a backslash or a control
            character, or is longer than ``MAX_NAME_BYTES``.
    """
    text = check_text(name, "name", place)
    if text.startswith(".") or "/" in text or "\\" in text:
        raise InputError(
            f"{place}: the name {shorten(text)} cannot be a file's: must have no slash and start with no dot"
        )
    if len(text.encode()) > MAX_NAME_BYTES:
        raise InputError(
            f"{place}: the name {shorten(text)} has {len(text.encode())} bytes: at most {MAX_NAME_BYTES}"
        )
    return text


def check_text(text: object, what: str, place: str) -> str:
    """A word, such as a category, that every format can hold.

    Raises:
        InputError: it is no text or empty, or holds a control character, line end or half a character.
    """
    if not isinstance(text, str) or not text:
        raise InputError(f"{place}: the {what} is {shorten(text)}: must be a text that is not empty")
    if odd := [c for c in text if unicodedata.category(c) in _NO_TEXT or c in _NO_XML]:
        raise InputError(f"{place}: the {what} {shorten(text)} holds {odd[0]!a}, which no name can hold")
    return text


def whole_number(text: str, what: str, place: str) -> int:
    """A whole number of at most nine digits.

    Raises:
        InputError: the text is something else.
    """
    if not _WHOLE.fullmatch(text):
        raise InputError(f"{place}: {what} is {shorten(text)}: must be a whole number below 1,000,000,000")
    return int(text)


def shorten(value: object) -> str:
    """A value from a file, for messages."""
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
