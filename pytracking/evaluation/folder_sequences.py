"""Anybody's videos: folders of frames, each with a file of boxes."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

import numpy as np

from ltr.data.boxes import is_absent
from ltr.data.image_io import IMAGE_SUFFIXES
from ltr.errors import InputError
from pytracking.analysis.number_files import read_text
from pytracking.evaluation.box_files import Boxes, read_boxes
from pytracking.evaluation.sequence import Sequence
from pytracking.evaluation.sequence_files import Loaders, frame_files
from pytracking.tracker.interface import Box

BOX_FILES = ("groundtruth.txt", "groundtruth_rect.txt", "boxes.txt", "boxes.csv")
FRAME_FOLDERS = ("img", "frames", "color")

logger = logging.getLogger(__name__)


def find_folder(root: Path) -> Loaders:
    """A video, or a folder of videos: frames with one of ``BOX_FILES`` beside them, or above them where they
    lie in one of ``FRAME_FOLDERS``.

    Subfolders without a file of boxes are left out, with a warning in the log.

    Raises:
        InputError: there is no file of boxes. What loads a sequence raises it where frames or boxes cannot be
            read or do not fit, or an object has no box.
    """
    if _box_files(root):
        return {root.resolve().name: partial(_load, root)}
    folders = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    found = {folder.name: partial(_load, folder) for folder in folders if _box_files(folder)}
    if not found:
        raise InputError(f"{root}: neither it nor a folder in it holds boxes ({', '.join(BOX_FILES)})")
    if lacking := [folder.name for folder in folders if folder.name not in found]:
        logger.warning("%s: left out, no file of boxes: %s", root, ", ".join(lacking))
    return found


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
    box_files = _box_files(folder)
    if len(box_files) > 1:
        raise InputError(f"{folder}: {' and '.join(path.name for path in box_files)}: keep one")
    images = folder
    if not any(path.suffix.lower() in IMAGE_SUFFIXES for path in folder.iterdir()):
        images = next((folder / name for name in FRAME_FOLDERS if (folder / name).is_dir()), folder)
    return sequence_from_boxes(folder.resolve().name, images, box_files[0])


def _box_files(folder: Path) -> list[Path]:
    return [folder / name for name in BOX_FILES if (folder / name).is_file()]
