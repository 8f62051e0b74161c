"""How good masks are where the true ones are known: one evaluation for all tables.

Boxes are made from the true masks where a video has none of its own. J is the mean over all frames with a
true object, then over the objects of a video, then over videos.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from box2seg_plugin.box_network import BoxNet
from box2seg_plugin.network import Box2SegNet
from box2seg_plugin.segmenter import VideoSegmenter
from box2seg_plugin.video_run import Image
from ltr.data.boxes import is_absent, jitter_box
from ltr.errors import InputError
from pytracking.analysis.davis import region_similarity
from pytracking.analysis.report import markdown_table
from pytracking.evaluation.box_files import Boxes
from pytracking.evaluation.labelled_video import LabelledVideo, Labels, boxes_of_labels
from pytracking.initializers import make_initializer, make_mask

ObjectMasks = Mapping[int, npt.NDArray[np.bool_]]
"""Object id -> (H, W) bool. Masks of a method that looks at each object by itself may overlap."""

Method = Callable[[Iterable[Image], Mapping[int, Boxes]], Iterable[ObjectMasks]]
"""The frames and boxes of a video -> the masks of each frame, in order."""

BASELINES = {"rectangle": "box filled", "ellipse": "inscribed ellipse", "grabcut": "GrabCut in the box"}
"""Initializers that everything is compared with, and what their rows are called."""


@dataclass(frozen=True)
class VideoScore:
    """One method on one video.

    Attributes:
        video: its name.
        j_of_object: object id -> mean J over the frames with a true object.
        frames: how many were segmented.
        seconds: how long that took, reading included.
    """

    video: str
    j_of_object: Mapping[int, float]
    frames: int
    seconds: float

    @property
    def j(self) -> float:
        """Mean over the objects."""
        return float(np.mean(list(self.j_of_object.values())))


@dataclass(frozen=True)
class Score:
    """One method on several videos: a row of a table."""

    method: str
    videos: tuple[VideoScore, ...]

    @property
    def j(self) -> float:
        """Mean over the videos."""
        return float(np.mean([video.j for video in self.videos]))

    @property
    def seconds_per_frame(self) -> float:
        """Over all frames of all videos."""
        return sum(video.seconds for video in self.videos) / sum(video.frames for video in self.videos)


def network_method(segmenter: VideoSegmenter) -> Method:
    """Box2Seg as a method."""

    def segment(frames: Iterable[Image], boxes: Mapping[int, Boxes]) -> Iterator[ObjectMasks]:
        for result in segmenter.segment(frames, boxes):
            yield {object_id: result.mask == object_id for object_id in boxes}

    return segment


def initializer_method(name: str) -> Method:
    """A segmentation initializer ("rectangle", "grabcut" ...) on each frame and object by itself."""

    def segment(frames: Iterable[Image], boxes: Mapping[int, Boxes]) -> Iterator[ObjectMasks]:
        initializer = make_initializer(name)
        for index, frame in enumerate(frames):
            here = {
                object_id: array[index] for object_id, array in boxes.items() if not is_absent(array[index])
            }
            yield {object_id: make_mask(initializer, frame, box) for object_id, box in here.items()}

    return segment


def score_method(
    method: Method, videos: Sequence[LabelledVideo], name: str, jitter: float = 0.0, seed: int = 0
) -> Score:
    """Run a method on videos and compare with the true masks.

    Args:
        method: what makes the masks.
        videos: the videos.
        name: of the method, for the table.
        jitter, seed: see :func:`jitter_boxes`; 0 leaves the boxes as they are.
    """
    scores = []
    with tqdm(
        total=sum(len(video.frames) for video in videos), desc=name, unit="frame", leave=False, disable=None
    ) as progress:
        for video in videos:
            labels = video.read_labels()
            boxes = boxes_of_labels(labels) if video.boxes is None else dict(video.boxes)
            if not boxes:
                raise InputError(f"video {video.name}: there is no object in any of its masks")
            if jitter:
                boxes = jitter_boxes(boxes, jitter, video.name, seed)
            started = time.perf_counter()
            j_of_object = mean_j(labels, _counted(method(video.frames, boxes), progress))
            scores.append(VideoScore(video.name, j_of_object, len(labels), time.perf_counter() - started))
    return Score(name, tuple(scores))


def score_initializers(videos: Sequence[LabelledVideo], names: Mapping[str, str] = BASELINES) -> list[Score]:
    """One score for each initializer (name -> what its row is called)."""
    return [score_method(initializer_method(key), videos, row) for key, row in names.items()]


def jitter_boxes(boxes: Mapping[int, Boxes], amount: float, video: str, seed: int = 0) -> dict[int, Boxes]:
    """Boxes as a hasty hand draws them.

    Each edge is moved by a uniform share, within ``amount``, of the box's size. The shifts of a video depend
    on its name and the seed alone, not on the other videos.
    """
    rng = np.random.default_rng([seed, *video.encode()])
    return {
        object_id: np.stack([jitter_box(box, amount, rng) for box in array])
        for object_id, array in boxes.items()
    }


def mean_j(labels: Sequence[Labels | None], masks: Iterable[ObjectMasks]) -> dict[int, float]:
    """J of each object, averaged over the frames where it truly is; a frame without its mask counts 0.

    Args:
        labels: (H, W) uint8 object ids of each frame, None where they are not known.
        masks: of each frame.
    """
    values: dict[int, list[float]] = {}
    for truth, predicted in zip(labels, masks, strict=True):
        if truth is None:
            continue
        for object_id in np.unique(truth[truth > 0]).tolist():
            mask = predicted.get(object_id)
            j = 0.0 if mask is None else region_similarity(truth == object_id, mask)
            values.setdefault(object_id, []).append(j)
    return {object_id: float(np.mean(values[object_id])) for object_id in sorted(values)}


def evaluate(
    network: BoxNet | str | Path,
    videos: Sequence[LabelledVideo],
    frames: int = 5,
    interval: int = 5,
    scale: float | None = None,
    refinements: int | None = None,
    jitter: float = 0.0,
    flip: bool = False,
    device: str = "auto",
    precision: str = "auto",
    name: str | None = None,
) -> Score:
    """Box2Seg on videos.

    Args:
        jitter: see :func:`score_method`.
        name: of the row; None says T, and what else differs from the default.

    The others: see :class:`VideoSegmenter` (``scale`` is its crop_scale).
    """
    segmenter = VideoSegmenter(
        network, frames, interval, refinements, device, precision, flip, crop_scale=scale
    )
    extras = [f"jitter {jitter:.0%}"] * bool(jitter) + ["flip"] * flip
    loaded = segmenter.solver.network
    what = "Box2Seg" if isinstance(loaded, Box2SegNet) else loaded.config.variant
    row = name or ", ".join([f"{what} T = {frames}", *extras])
    return score_method(network_method(segmenter), videos, row, jitter)


def score_table(scores: Sequence[Score], per_object: bool = False) -> str:
    """In Markdown. Rows: methods; columns: J of each video (or of each object), their mean, seconds a frame.

    Raises:
        ValueError: the scores are not all of the same videos and objects.
    """
    if len({tuple((video.video, *video.j_of_object) for video in score.videos) for score in scores}) != 1:
        raise ValueError("scores of one table must be of the same videos and objects")
    head = [
        _column(video, object_id) for video in scores[0].videos for object_id in _objects(video, per_object)
    ]
    rows = []
    for score in scores:
        cells = [
            f"{video.j if object_id is None else video.j_of_object[object_id]:.3f}"
            for video in score.videos
            for object_id in _objects(video, per_object)
        ]
        rows.append([score.method, *cells, f"**{score.j:.3f}**", f"{score.seconds_per_frame:.3f}"])
    return markdown_table(["J", *head, "mean", "s/frame"], rows)


def _counted(masks: Iterable[ObjectMasks], progress: tqdm) -> Iterator[ObjectMasks]:
    """The masks as they are; the progress bar moves with them."""
    for frame_masks in masks:
        yield frame_masks
        progress.update()


def _objects(video: VideoScore, per_object: bool) -> list[int | None]:
    """The columns of a video: None stands for the mean over its objects."""
    return [*video.j_of_object] if per_object and len(video.j_of_object) > 1 else [None]


def _column(video: VideoScore, object_id: int | None) -> str:
    return video.video if object_id is None else f"{video.video} {object_id}"
