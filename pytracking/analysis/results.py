"""Reads what trackers wrote: a box for every frame, or a mask for every frame.

Boxes lie in ``<tracker>/<sequence>.txt`` or, as GOT-10k has it, in
``<tracker>/<sequence>/<sequence>_001.txt``, ``_002.txt`` ... for repeated runs. Masks lie in
``<tracker>/<sequence>/<frame>.png``.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from ltr.data.mask_io import ObjectMask, read_mask
from ltr.errors import InputError
from pytracking.analysis.number_files import MAX_FILE_BYTES, parse_rows, read_rows
from pytracking.analysis.overlap import Boxes
from pytracking.analysis.sequences import BoxSequence, MaskSequence

BoxRuns = Mapping[str, Sequence[Boxes]]
"""Sequence name -> the boxes of each run, (N, 4) float64 x, y, w, h; NaN where a tracker gave none."""

MaskReader = Callable[[str, str], ObjectMask]
"""(sequence, frame name) -> predicted (H, W) uint8 object ids."""


def box_files(folder: Path, sequence: str) -> list[Path]:
    """The result files of a sequence, one for each run; empty if there are none."""
    runs = [
        path
        for path in sorted((folder / sequence).glob("*.txt"))
        if re.fullmatch(re.escape(sequence) + r"_\d{3}", path.stem)
    ]
    single = folder / f"{sequence}.txt"
    return runs or ([single] if single.is_file() else [])


def missing_boxes(folder: Path, sequences: Sequence[BoxSequence]) -> list[str]:
    """The names of the sequences that have no result file."""
    return [sequence.name for sequence in sequences if not box_files(folder, sequence.name)]


def read_box_results(folder: Path, sequences: Sequence[BoxSequence]) -> dict[str, list[Boxes]]:
    """Reads the boxes of a tracker in all sequences.

    Args:
        folder: the tracker's.
        sequences: what must be there; their numbers of frames are checked.

    Raises:
        InputError: no folder, a sequence without results, or a file that has not one box for each frame.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of results: run the tracker first, or name --results")
    if missing := missing_boxes(folder, sequences):
        raise InputError(
            f"{folder}: {len(missing)} of {len(sequences)} sequences have no results, the first is "
            f"{missing[0]}: expected {missing[0]}.txt or {missing[0]}/{missing[0]}_001.txt"
        )
    return {
        sequence.name: [read_boxes_of(path, sequence) for path in box_files(folder, sequence.name)]
        for sequence in sequences
    }


def read_boxes_of(path: Path, sequence: BoxSequence) -> Boxes:
    """Reads one run: (N, 4), a line for each frame of the sequence.

    Raises:
        InputError: not four numbers in a line ("file:line: ..."), or another number of lines than frames.
    """
    boxes = read_rows(path, columns=4)
    if len(boxes) != len(sequence.boxes):
        raise InputError(
            f"{path}: {len(boxes)} boxes, sequence {sequence.name} has {len(sequence.boxes)} frames: "
            "one line x,y,w,h for each"
        )
    return boxes


def read_zipped_boxes(path: Path) -> dict[str, Boxes]:
    """Reads a zip of box files, as TrackingNet's server takes them: ``<sequence>.txt``, whatever their
    folder.

    Returns:
        sequence name -> (N, 4) float64.

    Raises:
        InputError: not a zip file, a damaged one, one without such files, or a file that is no list of boxes.
    """
    boxes: dict[str, Boxes] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                name = Path(entry.filename)
                if name.suffix != ".txt" or name.parts[0] == "__MACOSX":
                    continue
                if entry.file_size > MAX_FILE_BYTES:
                    raise InputError(f"{path}/{name}: {entry.file_size / 2**20:.0f} MiB is too large")
                boxes[name.stem] = parse_rows(archive.read(entry).decode("utf-8-sig"), 4, f"{path}/{name}")
    except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a zip of box files ({error})") from None
    if not boxes:
        raise InputError(f"{path}: holds no <sequence>.txt")
    return boxes


def missing_masks(folder: Path, sequences: Sequence[MaskSequence]) -> list[str]:
    """The names of the sequences that have no folder of masks."""
    return [sequence.name for sequence in sequences if not (folder / sequence.name).is_dir()]


def mask_reader(folder: Path, binary: bool = False) -> MaskReader:
    """How to read a tracker's masks.

    Args:
        folder: the tracker's.
        binary: every labelled pixel is object 1, as in DAVIS-2016.

    Raises:
        InputError: no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of results: run the tracker first, or name --results")

    def read(sequence: str, frame: str) -> ObjectMask:
        mask = read_mask(folder / sequence / f"{frame}.png")
        return (mask > 0).astype(np.uint8) if binary else mask

    return read
