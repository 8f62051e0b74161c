"""Reports in Markdown, and what made their tables."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import torch

from box2seg_plugin.box_network import BoxNet
from box2seg_plugin.network import VARIANTS
from box2seg_plugin.variants import BUNDLED
from ltr.checkpoint import read_weights, weights_digest
from ltr.device import choose_device, use_bfloat16
from ltr.errors import InputError

FOLDER = Path(__file__).parent / "results"

TRAINED_WITH = {
    "settings": "{}",
    "settings_hash": "settings hash {}",
    "data": "on {}",
    "seed": "seed {}",
    "step": "step {}",
}
"""What our files of weights note about their training, and how it is written."""


def write_report(folder: Path, name: str, title: str, parts: Sequence[str]) -> Path:
    """Write ``folder/name.md``: a title and paragraphs. The folder is there.

    Raises:
        InputError: it cannot be written.
    """
    path = folder / f"{name}.md"
    try:
        path.write_text("\n\n".join([f"# {title}", *parts]) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from None
    return path


def provenance(command: str, models: Mapping[str, BoxNet], data: str, device: str, precision: str) -> str:
    """What made a table, as a list.

    Args:
        command: see :func:`shown_command`.
        models: the networks, by their names or files.
        data: which videos and how many frames.
        device, precision: as asked for.
    """
    place = choose_device(device)
    where = torch.cuda.get_device_name() if place.type == "cuda" else f"CPU ({platform.machine()})"
    number = "bf16" if use_bfloat16(precision, place) else "fp32"
    facts = {
        "command": f"`{command}`",
        "weights": "; ".join(describe_model(name, network) for name, network in models.items()),
        "data": data,
        "code": git_revision(),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{where}, {number}, {torch.get_num_threads()} threads, torch {torch.__version__}",
    }
    return "\n".join(f"- {key}: {value}" for key, value in facts.items())


def shown_command(script: str, arguments: Sequence[str]) -> str:
    """A command line that another machine can run: of paths, the last part alone."""
    return shlex.join(["python", f"experiments/{script}.py", *(_name_alone(text) for text in arguments)])


def describe_model(name_or_file: str, network: BoxNet) -> str:
    """Its name, the digest of its weights, and what its file notes about how they came about."""
    facts = [Path(name_or_file).name, f"sha256 {weights_digest(network)[:16]}"]
    file = BUNDLED / f"{name_or_file}.safetensors" if name_or_file in VARIANTS else Path(name_or_file)
    if file.suffix == ".safetensors":
        noted = read_weights(file).extra
        facts += [text.format(noted[key]) for key, text in TRAINED_WITH.items() if key in noted]
    return ", ".join(facts)


def git_revision() -> str:
    """The commit that is checked out, and whether its code has been changed since."""
    try:
        revision = _git("rev-parse", "--short=12", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", "..", ":!results")
    except (OSError, subprocess.CalledProcessError):
        return "not a git checkout"
    return f"commit {revision}" + (" and changes since" if changed else "")


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=Path(__file__).parent, check=True, capture_output=True, text=True
    ).stdout.strip()


def _name_alone(argument: str) -> str:
    """``NAME=folder/file`` becomes ``NAME=file``."""
    head, equals, value = argument.rpartition("=")
    return head + equals + (Path(value).name if os.sep in value else value)
