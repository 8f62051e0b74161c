"""J and F of many pairs of masks: the numbers of ``davis``, from no more of the image than they depend on."""

import math
from dataclasses import dataclass

from ltr.data.boxes import mask_to_box
from pytracking.analysis.davis import BOUNDARY_TOLERANCE, Mask, contour_accuracy, region_similarity


@dataclass(frozen=True)
class PlacedMask:
    """A mask and where its pixels are; made by ``place``.

    Attributes:
        mask: (H, W) bool.
        x0, y0, x1, y1: its pixels lie in ``mask[y0:y1, x0:x1]``; all 0 when it is empty.
    """

    mask: Mask
    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def is_empty(self) -> bool:
        """Whether it has no pixel."""
        return self.x0 == self.x1

    def gap(self, other: "PlacedMask") -> int:
        """Pixels between the two boxes along the axis that separates them more; 0 or less if they touch."""
        across = max(self.x0, other.x0) - min(self.x1, other.x1)
        return max(across, max(self.y0, other.y0) - min(self.y1, other.y1))


def place(mask: Mask) -> PlacedMask:
    """Find where the pixels of a mask are."""
    x, y, w, h = (int(value) for value in mask_to_box(mask))
    return PlacedMask(mask, x, y, x + w, y + h) if w > 0 else PlacedMask(mask, 0, 0, 0, 0)


def pair_measures(truth: PlacedMask, predicted: PlacedMask) -> tuple[float, float]:
    """J and F of two masks of one size.

    Masks whose boundaries are further apart than the tolerance have nothing in common. Others are measured in
    the window that holds both: a margin of one pixel keeps their boundaries.
    """
    height, width = truth.mask.shape
    radius = math.ceil(BOUNDARY_TOLERANCE * math.hypot(height, width))
    shown = [placed for placed in (truth, predicted) if not placed.is_empty]
    if not shown:
        return 1.0, 1.0
    if len(shown) == 2 and truth.gap(predicted) > radius:
        return 0.0, 0.0
    rows = slice(max(min(placed.y0 for placed in shown) - 1, 0), max(placed.y1 for placed in shown) + 1)
    columns = slice(max(min(placed.x0 for placed in shown) - 1, 0), max(placed.x1 for placed in shown) + 1)
    masks = truth.mask[rows, columns], predicted.mask[rows, columns]
    # The tolerance is a share of the diagonal, rounded up: of the window's it gives the image's radius again.
    tolerance = (radius - 0.5) / math.hypot(*masks[0].shape)
    return region_similarity(*masks), contour_accuracy(*masks, tolerance)
