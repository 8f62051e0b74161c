"""What scoring needs to know of a video: its name and its truth, as boxes or as masks. No images."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ltr.data.mask_io import ObjectMask, read_mask
from pytracking.analysis.overlap import Boxes


class BoxSequence(Protocol):
    """A video of one target with a true box in every frame."""

    @property
    def name(self) -> str: ...

    @property
    def boxes(self) -> Boxes:
        """(N, 4) float64 x, y, w, h as the data set writes them, frame 0 first."""
        ...

    @property
    def visible(self) -> npt.NDArray[np.bool_] | None:
        """(N,) whether the target shows (LaSOT's occlusion and view, GOT-10k's cover); None: unknown."""
        ...

    @property
    def frame_size(self) -> tuple[int, int] | None:
        """(width, height) in pixels; None: unknown. GOT-10k's measure needs it."""
        ...


class MaskSequence(Protocol):
    """A video with true masks in some or all frames."""

    @property
    def name(self) -> str: ...

    @property
    def frames(self) -> Sequence[str]:
        """Names of the annotated frames in order, as their files are called without suffix."""
        ...

    def mask(self, frame: str) -> ObjectMask:
        """The truth: (H, W) uint8, 0 background, 1..254 object ids, 255 void."""
        ...


@dataclass(frozen=True)
class BoxTruth:
    """A ``BoxSequence`` in memory."""

    name: str
    boxes: Boxes
    visible: npt.NDArray[np.bool_] | None = None
    frame_size: tuple[int, int] | None = None


@dataclass(frozen=True)
class MaskTruth:
    """A ``MaskSequence`` on disk.

    Attributes:
        name: of the video.
        folder: holds one PNG for each frame.
        frames: their names without suffix, in order.
        binary: every labelled pixel is object 1: DAVIS-2016 writes it as 255, which elsewhere means void.
    """

    name: str
    folder: Path
    frames: Sequence[str]
    binary: bool = False

    def mask(self, frame: str) -> ObjectMask:
        """Read the truth of a frame."""
        mask = read_mask(self.folder / f"{frame}.png")
        return (mask > 0).astype(np.uint8) if self.binary else mask
