"""Anybody's videos: folders of frames, each with a file of boxes."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from ltr.data.boxes import is_absent
from ltr.data.image_io import IMAGE_SUFFIXES
from ltr.dataset.video_folders import FRAME_FOLDERS
from ltr.errors import InputError
from pytracking.analysis.number_files import read_text
from pytracking.evaluation.box_files import Boxes, read_boxes
from pytracking.evaluation.sequence import Sequence
from pytracking.evaluation.sequence_files import Loaders, frame_files
from pytracking.tracker.interface import Box

BOX_FILES = ("groundtruth.txt", "groundtruth_rect.txt", "boxes.txt", "boxes.csv")

logger = logging.getLogger(__name__)


def find_folder(root: Path) -> Loaders:
    """A video, or a folder of videos: frames with one of ``BOX_FILES`` beside them, or above them where they
    lie in one of ``FRAME_FOLDERS``.

    Subfolders without a file of boxes are left out; see ``video_folders``.

    Raises:
        InputError: there is no file of boxes. What loads a sequence raises it where frames or boxes cannot be
            read or do not fit, or an object has no box.
    """
    return {name: partial(_load, folder) for name, folder in video_folders(root).items()}


def video_folders(
    root: Path, box_files: Collection[str] = BOX_FILES, frames_alone: bool = False
) -> dict[str, Path]:
    """Name of a video -> its folder: the root if it has a file of boxes, else the folders in it that have.

    Folders that are left out are named in a warning in the log.

    Args:
        root: a folder.
        box_files: what a file of boxes may be called, relative to the video's folder.
        frames_alone: whether to take folders of frames that lack the file too: it will be missed.

    Raises:
        InputError: there is no file of boxes.
    """
    if _box_files(root, box_files):
        return {root.resolve().name: root}
    folders = subfolders(root)
    found = {folder.name: folder for folder in folders if _box_files(folder, box_files)}
    if not found:
        raise InputError(f"{root}: neither it nor a folder in it holds boxes ({', '.join(box_files)})")
    lacking = [folder for folder in folders if folder.name not in found]
    if frames_alone:
        found |= {folder.name: folder for folder in lacking if holds_frames(folder)}
    if left_out := [folder.name for folder in lacking if folder.name not in found]:
        logger.warning("%s: left out, no file of boxes: %s", root, ", ".join(left_out))
    return dict(sorted(found.items()))


def subfolders(root: Path) -> list[Path]:
    """The folders in a folder, sorted, without hidden ones."""
    return sorted(path for path in _entries(root) if path.is_dir() and not path.name.startswith("."))


def frame_folder(folder: Path) -> Path:
    """Where the frames of a video's folder are: in it, or else in the first there is of ``FRAME_FOLDERS``."""
    return folder if _has_images(folder) else next(_frame_folders(folder), folder)


def holds_frames(folder: Path) -> bool:
    """Whether a folder is that of a video: has images or one of ``FRAME_FOLDERS`` in it."""
    return _has_images(folder) or any(_frame_folders(folder))


def find_box_file(folder: Path, box_files: Collection[str] = BOX_FILES) -> Path:
    """The one file of boxes of a video's folder.

    Raises:
        InputError: there is none, or there are several.
    """
    found = _box_files(folder, box_files)
    if not found:
        raise InputError(f"{folder}: holds no file of boxes ({', '.join(box_files)})")
    if len(found) > 1:
        names = " and ".join(str(path.relative_to(folder)) for path in found)
        raise InputError(f"{folder}: {names}: keep one")
    return found[0]


def sequence_from_boxes(name: str, images: Path, box_file: Path) -> Sequence:
    """A video whose targets start from the first box that a file gives of each.

    Args:
        name: of the sequence.
        images: folder of the frames.
        box_file: what ``read_boxes`` reads. A text file starts its one object in the first frame, and may
            hold that box alone; in a CSV objects may start later.

    Raises:
        InputError: frames or boxes cannot be read or do not fit, or an object has no box to start from.
    """
    files = frame_files(images)
    names = [file.stem for file in files]
    lines = read_text(box_file).rstrip().splitlines()
    boxes_by_object = read_boxes(box_file, names[:1] if len(lines) == 1 else names)
    may_start_late = "frame" in lines[0].lower()  # the header of a CSV
    starts: dict[int, dict[int, Box]] = {}
    for object_id, boxes in boxes_by_object.items():
        frame = _first_frame(object_id, boxes, may_start_late, box_file)
        starts.setdefault(frame, {})[object_id] = boxes[frame]
    return Sequence(name, files, start_boxes=dict(sorted(starts.items())))


def _first_frame(object_id: int, boxes: Boxes, may_start_late: bool, box_file: Path) -> int:
    """The index of the first box."""
    shown = np.flatnonzero(~is_absent(boxes))
    if not may_start_late and 0 not in shown:
        raise InputError(
            f"{box_file}:1: box cannot start a tracker: width and height must be > 0 (in a CSV objects may "
            "start in later frames)"
        )
    if shown.size == 0:
        raise InputError(f"{box_file}: object {object_id} has no box with width and height > 0")
    return int(shown[0])


def _load(folder: Path) -> Sequence:
    boxes = find_box_file(folder)
    return sequence_from_boxes(folder.resolve().name, frame_folder(folder), boxes)


def _box_files(folder: Path, box_files: Collection[str]) -> list[Path]:
    return [folder / name for name in box_files if (folder / name).is_file()]


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror or error})") from None


def _has_images(folder: Path) -> bool:
    return any(path.suffix.lower() in IMAGE_SUFFIXES for path in _entries(folder))


def _frame_folders(folder: Path) -> Iterator[Path]:
    return (folder / name for name in FRAME_FOLDERS if (folder / name).is_dir())
