"""The frames of a video, read when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import overload

from ltr.data.image_io import RgbImage, read_image
from ltr.errors import InputError


class VideoImages(Sequence[RgbImage]):
    """Frames as (H, W, 3) uint8 RGB. Unlike elsewhere a JPEG that is cut off is an error: grey is no mask's
    ground.

    Args:
        files: one image each.
        size: (width, height) that all must have, pixels.

    Raises:
        InputError: when a frame is asked for that cannot be read, or is of another size.
    """

    def __init__(self, files: Sequence[Path], size: tuple[int, int]) -> None:
        self._files, self._size = files, size

    def __len__(self) -> int:
        return len(self._files)

    @overload
    def __getitem__(self, index: int) -> RgbImage: ...
    @overload
    def __getitem__(self, index: slice) -> VideoImages: ...
    def __getitem__(self, index: int | slice) -> RgbImage | VideoImages:
        if isinstance(index, slice):
            return VideoImages(self._files[index], self._size)
        file = self._files[index]
        image = read_image(file, whole=True)
        height, width = image.shape[:2]
        if (width, height) != self._size:
            raise InputError(
                f"{file}: frame is {width} x {height}, the first one {self._size[0]} x {self._size[1]}: "
                "all must have one size"
            )
        return image
