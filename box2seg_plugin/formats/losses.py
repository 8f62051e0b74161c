"""What a conversion could not keep, counted while it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Losses:
    """Counts over all videos.

    Attributes:
        overlap_pixels: pixels that were claimed more than once; the smallest mask got them.
        overlap_frames: frames with such pixels.
        void_pixels: labelled as void (255) where the format to write has none.
        void_only_frames: frames without any other label than void.
        other_shapes: boxes, polygons and other shapes that are no masks.
    """

    overlap_pixels: int = 0
    overlap_frames: int = 0
    void_pixels: int = 0
    void_only_frames: int = 0
    other_shapes: int = 0

    def warnings(self) -> list[str]:
        """One line for each kind that occurred."""
        lines = []
        if self.overlap_pixels:
            lines.append(
                f"{self.overlap_pixels} pixels of {self.overlap_frames} frames were claimed by several "
                "objects: the smallest in the frame got them"
            )
        if self.void_pixels:
            lines.append(f"{self.void_pixels} void pixels (255) became background")
        if self.void_only_frames:
            lines.append(
                f"{self.void_only_frames} frames hold void (255) alone: where that is the object, --binary "
                "reads it as object 1"
            )
        if self.other_shapes:
            lines.append(f"{self.other_shapes} shapes that are no masks were left out")
        return lines
