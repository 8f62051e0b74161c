"""Runs the annotator over many videos, in one process, in several, or on a cluster.

The same call goes on with an interrupted run: videos that are done are skipped, those that failed are tried
again. Runs of different videos may share a folder, also at the same time.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

from tqdm import tqdm

from box2seg_plugin.annotate.annotator import AnnotationJob, Annotator, VideoResult
from box2seg_plugin.annotate.ray_pool import RayPool, run_on_ray
from box2seg_plugin.annotate.run_log import RunLog
from box2seg_plugin.annotate.video_output import check_not_foreign
from box2seg_plugin.annotate.video_state import DONE, VideoState, done_state
from box2seg_plugin.box_network import BoxNet
from pytracking.evaluation.reproducible import fixed_threads
from pytracking.evaluation.worker_pool import OnProgress, Pool, run_in_processes

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes:
        done: videos that were annotated, in the order in which they ended.
        skipped: names of those that were done.
        failed: those that could not be annotated.
        seconds: that it took.
    """

    done: tuple[VideoState, ...]
    skipped: tuple[str, ...]
    failed: tuple[VideoState, ...]
    seconds: float


def annotate(
    job: AnnotationJob, network: BoxNet, names: Sequence[str], pool: Pool | RayPool, quiet: bool = False
) -> Outcome:
    """Annotate videos.

    Args:
        job: how; its folder is claimed.
        network: that the job names.
        names: of the videos, in order.
        pool: who does it. With a pool of one process all is done in this one.
        quiet: show no progress.

    Raises:
        InputError: there are masks of a video that were not made here, or the processes cannot begin.
        pytracking.evaluation.worker_pool.SetupError: the processes cannot begin for another reason.
    """
    if not job.force:
        check_not_foreign(job.folder, names)
    there = set() if job.force else {name for name in names if done_state(job.folder, name, job.manifest)}
    skipped = tuple(name for name in names if name in there)
    todo = [name for name in names if name not in there]
    log = RunLog(job.folder.info)
    log.note(f"{len(todo)} videos to do, {len(skipped)} are done")
    done: list[VideoState] = []
    failed: list[VideoState] = []
    with (
        _Progress(len(todo), quiet) as progress,
        closing(_results(job, network, todo, pool, progress.mask)) as results,
    ):
        for result in results:
            state = result.state
            (done if state.status == DONE else failed).append(state)
            log.note(_told(result))
            if state.status != DONE:
                logger.error("%s failed: %s", state.video, state.reason)
            progress.video()
    return Outcome(tuple(done), skipped, tuple(failed), log.seconds)


def _results(
    job: AnnotationJob, network: BoxNet, names: list[str], pool: Pool | RayPool, on_mask: OnProgress
) -> Generator[VideoResult]:
    """What comes of each video, as soon as it is known."""
    if isinstance(pool, RayPool):
        with closing(run_on_ray(job, names, pool)) as results:
            for result in results:
                for _ in range(result.state.masks):  # there is no word from there before a video has ended
                    on_mask()
                yield result
    elif pool.processes > 1 and len(names) > 1:
        yield from run_in_processes(job, names, pool, on_mask)
    elif names:
        with fixed_threads(pool.threads):
            annotator = Annotator(job, network)
            for name in names:
                yield annotator.run(name, on_mask)


def _told(result: VideoResult) -> str:
    state = result.state
    if state.status != DONE:
        return f"{state.video}: failed: {state.reason}"
    return f"{state.video}: {state.masks} masks, {result.seconds:.1f} s"


class _Progress:
    """Videos done, and masks a second."""

    def __init__(self, videos: int, quiet: bool) -> None:
        self.bar = tqdm(total=videos, unit="video", disable=True if quiet else None)
        self.masks = 0

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def mask(self) -> None:
        """A mask is made."""
        self.masks += 1
        seconds = self.bar.format_dict["elapsed"]
        if seconds > 0:
            self.bar.set_postfix_str(f"{self.masks / seconds:.1f} masks/s", refresh=False)
        self.bar.update(0)

    def video(self) -> None:
        """A video has ended."""
        self.bar.update()
