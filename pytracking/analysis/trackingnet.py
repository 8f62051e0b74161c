"""TrackingNet: success, precision and normalised precision, all as areas under curves.

Source: Müller et al., "TrackingNet" (ECCV 2018), and the numbers of its development kit. Boxes are rounded to
whole pixels and the first frame is the truth, whatever was submitted.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ltr.errors import InputError
from pytracking.analysis.one_pass import Curves, evaluate_by_curves
from pytracking.analysis.overlap import Boxes, Curve, fraction_curve, measure_fit, normalised_area
from pytracking.analysis.report import Evaluation, Scores
from pytracking.analysis.results import BoxRuns
from pytracking.analysis.sequences import BoxSequence

OVERLAP_THRESHOLDS = np.linspace(0, 1, 21)
DISTANCE_THRESHOLDS = np.linspace(0, 50, 21)
NORMALISED_THRESHOLDS = np.linspace(0, 0.5, 21)


def evaluate_trackingnet(sequences: Sequence[BoxSequence], results: BoxRuns) -> Evaluation:
    """Score one submission to TrackingNet.

    Like the server, this takes incomplete submissions. A video that is missing counts as a box of size 0 in
    the image's corner in every frame but the first; frames beyond the end of a file miss every threshold.

    Args:
        sequences: ``visible`` and ``frame_size`` are not used.
        results: one run or more, which are averaged, for each sequence that is not missing: (up to N, 4).

    Returns:
        scores Success, Precision, NormPrecision and Coverage (frames submitted) in percent; the curves
        "success", "precision" and "normalised_precision", each the mean over sequences.

    Raises:
        InputError: a result has more boxes than its sequence has frames.
    """
    runs = {sequence.name: results.get(sequence.name) or [np.empty((0, 4))] for sequence in sequences}
    evaluation = evaluate_by_curves(sequences, runs, _draw, _score)
    submitted = sum(float(np.mean([max(len(run), 1) for run in boxes])) for boxes in runs.values())
    coverage = 100 * submitted / sum(len(sequence.boxes) for sequence in sequences)
    return replace(evaluation, scores={**evaluation.scores, "Coverage": coverage})


def _draw(predicted: Boxes, sequence: BoxSequence) -> dict[str, Curve]:
    truth = np.rint(sequence.boxes)
    if len(predicted) > len(truth):
        raise InputError(
            f"TrackingNet: {len(predicted)} boxes for {sequence.name}, which has {len(truth)} frames: "
            "one for each"
        )
    complete = np.full_like(truth, np.nan if len(predicted) else 0.0)
    complete[: len(predicted)] = np.rint(predicted)
    complete[0] = truth[0]
    fit = measure_fit(complete, truth)
    # What is no box at all is a miss also at threshold 0, which an overlap of 0 passes.
    overlap = np.where(np.isnan(complete).any(axis=1), np.nan, fit.overlap)
    return {
        "success": fraction_curve(overlap, OVERLAP_THRESHOLDS, np.greater_equal),
        "precision": fraction_curve(fit.distance, DISTANCE_THRESHOLDS, np.less_equal),
        "normalised_precision": fraction_curve(fit.normalised, NORMALISED_THRESHOLDS, np.less_equal),
    }


def _score(curves: Curves) -> Scores:
    return {
        "Success": 100 * normalised_area(curves["success"]),
        "Precision": 100 * normalised_area(curves["precision"]),
        "NormPrecision": 100 * normalised_area(curves["normalised_precision"]),
    }
