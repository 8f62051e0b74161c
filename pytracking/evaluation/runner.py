"""Runs a tracker over many sequences.

    job = Job("lwl", "box2seg_init", ResultsFolder.of(Path("results"), "lwl", "box2seg_init"))
    outcome = run_sequences(job, load_sequences("bundled"), processes=2)

Sequences whose results are there are skipped, so the same call goes on with an interrupted run. The results
are the same for any number of processes.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass

from tqdm import tqdm

from pytracking.evaluation.failure import Failure
from pytracking.evaluation.reproducible import fixed_threads
from pytracking.evaluation.run_settings import RunSettings
from pytracking.evaluation.sequence import Sequence
from pytracking.evaluation.sequence_job import Job, SequenceRecord, SequenceRunner, look_up
from pytracking.evaluation.weights import weights_of
from pytracking.evaluation.worker_pool import OnProgress, Pool, run_in_processes

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes:
        done: sequences that were run, in the order in which they ended.
        skipped: names of those whose results were there.
        failed: those that could not be run.
    """

    done: tuple[SequenceRecord, ...]
    skipped: tuple[str, ...]
    failed: tuple[Failure, ...]

    @property
    def frames_per_second(self) -> float:
        """Of the tracker alone, over all sequences that were run; 0 if there are none."""
        seconds = sum(record.seconds for record in self.done)
        return sum(record.frames for record in self.done) / seconds if seconds > 0 else 0.0


def run_sequences(
    job: Job, sequences: Iterable[Sequence], processes: int = 1, overwrite: bool = False
) -> Outcome:
    """Run a tracker over sequences and write the results.

    Args:
        job: the tracker and where its results go. Whether sequences start with boxes is found out here.
        sequences: the sequences.
        processes: 0 and 1 run in this process, whose global random numbers are seeded then; more run in as
            many processes of their own.
        overwrite: run also those that are done.

    Raises:
        InputError: the results cannot be written, two sequences would share a file, the tracker cannot be
            made from what its parameters name, or the folder holds results of other settings and is not to
            be overwritten.
        pytracking.evaluation.worker_pool.SetupError: it cannot be made for another reason.
    """
    sequences = list(sequences)
    job.folder.check_names(sequences)
    _, parameters = look_up(job)
    job.folder.make()
    is_done = [not overwrite and job.folder.is_done(sequence) for sequence in sequences]
    skipped = tuple(s.name for s, there in zip(sequences, is_done, strict=True) if there)
    todo = [s for s, there in zip(sequences, is_done, strict=True) if not there]
    settings = RunSettings(job.name, job.seed, parameters, weights_of(job.name, parameters))
    if not overwrite:
        settings.check(job.folder.path)
    boxes_alone = job.from_boxes or any(sequence.start_boxes for sequence in todo)
    job = dataclasses.replace(job, boxes_alone=boxes_alone)
    done: list[SequenceRecord] = []
    failed: list[Failure] = []
    with (
        tqdm(total=sum(map(len, todo)), unit="frame", disable=None) as progress,
        closing(_results(job, todo, processes, progress.update)) as results,
    ):
        for result in results:
            if isinstance(result, Failure):
                failed.append(result)
                logger.error("%s failed: %s", result.name, result.reason)
            else:
                done.append(result)
                made = {record.name for record in done}
                others = job.folder.holds_others([s for s in sequences if s.name in made])
                settings.write(job.folder.path, others)
                logger.info("%s: %s", result.name, _told(result))
    return Outcome(tuple(done), skipped, tuple(failed))


def _results(
    job: Job, sequences: list[Sequence], processes: int, on_progress: OnProgress
) -> Generator[SequenceRecord | Failure]:
    """What comes of each sequence, as soon as it is known."""
    if processes > 1 and sequences:
        longest_first = sorted(sequences, key=len, reverse=True)
        yield from run_in_processes(job, longest_first, Pool(processes), on_progress)
    elif sequences:
        with fixed_threads():
            runner = SequenceRunner(job)
            for sequence in sequences:
                yield runner.run(sequence, on_progress)


def _told(record: SequenceRecord) -> str:
    """A record in words."""
    speed = f", {record.frames / record.seconds:.1f} frames/s" if record.seconds > 0 else ""
    lost = f", {len(record.unreadable)} more could not be read" if record.unreadable else ""
    return f"{record.frames} frames{speed}{lost}"
