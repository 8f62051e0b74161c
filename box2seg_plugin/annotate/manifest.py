"""What made the masks of a folder: ``manifest.json``. Masks made otherwise never get among them unseen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL
import torch

from box2seg_plugin.annotate.quality_score import QualityScore
from box2seg_plugin.annotate.settings import AnnotationSettings
from box2seg_plugin.box_network import BoxNet
from ltr.checkpoint import weights_digest
from ltr.data.image_io import jpeg_backend
from ltr.errors import InputError
from ltr.training import settings_hash

FORMAT = 1
"""Of the manifest and of all files beside it."""

_NOT_HASHED = ("format", "hash", "model.name")
_SHOWN = 4  # changes in a message


@dataclass(frozen=True)
class Manifest:
    """What made the masks.

    Attributes:
        dataset: name of the source: "got10k".
        settings: what the user chose.
        model: the network's name (which may change), the digest of its weights, and its config.
        score: the weights of the quality score.
        versions: of what computes.
    """

    dataset: str
    settings: Mapping[str, Any]
    model: Mapping[str, Any]
    score: Mapping[str, Any]
    versions: Mapping[str, str]

    @property
    def hash(self) -> str:
        """Equal for equal masks, as far as that can be known."""
        return settings_hash(dict(_hashed(self.content())))

    def content(self) -> dict[str, Any]:
        """What the file holds, but the hash."""
        plain = {"format": FORMAT, **asdict(self)}
        return dict(json.loads(json.dumps(plain)))  # tuples become lists, as they are when it is read

    def write(self, path: Path) -> None:
        """Write the file; it is there whole or not at all. For one process at a time.

        Raises:
            OSError: it cannot be written.
        """
        part = path.with_name(f".{path.name}.part")
        text = json.dumps({"hash": self.hash, **self.content()}, indent=1, ensure_ascii=False)
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(path)

    def check_same(self, path: Path) -> None:
        """Refuse to go on with what something else made.

        Args:
            path: a manifest that is there.

        Raises:
            InputError: it cannot be read, or differs; the message says in what.
        """
        there, mine = dict(_hashed(read_manifest(path))), dict(_hashed(self.content()))
        changes = [
            f"{key}: {_shown(there, key)} -> {_shown(mine, key)}"
            for key in sorted(there.keys() | mine.keys())
            if there.get(key, ...) != mine.get(key, ...)
        ]
        if changes:
            more = f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
            raise InputError(
                f"{path.parent.name} was made otherwise ({'; '.join(changes[:_SHOWN])}{more}): take the "
                "same, another --out, or --force, which removes the masks that are there"
            )


def make_manifest(
    dataset: str, settings: AnnotationSettings, network: BoxNet, model_name: str, score: QualityScore
) -> Manifest:
    """The manifest of a run.

    Args:
        dataset: name of the source.
        settings: what was chosen.
        network: what makes the masks.
        model_name: what it is called, for the reader.
        score: what judges the masks.
    """
    model = {"name": model_name, "weights": weights_digest(network), "config": network.config.to_dict()}
    versions = {
        "box2seg": _own_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "pillow": PIL.__version__,
        "jpeg": jpeg_backend(),
    }
    judge = {"model": score.model, **score.to_json()}
    judge.pop("about")
    return Manifest(dataset, asdict(settings), model, judge, versions)


def read_manifest(path: Path) -> dict[str, Any]:
    """What a manifest holds.

    Raises:
        InputError: it cannot be read, or is of another version of this program.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}): move it, or choose another --out") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"{path}: no manifest of format {FORMAT}: move it, or choose another --out")
    return content


def _hashed(content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Dotted key -> value of all that decides the masks."""
    return ((key, value) for key, value in _flat(content) if key not in _NOT_HASHED)


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _shown(content: Mapping[str, Any], key: str) -> str:
    if key not in content:
        return "nothing"
    value = content[key]
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 24 else f"{text[:12]}..."


def _own_version() -> str:
    try:
        return version("box2seg")
    except PackageNotFoundError:
        return "(not installed)"
