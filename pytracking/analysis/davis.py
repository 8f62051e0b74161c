"""The measures of DAVIS: region similarity J, contour accuracy F, and their statistics over a video.

Source: Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation", CVPR
    2016;
where it leaves a choice, the official evaluation's (davis2017-evaluation) is made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]

BOUNDARY_TOLERANCE = 0.008
"""How far apart boundaries may lie to agree, share of the image's diagonal."""


def region_similarity(truth: Mask, prediction: Mask) -> float:
    """J: intersection over union of two masks, (H, W) bool; 1 when both are empty.

    Raises:
        ValueError: the masks differ in size.
    """
    _check_sizes(truth, prediction)
    union = np.count_nonzero(truth | prediction)
    return np.count_nonzero(truth & prediction) / union if union else 1.0


def contour_accuracy(truth: Mask, prediction: Mask, tolerance: float = BOUNDARY_TOLERANCE) -> float:
    """F: harmonic mean of precision and recall of the boundary pixels of two masks, (H, W) bool.

    A boundary pixel counts as found when the other mask has one within ``tolerance`` times the image's
    diagonal, rounded up to whole pixels. 1 when neither mask has a boundary, 0 when one has none.

    Raises:
        ValueError: the masks differ in size.
    """
    _check_sizes(truth, prediction)
    radius = math.ceil(tolerance * math.hypot(*truth.shape))
    wanted, found = boundary(truth), boundary(prediction)
    num_wanted, num_found = np.count_nonzero(wanted), np.count_nonzero(found)
    if not num_wanted or not num_found:
        return float(num_wanted == num_found)
    precision = np.count_nonzero(found & _dilate(wanted, radius)) / num_found
    recall = np.count_nonzero(wanted & _dilate(found, radius)) / num_wanted
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def boundary(mask: Mask) -> Mask:
    """The pixels of a mask (H, W) that differ from their right, lower or lower right neighbour.

    The image's border is no boundary. Pixels of the last row and column have one neighbour to differ from,
    the last of both none.
    """
    edges = np.zeros_like(mask)
    edges[:, :-1] |= mask[:, :-1] ^ mask[:, 1:]
    edges[:-1] |= mask[:-1] ^ mask[1:]
    edges[:-1, :-1] |= mask[:-1, :-1] ^ mask[1:, 1:]
    return edges


@dataclass(frozen=True)
class Statistics:
    """A measure over the frames of a video.

    Attributes:
        mean: over all frames.
        recall: share of the frames above 0.5.
        decay: mean over the first quarter of the frames less that over the last.
    """

    mean: float
    recall: float
    decay: float


def video_statistics(values: npt.ArrayLike) -> Statistics:
    """Statistics of a measure's values, one for each frame; at least one.

    Neighbouring quarters share the frame at which they meet, as in the official evaluation.
    """
    array = np.asarray(values, dtype=np.float64)
    ends = np.floor(np.linspace(1, len(array), 5) + 0.5).astype(int) - 1
    decay = array[ends[0] : ends[1] + 1].mean() - array[ends[3] : ends[4] + 1].mean()
    return Statistics(float(array.mean()), float((array > 0.5).mean()), float(decay))


def _dilate(mask: Mask, radius: int) -> Mask:
    """Every pixel within ``radius`` of a pixel of the mask."""
    offsets = np.arange(-radius, radius + 1)
    disk = (offsets[:, None] ** 2 + offsets[None, :] ** 2 <= radius**2).astype(np.uint8)
    return cv2.dilate(mask.astype(np.uint8), disk) > 0


def _check_sizes(truth: Mask, prediction: Mask) -> None:
    if truth.ndim != 2 or truth.shape != prediction.shape:
        raise ValueError(f"masks are {truth.shape} and {prediction.shape}: must be of one size (H, W)")
