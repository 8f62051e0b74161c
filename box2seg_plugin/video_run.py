"""One video on its way through the network: read, encoded, solved in windows, given back in order."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from box2seg_plugin.frame_cache import CachedFrame, FrameCache
from box2seg_plugin.frame_prefetch import prefetched, read_frames
from box2seg_plugin.frame_result import FrameResult, ObjectPrediction, compose_frame
from box2seg_plugin.window_solver import WindowSolver
from box2seg_plugin.windows import Window, WindowPlan
from ltr.data.boxes import clip_box, is_absent
from ltr.data.crops import Crop, crop_inside_major, sample_image
from ltr.errors import InputError
from pytracking.evaluation.box_files import Boxes, check_boxes

Image = npt.NDArray[np.uint8]
IndexedFrame = tuple[int, Image]
Item = TypeVar("Item")


@dataclass(frozen=True)
class RunSettings:
    """How a video is gone through; see :class:`box2seg_plugin.segmenter.VideoSegmenter`."""

    frames: int
    interval: int
    batch: int
    crop_scale: float
    windows: str = "exact"
    read_ahead: int = 0


class VideoRun:
    """The state of one video.

    Args:
        solver: the network.
        boxes: object id -> (N, 4), N the number of frames.
        settings: how to go through it.
        wanted: (N,) bool, the frames whose results are asked for; None is all.
        probabilities: give probability maps as well.
        measures: measure the masks as well.
    """

    def __init__(
        self,
        solver: WindowSolver,
        boxes: Mapping[int, Boxes],
        settings: RunSettings,
        wanted: npt.NDArray[np.bool_] | None = None,
        probabilities: bool = False,
        measures: bool = False,
    ) -> None:
        self.solver = solver
        self.boxes = boxes
        self.settings = settings
        self.probabilities = probabilities
        self.measures = measures
        self.config = solver.network.config
        self.num_frames = len(next(iter(boxes.values())))
        self.wanted = np.ones(self.num_frames, dtype=bool) if wanted is None else wanted
        self.first_wanted = int(self.wanted.argmax()) if self.wanted.any() else None
        self.size = (0, 0)  # (H, W), known with the first frame read
        # A network without aggregation learns nothing from the other frames.
        frames = settings.frames if self.config.use_aggregation else 1
        self.plans = {
            i: WindowPlan(~is_absent(array), frames, settings.interval, settings.windows, self.wanted)
            for i, array in boxes.items()
        }
        self.cache = FrameCache()
        self.pending: dict[int, dict[int, ObjectPrediction]] = {}
        self.done = 0  # the first frame whose result may still be to come

    def results(self, frames: Iterable[Image]) -> Iterator[FrameResult]:
        """The wanted results in order, each as soon as the windows of its objects have been read."""
        for index, predictions in self.predictions(frames):
            yield compose_frame(index, self.size, predictions, self.probabilities, self.measures)

    def predictions(self, frames: Iterable[Image]) -> Iterator[tuple[int, dict[int, ObjectPrediction]]]:
        """:meth:`results` before its objects are put together: each wanted frame and, by object id, what the
        network says."""
        source = read_frames(frames, self._needs, self.num_frames)
        with prefetched(source, self.settings.read_ahead) as read:
            while chunk := list(itertools.islice(read, self.settings.batch)):
                self._check(chunk)
                self._encode(chunk)
                self._solve([index for index, _ in chunk])
                yield from self._finished(chunk[-1][0])
        yield from self._finished(self.num_frames - 1)

    def _needs(self, frame: int) -> bool:
        """Whether a frame must be read. The first wanted one says what size the masks have."""
        return frame == self.first_wanted or any(plan.needs(frame) for plan in self.plans.values())

    def _finished(self, last: int) -> Iterator[tuple[int, dict[int, ObjectPrediction]]]:
        """What has not yet been given of the frames up to ``last``, as far as it is there."""
        while self.done <= last and len(self.pending.get(self.done, ())) == self._targets(self.done):
            index, self.done = self.done, self.done + 1
            if self.wanted[index]:
                yield index, self.pending.pop(index, {})

    def _targets(self, frame: int) -> int:
        """How many objects are segmented in a frame."""
        return sum(bool(plan.targets[frame]) for plan in self.plans.values())

    def _check(self, chunk: Sequence[IndexedFrame]) -> None:
        """Refuse frames that are no images, or not of the size of the first that was read."""
        for index, frame in chunk:
            if getattr(frame, "dtype", None) != np.uint8 or frame.shape[2:] != (3,):
                raise InputError(f"frame {index} is {_kind(frame)}: must be a uint8 array (H, W, 3) in RGB")
            height, width = frame.shape[:2]
            if self.size == (0, 0):
                self.size = (height, width)
                check_boxes(self.boxes, width, height, "boxes")
            if (height, width) != self.size:
                raise InputError(
                    f"frame {index} is {width} x {height}, the first one {self.size[1]} x {self.size[0]}: "
                    "all must have one size"
                )

    def _encode(self, chunk: Sequence[IndexedFrame]) -> None:
        """Cut out and encode the objects of the frames that windows need."""
        todo = [
            (index, object_id, frame)
            for index, frame in chunk
            for object_id, plan in self.plans.items()
            if plan.needs(index)
        ]
        for group in _groups(todo, self.settings.batch):
            crops, boxes = zip(*(self._crop(index, object_id) for index, object_id, _ in group), strict=True)
            images = [sample_image(frame, crop) for (_, _, frame), crop in zip(group, crops, strict=True)]
            codes = self.solver.encode(np.stack(images), np.stack(boxes))
            for (index, object_id, _), crop, code in zip(group, crops, codes, strict=True):
                self.cache.put(object_id, index, CachedFrame(code, crop))

    def _crop(self, index: int, object_id: int) -> tuple[Crop, Boxes]:
        """Where to look for an object in a frame, and its box there."""
        height, width = self.size
        # What can be seen of the box: the network has learned from boxes around visible masks.
        box = clip_box(self.boxes[object_id][index], width, height)
        scale, cover = self.settings.crop_scale, self.config.crop_cover
        crop = crop_inside_major(self.size, box, scale, self.config.input_size, cover)
        return crop, crop.box_to_crop(box)

    def _solve(self, just_read: Sequence[int]) -> None:
        """Solve the windows that end in the frames just read, and let go of what no later window needs."""
        by_length: dict[int, list[tuple[int, Window]]] = {}
        for last in just_read:
            for object_id, plan in self.plans.items():
                for window in plan.ending_at(last):
                    by_length.setdefault(len(window.frames), []).append((object_id, window))
        for windows in by_length.values():
            for group in _groups(windows, self.settings.batch):
                self._solve_together(group)
        self.cache.forget_until(just_read[-1] - max(plan.span for plan in self.plans.values()))

    def _solve_together(self, group: Sequence[tuple[int, Window]]) -> None:
        """Solve windows of one length, and note what they say of their targets."""
        entries = [self.cache.get(object_id, window.frames) for object_id, window in group]
        positions = [[window.frames.index(target) for target in window.targets] for _, window in group]
        codes = [[entry.code for entry in window] for window in entries]
        answers = self.solver.solve(codes, positions, self.solver.network.input_hw, self.measures)
        for (object_id, window), held, places, found in zip(group, entries, positions, answers, strict=True):
            for target, place, answer in zip(window.targets, places, found, strict=True):
                self.pending.setdefault(target, {})[object_id] = ObjectPrediction(
                    self.boxes[object_id][target], held[place].crop, answer.logits, answer.first
                )


def _groups(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """The items in order, ``size`` at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))


def _kind(frame: object) -> str:
    """What a thing is that should have been an image, for messages."""
    return f"{frame.dtype} {frame.shape}" if isinstance(frame, np.ndarray) else type(frame).__name__
