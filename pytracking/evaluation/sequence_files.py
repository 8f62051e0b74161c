"""What the layouts of data sets have in common: a folder of frames, and a file of boxes or a folder of masks.

Here and in the readers images are listed, never opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from ltr.data.boxes import is_absent
from ltr.errors import InputError
from pytracking.analysis.number_files import Numbers, read_rows
from pytracking.evaluation.frames import ImageFrames, open_frames
from pytracking.evaluation.sequence import Sequence
from pytracking.tracker.interface import Box

Loaders = Mapping[str, Callable[[], Sequence]]
"""Name of a sequence -> what loads it. Names are cheap; a sequence costs the listing of its folder."""


def frame_files(folder: Path) -> tuple[Path, ...]:
    """The images in a folder, in natural order.

    Raises:
        InputError: no such folder, or it holds no images; see ``open_frames``.
    """
    frames = open_frames(folder)
    if not isinstance(frames, ImageFrames):
        raise InputError(f"{folder}: a video file: unpack it into a folder of images")
    return tuple(frames.files)


def check_counts(truth: Path, boxes: int, images: Path, frames: int) -> None:
    """Refuse a video that has not one line of truth for each frame.

    Raises:
        InputError: the numbers differ.
    """
    if boxes != frames:
        raise InputError(
            f"{truth}: number of boxes is {boxes}, number of frames in {images} is {frames}: "
            "one line for each"
        )


def start_box(row: Numbers, place: str) -> Box:
    """The box that a target starts from.

    Args:
        row: (4,) x, y, w, h.
        place: where it stands, for the message.

    Raises:
        InputError: it has no area, or is not a number.
    """
    if bool(is_absent(row)):
        shown = ", ".join(f"{value:g}" for value in row)
        raise InputError(f"{place}: box ({shown}) cannot start a tracker: width and height must be > 0")
    return np.array(row, dtype=np.float64)


def box_sequence(name: str, images: Path, truth: Path, first_box_alone: bool = False) -> Sequence:
    """A video of one target, which starts from the first line of a file of boxes.

    Args:
        name: of the sequence.
        images: folder of the frames.
        truth: file of lines ``x,y,w,h``, one for each frame.
        first_box_alone: whether a file with the first frame's box alone is right too.

    Raises:
        InputError: frames or boxes cannot be read ("file:line: ..." for a line that is no box), their numbers
            differ, or the first box has no area.
    """
    boxes, files = read_rows(truth, columns=4), frame_files(images)
    if not (first_box_alone and len(boxes) == 1):
        check_counts(truth, len(boxes), images, len(files))
    return Sequence(name, files, start_boxes={0: {1: start_box(boxes[0], f"{truth}:1")}})


def mask_files(images: Path, files: tuple[Path, ...], masks: Path) -> dict[int, Path]:
    """Frame index -> its mask, of the frames that have one.

    Args:
        images: folder of the frames, for the message.
        files: the frames.
        masks: folder of ``<frame>.png``.

    Raises:
        InputError: a mask's frame is missing.
    """
    frames = {file.stem: index for index, file in enumerate(files)}
    found = [path for path in sorted(masks.glob("*.png")) if not path.name.startswith(".")]
    if lost := [path for path in found if path.stem not in frames]:
        raise InputError(
            f"{images}: frame {lost[0].stem} is missing, its mask is {lost[0]} ({len(lost)} such)"
        )
    return {frames[path.stem]: path for path in found}
