"""How the masks were made, as the manifest says."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from box2seg_plugin.annotate.report.markup import capital, text

RUN = "run"
"""Heading of what the manifest says outside its parts."""


def made_section(manifest: Mapping[str, Any]) -> str:
    """Html of a section: a card for each part of the manifest.

    Args:
        manifest: values and mappings of values, as JSON has them.
    """
    single = {key: value for key, value in manifest.items() if not isinstance(value, Mapping)}
    command = (
        ""
        if "dataset" not in manifest
        else (
            "<p>The same masks are made by</p>\n"
            f"<pre><code>{text(reproducing_command(manifest))}</code></pre>\n"
        )
    )
    parts = {RUN: single} | {key: value for key, value in manifest.items() if isinstance(value, Mapping)}
    cards = [
        f'<div class="card"><h3>{text(capital(key))}</h3>{_facts(part)}</div>' for key, part in parts.items()
    ]
    return f'<h2>How they were made</h2>\n{command}<div class="cards">\n' + "\n".join(cards) + "\n</div>"


def reproducing_command(manifest: Mapping[str, Any]) -> str:
    """The command line that makes the same masks, every setting written out. The places are the reader's."""
    words = ["box2seg", "annotate", str(manifest["dataset"]), "--root", "ROOT", "--out", "OUT"]
    chosen = {"model": manifest.get("model", {}).get("name"), **manifest.get("settings", {})}
    for name, value in chosen.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(option)
        elif isinstance(value, list):
            words += [option, *map(str, value)]
        elif value is not None and value is not False:
            words += [option, str(value)]
    return shlex.join(words)


def _facts(part: Mapping[str, Any]) -> str:
    """Names and values; what lies deeper is folded away."""
    rows = [
        f"<dt>{_name(key)}</dt><dd>{text(_shown(value))}</dd>"
        for key, value in part.items()
        if not isinstance(value, Mapping)
    ]
    folded = [
        f"<details><summary>{_name(key)}</summary>{_facts(value)}</details>"
        for key, value in part.items()
        if isinstance(value, Mapping)
    ]
    return f'<dl class="facts">{"".join(rows)}</dl>{"".join(folded)}'


def _name(key: str) -> str:
    return text(key.replace("_", " "))


def _shown(value: Any) -> str:
    """A value in words."""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(_shown, value)) or "none"
    return str(value)
