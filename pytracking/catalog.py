"""The trackers that come along, and their parameters."""

from __future__ import annotations


def register_trackers() -> None:
    """Register them under their names; a name that a plugin has taken stays the plugin's."""
    from pytracking.parameter.lwl.default import default
    from pytracking.parameter.lwl.ellipse_init import ellipse_init
    from pytracking.parameter.lwl.grabcut_init import grabcut_init
    from pytracking.parameter.lwl.rectangle_init import rectangle_init
    from pytracking.registry import PARAMETERS, TRACKERS
    from pytracking.tracker.lwl.tracker import LWLTracker

    if "lwl" not in TRACKERS:
        TRACKERS.register("lwl", LWLTracker)
    for factory in (default, rectangle_init, ellipse_init, grabcut_init):
        name = f"lwl/{factory.__name__}"
        if name not in PARAMETERS:
            PARAMETERS.register(name, factory)
