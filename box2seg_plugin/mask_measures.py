"""What can be told of one object's mask in one frame without knowing the true one.

Raw numbers alone: what they say of the mask's J is for :mod:`box2seg_plugin.annotate.quality_score` to judge.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ltr.data.boxes import BoxLike, box_iou, box_pixels, clip_box, is_absent, mask_to_box

MAX_SIDE = 160
"""Boxes with a longer side are looked at in every second, third ... pixel: what is measured are means."""

MARGIN = 2.0
"""The mask is also made at this much more and less than the logit threshold (probabilities of 0.88 and 0.12):
does it change? On clips set aside 1.5 to 3 follow true J equally well, 0.5 and 5 worse (small model)."""

SHAPE_SIDE = 16
"""Rows and columns of the coarse mask that is compared with those of other frames."""

Logits = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class MaskMeasures:
    """Of the final mask of one object in one frame. All shares are in 0..1.

    y is the mean logit of the first and the last pass at a pixel of the box, p = sigmoid(y): two opinions say
    more of what is doubtful than one (on clips set aside).

    Attributes:
        box_iou: IoU of the box around the mask with the given one cut at the frame; 0 for an empty mask.
        fill: share of the box that the mask fills.
        rim: share of the outermost pixels of the box that the mask takes, on sides inside the frame. A mask
            of the right object touches its box; one that the background leaked into leans on it.
        confidence: mean over the box of 2 |p - 1/2|.
        inside: mean of p in the mask; 0 for an empty mask.
        expected_iou: the IoU to expect if each pixel were drawn by its p: sum of p in the mask, over the
            mask's pixels and the sum of p in the rest of the box.
        stability: pixels with y above ``MARGIN`` over those with y above -``MARGIN``: the IoU of a stricter
            and a laxer mask.
        agreement: IoU of the first pass's mask and the last one's, 0 where both are empty; 1 with a single
            pass.
        fallback: a stand-in was written, because the network found nothing, or others took every pixel.
        shape: the mask in box coordinates: ``SHAPE_SIDE`` rows of as many bytes, 0..255, how far each cell of
            the visible box is filled.
    """

    box_iou: float
    fill: float
    rim: float
    confidence: float
    inside: float
    expected_iou: float
    stability: float
    agreement: float
    fallback: bool
    shape: bytes


def measure(
    logits: Logits,
    first: Logits | None,
    mask: Mask,
    box: BoxLike,
    size: tuple[int, int],
    fallback: bool = False,
) -> MaskMeasures:
    """Measure a mask. About 0.5 ms for a box of 300 x 300 pixels.

    Args:
        logits: (h, w) of the last pass on the box's whole pixels in the frame
            (:func:`ltr.data.boxes.box_pixels`); very negative where the network did not look.
        first: those of the first pass; None with a single pass.
        mask: (h, w) bool, the object's final mask there, after merging. It has no pixel elsewhere.
        box: x, y, w, h as given, frame pixels; it may leave the frame, but not wholly.
        size: (height, width) of the frame.
        fallback: whether the mask is a stand-in.

    Raises:
        ValueError: an array is not of the size of the box's visible pixels.
    """
    height, width = size
    left, top, right, bottom = box_pixels(box, height, width)
    for name, array in (("logits", logits), ("first", first), ("mask", mask)):
        if array is not None and array.shape != (bottom - top, right - left):
            raise ValueError(f"{name} is {array.shape}: must be {(bottom - top, right - left)}, as the box")
    found = mask_to_box(mask)
    if not is_absent(found):
        found[:2] += left, top
    stride = max(1, -(-max(mask.shape) // MAX_SIDE))
    some = np.s_[::stride, ::stride]
    last, taken = logits[some], mask[some]
    y: Logits = np.clip(last if first is None else (last + first[some]) / 2, -30, 30)
    p = 1 / (1 + np.exp(-y))
    in_mask, in_box = p[taken].sum(dtype=np.float64), p.sum(dtype=np.float64)
    return MaskMeasures(
        box_iou=float(box_iou(found, clip_box(box, width, height))),
        fill=_ratio(_count(mask), mask.size),
        rim=_rim(mask, (left > 0, top > 0, right < width, bottom < height)),
        confidence=float(np.abs(2 * p - 1).mean(dtype=np.float64)),
        inside=_ratio(in_mask, _count(taken)),
        expected_iou=_ratio(in_mask, _count(taken) + in_box - in_mask),
        stability=_ratio(_count(y > MARGIN), _count(y > -MARGIN)),
        agreement=1.0 if first is None else _iou(first[some] > 0, last > 0),
        fallback=bool(fallback),
        shape=_coarse(mask),
    )


def _count(mask: Mask) -> int:
    return int(np.count_nonzero(mask))


def _ratio(part: float, whole: float) -> float:
    """part / whole; 0 of nothing."""
    return float(part / whole) if whole else 0.0


def _iou(a: Mask, b: Mask) -> float:
    """IoU of two masks; 0 when both are empty."""
    return _ratio(_count(a & b), _count(a | b))


def _rim(mask: Mask, inside: tuple[bool, bool, bool, bool]) -> float:
    """Share of the first and last column and row that is mask, without the sides that lie on the frame's
    border (left, top, right, bottom)."""
    lines = (mask[:, 0], mask[0], mask[:, -1], mask[-1])
    counted = [line for line, counts in zip(lines, inside, strict=True) if counts]
    return _ratio(sum(_count(line) for line in counted), sum(line.size for line in counted))


def _coarse(mask: Mask) -> bytes:
    """A mask averaged in ``SHAPE_SIDE`` x ``SHAPE_SIDE`` cells."""
    pixels = mask.astype(np.uint8) * np.uint8(255)
    return cv2.resize(pixels, (SHAPE_SIDE, SHAPE_SIDE), interpolation=cv2.INTER_AREA).tobytes()
