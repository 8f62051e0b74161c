"""GOT-10k: the validation set, and the test set, whose truth is the first frame's box alone."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ltr.dataset.mask_folders import read_sequence_list
from pytracking.evaluation.sequence_files import Loaders, box_sequence


def find_got10k(root: Path, subset: str) -> Loaders:
    """GOT-10k: ``<subset>/list.txt``, ``<subset>/<sequence>/00000001.jpg`` and ``.../groundtruth.txt``.

    Args:
        root: folder of the subsets.
        subset: "val" or "test".

    Raises:
        InputError: the list cannot be read. What loads a sequence raises it; see ``box_sequence``.
    """
    return {
        name: partial(
            box_sequence,
            name,
            images=folder,
            truth=folder / "groundtruth.txt",
            first_box_alone=subset == "test",
        )
        for name, folder in got10k_folders(root, subset).items()
    }


def got10k_folders(root: Path, subset: str) -> dict[str, Path]:
    """Name of a sequence that ``<subset>/list.txt`` lists -> its folder.

    Raises:
        InputError: the list cannot be read.
    """
    folder = root / subset
    return {name: folder / name for name in read_sequence_list(folder / "list.txt")}
