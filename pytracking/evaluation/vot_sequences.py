"""A workspace of the VOT toolkit, each video run once from its first frame. (The toolkit runs its own way:
``run_vot.py``.)"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from ltr.dataset.mask_folders import read_sequence_list
from ltr.errors import InputError
from pytracking.analysis.number_files import Numbers, parse_rows, read_text
from pytracking.analysis.vot_regions import parse_region
from pytracking.evaluation.sequence import Sequence
from pytracking.evaluation.sequence_files import Loaders, check_counts, frame_files, start_box


def find_vot(root: Path) -> Loaders:
    """VOT: ``sequences/list.txt``, ``sequences/<sequence>/color/00000001.jpg`` and ``.../groundtruth.txt``.

    The first line of the truth is a mask, which starts the target, or a rectangle or a polygon, whose box
    does.

    Raises:
        InputError: the list cannot be read. What loads a sequence raises it where frames or truth cannot be
            read, their numbers differ, or the first line shows no target.
    """
    folder = root / "sequences"
    return {name: partial(_load, folder / name) for name in read_sequence_list(folder / "list.txt")}


def _load(folder: Path) -> Sequence:
    truth, images = folder / "groundtruth.txt", folder / "color"
    # The later lines are the scorer's: masks take long to read.
    lines, files = read_text(truth).rstrip().splitlines(), frame_files(images)
    check_counts(truth, len(lines), images, len(files))
    if not lines[0].strip().startswith("m"):
        box = start_box(_box_around(lines[0], truth), f"{truth}:1")
        return Sequence(folder.name, files, start_boxes={0: {1: box}})
    region = parse_region(lines[0], f"{truth}:1")
    if region.is_empty:
        raise InputError(f"{truth}:1: the mask is empty, and this is where the target starts")
    return Sequence(folder.name, files, start_masks={0: {1: region}})


def _box_around(line: str, truth: Path) -> Numbers:
    """(4,): the rectangle x,y,w,h itself, or the box around the polygon x1,y1,x2,y2,x3,y3 ..."""
    count = len(line.replace(",", " ").split())
    if count != 4 and (count < 6 or count % 2):
        raise InputError(
            f"{truth}:1: {line.strip()[:60]!r} is no mask, no rectangle (4 numbers), no polygon (6, 8 ...)"
        )
    numbers = parse_rows(line, count, str(truth))[0]
    if count == 4:
        return numbers
    corners = numbers.reshape(-1, 2)
    low, high = corners.min(axis=0), corners.max(axis=0)
    return np.concatenate([low, high - low])
