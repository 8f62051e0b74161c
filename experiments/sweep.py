"""Several ways to segment the same videos, compared.

A table varies one thing at a time, so most of the work is the same for all its rows. Here a video is read
once and a crop encoded once, however many rows look at it; windows are solved for the evaluated frames alone.
The masks are those of :class:`box2seg_plugin.segmenter.VideoSegmenter`, the seconds those of a row by itself.
A video is held in memory: 0.2 GB with the small network, 2 GB an object with the ResNet-50 in fp32.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from box2seg_plugin.box_network import BoxNet
from box2seg_plugin.evaluation import Score, VideoScore, jitter_boxes, mean_j
from box2seg_plugin.frame_cache import CachedFrame, FrameCache
from box2seg_plugin.frame_result import FrameResult, ObjectPrediction, compose_frame
from box2seg_plugin.window_solver import WindowSolver
from box2seg_plugin.windows import WindowPlan, check_window
from ltr.data.boxes import box_mask, clip_box, is_absent
from ltr.data.crops import crop_inside_major, sample_image
from ltr.device import choose_device, use_bfloat16
from ltr.errors import InputError
from pytracking.evaluation.labelled_video import LabelledVideo, Labels, boxes_of_labels


@dataclass(frozen=True)
class Setting:
    """One way to segment.

    Attributes:
        model: key of the network.
        frames, interval, refinements: see :class:`box2seg_plugin.segmenter.VideoSegmenter`.
        scale: its ``crop_scale``.
        jitter, seed: see :func:`box2seg_plugin.evaluation.jitter_boxes`; 0 leaves the boxes as they are.
    """

    model: str
    frames: int = 5
    interval: int = 5
    refinements: int | None = None
    scale: float | None = None
    jitter: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Result:
    """What came out of a setting.

    Attributes:
        score: J and seconds.
        window_frames: mean number of frames in a window, over videos; less than T where a video is too short
            or boxes are missing.
        ceiling: J of the true masks cut at the boxes given, which no mask inside them can pass.
    """

    score: Score
    window_frames: float
    ceiling: float


def compare(
    settings: Sequence[Setting],
    networks: Mapping[str, BoxNet],
    videos: Sequence[LabelledVideo],
    every: int = 1,
    device: str = "auto",
    precision: str = "auto",
    progress: str = "",
) -> dict[Setting, Result]:
    """Score each setting on the videos.

    Args:
        settings: different ones, at least one.
        networks: by the settings' ``model``.
        videos: at least one. Boxes are those of the true masks; a frame without one has no box.
        every: of the frames with a true mask, evaluate each ``every``-th. Windows use all.
        device, precision: see :class:`box2seg_plugin.segmenter.VideoSegmenter`.
        progress: what the progress bar says.

    Raises:
        InputError: a setting is out of range or asks more of its network than that has, no object is visible
            in the evaluated frames of a video, or a file cannot be read.
    """
    if every < 1:
        raise InputError(f"frames from one evaluated frame to the next is {every}: must be at least 1")
    solvers = _make_solvers(settings, networks, device, precision)
    results: dict[Setting, list[_VideoResult]] = {setting: [] for setting in settings}
    with tqdm(total=len(settings) * len(videos), desc=progress, unit="run", leave=False, disable=None) as bar:
        for source in videos:
            video = _Video(source, every)
            for group in _same_crops(settings):
                encoded = _EncodedVideo(video, solvers[group[0]], group[0])
                for setting in group:
                    results[setting].append(_score(encoded, solvers[setting], setting))
                    bar.update()
    return {setting: _mean_over_videos(setting.model, parts) for setting, parts in results.items()}


def _segment(
    encoded: _EncodedVideo, solver: WindowSolver, setting: Setting
) -> tuple[list[FrameResult], list[int]]:
    """The masks of the evaluated frames, and the lengths of their windows, one for each object and frame."""
    wanted = encoded.video.wanted
    # A network without aggregation learns nothing from the other frames.
    frames = setting.frames if solver.network.config.use_aggregation else 1
    predictions: dict[int, dict[int, ObjectPrediction]] = {frame: {} for frame in wanted}
    lengths: list[int] = []
    for object_id, boxes in encoded.boxes.items():
        plan = WindowPlan(~is_absent(boxes), frames, setting.interval)
        targets_of: dict[tuple[int, ...], list[int]] = {}
        for target in wanted:
            if plan.present[target]:
                targets_of.setdefault(plan.window(target), []).append(target)
        for window, targets in targets_of.items():
            held = dict(zip(window, encoded.cache.get(object_id, window), strict=True))
            codes, places = [held[frame].code for frame in window], [window.index(t) for t in targets]
            (answers,) = solver.solve([codes], [places], solver.network.input_hw)
            for target, answer in zip(targets, answers, strict=True):
                prediction = ObjectPrediction(boxes[target], held[target].crop, answer.logits)
                predictions[target][object_id] = prediction
            lengths += [len(window)] * len(targets)
    return [compose_frame(frame, encoded.video.size, predictions[frame]) for frame in wanted], lengths


class _Video:
    """A video in memory.

    Attributes:
        name: its name.
        images: all frames.
        boxes: object id -> (N, 4).
        wanted: indices of the evaluated frames.
        truth: the true masks of those.
        share: of the frames with a true mask that are evaluated.
        seconds: how long reading the images took.
    """

    def __init__(self, source: LabelledVideo, every: int) -> None:
        self.name = source.name
        labels: list[Labels | None] = source.read_labels()
        self.boxes = boxes_of_labels(labels) if source.boxes is None else dict(source.boxes)
        known = [index for index, label in enumerate(labels) if label is not None]
        self.wanted = known[::every]
        self.truth = [labels[index] for index in self.wanted]
        if not any(label is not None and label.any() for label in self.truth):
            raise InputError(
                f"{self.name}: there is no object in the {len(self.wanted)} frames evaluated: choose a lower "
                "--every, or leave the video out with --sequences"
            )
        self.share = len(self.wanted) / len(known)
        started = time.perf_counter()
        self.images = list(source.frames)
        self.seconds = time.perf_counter() - started

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of the frames."""
        height, width = self.images[0].shape[:2]
        return height, width


class _EncodedVideo:
    """A video's crops around the boxes of a setting, encoded.

    Attributes:
        video: the video.
        boxes: object id -> (N, 4).
        cache: their codes.
        seconds: how long reading and encoding took.
        ceiling: see :class:`Result`.
    """

    def __init__(self, video: _Video, solver: WindowSolver, setting: Setting) -> None:
        self.video = video
        self.boxes = video.boxes
        if setting.jitter:
            self.boxes = jitter_boxes(video.boxes, setting.jitter, video.name, setting.seed)
        self.cache = FrameCache()
        started = time.perf_counter()
        for object_id, boxes in self.boxes.items():
            for frame in np.flatnonzero(~is_absent(boxes)).tolist():
                entry = _encode(video.images[frame], boxes[frame], solver, setting.scale)
                self.cache.put(object_id, frame, entry)
        if solver.device.type == "cuda":
            torch.cuda.synchronize()
        self.seconds = video.seconds + time.perf_counter() - started
        self.ceiling = _mean(mean_j(video.truth, self._truth_in_boxes()).values())

    def _truth_in_boxes(self) -> Iterator[dict[int, npt.NDArray[np.bool_]]]:
        """The true masks of the evaluated frames, cut at the boxes."""
        for frame, label in zip(self.video.wanted, self.video.truth, strict=True):
            yield {
                i: (label == i) & box_mask(array[frame], *self.video.size) for i, array in self.boxes.items()
            }


def _encode(
    image: npt.NDArray[np.uint8], box: npt.NDArray[np.float64], solver: WindowSolver, scale: float | None
) -> CachedFrame:
    """Cut out and encode one object."""
    config = solver.network.config
    height, width = image.shape[:2]
    visible = clip_box(box, width, height)
    scale = config.crop_scale if scale is None else scale
    crop = crop_inside_major((height, width), visible, scale, config.input_size, config.crop_cover)
    (code,) = solver.encode(sample_image(image, crop)[None], crop.box_to_crop(visible)[None])
    return CachedFrame(code, crop)


@dataclass(frozen=True)
class _VideoResult:
    score: VideoScore
    window_frames: float
    ceiling: float


def _score(encoded: _EncodedVideo, solver: WindowSolver, setting: Setting) -> _VideoResult:
    video = encoded.video
    started = time.perf_counter()
    results, lengths = _segment(encoded, solver, setting)
    # Reading and encoding serve every frame, so the evaluated ones answer for their share.
    seconds = time.perf_counter() - started + video.share * encoded.seconds
    j_of_object = mean_j(video.truth, ({i: r.mask == i for i in encoded.boxes} for r in results))
    score = VideoScore(video.name, j_of_object, len(results), seconds)
    return _VideoResult(score, _mean(lengths), encoded.ceiling)


def _mean_over_videos(model: str, parts: Sequence[_VideoResult]) -> Result:
    return Result(
        Score(model, tuple(part.score for part in parts)),
        _mean(part.window_frames for part in parts),
        _mean(part.ceiling for part in parts),
    )


def _same_crops(settings: Sequence[Setting]) -> Iterator[list[Setting]]:
    """The settings in groups that show the same crops and boxes to the same network."""
    groups: dict[tuple[object, ...], list[Setting]] = {}
    for setting in settings:
        key = (setting.model, setting.scale, setting.jitter, setting.seed)
        groups.setdefault(key, []).append(setting)
    yield from groups.values()


def _make_solvers(
    settings: Sequence[Setting], networks: Mapping[str, BoxNet], device: str, precision: str
) -> dict[Setting, WindowSolver]:
    """One solver for each network and number of refinements."""
    place = choose_device(device)
    bfloat16 = use_bfloat16(precision, place)
    made: dict[tuple[str, int | None], WindowSolver] = {}
    for setting in settings:
        check_window(setting.frames, setting.interval)
        if setting.scale is not None and not 1 <= setting.scale <= 100:
            raise InputError(f"crop scale is {setting.scale}: must be from 1 to 100")
        key = (setting.model, setting.refinements)
        if key not in made:
            made[key] = WindowSolver(networks[setting.model], place, bfloat16, setting.refinements)
    return {setting: made[setting.model, setting.refinements] for setting in settings}


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
