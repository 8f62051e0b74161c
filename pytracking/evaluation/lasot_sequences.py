"""LaSOT's test set."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

from ltr.dataset.mask_folders import read_sequence_list
from ltr.errors import InputError
from pytracking.evaluation.sequence_files import Loaders, box_sequence

logger = logging.getLogger(__name__)


def find_lasot(root: Path) -> Loaders:
    """LaSOT: ``<class>/<sequence>/`` or ``<sequence>/`` with ``img/00000001.jpg`` and ``groundtruth.txt``.

    The test set is what ``testing_set.txt`` lists; without that file all sequences are taken.

    Raises:
        InputError: the list cannot be read, or there is none and no sequence either. What loads a sequence
            raises it; see ``box_sequence``.
    """
    listed = root / "testing_set.txt"
    if listed.is_file():
        folders = [_folder(root, name) for name in read_sequence_list(listed)]
    else:
        found = (path.parent for depth in ("*", "*/*") for path in root.glob(f"{depth}/groundtruth.txt"))
        folders = sorted(found, key=lambda folder: folder.name)
        if not folders:
            raise InputError(f"{root}: holds no <class>/<sequence>/groundtruth.txt")
        logger.warning("%s is missing: all %d sequences are taken", listed, len(folders))
    return {
        folder.name: partial(box_sequence, folder.name, folder / "img", folder / "groundtruth.txt")
        for folder in folders
    }


def _folder(root: Path, name: str) -> Path:
    """Where airplane-1 is: in airplane/ unless it lies in the root."""
    return root / name if (root / name).is_dir() else root / name.rpartition("-")[0] / name
