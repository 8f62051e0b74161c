"""A stranger's tracker for the tests of run_vot.py: follows blobs of one colour, and sees no further than a
few pixels around where they were. With this folder on the path it counts as an installed plugin.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ltr.data.boxes import box_mask, mask_to_box
from pytracking.registry import PARAMETERS, TRACKERS
from pytracking.tracker.interface import Box, Image, Target, TrackResult

SIGHT = 3
TOLERANCE = 40


@dataclass(frozen=True)
class BlobParameters:
    """What a tracker is to do, and what is to go wrong."""

    makes_masks: bool
    initializer: str | None = None
    talks: bool = False
    fails_at: int | None = None


class BlobTracker:
    """See the module."""

    def __init__(self, parameters: BlobParameters) -> None:
        self.parameters = parameters
        self.needs_masks = parameters.makes_masks
        self.say("made")

    def initialize(self, image: Image, targets: Mapping[int, Target]) -> TrackResult:
        self.frame = 0
        self.colours: dict[int, npt.NDArray[np.float64]] = {}
        self.boxes: dict[int, Box] = {}
        return self._see(image, targets)

    def track(self, image: Image, new: Mapping[int, Target] | None = None) -> TrackResult:
        self.frame += 1
        return self._see(image, new or {})

    def say(self, word: str) -> None:
        """Print what would disturb who reads the standard output: whole lines, and half of one."""
        if self.parameters.talks:
            print(f"{word}\nhalf a line", end="")  # noqa: T201
            print("\rprogress", end="", file=sys.stderr, flush=True)  # noqa: T201

    def _see(self, image: Image, new: Mapping[int, Target]) -> TrackResult:
        self.say(f"frame {self.frame}")
        if self.frame == self.parameters.fails_at:
            raise RuntimeError(f"cannot go on at frame {self.frame}")
        height, width = image.shape[:2]
        labels = np.zeros((height, width), np.uint8)
        for object_id, target in new.items():
            assert (target.mask is not None) or not self.needs_masks
            x, y, w, h = target.box
            self.colours[object_id] = image[int(y + h / 2), int(x + w / 2)].astype(np.float64)
            self.boxes[object_id] = target.box
        scores = {}
        for object_id, colour in self.colours.items():
            alike = np.abs(image - colour).max(axis=2) < TOLERANCE
            x, y, w, h = self.boxes[object_id]
            seen = alike & box_mask((x - SIGHT, y - SIGHT, w + 2 * SIGHT, h + 2 * SIGHT), height, width)
            if seen.any():
                self.boxes[object_id] = mask_to_box(seen)
            scores[object_id] = float(seen.any())
            labels[seen] = object_id
        return TrackResult(dict(self.boxes), scores, labels if self.parameters.makes_masks else None)


def register() -> None:
    """Register the tracker with all its parameters."""
    TRACKERS.register("blob", BlobTracker)
    rows = {
        "masks": BlobParameters(True, "rectangle"),
        "boxes": BlobParameters(False),
        "maskless": BlobParameters(True),
        "talks": BlobParameters(True, "rectangle", talks=True),
        "fails": BlobParameters(False, fails_at=2),
    }
    for name, parameters in rows.items():
        PARAMETERS.register(f"blob/{name}", lambda parameters=parameters: parameters)
