"""One-pass evaluation with boxes, what OTB, LaSOT and TrackingNet share: curves averaged over sequences."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ltr.data.boxes import is_absent
from pytracking.analysis.overlap import Boxes, Curve, Fit, mean_curves, measure_fit
from pytracking.analysis.report import Evaluation, Scores
from pytracking.analysis.results import BoxRuns
from pytracking.analysis.sequences import BoxSequence

Curves = Mapping[str, Curve]


def evaluate_by_curves(
    sequences: Sequence[BoxSequence],
    results: BoxRuns,
    draw: Callable[[Boxes, BoxSequence], Curves],
    score: Callable[[Curves], Scores],
) -> Evaluation:
    """Average curves over the runs of each sequence, then over sequences, each of the same weight.

    Args:
        sequences: at least one.
        results: one run or more for each of them, (N, 4) boxes each.
        draw: a run and its sequence -> the curves by name.
        score: curves -> the benchmark's numbers, for the means and for each sequence.
    """
    curves = {
        sequence.name: mean_curves(draw(run, sequence) for run in results[sequence.name])
        for sequence in sequences
    }
    overall = mean_curves(curves.values())
    return Evaluation(score(overall), {name: score(of) for name, of in curves.items()}, overall)


def fit_from_first_frame(predicted: Boxes, truth: Boxes) -> Fit:
    """How well a run fits, with OTB's treatment of what is no box, which LaSOT took over.

    Frame 0 is given and counts as right. A prediction without area (or NaN) repeats the one of the frame
    before. Where the truth has no area the overlap is 0, above no threshold, and the distances are 0, within
    all of them.

    Args:
        predicted, truth: (N, 4).
    """
    repeated = repeat_last_box(predicted)
    repeated[0] = truth[0]
    fit = measure_fit(repeated, truth)
    empty = is_absent(truth)
    return Fit(
        fit.overlap,
        np.where(empty, 0.0, fit.distance),
        np.where(empty, 0.0, fit.normalised),
    )


def repeat_last_box(boxes: Boxes) -> Boxes:
    """Replace boxes without area by the last one before that has some; leading ones stay. (N, 4) -> same."""
    source = np.where(is_absent(boxes), 0, np.arange(len(boxes)))
    return boxes[np.maximum.accumulate(source)]
