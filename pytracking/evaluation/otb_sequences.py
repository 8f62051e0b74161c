"""OTB-100, with the frames that the benchmark's protocol takes of each video."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pytracking.analysis.ground_truth import OTB_FIRST_FRAME, otb_targets
from pytracking.analysis.number_files import read_rows
from pytracking.evaluation.sequence import Sequence
from pytracking.evaluation.sequence_files import Loaders, check_counts, frame_files, start_box

FRAME_RANGES = {
    "BlurCar1": (247, 988),
    "BlurCar3": (3, 359),
    "BlurCar4": (18, 397),
    "David": (300, 770),
    "Diving": (1, 215),
    "Football1": (1, 74),
    "Freeman3": (1, 460),
    "Freeman4": (1, 283),
}
"""Video -> numbers of the first and the last frame that its boxes belong to (configSeqs of the benchmark), of
the videos that have more frames than boxes or do not count from 1."""


def find_otb(root: Path) -> Loaders:
    """OTB: what ``otb_targets`` finds, with ``<video>/img/0001.jpg``.

    Raises:
        InputError: there are no boxes. What loads a sequence raises it where frames or boxes cannot be read,
            their numbers differ, or the first box has no area.
    """
    return {name: partial(_load, name, path) for name, path in otb_targets(root).items()}


def _load(name: str, truth: Path) -> Sequence:
    images = truth.parent / "img"
    boxes, files = read_rows(truth, columns=4), _played(truth.parent.name, frame_files(images))
    check_counts(truth, len(boxes), images, len(files))
    first = min(OTB_FIRST_FRAME.get(name, 0), len(files) - 1)
    box = start_box(boxes[first], f"{truth}:{first + 1}")
    return Sequence(name, files[first:], start_boxes={0: {1: box}})


def _played(video: str, files: tuple[Path, ...]) -> tuple[Path, ...]:
    """The frames of the protocol; a copy that holds as many has been cut already, however it counts them."""
    if video not in FRAME_RANGES:
        return files
    first, last = FRAME_RANGES[video]
    if len(files) <= last + 1 - first:
        return files
    return tuple(file for file in files if file.stem.isdecimal() and first <= int(file.stem) <= last)
