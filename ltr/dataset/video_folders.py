"""Where the frames of videos lie that come with masks of their own elsewhere."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from ltr.data.image_io import IMAGE_SUFFIXES
from ltr.dataset.mask_folders import MaskFolders
from ltr.errors import InputError

FRAME_FOLDERS = ("img", "frames", "color", "img1", "images")
"""Folders in a video's in which its frames may lie, as LaSOT, OTB, VOT, MOT challenge and others have it."""

REMEMBERED = 64
"""Videos whose frames are remembered. Those of all of LaSOT are millions, in every loader process."""


class VideoFolders(MaskFolders):
    """Videos in folders of their own, anywhere, and ``<masks>/<sequence>/<name>.png``.

    The frames of a video lie in its folder or in one of ``FRAME_FOLDERS`` there. They are counted from 0 in
    natural order (2.jpg before 10.jpg).

    Args:
        frames: what the videos' folders lie in.
        masks: holds one folder of masks for each sequence.
        videos: name of a sequence -> its folder; None: those in ``frames``.
        numbered: masks are called by the frame's number, 00000001 ..., whatever its file is called, as in
            GOT-10k and LaSOT; else as their frames.

    Attributes:
        videos: name of a sequence -> its folder.

    Raises:
        InputError: ``frames`` or ``masks`` is missing.
    """

    def __init__(
        self, frames: Path, masks: Path, videos: Mapping[str, Path] | None = None, numbered: bool = False
    ) -> None:
        super().__init__(frames, masks)
        self.videos = folders_in(frames) if videos is None else videos
        self._numbered = numbered

    def frames(self, sequence: str) -> list[Path]:
        """Return the frame files of a sequence in order.

        Raises:
            InputError: there are none.
        """
        if sequence not in self._frame_cache:
            if len(self._frame_cache) >= REMEMBERED:
                del self._frame_cache[next(iter(self._frame_cache))]
            self._frame_cache[sequence] = _frames_in(self.videos[sequence])
        return self._frame_cache[sequence]

    def mask_path(self, sequence: str, frame: int) -> Path:
        """Return where the mask of a frame is, or would be."""
        if not self._numbered:
            return super().mask_path(sequence, frame)
        return self._annotations / sequence / f"{frame + 1:08d}.png"

    def annotated(self, sequence: str) -> list[int]:
        """Return the frames of a sequence that have a mask file, increasing.

        Raises:
            InputError: a mask belongs to no frame.
        """
        files = (self._annotations / sequence).glob("*.png")
        return self.frames_of_masks(sequence, (file.stem for file in files if not file.name.startswith(".")))

    def frames_of_masks(self, sequence: str, masks: Iterable[str]) -> list[int]:
        """Return the frames that masks belong to, increasing.

        Args:
            sequence: its name.
            masks: their names, without suffix.

        Raises:
            InputError: one belongs to no frame.
        """
        frame_of = {self._mask_name(i, path): i for i, path in enumerate(self.frames(sequence))}
        try:
            return sorted(frame_of[mask] for mask in masks)
        except KeyError as error:
            raise InputError(
                f"{self._annotations / sequence}: mask {error} belongs to none of the {len(frame_of)} frames "
                f"in {self.videos[sequence]}"
            ) from error

    def _mask_name(self, frame: int, path: Path) -> str:
        return f"{frame + 1:08d}" if self._numbered else path.stem


def folders_in(folder: Path) -> dict[str, Path]:
    """Name -> path of the folders in a folder, sorted; hidden ones are left out.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with os.scandir(folder) as entries:  # which knows folders without looking at each
            names = [entry.name for entry in entries if entry.name[0] != "." and entry.is_dir()]
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror or error})") from None
    return {name: folder / name for name in sorted(names)}


def natural_order(path: Path) -> tuple[list[str | int], str]:
    """Sorts 2.jpg before 10.jpg: runs of digits count as numbers."""
    parts = re.split(r"([0-9]+)", path.stem)
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], path.name


def _frames_in(video: Path) -> list[Path]:
    for folder in (video, *(video / name for name in FRAME_FOLDERS)):
        if folder.is_dir():
            files = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES]
            if seen := [path for path in files if not path.name.startswith(".")]:
                return sorted(seen, key=natural_order)
    raise InputError(
        f"{video} holds no frames ({', '.join(IMAGE_SUFFIXES)}), nor does {', '.join(FRAME_FOLDERS)} in it"
    )
