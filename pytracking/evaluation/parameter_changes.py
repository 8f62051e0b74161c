"""Changes to a tracker's parameters as they are written on the command line: ``search_scale=4``."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

from ltr.errors import InputError
from ltr.registry import unknown_name

NOTHING = "none"
TRUTH = {"true": True, "false": False}


def parse_changes(texts: Iterable[str], name: str, parameters: Any) -> dict[str, Any]:
    """Field -> value.

    Args:
        texts: ``field=value`` each. Numbers and words are written as they are, true and false so, None as
            none, tuples with commas between their values.
        name: of the parameters, "lwl/default", for messages.
        parameters: a dataclass, as the factory makes it unchanged; what its fields are and their types.

    Raises:
        InputError: these parameters have no such field, it is given twice, or the value is not of its type.
            Whether the value is in range is for the parameters themselves to say.
    """
    texts = list(texts)
    if not texts:
        return {}
    if not is_dataclass(parameters) or isinstance(parameters, type):
        raise InputError(f'"{texts[0]}": parameters "{name}" are no dataclass, whose fields could be set')
    settable = _types(parameters)
    changes: dict[str, Any] = {}
    for text in texts:
        field, equals, value = text.partition("=")
        if not equals or not field:
            raise InputError(f'"{text}": must be FIELD=VALUE, such as search_scale=4')
        if field not in settable:
            raise unknown_name(f'field of the parameters "{name}":', field, list(settable))
        if field in changes:
            raise InputError(f'"{text}": {field} is set twice')
        changes[field] = _parse(field, value, settable[field])
    return changes


def make_parameters(factory: Callable[..., Any], name: str, changes: Mapping[str, Any]) -> Any:
    """The parameters of a factory with some fields replaced.

    Raises:
        InputError: the factory takes no changes.
    """
    if not changes:
        return factory()
    try:
        return factory(**changes)
    except TypeError as error:
        raise InputError(f'parameters "{name}" cannot be changed in {", ".join(changes)}: {error}') from error


def _types(parameters: Any) -> dict[str, Any]:
    """Field -> its type, of a dataclass; where annotations cannot be resolved, that of its value."""
    try:
        hints = get_type_hints(type(parameters))
    except (NameError, TypeError):
        hints = {field.name: type(getattr(parameters, field.name)) for field in fields(parameters)}
    return {field.name: hints[field.name] for field in fields(parameters) if field.init}


def _parse(field: str, text: str, hint: Any) -> Any:
    """A value of the field's type."""
    kinds = _kinds(hint)
    for kind in kinds:
        try:
            return _read(text, kind)
        except ValueError:
            continue
    shown = " or ".join(filter(None, map(_shown, kinds)))
    if not shown:
        raise InputError(f'"{field}={text}": {field} cannot be set from a text')
    raise InputError(f'"{field}={text}": must be {shown}')


def _kinds(hint: Any) -> tuple[Any, ...]:
    """The types that a union is of, the strictest first: every text is a str."""
    union = get_origin(hint) in (Union, types.UnionType)
    kinds = get_args(hint) if union else (hint,)
    return tuple(sorted(kinds, key=lambda kind: (kind is str, kind is float)))


def _read(text: str, kind: Any) -> Any:
    """ValueError where the text is no value of this type."""
    if kind is type(None):
        if text.lower() == NOTHING:
            return None
    elif kind is bool:
        if text.lower() in TRUTH:
            return TRUTH[text.lower()]
    elif kind in (int, float, str):
        return kind(text)
    elif get_origin(kind) is tuple:
        return _read_tuple(text, get_args(kind))
    raise ValueError(text)


def _read_tuple(text: str, kinds: tuple[Any, ...]) -> tuple[Any, ...]:
    parts = text.split(",")
    if len(kinds) == 2 and kinds[1] is ...:
        kinds = (kinds[0],) * len(parts)
    return tuple(_read(part.strip(), kind) for part, kind in zip(parts, kinds, strict=True))


def _shown(kind: Any) -> str:
    """A type in words; empty for one that no text stands for."""
    if get_origin(kind) is tuple:
        inner = [_shown(item) for item in get_args(kind) if item is not ...]
        return f"{', '.join(inner)} with commas between" if all(inner) else ""
    words = {
        int: "a whole number", float: "a number", str: "a text", bool: "true or false", type(None): NOTHING,
    }  # fmt: skip
    return words.get(kind, "")
