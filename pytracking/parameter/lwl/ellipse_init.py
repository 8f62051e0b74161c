"""lwl/ellipse_init: where a target starts with a box, its first mask is the ellipse inscribed in the box."""

from __future__ import annotations

from typing import Any

from pytracking.parameter.lwl.default import default
from pytracking.tracker.lwl.parameters import LWLParameters


def ellipse_init(**changes: Any) -> LWLParameters:
    """The parameters; ``changes`` replace fields of :class:`LWLParameters`."""
    return default(**{"initializer": "ellipse", **changes})
