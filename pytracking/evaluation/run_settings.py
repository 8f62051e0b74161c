"""Notes what the results in a folder were made with."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ltr.training import settings_hash
from pytracking.analysis.whole_file import whole_file

SETTINGS = "settings.json"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunSettings:
    """What decides the results of a run, besides the code.

    Attributes:
        tracker: "tracker/parameters".
        seed: of the random numbers with which every sequence begins.
        parameters: what the parameters' factory made.
    """

    tracker: str
    seed: int
    parameters: Any

    def compare(self, folder: Path) -> None:
        """Warn where a folder holds results of other settings: those that are done are not made again."""
        new = settings_hash(plain(self))
        if others := [old for old in _noted_hashes(folder / SETTINGS) if old != new]:
            logger.warning(
                "%s: settings have changed (%s, now %s): --overwrite makes all anew",
                folder, ", ".join(others), new,
            )  # fmt: skip

    def write(self, folder: Path, overwrite: bool) -> None:
        """Write ``settings.json``, with the hash of all that is in it.

        Args:
            folder: of the results.
            overwrite: whether all results are made anew; else the hashes of other settings that are noted
                there stay, as "earlier".

        Raises:
            InputError: it cannot be written.
        """
        settings = plain(self)
        new = settings_hash(settings)
        earlier = [] if overwrite else [old for old in _noted_hashes(folder / SETTINGS) if old != new]
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


def _noted_hashes(path: Path) -> list[str]:
    """What the file says that results were made with, the latest first; nothing where it cannot be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return [str(content["hash"]), *map(str, content.get("earlier", []))]
    except (OSError, ValueError, KeyError, TypeError):
        return []
