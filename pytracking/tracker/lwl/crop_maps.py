"""Maps (logits, probabilities) between a crop, as the network sees it, and the frame.

A map in the frame lives on the rectangle that crop and frame share.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ltr.data.crops import Crop, paste_logits
from pytracking.object_merging import ObjectLogits

Map = npt.NDArray[np.float32]


def shared_rectangle(crop: Crop, frame_hw: tuple[int, int]) -> tuple[slice, slice]:
    """The crop's pixels that are the frame's: an index into arrays of the frame's size."""
    height, width = frame_hw
    rows = slice(max(crop.y, 0), min(crop.y + crop.height, height))
    columns = slice(max(crop.x, 0), min(crop.x + crop.width, width))
    return rows, columns


def logits_in_frame(object_id: int, logits: Map, crop: Crop, frame_hw: tuple[int, int]) -> ObjectLogits:
    """What the network says of a crop, at the frame's resolution.

    Args:
        object_id: of the target.
        logits: (h, w) of the whole crop.
        crop: it overlaps the frame.
        frame_hw: (H, W) of the frame.
    """
    rows, columns = shared_rectangle(crop, frame_hw)
    frame = paste_logits(logits, crop, frame_hw, 0.0)
    return ObjectLogits(object_id, rows.start, columns.start, frame[rows, columns])


def map_in_crop(values: Map, crop: Crop, frame_hw: tuple[int, int]) -> Map:
    """The way back: a map on the shared rectangle, resized bilinearly to the network's input; 0 outside the
    frame.

    Args:
        values: (rows, columns) of :func:`shared_rectangle`, float32.

    Returns:
        (output height, output width) float32.
    """
    rows, columns = shared_rectangle(crop, frame_hw)
    whole = np.zeros((crop.height, crop.width), dtype=np.float32)
    whole[rows.start - crop.y : rows.stop - crop.y, columns.start - crop.x : columns.stop - crop.x] = values
    return np.asarray(cv2.resize(whole, crop.output_size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)
