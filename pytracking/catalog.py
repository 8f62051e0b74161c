"""The trackers that come along, and their parameters."""

from __future__ import annotations


def register_trackers() -> None:
    """Register them under their names; a name that a plugin has taken stays the plugin's."""
    from pytracking.parameter.lwl import parameter_sets
    from pytracking.registry import PARAMETERS, TRACKERS
    from pytracking.tracker.lwl.tracker import LWLTracker

    if "lwl" not in TRACKERS:
        TRACKERS.register("lwl", LWLTracker)
    for name, factory in parameter_sets().items():
        if name not in PARAMETERS:
            PARAMETERS.register(name, factory)
