"""VOT 2020: expected average overlap, accuracy and robustness of the multi-start protocol.

Source: Kristan et al., "The Eighth Visual Object Tracking VOT2020 Challenge Results" (ECCVW 2020), and the
numbers of its toolkit. A tracker starts at every anchor of a video and runs to its end, or back to its start.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ltr.errors import InputError
from pytracking.analysis.overlap import Curve, Values
from pytracking.analysis.report import Evaluation, Scores

logger = logging.getLogger(__name__)

FAILURE_OVERLAP = 0.1
FAILURE_FRAMES = 10
EAO_INTERVAL = (115, 755)
"""Lengths that the expected average overlap is averaged over: the first, and the one after the last."""


@dataclass(frozen=True)
class Run:
    """A tracker's way from one anchor.

    Attributes:
        overlaps: (N,) in [0, 1] in the order of the run; that of the anchor itself is 0 in VOT's files.
        empty: (N,) bool, whether the truth is empty there.
    """

    overlaps: Values
    empty: npt.NDArray[np.bool_]

    @cached_property
    def progress(self) -> int:
        """Frames before the failure, N without one.

        A tracker has failed where the overlap stays at 0.1 or below on ten frames in a row; the first of them
        is the failure. A frame whose truth is empty starts the count anew.
        """
        in_a_row = 0
        for frame, low in enumerate((self.overlaps <= FAILURE_OVERLAP) & ~self.empty):
            in_a_row = in_a_row + 1 if low else 0
            if in_a_row == FAILURE_FRAMES:
                return frame + 1 - FAILURE_FRAMES
        return len(self.overlaps)

    @property
    def failed(self) -> bool:
        """Whether the tracker failed before the run's end."""
        return self.progress < len(self.overlaps)


@dataclass(frozen=True)
class SequenceRuns:
    """All runs of a tracker on one video.

    Attributes:
        length: of the video in frames; a run from an anchor inside is shorter.
        runs: one for each anchor.
    """

    length: int
    runs: Sequence[Run]


def evaluate_vot(
    sequences: Mapping[str, SequenceRuns], low: int = EAO_INTERVAL[0], high: int = EAO_INTERVAL[1]
) -> Evaluation:
    """Score one tracker.

    Args:
        sequences: name -> its runs.
        low, high: the expected average overlap is the mean of the curve's values low ... high - 1.

    Returns:
        scores EAO, A, R in [0, 1]; A and R for each sequence; the curve "expected_overlap" of the lengths
        0 ... high - 1.

    Raises:
        InputError: there are no runs, or `low` is not below `high`.
    """
    runs = [run for sequence in sequences.values() for run in sequence.runs]
    longest = max((len(run.overlaps) for run in runs), default=0)
    if not runs or not 0 <= low < high:
        raise InputError(
            f"expected average overlap from {low} to {high} of {len(runs)} runs: cannot be computed"
        )
    if longest < high:
        logger.warning(
            "expected average overlap up to length %d: the longest run has %d frames", high, longest
        )
    curve = expected_overlap_curve(runs, high)
    per_sequence = {name: _accuracy_robustness(sequence.runs) for name, sequence in sequences.items()}
    survived = np.array([sum(run.progress for run in sequence.runs) for sequence in sequences.values()])
    lengths = np.array([sequence.length for sequence in sequences.values()])
    scores = {
        "EAO": float(np.mean(curve.values[low:])),
        "A": _weighted_mean([scores["A"] for scores in per_sequence.values()], survived),
        "R": _weighted_mean([scores["R"] for scores in per_sequence.values()], lengths),
    }
    return Evaluation(scores, per_sequence, {"expected_overlap": curve})


def expected_overlap_curve(runs: Sequence[Run], high: int) -> Curve:
    """The mean overlap that a run of each length can expect.

    Value j is the mean of the overlaps 1 ... j, averaged over the runs that still count: a failed one goes on
    as zeros, one that came to its end counts no further. It is 0 where no run counts.

    Args:
        runs: at least one.
        high: number of values.

    Returns:
        thresholds 0 ... high - 1, lengths; value 0 is 0.
    """
    lengths = np.arange(high)
    total, count = np.zeros(high), np.zeros(high)
    for run in runs:
        frames = len(run.overlaps)
        kept = np.where(np.arange(frames) < run.progress, run.overlaps, 0.0)
        kept[0] = 0.0
        sums = np.cumsum(kept)[np.minimum(lengths, frames - 1)]
        # Beyond the end of a failed run the toolkit divides by one less; so do all published numbers.
        means = sums / np.maximum(np.where(lengths < frames, lengths, lengths - 1), 1)
        counts = run.failed | (lengths < frames)
        total += np.where(counts, means, 0.0)
        count += counts
    return Curve(lengths.astype(np.float64), total / np.maximum(count, 1))


def _accuracy_robustness(runs: Sequence[Run]) -> Scores:
    """Mean overlap before failures, and share of frames before them, over a sequence's runs."""
    survived = sum(run.progress for run in runs)
    overlap = sum(float(run.overlaps[: run.progress].sum()) for run in runs)
    return {
        "A": overlap / survived if survived else 0.0,
        "R": survived / sum(len(run.overlaps) for run in runs),
    }


def _weighted_mean(values: Sequence[float], weights: npt.NDArray[np.integer]) -> float:
    """0 where all weights are."""
    return float(np.dot(values, weights) / weights.sum()) if weights.any() else 0.0
