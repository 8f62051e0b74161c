"""What a process needs to run a tracker over sequences, and what comes of a sequence."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ltr.errors import InputError
from ltr.plugins import load_plugins
from pytracking.evaluation.failure import Failure, reason_of
from pytracking.evaluation.parameter_changes import make_parameters
from pytracking.evaluation.reproducible import seed_random_numbers
from pytracking.evaluation.results import ResultsFolder, SequenceWriter
from pytracking.evaluation.sequence import Sequence
from pytracking.evaluation.start import initializer_of, no_initializer
from pytracking.evaluation.tracking import track_sequence
from pytracking.evaluation.worker_pool import OnProgress, SetupError
from pytracking.registry import PARAMETERS, TRACKERS
from pytracking.tracker.interface import Tracker, TrackerParameters
from pytracking.visualization.track_pictures import TrackPictures

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What is done with each sequence; plain values, so that it can be handed to another process.

    Attributes:
        tracker, parameters: names, "lwl" and "box2seg_init" (registered as "lwl/box2seg_init").
        folder: where results go.
        from_boxes: start targets from their boxes, also where there are masks.
        pictures: what else is written, see :class:`pytracking.visualization.track_pictures.TrackPictures`.
        boxes_alone: whether some target starts from its box.
        seed: of random numbers; every sequence begins with it, whatever ran before.
        changes: fields of the parameters that are replaced.
    """

    tracker: str
    parameters: str
    folder: ResultsFolder
    from_boxes: bool = False
    pictures: int = 0
    boxes_alone: bool = True
    seed: int = 0
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Tracker and parameters, as results are called."""
        return f"{self.tracker}/{self.parameters}"

    def make_runner(self) -> SequenceRunner:
        """Make the tracker; see :class:`SequenceRunner`."""
        return SequenceRunner(self)

    def died(self, sequence: Sequence, how: str) -> Failure:
        """What comes of a sequence whose process died."""
        return Failure(sequence.name, how)


@dataclass(frozen=True)
class SequenceRecord:
    """A sequence that was run.

    Attributes:
        name: of the sequence.
        frames: that the tracker was shown.
        seconds: that it took for them.
        unreadable: frame index -> why it could not be read.
    """

    name: str
    frames: int
    seconds: float
    unreadable: Mapping[int, str] = field(default_factory=dict)


class TrackerSetupError(SetupError):
    """The tracker itself cannot be made; one line."""


class SequenceRunner:
    """A tracker, ready to run sequences; made once in a process.

    Raises:
        InputError: the names are unknown, or the tracker needs masks that nothing makes.
        TrackerSetupError: the tracker cannot be made for another reason.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        make_tracker, parameters = look_up(job)
        seed_random_numbers(job.seed)
        try:
            self.tracker: Tracker = make_tracker(parameters)
            needs_initializer = self.tracker.needs_masks and job.boxes_alone
            self.initializer = initializer_of(parameters) if needs_initializer else None
        except InputError:
            raise
        except Exception as error:  # a stranger's code
            logger.debug('where tracker "%s" failed:', job.name, exc_info=True)
            raise TrackerSetupError(f'tracker "{job.name}" cannot be made: {reason_of(error)}') from error
        if needs_initializer and self.initializer is None:
            raise no_initializer(f'sequences start with boxes, parameters "{job.name}" name no initializer')

    def run(self, sequence: Sequence, on_progress: OnProgress) -> SequenceRecord | Failure:
        """Run a sequence and write its results; whatever goes wrong is this sequence's alone."""
        try:
            return self._run(sequence, on_progress)
        except Exception as error:  # a stranger's code: the other sequences are run all the same
            logger.debug('where sequence "%s" failed:', sequence.name, exc_info=True)
            return Failure(sequence.name, reason_of(error))

    def _run(self, sequence: Sequence, on_progress: OnProgress) -> SequenceRecord:
        seed_random_numbers(self.job.seed)
        frames, seconds, unreadable = 0, 0.0, dict[int, str]()
        with (
            SequenceWriter(self.job.folder, sequence) as writer,
            TrackPictures(writer.hidden, sequence, self.job.pictures) as pictures,
        ):
            for frame in track_sequence(self.tracker, sequence, self.initializer, self.job.from_boxes):
                writer.add(frame)
                pictures.add(frame)
                frames += frame.image is not None
                seconds += frame.seconds
                if frame.unreadable is not None:
                    unreadable[frame.index] = frame.unreadable
                on_progress()
            pictures.close()
            writer.finish()
        return SequenceRecord(sequence.name, frames, seconds, unreadable)


def look_up(job: Job) -> tuple[Callable[..., Tracker], TrackerParameters]:
    """What makes the tracker that a job names, and the parameters, ready made.

    Raises:
        InputError: nothing is registered under a name; the message lists what is. Or a change does not fit.
        TrackerSetupError: the parameters cannot be made.
    """
    load_plugins()
    make_tracker, factory = TRACKERS.get(job.tracker), PARAMETERS.get(job.name)
    try:
        return make_tracker, make_parameters(factory, job.name, job.changes)
    except InputError:
        raise
    except Exception as error:  # a stranger's code
        raise TrackerSetupError(f'parameters "{job.name}" cannot be made: {reason_of(error)}') from error
