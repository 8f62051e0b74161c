"""Parameters of the tracker "lwl" by name: what each set changes in the defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pytracking.tracker.lwl.parameters import LWLParameters

SETS: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "ellipse_init": {"initializer": "ellipse"},
    "grabcut_init": {"initializer": "grabcut"},
    "rectangle_init": {"initializer": "rectangle"},
}
"""Name -> fields of :class:`LWLParameters`."""


def parameter_sets() -> dict[str, Callable[..., LWLParameters]]:
    """Name, as in ``pytracking.registry.PARAMETERS`` -> what makes the parameters; called with fields, it
    replaces these as well."""
    return {f"lwl/{name}": partial(LWLParameters, **fields) for name, fields in SETS.items()}
