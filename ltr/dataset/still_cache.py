"""Keeps decoded pictures in memory, so that an epoch does not decode them again."""

import logging
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

logger = logging.getLogger(__name__)

Reader = Callable[[Path], np.ndarray]


class StillCache:
    """Reads pictures through a function and, once filled, from memory.

    The pictures are plain arrays in a dict: worker processes that are forked after ``fill`` share them.

    Args:
        reader: turns a path into an array; called at most once a path after ``fill``. It must be thread-safe.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._pictures: dict[Path, np.ndarray] = {}

    def fill(self, paths: Iterable[Path]) -> None:
        """Read the pictures now, in threads (decoding releases the interpreter lock)."""
        wanted = [path for path in dict.fromkeys(paths) if path not in self._pictures]
        logger.info("reading %d pictures into memory", len(wanted))
        with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
            self._pictures.update(zip(wanted, threads.map(self._reader, wanted), strict=True))

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(picture.nbytes for picture in self._pictures.values())

    def read(self, path: Path) -> np.ndarray:
        """Return the picture; one that is held must not be written to, so it is marked read-only."""
        held = self._pictures.get(path)
        if held is None:
            return self._reader(path)
        view = held.view()
        view.flags.writeable = False
        return view


def limit_longest_side(picture: np.ndarray, limit: int | None) -> np.ndarray:
    """Shrink a picture (never enlarge) so that its longest side is at most `limit` pixels.

    Args:
        picture: H x W or H x W x 3 uint8. A mask of 0 and 255 comes back with grey values on its contour.
        limit: pixels; None leaves the picture as it is.

    Returns:
        The same number of channels, uint8, aspect kept to within rounding.
    """
    height, width = picture.shape[:2]
    longest = max(height, width)
    if limit is None or longest <= limit:
        return picture
    size = (max(1, round(width * limit / longest)), max(1, round(height * limit / longest)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
