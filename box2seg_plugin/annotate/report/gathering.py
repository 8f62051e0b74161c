"""What a report tells, gathered video by video: only sums and the worst masks are kept."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from box2seg_plugin.annotate.manifest import read_manifest
from box2seg_plugin.annotate.output import AnnotationFolder
from box2seg_plugin.annotate.report.charts import CURVE_STEPS
from box2seg_plugin.annotate.report.histogram import Histogram
from box2seg_plugin.annotate.video_state import DONE, FAILED, VideoState, read_state, state_files
from ltr.dataset.mask_quality import MaskQuality, read_quality
from ltr.errors import InputError

LEAST_SHOWN, MOST_SHOWN = 200, 500
"""Masks that are shown; between these as many as videos."""

LEAST_SHARE = 3
"""Masks of one video that are shown, where there are many videos."""

CURVE_POINTS = 48
"""Points of the curve of a video's scores."""

REFUSALS = 5
"""Refused boxes of a video that are told one by one."""

MEASURES = {
    "score": 1.0,
    "box_iou": 1.0,
    "expected_iou": 1.0,
    "confidence": 1.0,
    "stability": 1.0,
    "agreement": 1.0,
    "likeness": 1.0,
    "area_jump": 2.0,
    "fill": 1.0,
}
"""Columns whose values are counted, the score first, and where their last bar ends."""


@dataclass(frozen=True, slots=True)
class DoneVideo:
    """A video that was annotated.

    Attributes:
        name: of the video.
        masks: how many were written, of single objects.
        left_out: how many were not, because of their scores.
        fallbacks: stand-ins, written or left out.
        frames: of the video.
        files: of masks.
        absent: boxes that show nothing of their object.
        refused: how many of them were meant to show something.
        refusals: (name of the frame, object) of some of those.
        mean: mean score of all its masks, left out or not; None without any.
        lowest: the mask with the lowest score; None without any.
        curve: lowest scores along the video, in steps of 1 / ``CURVE_STEPS``; ``CURVE_POINTS`` at most.
    """

    name: str
    masks: int
    left_out: int
    fallbacks: int
    frames: int
    files: int
    absent: int
    refused: int
    refusals: Sequence[tuple[str, int]]
    mean: float | None
    lowest: MaskQuality | None
    curve: bytes


@dataclass(frozen=True, slots=True)
class FailedVideo:
    """A video that was not annotated.

    Attributes:
        name: of the video.
        reason: why.
        broken: whether it is the files about it that cannot be read.
    """

    name: str
    reason: str
    broken: bool = False


def _histograms(series: int) -> dict[str, Histogram]:
    return {name: Histogram(0.0, high, series=series) for name, high in MEASURES.items()}


@dataclass
class RunSummary:
    """What is known of an annotation run.

    Attributes:
        name: of the folder of masks.
        manifest: what made them, as it was written.
        done: videos, the worst mean first; those without masks last.
        failed: videos, by name.
        worst: masks that were written, the worst first; ``shown`` at most.
        shown: how many may be shown.
        share: how many of them may be of one video.
        measures: for each key of ``MEASURES`` its values, as series those of masks written and left out.
        means: the videos' mean scores.
    """

    name: str
    manifest: Mapping[str, Any]
    done: list[DoneVideo] = field(default_factory=list)
    failed: list[FailedVideo] = field(default_factory=list)
    worst: list[MaskQuality] = field(default_factory=list)
    shown: int = LEAST_SHOWN
    share: int = LEAST_SHARE
    measures: dict[str, Histogram] = field(default_factory=lambda: _histograms(2))
    means: Histogram = field(default_factory=lambda: Histogram(0.0, 1.0))

    def total(self, attribute: str) -> int:
        """Sum of an attribute over the videos that are done."""
        return sum(getattr(video, attribute) for video in self.done)


def gather(folder: AnnotationFolder) -> RunSummary:
    """Read what a run left, one video after the other. Of 1.4 million masks the sums take some megabytes.

    A video whose state or records cannot be read is listed as failed, and broken.

    Raises:
        InputError: there is no run, or its manifest cannot be read.
    """
    names = [path.stem for path in state_files(folder)]
    run = RunSummary(folder.masks_name, read_manifest(folder.manifest))
    run.shown = min(max(LEAST_SHOWN, len(names)), MOST_SHOWN)
    run.share = max(LEAST_SHARE, -(-run.shown // max(1, len(names))))
    for name in names:
        try:
            _add(run, folder, name)
        except InputError as error:
            run.failed.append(FailedVideo(name, str(error), broken=True))
    run.worst = heapq.nsmallest(run.shown, run.worst, key=_badness)
    run.done.sort(key=lambda video: (video.mean is None, video.mean, video.name))
    return run


def _add(run: RunSummary, folder: AnnotationFolder, name: str) -> None:
    """Take in a video.

    Raises:
        InputError: its state or its records cannot be read; nothing of it was taken in.
    """
    path = folder.state_of(name)
    state = read_state(path)
    if state is None:
        raise InputError(f"{path}: says nothing of how the video ended")
    if state.settings != run.manifest["hash"]:
        raise InputError(f"{path}: made with other settings ({state.settings}) than the manifest's")
    if state.status == FAILED:
        run.failed.append(FailedVideo(name, state.reason))
        return
    if state.status != DONE:
        raise InputError(f'{path}: status is "{state.status}": must be "{DONE}" or "{FAILED}"')
    refusals = _refusals(state, path)
    records = list(read_quality(folder.quality_of(name)))
    if len(records) != state.records:
        raise InputError(
            f"{folder.quality_of(name)}: holds {len(records)} records, {path} says {state.records}"
        )
    if any(record.video != name for record in records):
        raise InputError(f"{folder.quality_of(name)}: holds records of another video")
    values = np.array([[getattr(r, key) for key in MEASURES] for r in records]).reshape(-1, len(MEASURES))
    kept = np.array([record.kept for record in records], dtype=bool)
    scores = values[:, 0]
    mean = float(scores.mean()) if records else None
    run.done.append(
        DoneVideo(
            name=name,
            masks=int(kept.sum()),
            left_out=int((~kept).sum()),
            fallbacks=sum(record.fallback for record in records),
            frames=state.frames,
            files=state.masks,
            absent=state.absent,
            refused=len(state.refused),
            refusals=refusals,
            mean=mean,
            lowest=min(records, key=_badness, default=None),
            curve=_curve(records),
        )
    )
    for column, histogram in zip(values.T, run.measures.values(), strict=True):
        histogram.add(column[kept], series=0)
        histogram.add(column[~kept], series=1)
    if mean is not None:
        run.means.add(np.array([mean]))
    run.worst += heapq.nsmallest(run.share, (record for record in records if record.kept), key=_badness)
    if len(run.worst) > 8 * run.shown:
        run.worst = heapq.nsmallest(run.shown, run.worst, key=_badness)


def _refusals(state: VideoState, path: Path) -> Sequence[tuple[str, int]]:
    """Some of the boxes that a state says were refused.

    Raises:
        InputError: something else than counts and boxes stands in the state.
    """
    counts = state.frames, state.masks, state.absent, state.records
    try:
        if not all(isinstance(count, int) for count in counts):
            raise TypeError
        boxes = [(str(frame), int(object_id)) for frame, object_id in state.refused]
        return tuple(boxes[:REFUSALS])
    except (TypeError, ValueError):
        raise InputError(f"{path}: is no state of a video") from None


def _badness(record: MaskQuality) -> tuple[float, str, int, int]:
    """Orders masks, the worst first, each at its place whatever order they came in."""
    return record.score, record.video, record.index, record.object


def _curve(records: Iterable[MaskQuality]) -> bytes:
    """The lowest score of the objects in each frame and, where there are many, of several frames."""
    by_frame: dict[int, float] = {}
    for record in records:
        by_frame[record.index] = min(record.score, by_frame.get(record.index, 1.0))
    scores = np.array([by_frame[index] for index in sorted(by_frame)])
    parts = np.array_split(scores, min(CURVE_POINTS, len(scores))) if len(scores) else []
    return bytes(round(CURVE_STEPS * min(1.0, max(0.0, float(part.min())))) for part in parts)
