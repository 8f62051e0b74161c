"""Annotates one video after the other: frames and boxes in, masks, their records and a state out."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from box2seg_plugin.annotate.box_video import BoxVideo
from box2seg_plugin.annotate.frame_bounds import without_outside
from box2seg_plugin.annotate.output import AnnotationFolder
from box2seg_plugin.annotate.protocol import wanted_frames
from box2seg_plugin.annotate.quality import quality_records, without_dropped
from box2seg_plugin.annotate.quality_score import QualityScore
from box2seg_plugin.annotate.settings import AnnotationSettings, VideoSource
from box2seg_plugin.annotate.video_images import VideoImages
from box2seg_plugin.annotate.video_locks import LOCKS, VideoBusyError, video_lock
from box2seg_plugin.annotate.video_output import VideoOutput, check_not_foreign, check_place, is_foreign
from box2seg_plugin.annotate.video_state import DONE, FAILED, VideoState, done_state
from box2seg_plugin.box_network import BoxNet
from box2seg_plugin.mask_measures import MaskMeasures
from box2seg_plugin.segmenter import VideoSegmenter
from box2seg_plugin.variants import load_network
from ltr.checkpoint import weights_digest
from ltr.command_line import one_line
from ltr.data.boxes import is_absent
from ltr.data.image_io import image_size
from ltr.data.mask_io import read_mask, write_mask
from ltr.dataset.mask_quality import MaskQuality
from ltr.errors import InputError
from pytracking.evaluation.failure import reason_of
from pytracking.evaluation.worker_pool import OnProgress

READ_AHEAD = 4
"""Frames that are read while the network computes."""

PATIENCE = 20.0
"""Seconds to wait for a video that another process is at: workers of a killed run are soon gone."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class VideoResult:
    """What came of a video, and how long it took."""

    state: VideoState
    seconds: float = 0.0


@dataclass(frozen=True)
class AnnotationJob:
    """What is done with each video; plain values, so that it can be handed to another process.

    Attributes:
        source: where the videos are.
        folder: where the masks go; its folders are there.
        settings: how they are made.
        model: the network's name or file.
        weights: digest of the network's weights.
        score: what judges the masks.
        manifest: hash of the manifest.
        force: annotate also what is done, and replace masks that were not made here.
    """

    source: VideoSource
    folder: AnnotationFolder
    settings: AnnotationSettings
    model: str
    weights: str
    score: QualityScore
    manifest: str
    force: bool = False

    def make_runner(self) -> Annotator:
        """Load the network; see :class:`Annotator`."""
        return Annotator(self)

    def died(self, video: str, how: str) -> VideoResult:
        """What comes of a video whose process died."""
        state = self.failed(video, how)
        if is_foreign(self.folder, video):  # it died before it began
            return VideoResult(state)
        try:
            with VideoOutput(self.folder, video) as output:
                output.fail(state)
        except (InputError, OSError) as error:  # it is not done without a state either
            logger.warning("%s: that it failed cannot be noted (%s)", video, one_line(error))
        return VideoResult(state)

    def failed(self, video: str, reason: str) -> VideoState:
        """The state of a video that failed."""
        return VideoState(video, FAILED, self.manifest, reason)


class Annotator:
    """A network, ready to annotate videos; made once in a process.

    Args:
        job: what to do.
        network: what the job names, if it has been loaded.

    Raises:
        InputError: the network cannot be loaded or is another one here, or the settings or the data set
            cannot be used.
    """

    def __init__(self, job: AnnotationJob, network: BoxNet | None = None) -> None:
        self.job = job
        self.loaders = job.source.find()
        network = network or load_network(job.model)
        if weights_digest(network) != job.weights:
            raise InputError(f"{job.model} has other weights here than where the run was started")
        settings = job.settings
        torch.backends.cudnn.deterministic = True  # others of its algorithms add in whatever order
        self.segmenter = VideoSegmenter(
            network,
            frames=settings.frames,
            interval=settings.interval,
            refinements=settings.refinements,
            device=settings.device,
            precision=settings.precision,
            flip=settings.flip,
            batch=settings.batch,
            windows=settings.windows,
            read_ahead=READ_AHEAD,
        )

    def run(self, name: str, on_progress: OnProgress) -> VideoResult:
        """Annotate a video; whatever goes wrong is this video's alone, and the reason of its state.

        Args:
            name: of the video.
            on_progress: called when a mask is made.
        """
        started = time.perf_counter()
        try:
            with video_lock(self.job.folder.info / LOCKS, name, patience=PATIENCE):
                state = self._run_locked(name, on_progress)
        except VideoBusyError:
            state = self.job.failed(name, "another run is at this video")
        except Exception as error:  # of any kind: the other videos are annotated all the same
            logger.debug("where %s failed:", name, exc_info=True)
            state = self.job.failed(name, reason_of(error))
        return VideoResult(state, time.perf_counter() - started)

    def _run_locked(self, name: str, on_progress: OnProgress) -> VideoState:
        job, foreign = self.job, is_foreign(self.job.folder, name)
        if not job.force:
            if (there := done_state(job.folder, name, job.manifest)) is not None:  # by another run, meanwhile
                return there
            check_not_foreign(job.folder, [name])
        video: BoxVideo | Exception
        try:
            video = self._load(name)
        except Exception as error:  # of any kind: it is this video's
            if foreign:  # what is there is not ours: perhaps the frames themselves
                raise
            video = error
        with VideoOutput(job.folder, name) as output:
            try:
                if isinstance(video, Exception):
                    raise video
                records, state = self._annotate(video, output.masks, on_progress)
                output.finish(records, state)
            except Exception as error:  # as above
                logger.debug("where %s failed:", name, exc_info=True)
                state = job.failed(name, reason_of(error))
                output.fail(state)
        return state

    def _load(self, name: str) -> BoxVideo:
        """The video, of its objects those that are wanted."""
        video = self.loaders[name]()
        check_place(self.job.folder, video)
        wanted = self.job.settings.objects
        if wanted is None:
            return video
        boxes = {object_id: boxes for object_id, boxes in video.boxes.items() if object_id in wanted}
        if not boxes:
            raise InputError(
                f"has no object {_listed(wanted)} (--objects): its objects are {_listed(video.boxes)}"
            )
        return replace(video, boxes=boxes)

    def _annotate(
        self, video: BoxVideo, masks: Path, on_progress: OnProgress
    ) -> tuple[list[MaskQuality], VideoState]:
        """Write the masks of a video."""
        settings = self.job.settings
        size = image_size(video.files[0])
        boxes, refused = without_outside(video.boxes, *size)
        absent = np.stack([is_absent(array) for array in boxes.values()])
        wanted = wanted_frames(np.asarray(~absent.all(axis=0)), settings.every, settings.max_masks)
        images = VideoImages(video.files, size)
        measured: dict[int, Mapping[int, MaskMeasures]] = {}
        claimed_twice = 0
        for result in self.segmenter.segment(images, boxes, wanted=wanted, measures=True):
            write_mask(masks / f"{video.names[result.index]}.png", result.mask)
            measured[result.index] = result.measures or {}
            claimed_twice += result.claimed_twice
            on_progress()
        records = quality_records(video.name, video.names, measured, self.job.score, settings.min_quality)
        files = len(measured) - leave_out(masks, records)
        state = VideoState(
            video=video.name,
            status=DONE,
            settings=self.job.manifest,
            frames=len(video),
            masks=files,
            objects=sorted(boxes),
            tracks=[track for track in video.tracks if track[0] in boxes],
            absent=int(absent.sum()),
            refused=[(video.names[frame], object_id) for frame, object_id in refused],
            records=len(records),
            fallbacks=sum(record.fallback for record in records),
            left_out=sum(not record.kept for record in records),
            claimed_twice=claimed_twice,
        )
        return records, state


def leave_out(masks: Path, records: Iterable[MaskQuality]) -> int:
    """Take the masks that are not kept out of their files; see :func:`without_dropped`.

    Args:
        masks: folder of the files.
        records: of all their masks.

    Returns:
        how many files were removed.
    """
    by_frame: dict[str, list[MaskQuality]] = {}
    for record in records:
        by_frame.setdefault(record.frame, []).append(record)
    removed = 0
    for frame, here in by_frame.items():
        if all(record.kept for record in here):
            continue
        path = masks / f"{frame}.png"
        rest = without_dropped(read_mask(path), here)
        if rest is None:
            path.unlink()
            removed += 1
        else:
            write_mask(path, rest)
    return removed


def _listed(values: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(values)))
