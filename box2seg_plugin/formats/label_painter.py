"""Masks that may overlap become one label map: the smallest in the frame is on top."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from box2seg_plugin.formats.losses import Losses
from box2seg_plugin.formats.mask_video import LabelMap
from ltr.data.boxes import mask_to_box
from ltr.data.mask_io import VOID


class LabelPainter:
    """The label map of a frame, mask by mask. The order of the masks does not matter.

    A pixel that several masks claim goes to the one with the fewest pixels, which a larger one would hide (of
    equal ones, to the lower id), and is counted. Void gives way to every object.

    Args:
        size: (width, height), pixels.
        losses: counts the pixels that were claimed more than once.
    """

    def __init__(self, size: tuple[int, int], losses: Losses) -> None:
        self.labels: LabelMap = np.zeros(size[::-1], dtype=np.uint8)
        self._areas = np.zeros(VOID + 1, dtype=np.int64)
        self._losses = losses
        self._overlaps = False

    def add(self, object_id: int, mask: npt.NDArray[np.generic]) -> None:
        """Paint an object's mask, (H, W), not 0 where the object is. An id comes once."""
        x, y, width, height = (max(0, int(value)) for value in mask_to_box(mask))
        window = np.s_[y : y + height, x : x + width]
        claimed, labels = mask[window] != 0, self.labels[window]
        area = int(np.count_nonzero(claimed))
        self._areas[object_id] = area
        rows, columns = np.nonzero(claimed & (labels != 0))
        np.copyto(labels, object_id, where=claimed & (labels == 0))
        owners = labels[rows, columns]
        areas = self._areas[owners]
        yields = (owners == VOID) | (areas > area) | ((areas == area) & (owners > object_id))
        labels[rows[yields], columns[yields]] = object_id
        self._count(int(np.count_nonzero(owners != VOID)))

    def add_void(self, mask: npt.NDArray[np.generic]) -> None:
        """Mark pixels that count as no object, (H, W), where no object is."""
        np.copyto(self.labels, VOID, where=(mask != 0) & (self.labels == 0))

    def _count(self, pixels: int) -> None:
        self._losses.overlap_pixels += pixels
        self._losses.overlap_frames += int(pixels > 0 and not self._overlaps)
        self._overlaps |= pixels > 0
