"""LaSOT: success, precision and normalised precision.

Source: Fan et al., "LaSOT" (CVPR 2019), and the numbers of its toolkit. Invalid boxes are treated as in OTB;
frames in which the target is absent pass no threshold, and still count in the number of frames.
"""

from collections.abc import Sequence

import numpy as np

from pytracking.analysis.one_pass import Curves, evaluate_by_curves, fit_from_first_frame
from pytracking.analysis.otb import DISTANCE_THRESHOLDS, OVERLAP_THRESHOLDS, PRECISION_AT
from pytracking.analysis.overlap import Boxes, Curve, fraction_curve, value_at
from pytracking.analysis.report import Evaluation, Scores
from pytracking.analysis.results import BoxRuns
from pytracking.analysis.sequences import BoxSequence

NORMALISED_THRESHOLDS = np.linspace(0, 0.5, 51)
NORMALISED_PRECISION_AT = 0.20


def evaluate_lasot(sequences: Sequence[BoxSequence], results: BoxRuns) -> Evaluation:
    """Score one tracker on LaSOT.

    Args:
        sequences: ``visible`` is False where the target is fully occluded or out of view; None: never.
        results: for each sequence one run or more, which are averaged, (N, 4) boxes each.

    Returns:
        scores AUC (mean of the success curve), Precision (at 20 pixels) and NormPrecision (at 0.20) in [0,
        1]; the curves "success", "precision" and "normalised_precision", each the mean over sequences.
    """
    return evaluate_by_curves(sequences, results, _draw, _score)


def _draw(predicted: Boxes, sequence: BoxSequence) -> dict[str, Curve]:
    fit = fit_from_first_frame(predicted, sequence.boxes)
    frames = len(sequence.boxes)
    seen = np.ones(frames, bool) if sequence.visible is None else sequence.visible
    return {
        "success": fraction_curve(fit.overlap[seen], OVERLAP_THRESHOLDS, np.greater, frames),
        "precision": fraction_curve(fit.distance[seen], DISTANCE_THRESHOLDS, np.less_equal, frames),
        "normalised_precision": fraction_curve(
            fit.normalised[seen], NORMALISED_THRESHOLDS, np.less_equal, frames
        ),
    }


def _score(curves: Curves) -> Scores:
    return {
        "AUC": float(curves["success"].values.mean()),
        "Precision": value_at(curves["precision"], PRECISION_AT),
        "NormPrecision": value_at(curves["normalised_precision"], NORMALISED_PRECISION_AT),
    }
