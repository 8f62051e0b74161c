"""TrackingNet's test set, whose public truth is the first frame's box alone."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ltr.errors import InputError
from pytracking.evaluation.sequence_files import Loaders, box_sequence


def find_trackingnet(root: Path) -> Loaders:
    """TrackingNet: ``TEST/frames/<sequence>/0.jpg`` and ``TEST/anno/<sequence>.txt``.

    Raises:
        InputError: there are no boxes. What loads a sequence raises it; see ``box_sequence``.
    """
    found = trackingnet_files(root, "TEST")
    if not found:
        place = root / "TEST" / "anno"
        raise InputError(f"{place}: must hold <sequence>.txt, the first box of each sequence of the test set")
    return {
        name: partial(box_sequence, name, frames, boxes, first_box_alone=True)
        for name, (frames, boxes) in found.items()
    }


def trackingnet_files(root: Path, part: str) -> dict[str, tuple[Path, Path]]:
    """Name of a sequence of a part ("TEST", "TRAIN_0" ...) -> folder of its frames, file of its boxes.

    Sorted; empty where there are no boxes.
    """
    frames, boxes = root / part / "frames", root / part / "anno"
    files = sorted(path for path in boxes.glob("*.txt") if not path.name.startswith("."))
    return {path.stem: (frames / path.stem, path) for path in files}
