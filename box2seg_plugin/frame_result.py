"""From the logits of the objects of a frame to its mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
    """

    box: npt.NDArray[np.float64]
    crop: Crop
    logits: Logits


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
    """

    index: int
    mask: npt.NDArray[np.uint8]
    objects: tuple[int, ...]
    fallbacks: tuple[int, ...]
    claimed_twice: int
    probabilities: Mapping[int, npt.NDArray[np.float16]] | None = None


def compose_frame(
    index: int,
    size: tuple[int, int],
    predictions: Mapping[int, ObjectPrediction],
    probabilities: bool = False,
) -> FrameResult:
    """Put the objects of a frame together.

    Args:
        index: the frame.
        size: its (height, width).
        predictions: object id -> what the network says.
        probabilities: fill in the result's probability maps.
    """
    height, width = size
    claims, fallbacks = [], set()
    maps: dict[int, npt.NDArray[np.float16]] = {}
    for object_id, prediction in sorted(predictions.items()):
        claim = _inside_box(object_id, prediction, size)
        if probabilities:
            maps[object_id] = np.zeros(size, dtype=np.float16)
            maps[object_id][claim.region] = 1 / (1 + np.exp(-np.clip(claim.logits, -80, 80)))
        if not (claim.logits > 0).any():
            fallbacks.add(object_id)
            ellipse = ellipse_mask(prediction.box, height, width)[claim.region]
            logits = np.where(ellipse, FALLBACK_LOGIT, -FALLBACK_LOGIT).astype(np.float32)
            claim = ObjectLogits(object_id, claim.top, claim.left, logits)
        claims.append(claim)
    merged = merge_objects(claims, height, width)
    for claim in claims:
        if not (merged.mask[claim.region] == claim.object_id).any() and keep_one_pixel(merged.mask, claim):
            fallbacks.add(claim.object_id)
    return FrameResult(
        index,
        merged.mask,
        tuple(claim.object_id for claim in claims),
        tuple(sorted(fallbacks)),
        merged.claimed_twice,
        maps if probabilities else None,
    )


def _inside_box(object_id: int, prediction: ObjectPrediction, size: tuple[int, int]) -> ObjectLogits:
    """The logits on the whole pixels of the box; what is outside it or outside the crop is background."""
    left, top, right, bottom = box_pixels(prediction.box, *size)
    frame = paste_logits(prediction.logits, prediction.crop, size, NOTHING)
    return ObjectLogits(object_id, top, left, frame[top:bottom, left:right])
