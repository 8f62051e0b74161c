"""LaSOT's test set."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pytracking.analysis.ground_truth import lasot_folders
from pytracking.evaluation.sequence_files import Loaders, box_sequence


def find_lasot(root: Path) -> Loaders:
    """LaSOT: what ``lasot_folders`` finds, with ``img/00000001.jpg`` and ``groundtruth.txt``.

    Raises:
        InputError: the list cannot be read, or there is none and no sequence either. What loads a sequence
            raises it; see ``box_sequence``.
    """
    return {
        name: partial(box_sequence, name, folder / "img", folder / "groundtruth.txt")
        for name, folder in lasot_folders(root).items()
    }
