"""Writes what comes of a video so that it is found whole or not at all, wherever the process is killed.

Everything is written to a hidden folder beside the masks, ``<masks>/.<video>.part``, and moved to its place
when all is there: the masks, their records, last the state, which says that the video is done. Where the
hidden folder is, what else there is of the video is ours and unfinished, and the next run removes it.

A killed process loses nothing that it had written: that is in the system's memory, and moves are seen in
order. The power may fail, however: nothing waits for the disk here, which would cost more than the masks.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Iterable
from os.path import commonpath, realpath  # Path.resolve() raises for links that go round in circles
from pathlib import Path
from types import TracebackType
from typing import Self

from box2seg_plugin.annotate.box_video import BoxVideo
from box2seg_plugin.annotate.output import AnnotationFolder
from box2seg_plugin.annotate.video_state import VideoState
from ltr.dataset.mask_quality import MaskQuality, write_quality
from ltr.errors import InputError

logger = logging.getLogger(__name__)


class VideoOutput:
    """The places of a video that is being annotated; a context manager.

        with VideoOutput(folder, "dog") as output:
            write_mask(output.masks / "00000001.png", mask)
            output.finish(records, state)

    On entering, what there was of the video is removed. When the context is left without ``finish`` or
    ``fail``, nothing is left.

    Args:
        folder: the annotated data set.
        video: its name.

    Raises:
        InputError: on entering: files that are no masks are where masks are to be.
        OSError: something cannot be removed, made or moved.
    """

    def __init__(self, folder: AnnotationFolder, video: str) -> None:
        self.folder, self.video = folder, video
        self.part = part_of(folder, video)
        self.masks = self.part / "masks"
        """For the masks."""
        self._state_is_placed = False

    def __enter__(self) -> Self:
        clear_video(self.folder, self.video)
        self.masks.mkdir(parents=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(InputError, OSError):  # the next run will find and remove it
            if self._state_is_placed:
                shutil.rmtree(self.part)
            else:
                clear_video(self.folder, self.video)

    def finish(self, records: Iterable[MaskQuality], state: VideoState) -> None:
        """Put everything in its place.

        Raises:
            InputError, OSError: something cannot be written or moved.
        """
        quality = self.part / "quality.csv"
        write_quality(quality, records)
        state.write(self.part / "state.json")
        self.masks.replace(self.folder.masks_of(self.video))
        quality.replace(self.folder.quality_of(self.video))
        self._place_state()

    def fail(self, state: VideoState) -> None:
        """Leave nothing but a state. That it cannot be written (disk full) is told and no error: without a
        state the video is not done either."""
        try:
            _remove_place(self.folder, self.video)
            if self.masks.exists():  # makes room
                shutil.rmtree(self.masks)
            state.write(self.part / "state.json")
            self._place_state()
        except OSError as error:
            logger.warning("%s: that it failed cannot be noted (%s)", self.video, error.strerror or error)

    def _place_state(self) -> None:
        (self.part / "state.json").replace(self.folder.state_of(self.video))
        self._state_is_placed = True


def part_of(folder: AnnotationFolder, video: str) -> Path:
    """The hidden folder of a video that is being annotated."""
    return folder.masks / f".{video}.part"


def is_foreign(folder: AnnotationFolder, video: str) -> bool:
    """Whether there are masks of a video that were not made here."""
    if folder.state_of(video).exists() or part_of(folder, video).exists():
        return False
    place = folder.masks_of(video)
    return any(place.iterdir()) if place.is_dir() else place.exists()


def check_not_foreign(folder: AnnotationFolder, videos: Iterable[str]) -> None:
    """Refuse to replace masks that were not made here.

    Raises:
        InputError: there are such.
    """
    if foreign := [video for video in videos if is_foreign(folder, video)]:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise InputError(
            f"{folder.masks_of(foreign[0])} is there{more}, and {folder.info.name} does not say who made it: "
            "move it, choose another --out, or replace it with --force"
        )


def check_place(folder: AnnotationFolder, video: BoxVideo) -> None:
    """Refuse to write where the frames are.

    Raises:
        InputError: the masks would be in the folder of the frames, or in one in it.
    """
    place = realpath(folder.masks_of(video.name))
    for frames in {file.parent for file in video.files}:
        if commonpath((place, realpath(frames))) == realpath(frames):
            raise InputError(
                f"masks would go to {place}, which is in the folder of the frames: take another --out"
            )


def check_only_masks(place: Path) -> None:
    """Refuse to replace a folder that holds anything but PNGs.

    Raises:
        InputError: it does, or it is no folder.
    """
    if not place.exists():
        return
    if not place.is_dir() or place.is_symlink():
        raise InputError(f"{place} is for masks and is no folder: move it")
    if others := sorted(path.name for path in place.iterdir() if path.suffix != ".png"):
        raise InputError(f"{place} is for masks and holds {others[0]}: move it")


def clear_video(folder: AnnotationFolder, video: str) -> None:
    """Remove all that there is of a video; the hidden folder, which says whose the rest is, goes last.

    Raises:
        InputError: files that are no masks are among them; then nothing is removed.
        OSError: something cannot be removed.
    """
    check_only_masks(folder.masks_of(video))
    part = part_of(folder, video)
    part.mkdir(exist_ok=True)
    _remove_place(folder, video)
    shutil.rmtree(part)


def _remove_place(folder: AnnotationFolder, video: str) -> None:
    folder.state_of(video).unlink(missing_ok=True)
    folder.quality_of(video).unlink(missing_ok=True)
    if (masks := folder.masks_of(video)).exists():
        shutil.rmtree(masks)
