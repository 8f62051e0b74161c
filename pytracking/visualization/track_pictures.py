"""Pictures of a tracker at work, for whoever wants to see why it did what it did."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from ltr.data.image_io import RgbImage
from ltr.errors import InputError
from pytracking.evaluation.sequence import Sequence
from pytracking.evaluation.tracking import TrackedFrame
from pytracking.visualization.contact_sheet import contact_sheet
from pytracking.visualization.overlay import draw_overlay
from pytracking.visualization.video_writer import VideoWriter

FPS = 25.0
MAP_FRAMES = 8


class TrackPictures:
    """Draws the results of a sequence; a context manager that ``close`` brings to a good end.

    Level 0 draws nothing. 1: ``<sequence>_overlay.mp4``, boxes and masks over the frames. 2: also
    ``<sequence>_maps.png``, eight frames, each with the tracker's maps of it (black is the least, white the
    greatest value). Frames that the tracker was not shown are left out.

    Args:
        folder: where the pictures go.
        sequence: whose results are drawn.
        level: 0, 1 or 2.
    """

    def __init__(self, folder: Path, sequence: Sequence, level: int) -> None:
        self.folder, self.sequence, self.level = folder, sequence, level
        self._stack = ExitStack()
        self._video: VideoWriter | None = None
        self._rows: list[list[tuple[str, RgbImage]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def add(self, frame: TrackedFrame) -> None:
        """Draw the next frame.

        Raises:
            InputError: the video cannot be written.
        """
        image, result = frame.image, frame.result
        if self.level < 1 or image is None:
            return
        height, width = image.shape[:2]
        mask = np.zeros((height, width), np.uint8) if result.mask is None else result.mask
        drawn = draw_overlay(image, mask, result.boxes)
        if self._video is None:
            path = self.folder / f"{self.sequence.name}_overlay.mp4"
            self._video = self._stack.enter_context(VideoWriter(path, FPS, (width, height)))
        self._video.write(drawn)
        if self.level >= 2 and frame.index in self._frames_with_maps():
            maps = [(name, _grey(values)) for name, values in result.maps.items()]
            self._rows.append([(f"frame {frame.index}", drawn), *maps])

    def close(self) -> None:
        """Finish the video and write the maps.

        Raises:
            InputError: they cannot be written.
        """
        self._stack.close()
        if not self._rows:
            return
        columns = max(len(row) for row in self._rows)
        empty = ("", np.zeros((1, 1, 3), np.uint8))
        tiles = [tile for row in self._rows for tile in [*row, *[empty] * (columns - len(row))]]
        sheet = contact_sheet([image for _, image in tiles], columns, [name for name, _ in tiles])
        path = self.folder / f"{self.sequence.name}_maps.png"
        try:
            Image.fromarray(sheet).save(path)
        except OSError as error:
            raise InputError(f"{path}: cannot be written ({error.strerror or error})") from None

    def _frames_with_maps(self) -> set[int]:
        """Indices, spread evenly; the first frame, where most trackers have no maps, is not among them."""
        first, last = self.sequence.first_frame, len(self.sequence) - 1
        return {int(index) for index in np.linspace(first, last, MAP_FRAMES + 1)[1:]}


def _grey(values: npt.NDArray[np.float32]) -> RgbImage:
    """(h, w) floats -> (h, w, 3) uint8, from the least to the greatest finite value."""
    finite = np.nan_to_num(np.asarray(values, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    span = float(np.ptp(finite)) or 1.0
    grey = np.rint((finite - finite.min()) * (255 / span)).astype(np.uint8)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)
