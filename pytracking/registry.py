"""Names for what the tracking commands choose by name: trackers, their parameters, mask initializers.

Trackers are called by one word ("lwl"), parameters by tracker and name ("lwl/box2seg_init"), initializers,
the ways to make a first mask from a box, by one word ("grabcut").
"""

from collections.abc import Callable
from typing import Any

from ltr.registry import Registry

TRACKERS: Registry[Callable[..., Any]] = Registry("tracker")
PARAMETERS: Registry[Callable[..., Any]] = Registry("tracker parameters")
INITIALIZERS: Registry[Callable[..., Any]] = Registry("segmentation initializer")
