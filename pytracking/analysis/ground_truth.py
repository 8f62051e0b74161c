"""Reads the truth of the benchmarks in the folders they are distributed in. Images are not needed."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ltr.dataset.davis import split_file
from ltr.dataset.mask_folders import read_sequence_list
from ltr.errors import InputError
from pytracking.analysis.number_files import read_rows, read_text, read_values
from pytracking.analysis.results import read_zipped_boxes
from pytracking.analysis.sequences import BoxTruth, MaskTruth

logger = logging.getLogger(__name__)

OTB_FIRST_FRAME = {"Tiger1": 5}
"""Sequences whose run starts later than their list of boxes, and at which line of it (from 0)."""

OTB_LEFT_OUT = ("Human4-1",)
"""Targets that come with the videos and are not among the benchmark's 100."""


def read_got10k(root: Path) -> list[BoxTruth]:
    """GOT-10k's validation set: ``val/list.txt``, ``val/<sequence>/`` with groundtruth.txt, cover.label and
    meta_info.ini, which gives the frame size.

    Raises:
        InputError: as all readers here: a file is missing, malformed or does not fit the others.
    """
    folder = root / "val"
    return [_read_got10k_sequence(folder / name) for name in read_sequence_list(folder / "list.txt")]


def read_lasot(root: Path) -> list[BoxTruth]:
    """LaSOT: what ``lasot_folders`` finds, with groundtruth.txt, full_occlusion.txt, out_of_view.txt."""
    return [_read_lasot_sequence(folder) for folder in lasot_folders(root).values()]


def lasot_folders(root: Path) -> dict[str, Path]:
    """Name of a sequence of LaSOT's test set -> ``<class>/<sequence>/`` or ``<sequence>/``.

    The test set is what ``testing_set.txt`` lists, also what is missing; without that file all sequences are
    taken, with a warning in the log.
    """
    listed = root / "testing_set.txt"
    if listed.is_file():
        return {name: _lasot_folder(root, name) for name in read_sequence_list(listed)}
    found = {path.parent.name: path.parent for path in _find(root, "groundtruth.txt", depths=(1, 2))}
    logger.warning("%s is missing: all %d sequences are taken as the test set", listed, len(found))
    return dict(sorted(found.items()))


def read_otb(root: Path) -> list[BoxTruth]:
    """OTB: the boxes of what ``otb_targets`` finds, from the frame on in which the benchmark starts."""
    return [
        BoxTruth(name, read_rows(path, columns=4)[OTB_FIRST_FRAME.get(name, 0) :])
        for name, path in otb_targets(root).items()
    ]


def otb_targets(root: Path) -> dict[str, Path]:
    """Name of a sequence of OTB-100 -> its boxes, ``<video>/groundtruth_rect.txt``.

    A video with several targets has ``groundtruth_rect.1.txt`` ... and gives one sequence for each, called
    ``<video>-1`` ... as in the benchmark's toolkit.
    """
    targets = {}
    for path in _find(root, "groundtruth_rect.*txt", depths=(1,)):
        number = Path(path.stem).suffix  # of groundtruth_rect.1
        targets[path.parent.name + number.replace(".", "-")] = path
    return {name: path for name, path in targets.items() if name not in OTB_LEFT_OUT}


def read_trackingnet(root: Path) -> list[BoxTruth]:
    """TrackingNet: ``TEST/anno/<sequence>.txt``, or a zip of such files.

    The public test set holds the first box of each sequence only, which is refused.
    """
    if root.is_file():
        boxes = read_zipped_boxes(root)
    else:
        files = _find(root, "*.txt", depths=(0,), below="TEST/anno")
        boxes = {path.stem: read_rows(path, columns=4) for path in files}
    if all(len(rows) == 1 for rows in boxes.values()):
        raise InputError(
            f"{root}: holds the first box of each sequence only: the server has the others (pack a zip)"
        )
    return [BoxTruth(name, rows) for name, rows in sorted(boxes.items())]


def read_davis(root: Path, year: int, subset: str = "val", resolution: str = "480p") -> list[MaskTruth]:
    """DAVIS: ``Annotations/480p/<sequence>/00000.png`` and the lists of :func:`ltr.dataset.davis.split_file`.

    Without ImageSets all sequences are taken. In 2016 every labelled pixel is the object.
    """
    folder = root / "Annotations" / resolution
    listed = split_file(root, year, subset)
    names = _subfolders(folder) if listed is None else read_sequence_list(listed)
    return [_read_masks(folder / name, name, binary=year == 2016) for name in names]


def read_youtube_vos(root: Path, split: str = "train") -> list[MaskTruth]:
    """YouTube-VOS: ``<split>/Annotations/<sequence>/00000.png``; only the training set's truth is public."""
    folder = root / split / "Annotations"
    return [_read_masks(folder / name, name) for name in _subfolders(folder)]


def read_bundled(root: Path) -> list[MaskTruth]:
    """The clips that come with the package: ``<clip>/masks/00000.png``."""
    return [_read_masks(folder, folder.parent.name) for folder in _find(root, "masks", depths=(1,))]


def _read_got10k_sequence(folder: Path) -> BoxTruth:
    boxes = read_rows(folder / "groundtruth.txt", columns=4)
    cover = _frame_labels(folder / "cover.label", len(boxes))
    meta = folder / "meta_info.ini"
    match = re.search(r"^resolution:\s*\(\s*(\d+)\s*,\s*(\d+)\s*\)", read_text(meta), re.MULTILINE)
    if match is None:
        raise InputError(f"{meta}: must hold the line resolution: (width, height)")
    return BoxTruth(folder.name, boxes, cover > 0, (int(match[1]), int(match[2])))


def _lasot_folder(root: Path, name: str) -> Path:
    """Where airplane-1 is: in airplane/ unless it lies in the root."""
    return root / name if (root / name).is_dir() else root / name.rpartition("-")[0] / name


def _read_lasot_sequence(folder: Path) -> BoxTruth:
    boxes = read_rows(folder / "groundtruth.txt", columns=4)
    hidden = np.zeros(len(boxes), bool)
    for name in ("full_occlusion.txt", "out_of_view.txt"):
        hidden |= _frame_labels(folder / name, len(boxes)) > 0
    return BoxTruth(folder.name, boxes, ~hidden)


def _frame_labels(path: Path, frames: int) -> npt.NDArray[np.float64]:
    """One number for each frame, on one line or many."""
    labels = read_values(path)
    if len(labels) != frames:
        raise InputError(
            f"{path}: {len(labels)} labels, groundtruth.txt has {frames} boxes: one for each frame"
        )
    return labels


def _read_masks(folder: Path, name: str, binary: bool = False) -> MaskTruth:
    frames = sorted(path.stem for path in folder.glob("*.png"))
    if not frames:
        raise InputError(f"{folder}: no masks (PNG) there")
    return MaskTruth(name, folder, frames, binary)


def _subfolders(folder: Path) -> list[str]:
    names = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if not names:
        raise InputError(f"{folder}: must hold one folder for each sequence")
    return names


def _find(root: Path, pattern: str, depths: tuple[int, ...], below: str = ".") -> list[Path]:
    """The files or folders of a name that lie so many folders below the root, sorted; at least one."""

    def matches() -> Iterator[Path]:
        for depth in depths:
            yield from (root / below).glob("*/" * depth + pattern)

    found = sorted(matches())
    if not found:
        shown = "/".join([str(root / below), *("*" * max(depths)), pattern])
        raise InputError(f"no truth at {root}: expected {shown}")
    return found
