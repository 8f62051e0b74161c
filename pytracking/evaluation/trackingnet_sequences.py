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
    frames, boxes = root / "TEST" / "frames", root / "TEST" / "anno"
    found = {
        path.stem: partial(box_sequence, path.stem, frames / path.stem, path, first_box_alone=True)
        for path in sorted(boxes.glob("*.txt"))
    }
    if not found:
        raise InputError(f"{boxes}: must hold <sequence>.txt, the first box of each sequence of the test set")
    return found
