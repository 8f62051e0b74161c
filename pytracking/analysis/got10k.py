"""GOT-10k: average overlap and success rates.

Source: Huang et al., "GOT-10k" (TPAMI 2019), and the numbers of its toolkit. All frames of all sequences and
runs are pooled, so long sequences weigh more; frame 0, which the tracker is given, and frames without any
visible part of the target are left out.
"""

from collections.abc import Sequence

import numpy as np

from ltr.data.boxes import box_iou
from ltr.errors import InputError
from pytracking.analysis.overlap import Boxes, Curve, Values, fraction_curve
from pytracking.analysis.report import Evaluation, Scores
from pytracking.analysis.results import BoxRuns
from pytracking.analysis.sequences import BoxSequence

THRESHOLDS = np.linspace(0, 1, 101)
SUCCESS_RATES = {"SR50": 0.5, "SR75": 0.75}


def evaluate_got10k(sequences: Sequence[BoxSequence], results: BoxRuns) -> Evaluation:
    """Score one tracker on GOT-10k.

    Args:
        sequences: with ``frame_size``; ``visible`` is whether cover.label is above 0.
        results: for each sequence one run or more, (N, 4) boxes each.

    Returns:
        scores AO, SR50, SR75 in [0, 1], for all and for each sequence; the curve "success".

    Raises:
        InputError: a sequence's frame size is unknown, or no frame is left to score.
    """
    overlaps = {sequence.name: _overlaps(sequence, results[sequence.name]) for sequence in sequences}
    pooled = np.concatenate(list(overlaps.values()))
    if not pooled.size:
        raise InputError("GOT-10k: the target is visible in no frame but the first of each sequence")
    scored = {name: _scores(values) for name, values in overlaps.items() if values.size}
    success: Curve = fraction_curve(pooled, THRESHOLDS, np.greater)
    return Evaluation(_scores(pooled), scored, {"success": success})


def clip_boxes(boxes: Boxes, width: int, height: int) -> Boxes:
    """Clip boxes to the image as the toolkit does: a corner that is moved inside leaves the size as it is.

    (-10, -10, 30, 30) becomes (0, 0, 30, 30); the right and lower edges are then cut at the image. The part
    of a box inside the image would be (0, 0, 20, 20), but published numbers are computed like this.

    Args:
        boxes: (..., 4).
        width, height: of the image, pixels.
    """
    limit = np.array([width, height], dtype=np.float64)
    corner = np.clip(boxes[..., :2], 0, limit)
    return np.concatenate([corner, np.clip(boxes[..., 2:], 0, limit - corner)], axis=-1)


def _overlaps(sequence: BoxSequence, runs: Sequence[Boxes]) -> Values:
    """The overlaps of a sequence's counted frames, all runs one after the other."""
    if sequence.frame_size is None:
        raise InputError(f"GOT-10k: the frame size of {sequence.name} is unknown: meta_info.ini gives it")
    counted = np.ones(len(sequence.boxes), bool) if sequence.visible is None else sequence.visible.copy()
    counted[0] = False
    truth = clip_boxes(sequence.boxes[counted], *sequence.frame_size)
    return np.concatenate([box_iou(clip_boxes(run[counted], *sequence.frame_size), truth) for run in runs])


def _scores(overlaps: Values) -> Scores:
    rates = {name: float((overlaps > threshold).mean()) for name, threshold in SUCCESS_RATES.items()}
    return {"AO": float(overlaps.mean()), **rates}
