"""lwl/default: the embedded network, for videos whose targets start with a mask."""

from __future__ import annotations

from typing import Any

from pytracking.tracker.lwl.parameters import LWLParameters


def default(**changes: Any) -> LWLParameters:
    """The parameters; ``changes`` replace fields of :class:`LWLParameters`."""
    return LWLParameters(**changes)
