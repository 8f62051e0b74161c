"""What a tracker is to those who run it. Nothing has to be inherited.

    tracker = TRACKERS.get("lwl")(PARAMETERS.get("lwl/default")())
    first = tracker.initialize(image, {1: Target(box, mask)})
    for image in later_images:
        result = tracker.track(image)

A tracker is causal: what it says of a frame depends on that frame and those before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Box = npt.NDArray[np.float64]
Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Target:
    """What is known of a target in the frame where it is first shown to the tracker.

    Attributes:
        box: (4,) float64 x, y, w, h in pixels, w and h > 0; where a mask is given, the box around it.
        mask: (H, W) bool, not empty; None where only the box is known.
    """

    box: Box
    mask: npt.NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class TrackResult:
    """What a tracker says of one frame.

    Attributes:
        boxes: object id -> (4,) float64 x, y, w, h in pixels of the frame, for every target so far. A target
            that is lost keeps its last box.
        scores: object id -> how sure the tracker is that the target is in the frame, in [0, 1].
        mask: (H, W) uint8 object ids, 0 background; None from trackers that make no masks.
        maps: pictures for whoever watches, by name: (h, w) float arrays.
    """

    boxes: Mapping[int, Box]
    scores: Mapping[int, float]
    mask: Labels | None = None
    maps: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=dict)


class Tracker(Protocol):
    """Follows one or several targets. Made by what is registered in ``pytracking.registry.TRACKERS``, which
    is called with the tracker's parameters."""

    @property
    def needs_masks(self) -> bool:
        """Whether every :class:`Target` must have a mask; where a video gives a box alone, the initializer
        that the parameters name makes one."""
        ...

    def initialize(self, image: Image, targets: Mapping[int, Target]) -> TrackResult:
        """Forget everything and begin with the first frame of a video.

        Args:
            image: (H, W, 3) uint8 RGB.
            targets: object id (1..254) -> target, at least one.

        Returns:
            What is said of this frame: the given boxes and masks.
        """
        ...

    def track(self, image: Image, new: Mapping[int, Target] | None = None) -> TrackResult:
        """Go on to the next frame.

        Args:
            image: of the first one's size.
            new: targets that appear in this frame, under ids not used before.
        """
        ...


class TrackerParameters(Protocol):
    """What ``pytracking.registry.PARAMETERS`` makes. The rest is between parameters and tracker.

    Those of a tracker that reads weights may have a method ``weights_digests() -> Mapping[str, str]``, what
    is read -> SHA-256 of it: results of other weights are told apart by it.
    """

    @property
    def initializer(self) -> str | None:
        """Name in ``pytracking.registry.INITIALIZERS`` of what makes a mask where there is only a box."""
        ...
