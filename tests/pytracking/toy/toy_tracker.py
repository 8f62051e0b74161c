"""A tracker for the tests of what runs trackers. Installed as a plugin, so that other processes find it too.

It follows patches of one colour. The upper left pixel of a frame tells it to misbehave: its red value is one
of the codes below.
"""

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch

from ltr.data.boxes import is_absent, mask_to_box
from ltr.errors import InputError
from pytracking.registry import PARAMETERS, TRACKERS
from pytracking.tracker.interface import Box, Image, Target, TrackResult

RAISE, DIE, HANG, DRAW = 1, 2, 3, 4


@dataclass(frozen=True)
class ToyParameters:
    makes_masks: bool = False
    initializer: str | None = None
    fails: type[Exception] | None = None


class ToyTracker:
    def __init__(self, parameters: ToyParameters) -> None:
        if parameters.fails is not None:
            raise parameters.fails("no weights")
        self.needs_masks = self.makes_masks = parameters.makes_masks
        self.colours: dict[int, tuple[int, ...]] = {}
        self.boxes: dict[int, Box] = {}

    def initialize(self, image: Image, targets: Mapping[int, Target]) -> TrackResult:
        self.colours, self.boxes = {}, {}
        return self._look(image, targets)

    def track(self, image: Image, new: Mapping[int, Target] | None = None) -> TrackResult:
        for object_id, box in self.boxes.items():
            found = mask_to_box(self._patch(image, object_id))
            if not is_absent(found):  # what is said of a frame depends on all before it
                self.boxes[object_id] = (2 * box + found) / 3
        return self._look(image, new or {})

    def _look(self, image: Image, new: Mapping[int, Target]) -> TrackResult:
        self._obey(int(image[0, 0, 0]))
        for object_id, target in new.items():
            x, y, w, h = target.box
            self.colours[object_id] = tuple(image[int(y + h / 2), int(x + w / 2)])
            self.boxes[object_id] = target.box
        mask = np.zeros(image.shape[:2], np.uint8)
        for object_id in self.boxes:
            mask[self._patch(image, object_id)] = object_id
        scores = dict.fromkeys(self.boxes, 1.0)
        maps = {"red": image[..., 0].astype(np.float32)}
        return TrackResult(dict(self.boxes), scores, mask if self.makes_masks else None, maps)

    def _patch(self, image: Image, object_id: int) -> np.ndarray:
        return (image == self.colours[object_id]).all(axis=2)

    def _obey(self, code: int) -> None:
        if code == RAISE:
            raise RuntimeError("the toy\nis broken")
        if code == DIE:
            os.kill(os.getpid(), signal.SIGKILL)
        if code == HANG:
            time.sleep(600)
        if code == DRAW:
            for object_id in self.boxes:
                drawn = np.random.rand() + torch.get_num_threads()  # noqa: NPY002
                self.boxes[object_id] = self.boxes[object_id] + drawn


def register() -> None:
    TRACKERS.register("toy", ToyTracker)
    choices = {
        "default": ToyParameters(),
        "masks": ToyParameters(makes_masks=True),
        "ellipse": ToyParameters(makes_masks=True, initializer="ellipse"),
        "no_weights": ToyParameters(fails=InputError),
        "bug": ToyParameters(fails=KeyError),
    }
    for name, parameters in choices.items():
        PARAMETERS.register(f"toy/{name}", partial(replace, parameters))
