"""OTB: success and precision of one-pass evaluation.

Source: Wu et al., "Online Object Tracking: A Benchmark" (CVPR 2013), and the numbers of its toolkit.
"""

from collections.abc import Sequence

import numpy as np

from pytracking.analysis.one_pass import Curves, evaluate_by_curves, fit_from_first_frame
from pytracking.analysis.overlap import Boxes, Curve, fraction_curve, value_at
from pytracking.analysis.report import Evaluation, Scores
from pytracking.analysis.results import BoxRuns
from pytracking.analysis.sequences import BoxSequence

OVERLAP_THRESHOLDS = np.linspace(0, 1, 21)
DISTANCE_THRESHOLDS = np.arange(51, dtype=np.float64)
PRECISION_AT = 20.0
"""Pixels."""


def evaluate_otb(sequences: Sequence[BoxSequence], results: BoxRuns) -> Evaluation:
    """Score one tracker on OTB.

    Args:
        sequences: any number of frames each; ``visible`` and ``frame_size`` are not used.
        results: for each sequence one run or more, which are averaged, (N, 4) boxes each.

    Returns:
        scores AUC (mean of the success curve) and Precision (at 20 pixels) in [0, 1]; the curves "success"
        and "precision", each the mean over sequences.
    """
    return evaluate_by_curves(sequences, results, _draw, _score)


def _draw(predicted: Boxes, sequence: BoxSequence) -> dict[str, Curve]:
    fit = fit_from_first_frame(predicted, sequence.boxes)
    return {
        "success": fraction_curve(fit.overlap, OVERLAP_THRESHOLDS, np.greater),
        "precision": fraction_curve(fit.distance, DISTANCE_THRESHOLDS, np.less_equal),
    }


def _score(curves: Curves) -> Scores:
    return {
        "AUC": float(curves["success"].values.mean()),
        "Precision": value_at(curves["precision"], PRECISION_AT),
    }
