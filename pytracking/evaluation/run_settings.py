"""Notes what the results in a folder were made with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ltr.errors import InputError
from ltr.training import settings_hash
from pytracking.analysis.whole_file import whole_file

SETTINGS = "settings.json"
SHOWN = 3
"""Differences that a message names."""


@dataclass(frozen=True)
class RunSettings:
    """What decides the results of a run, besides the code.

    Attributes:
        tracker: "tracker/parameters".
        seed: of the random numbers with which every sequence begins.
        parameters: what the parameters' factory made.
        weights: what is read -> SHA-256 of it, see :func:`pytracking.evaluation.weights.weights_of`.
    """

    tracker: str
    seed: int
    parameters: Any
    weights: Mapping[str, str] = field(default_factory=dict)

    def check(self, folder: Path) -> None:
        """Refuse a folder that holds results of other settings: those that are done would not be made again.

        Raises:
            InputError: it does; the message says what is different.
        """
        settings, noted = plain(self), _noted(folder / SETTINGS)
        others = [old for old in _hashes(noted) if old != settings_hash(settings)]
        if others:
            raise InputError(
                f"{folder} holds results of other settings ({', '.join(_differences(noted, settings))}): "
                "--overwrite makes them anew, --name puts the new ones beside them"
            )

    def write(self, folder: Path, others_remain: bool) -> None:
        """Write ``settings.json``, with the hash of all that is in it.

        Args:
            folder: of the results.
            others_remain: whether results of earlier runs are still there; then the hashes of other settings
                that are noted stay, as "earlier".

        Raises:
            InputError: it cannot be written.
        """
        settings = plain(self)
        new = settings_hash(settings)
        earlier = [old for old in _hashes(_noted(folder / SETTINGS)) if old != new] if others_remain else []
        content = {"hash": new, **settings, **({"earlier": earlier} if earlier else {})}
        with whole_file(folder / SETTINGS) as temporary:
            text = json.dumps(content, indent=2, ensure_ascii=False)
            temporary.write_text(text + "\n", encoding="utf-8")


def plain(value: Any, depth: int = 8) -> Any:
    """A value as JSON can hold it, the same in every process: objects become their attributes, what has none
    its text, functions and what lies too deep their names."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if depth == 0:
        return type(value).__qualname__
    if isinstance(value, Mapping):
        return {str(key): plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, depth - 1) for item in value]
    attributes = getattr(value, "__dict__", None)
    if attributes and not callable(value):
        return plain(attributes, depth)
    text = str(value)
    return text if " at 0x" not in text else getattr(value, "__qualname__", type(value).__qualname__)


def _noted(path: Path) -> dict[str, Any]:
    """What the file says; nothing where it cannot be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) and "hash" in content else {}


def _hashes(noted: Mapping[str, Any]) -> list[str]:
    """Of all settings that are noted, the latest first."""
    earlier = noted.get("earlier", [])
    return [str(noted["hash"]), *map(str, earlier if isinstance(earlier, list) else [])] if noted else []


def _differences(noted: Mapping[str, Any], settings: Mapping[str, Any]) -> list[str]:
    """What has changed since, in words."""
    old, new = (dict(_leaves(content)) for content in (noted, settings))
    names = [name for name in {**new, **old} if name not in ("hash", "earlier")]
    changed = [name for name in names if old.get(name) != new.get(name)]
    told = [f"{name}: {_short(old.get(name))}, now {_short(new.get(name))}" for name in changed[:SHOWN]]
    more = len(changed) - SHOWN
    return told + [f"{more} more"] * (more > 0) or ["of an earlier run that was not made anew as a whole"]


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """("parameters.search_scale", 4.0) for all values of nested mappings."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{name}.{key}" if name else str(key))
    else:
        yield name, value


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:16]}..."
