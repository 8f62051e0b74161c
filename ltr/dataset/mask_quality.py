"""How far made masks can be trusted: one record for each mask, in CSV files beside them."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class MaskQuality:
    """What is known of one object's mask in one frame. Shares and scores are in 0..1.

    Attributes:
        video: name of the video.
        frame: name of the mask, without suffix.
        object: its id in the mask.
        index: number of the frame in the video, from 0.
        box_iou: IoU of the box around the mask and the box given.
        confidence: mean over the box of the distance of the probability from 1/2, times 2.
        fill: share of the box that the mask fills.
        area_jump: |log of the mask's share of its box over that in the neighbouring annotated frames|; the
            mean of both neighbours, 0 without any.
        agreement: IoU of the masks of the first and the last pass; 1 with a single pass.
        fallback: whether a stand-in was written, because nothing was found.
        score: the J to expect, from all of these.
        kept: whether the mask was written. One whose score was too low is left out: where other objects of
            the frame were kept its pixels are void (255), where none was the frame has no file.
    """

    video: str
    frame: str
    object: int
    index: int
    box_iou: float
    confidence: float
    fill: float
    area_jump: float
    agreement: float
    fallback: bool
    score: float
    kept: bool


COLUMNS = tuple(field.name for field in fields(MaskQuality))
"""Of the CSV files, in order."""
