"""From the logits of the objects of a frame to its mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from box2seg_plugin.mask_measures import MaskMeasures, measure
from box2seg_plugin.window_solver import Logits
from ltr.data.boxes import box_pixels, ellipse_mask
from ltr.data.crops import Crop, paste_logits
from pytracking.object_merging import ObjectLogits, keep_one_pixel, merge_objects

FALLBACK_LOGIT = 1.0
"""What the ellipse that stands in for an empty mask says: a guess, which an object seen clearly overrules."""

NOTHING = -100.0
"""Logit where the network did not look or must not find anything."""


@dataclass(frozen=True)
class ObjectPrediction:
    """One object in one frame, as the network sees it.

    Attributes:
        box: (4,) x, y, w, h in frame pixels; some of it lies in the frame.
        crop: what the network was shown.
        logits: (h, w) of the crop.
        first: those of the first pass; None with a single pass, or where they are not asked for.
    """

    box: npt.NDArray[np.float64]
    crop: Crop
    logits: Logits
    first: Logits | None = None


@dataclass(frozen=True)
class FrameResult:
    """What is known of a frame.

    Attributes:
        index: the frame, from 0.
        mask: (H, W) uint8 object ids, 0 background.
        objects: ids of the objects with a box here, increasing. Each has a pixel of the mask at least.
        fallbacks: those of them where the network found nothing inside the box, so that the box's inscribed
            ellipse stands in, or where other objects took every pixel, so that one was given back.
        claimed_twice: pixels that several objects claimed before merging gave each pixel to one.
        probabilities: object id -> (H, W) float16 in [0, 1], what the network says of the object by itself, 0
            outside its box; None unless asked for.
        measures: object id -> how far its mask can be trusted; None unless asked for.
    """

    index: int
    mask: npt.NDArray[np.uint8]
    objects: tuple[int, ...]
    fallbacks: tuple[int, ...]
    claimed_twice: int
    probabilities: Mapping[int, npt.NDArray[np.float16]] | None = None
    measures: Mapping[int, MaskMeasures] | None = None


def compose_frame(
    index: int,
    size: tuple[int, int],
    predictions: Mapping[int, ObjectPrediction],
    probabilities: bool = False,
    measures: bool = False,
) -> FrameResult:
    """Put the objects of a frame together.

    Args:
        index: the frame.
        size: its (height, width).
        predictions: object id -> what the network says.
        probabilities: fill in the result's probability maps.
        measures: measure the masks.
    """
    height, width = size
    predictions = dict(sorted(predictions.items()))
    seen = {
        object_id: _inside_box(object_id, prediction.logits, prediction, size)
        for object_id, prediction in predictions.items()
    }
    claims, fallbacks = [], set()
    for object_id, claim in seen.items():
        if not (claim.logits > 0).any():
            fallbacks.add(object_id)
            claim = _stand_in(claim, predictions[object_id], size)
        claims.append(claim)
    merged = merge_objects(claims, height, width)
    for claim in claims:
        if not (merged.mask[claim.region] == claim.object_id).any() and keep_one_pixel(merged.mask, claim):
            fallbacks.add(claim.object_id)
    maps = {i: _probability_map(claim, size) for i, claim in seen.items()} if probabilities else None
    measured = None
    if measures:
        measured = {
            i: _measure(claim, predictions[i], merged.mask, i in fallbacks) for i, claim in seen.items()
        }
    return FrameResult(
        index,
        merged.mask,
        objects=tuple(seen),
        fallbacks=tuple(sorted(fallbacks)),
        claimed_twice=merged.claimed_twice,
        probabilities=maps,
        measures=measured,
    )


def _inside_box(
    object_id: int, logits: Logits, prediction: ObjectPrediction, size: tuple[int, int]
) -> ObjectLogits:
    """Logits of the crop on the whole pixels of the box; what is outside the crop is background."""
    left, top, right, bottom = box_pixels(prediction.box, *size)
    crop = replace(prediction.crop, x=prediction.crop.x - left, y=prediction.crop.y - top)
    inside = paste_logits(logits, crop, (bottom - top, right - left), NOTHING)
    return ObjectLogits(object_id, top, left, inside)


def _stand_in(claim: ObjectLogits, prediction: ObjectPrediction, size: tuple[int, int]) -> ObjectLogits:
    """The ellipse of the box in place of a claim to nothing."""
    ellipse = ellipse_mask(prediction.box, *size)[claim.region]
    logits = np.where(ellipse, FALLBACK_LOGIT, -FALLBACK_LOGIT).astype(np.float32)
    return replace(claim, logits=logits)


def _probability_map(claim: ObjectLogits, size: tuple[int, int]) -> npt.NDArray[np.float16]:
    """(H, W), 0 outside the claim."""
    probabilities = np.zeros(size, dtype=np.float16)
    probabilities[claim.region] = 1 / (1 + np.exp(-np.clip(claim.logits, -80, 80)))
    return probabilities


def _measure(
    claim: ObjectLogits, prediction: ObjectPrediction, mask: npt.NDArray[np.uint8], fallback: bool
) -> MaskMeasures:
    """Measure an object's part of the mask of a frame."""
    size = mask.shape[0], mask.shape[1]
    first = None
    if prediction.first is not None:
        first = _inside_box(claim.object_id, prediction.first, prediction, size).logits
    own = mask[claim.region] == claim.object_id
    return measure(claim.logits, first, own, prediction.box, size, fallback)
