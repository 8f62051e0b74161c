"""How sure each object is of each pixel once the objects have been merged.

The same rule as in :mod:`pytracking.object_merging` (Oh et al., CVPR 2018): here the softmax itself, there
the largest of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pytracking.object_merging import CLAMP, MAX_LOGIT, ObjectLogits


def merged_probabilities(
    objects: Sequence[ObjectLogits], height: int, width: int
) -> list[npt.NDArray[np.float32]]:
    """Each object's probability after soft aggregation, on its rectangle of the frame.

    A single object keeps the probability that the network gives it (the sigmoid of its logits). With several,
    those of all objects and of the background sum to 1 in every pixel.

    Args:
        objects: their rectangles lie in the frame.
        height, width: of the frame.
    """
    odds = [np.exp(np.clip(item.logits, -MAX_LOGIT, MAX_LOGIT)) for item in objects]
    if len(odds) == 1:
        return [_float32(odds[0] / (1 + odds[0]))]
    log_background = np.zeros((height, width))
    for item in objects:
        log_background[item.region] -= np.logaddexp(0, item.logits)
    background = np.exp(log_background).clip(CLAMP, 1 - CLAMP)
    total = background / (1 - background)
    for item, own in zip(objects, odds, strict=True):
        total[item.region] += own
    return [_float32(own / total[item.region]) for item, own in zip(objects, odds, strict=True)]


def _float32(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    return values.astype(np.float32, copy=False)
