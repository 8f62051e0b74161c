"""How well boxes fit: overlap, distance of centres, and the curves that benchmarks draw from them.

Boxes are (..., 4) float64 x, y, w, h in pixels. Overlap is ``ltr.data.boxes.box_iou``, intersection over
union of the areas w * h, 0 where a box has no area. Toolkits that count the last pixel (+1) or measure
centres at x + (w - 1) / 2 get the same numbers from the same boxes: the constants cancel.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ltr.data.boxes import box_iou, is_absent

Boxes = npt.NDArray[np.float64]
Values = npt.NDArray[np.float64]
Comparison = Callable[[Values, Values], npt.NDArray[np.bool_]]


@dataclass(frozen=True)
class Curve:
    """A share of frames as a function of a threshold.

    Attributes:
        thresholds: (K,), rising; overlap, pixels, or shares of the target's size.
        values: (K,), in [0, 1].
    """

    thresholds: Values
    values: Values


@dataclass(frozen=True)
class Fit:
    """How well each frame's box fits; NaN compares as a miss with every threshold.

    Attributes:
        overlap: (N,) intersection over union in [0, 1].
        distance: (N,) distance of the centres, pixels.
        normalised: (N,) the same with each axis divided by the true width or height.
    """

    overlap: Values
    distance: Values
    normalised: Values


def centre_distance(predicted: Boxes, truth: Boxes) -> Values:
    """Distance of the boxes' centres in pixels, (...) float64."""
    return np.linalg.norm(_offsets(predicted, truth), axis=-1)


def normalised_centre_distance(predicted: Boxes, truth: Boxes) -> Values:
    """Distance of the centres after x is divided by the true width and y by the true height.

    Returns:
        (...) float64; NaN where the truth has no area.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.linalg.norm(_offsets(predicted, truth) / truth[..., 2:], axis=-1)
    return np.where(is_absent(truth), np.nan, distance)


def measure_fit(predicted: Boxes, truth: Boxes) -> Fit:
    """All three measures of (N, 4) boxes."""
    return Fit(
        box_iou(predicted, truth),
        centre_distance(predicted, truth),
        normalised_centre_distance(predicted, truth),
    )


def fraction_curve(
    values: Values, thresholds: Values, compare: Comparison, frames: int | None = None
) -> Curve:
    """The share of frames whose value passes each threshold.

    Args:
        values: (N,) of the frames that count; NaN passes no threshold.
        thresholds: (K,).
        compare: ``numpy.greater`` and the like, called as compare(value, threshold).
        frames: what is divided by, N if not given. 0 frames give a curve of NaN.
    """
    passed = compare(values[:, None], thresholds[None, :]).sum(axis=0)
    count = len(values) if frames is None else frames
    return Curve(thresholds, passed / count if count else np.full(len(thresholds), np.nan))


def mean_curve(curves: Sequence[Curve]) -> Curve:
    """The mean of curves over the same thresholds, each of the same weight."""
    return Curve(curves[0].thresholds, np.mean([curve.values for curve in curves], axis=0))


def mean_curves(groups: Iterable[Mapping[str, Curve]]) -> dict[str, Curve]:
    """``mean_curve`` for each name that the mappings have in common; at least one mapping."""
    listed = list(groups)
    return {name: mean_curve([group[name] for group in listed]) for name in listed[0]}


def normalised_area(curve: Curve) -> float:
    """The area under a curve by the trapezoid rule, divided by the range of the thresholds: in [0, 1]."""
    heights = (curve.values[1:] + curve.values[:-1]) / 2
    widths = np.diff(curve.thresholds)
    return float((heights * widths).sum() / widths.sum())


def value_at(curve: Curve, threshold: float) -> float:
    """The curve's value at the threshold nearest to the one given."""
    return float(curve.values[np.argmin(np.abs(curve.thresholds - threshold))])


def _offsets(predicted: Boxes, truth: Boxes) -> Values:
    """(..., 2) from the true centre to the predicted one, pixels."""
    return (predicted[..., :2] + predicted[..., 2:] / 2) - (truth[..., :2] + truth[..., 2:] / 2)
