"""The data sets that trackers can be run on: one row each.

    for sequence in load_sequences("lasot"):
        ...

Their names are those of ``pytracking.analysis.datasets``, where there is truth to score with.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ltr.dataset.mask_folders import read_sequence_list
from ltr.dataset.video_folders import FRAME_FOLDERS
from ltr.environment import environment
from ltr.errors import InputError
from ltr.registry import unknown_name
from pytracking.evaluation.bundled_sequences import find_bundled
from pytracking.evaluation.davis_sequences import find_davis, find_davis_folder
from pytracking.evaluation.folder_sequences import BOX_FILES, find_folder
from pytracking.evaluation.got10k_sequences import find_got10k
from pytracking.evaluation.lasot_sequences import find_lasot
from pytracking.evaluation.otb_sequences import find_otb
from pytracking.evaluation.sequence import Sequence, check_sequence_name
from pytracking.evaluation.sequence_files import Loaders
from pytracking.evaluation.trackingnet_sequences import find_trackingnet
from pytracking.evaluation.vot_sequences import find_vot
from pytracking.evaluation.youtube_vos_sequences import find_youtube_vos_train, find_youtube_vos_valid

DEFAULT = "bundled"
"""The data set that needs nothing to be configured."""

_SHOWN = 200  # characters of a list of sequences in a message


@dataclass(frozen=True)
class DataSet:
    """How the sequences of a data set are found.

    Attributes:
        find: its folder -> loaders of its sequences, in the data set's order.
        place: key of ``ltr.environment`` for its folder; None: the folder has to be named.
    """

    find: Callable[[Path], Loaders]
    place: str | None


DATASETS: dict[str, DataSet] = {
    "davis2016_val": DataSet(partial(find_davis, year=2016), "davis"),
    "davis2017_val": DataSet(partial(find_davis, year=2017), "davis"),
    "davis2017_test_dev": DataSet(partial(find_davis, year=2017, subset="test-dev"), "davis"),
    "davis": DataSet(find_davis_folder, "davis"),
    "youtube_vos_train": DataSet(find_youtube_vos_train, "youtube_vos"),
    "youtube_vos_2018_valid": DataSet(partial(find_youtube_vos_valid, year=2018), "youtube_vos"),
    "youtube_vos_2019_valid": DataSet(partial(find_youtube_vos_valid, year=2019), "youtube_vos"),
    "got10k_val": DataSet(partial(find_got10k, subset="val"), "got10k"),
    "got10k_test": DataSet(partial(find_got10k, subset="test"), "got10k"),
    "trackingnet": DataSet(find_trackingnet, "trackingnet"),
    "lasot": DataSet(find_lasot, "lasot"),
    "otb": DataSet(find_otb, "otb"),
    "vot2020": DataSet(find_vot, "vot"),
    "folder": DataSet(find_folder, None),
}
"""All but ``DEFAULT``, which has no folder."""


def dataset_names() -> list[str]:
    """What ``load_sequences`` knows, the default first."""
    return [DEFAULT, *DATASETS]


def load_sequences(
    name: str = DEFAULT,
    root: Path | None = None,
    split_file: Path | None = None,
    only: Collection[str] | None = None,
) -> list[Sequence]:
    """The sequences of a data set. Folders are listed and truth is read; no image is opened.

    Args:
        name: one of ``dataset_names()``.
        root: its folder; None: the one that is configured (see ``ltr.environment``).
        split_file: lists the sequences to take, one name a line, such as the held-out ones of a training set.
        only: names of the sequences to take (of those that are listed); the others are not even listed.

    Returns:
        in the order of the data set, of the file, or of ``only``; at least one.

    Raises:
        InputError: there is no such data set, folder or sequence, the folder is not laid out as it should
            be, a sequence's name would lead out of the results, or its frames and truth do not fit.
    """
    loaders = _find(name, root)
    for found in loaders:
        check_sequence_name(found)
    names: Collection[str] = loaders
    if split_file is not None:
        names = _choose(read_sequence_list(split_file), names, f"{split_file}: data set {name}")
    if only is not None:
        names = _choose(only, names, f"data set {name}" if split_file is None else str(split_file))
    return [loaders[chosen]() for chosen in names]


def _find(name: str, root: Path | None) -> Loaders:
    if name == DEFAULT:
        if root is not None:
            raise InputError(f'{root}: data set "{name}" comes with the package; "folder" reads a folder')
        return find_bundled()
    if name not in DATASETS:
        raise unknown_name("data set", name, dataset_names())
    row = DATASETS[name]
    if row.place is not None:
        return row.find(environment({row.place: root}).path(row.place))
    if root is None or not root.is_dir():
        problem = "no folder is named" if root is None else f"{root} is no folder"
        raise InputError(
            f'{problem} for data set "{name}": name one (--root) that holds frames, or {FRAME_FOLDERS[0]}/ '
            f"with frames, and boxes ({', '.join(BOX_FILES)}), or that holds such folders"
        )
    return row.find(root)


def _choose(wanted: Collection[str], known: Collection[str], source: str) -> Collection[str]:
    """The wanted ones, each once, all of them known; at least one."""
    if unknown := [name for name in wanted if name not in known]:
        shown = ", ".join(known)
        shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + " ..."
        raise InputError(f'{source} has no sequence "{unknown[0]}"; it has {len(known)}: {shown}')
    if not wanted:
        raise InputError(f"no sequence of {source} is chosen")
    return dict.fromkeys(wanted)
