"""Ways to annotate one and the same video, side by side."""

from __future__ import annotations

import itertools
import resource
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from part_meter import PartMeter
from plain_procedure import PlainProcedure
from segment_memory import RUSAGE_UNIT

from box2seg_plugin.annotate.annotator import READ_AHEAD
from box2seg_plugin.annotate.video_images import VideoImages
from box2seg_plugin.frame_result import FrameResult, compose_frame
from box2seg_plugin.network import Box2SegNet
from box2seg_plugin.segmenter import VideoSegmenter
from ltr.data.mask_io import write_mask
from pytracking.bundled import bundled_clip, bundled_names
from pytracking.evaluation.box_files import read_boxes
from pytracking.evaluation.frames import open_frames

FRAMES = 5
SIZE = (1280, 720)
PLAIN, DEFAULT = "plain", "default"
ENGINE: dict[str, dict[str, Any]] = {
    "exact fp32": {"windows": "exact", "precision": "fp32"},
    "shared fp32": {"windows": "shared", "precision": "fp32"},
    DEFAULT: {"windows": "shared"},
}
WAYS = (PLAIN, *ENGINE)
"""The published procedure, and the engine in several settings; the last ones are the annotator's own."""

Boxes = npt.NDArray[np.float64]
Annotator = VideoSegmenter | PlainProcedure


@dataclass(frozen=True)
class Video:
    """A video on the disk.

    Attributes:
        images: its frames.
        boxes: (N, 4) of its one object.
        out: folder for its masks.
    """

    images: VideoImages
    boxes: Boxes
    out: Path


def write_video(folder: Path, count: int) -> Video:
    """The first bundled clip, enlarged, forwards and backwards until there are enough frames."""
    clip = bundled_clip(bundled_names()[0])
    source = open_frames(clip.frames)
    boxes = next(iter(read_boxes(clip.boxes, source.names).values()))
    there_and_back = itertools.cycle([*range(len(source)), *range(len(source) - 2, 0, -1)])
    order = list(itertools.islice(there_and_back, count))
    used = itertools.islice(source, max(order) + 1)
    frames = [cv2.resize(frame, SIZE)[..., ::-1] for frame in used]
    files = [folder / f"{index:05d}.jpg" for index in range(count)]
    for index, file in zip(order, files, strict=True):
        cv2.imwrite(str(file), frames[index])
    stretch = np.array(SIZE) / source.size
    return Video(VideoImages(files, SIZE), boxes[order] * np.tile(stretch, 2), folder)


def make_annotator(network: Box2SegNet, way: str, interval: int) -> Annotator:
    """The procedure, or the engine, as a way wants it."""
    if way == PLAIN:
        return PlainProcedure(network, FRAMES, interval)
    return VideoSegmenter(network, FRAMES, interval, device="cpu", read_ahead=READ_AHEAD, **ENGINE[way])


def annotate(
    annotator: Annotator, video: Video, chosen: Sequence[int] | None = None
) -> Iterator[npt.NDArray[np.uint8]]:
    """As ``box2seg annotate`` does: the masks are measured (those of the engine) and written.

    Args:
        annotator: what makes the masks.
        video: the video.
        chosen: frames that the plain procedure annotates; all when None.
    """
    results: Iterator[FrameResult]
    if isinstance(annotator, PlainProcedure):
        predictions = (
            (index, annotator.predict(video.images, video.boxes, index))
            for index in (range(len(video.images)) if chosen is None else chosen)
        )
        results = (compose_frame(index, SIZE[::-1], {1: prediction}) for index, prediction in predictions)
    else:
        results = annotator.segment(video.images, video.boxes, measures=True)
    for result in results:
        write_mask(video.out / f"{result.index:05d}.png", result.mask)
        yield result.mask


@dataclass
class Lane:
    """One way to annotate the video.

    Attributes:
        annotator: what does it.
        meter: of the engine's seconds by part; None for the plain procedure.
        seconds: what a frame takes, one value for each time the video was gone through.
    """

    annotator: Annotator
    meter: PartMeter | None
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Seconds a frame takes."""
        return statistics.median(self.seconds)


def make_lanes(network: Box2SegNet, interval: int) -> dict[str, Lane]:
    """All ways, ready to start."""
    lanes = {}
    for way in WAYS:
        annotator = make_annotator(network, way, interval)
        meter = None
        if isinstance(annotator, VideoSegmenter):
            meter = PartMeter(annotator.solver.network, time.perf_counter)
        lanes[way] = Lane(annotator, meter)
    return lanes


def race(lanes: Mapping[str, Lane], video: Video, plain_frames: Sequence[int]) -> None:
    """Go once through the video in all ways, frame by frame in turn, and note what a frame takes.

    The plain procedure, whose frames all cost the same, annotates ``plain_frames`` alone.
    """
    runs = {way: annotate(lane.annotator, video, plain_frames) for way, lane in lanes.items()}
    spent: dict[str, list[float]] = {way: [] for way in lanes}
    for index in range(len(video.images)):
        for way, run in runs.items():
            if way != PLAIN or index in plain_frames:
                started = time.perf_counter()
                next(run)
                spent[way].append(time.perf_counter() - started)
    for way, lane in lanes.items():
        lane.seconds.append(statistics.mean(spent[way]))


def peak_memory(network: Box2SegNet, way: str, interval: int, video: Video) -> int:
    """Bytes that this process needs at most: by then the cache is full, and windows have been solved."""
    masks = annotate(make_annotator(network, way, interval), video)
    for _ in itertools.islice(masks, 1 if way == PLAIN else interval + 1):
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RUSAGE_UNIT


def seconds_per_frame(network: Box2SegNet, interval: int, video: Video) -> float:
    """What a frame takes in the engine's default setting by itself."""
    annotator = make_annotator(network, DEFAULT, interval)
    started = time.perf_counter()
    count = sum(1 for _ in annotate(annotator, video))
    return (time.perf_counter() - started) / count
