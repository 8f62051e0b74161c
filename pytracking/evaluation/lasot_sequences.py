"""LaSOT: the test set that trackers are run on, and where the training set lies."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

from ltr.dataset.mask_folders import read_sequence_list
from ltr.errors import InputError
from pytracking.analysis.ground_truth import lasot_folders
from pytracking.evaluation.sequence_files import Loaders, box_sequence

logger = logging.getLogger(__name__)


def find_lasot(root: Path) -> Loaders:
    """LaSOT's test set: what ``lasot_folders`` finds, with ``img/00000001.jpg`` and ``groundtruth.txt``.

    Raises:
        InputError: the list cannot be read, or there is none and no sequence either. What loads a sequence
            raises it; see ``box_sequence``.
    """
    return {
        name: partial(box_sequence, name, folder / "img", folder / "groundtruth.txt")
        for name, folder in lasot_folders(root).items()
    }


def lasot_training_folders(root: Path) -> dict[str, Path]:
    """Name of a sequence of LaSOT's training set -> ``<class>/<sequence>/`` or ``<sequence>/``.

    The training set is what ``training_set.txt`` lists, also what is missing; without that file all that is
    there and not in ``testing_set.txt``; without either all that is there, with a warning in the log.

    Raises:
        InputError: a list cannot be read, or there is none and no sequence either.
    """
    training, testing = root / "training_set.txt", root / "testing_set.txt"
    if training.is_file():
        return {
            name: root / name if (root / name).is_dir() else root / name.rpartition("-")[0] / name
            for name in read_sequence_list(training)
        }
    # Also by their frames: a lost groundtruth.txt is to be missed when the sequence is loaded.
    found = {
        path.parent.name: path.parent
        for pattern in ("*/groundtruth.txt", "*/*/groundtruth.txt", "*/img", "*/*/img")
        for path in root.glob(pattern)
    }
    if testing.is_file():
        found = {name: found[name] for name in found.keys() - set(read_sequence_list(testing))}
    if not found:
        raise InputError(f"{root}: expected <class>/<sequence>/groundtruth.txt of LaSOT's training set")
    if not testing.is_file():
        logger.warning("%s is missing: all %d sequences are taken as the training set", training, len(found))
    return dict(sorted(found.items()))
