"""DAVIS 2016 (one object a video) and DAVIS 2017 (several)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ltr.data.mask_io import VOID
from ltr.dataset.interface import Clip
from ltr.dataset.mask_folders import ANY_OBJECT, MaskFolders, read_sequence_list, select_object
from ltr.errors import InputError


class Davis:
    """Tracks of DAVIS: one per video (2016) or one per object (2017).

    Layout: ``JPEGImages/480p/<sequence>/00000.jpg``, ``Annotations/480p/<sequence>/00000.png`` and
    ``ImageSets/2016|2017/<split>.txt`` (DAVIS 2016's own ``ImageSets/480p/<split>.txt`` is found too).
    Without ``ImageSets`` all sequences that have frames and masks are taken.

    With 2016 every labelled pixel is the object, so both 0/255 masks and the id masks of 2017 are read. With
    2017 the objects are the ids of a sequence's first non-empty mask.

    Args:
        root: folder that holds JPEGImages and Annotations.
        year: 2016 or 2017.
        split: "train", "val" or another list of ImageSets; None takes all sequences.
        sequences: names of the sequences to take instead of a split.
        resolution: name of the folder below JPEGImages and Annotations.

    Raises:
        InputError: the year is another, a folder, list or sequence is missing, or a sequence has no object.
    """

    def __init__(
        self,
        root: str | Path,
        year: int = 2017,
        split: str | None = "train",
        sequences: Sequence[str] | None = None,
        resolution: str = "480p",
    ) -> None:
        if year not in (2016, 2017):
            raise InputError(f"DAVIS {year} is not known: choose 2016 or 2017")
        root = Path(root)
        self.name = f"davis{year}" + (f"_{split}" if split and sequences is None else "")
        self._folders = MaskFolders(root / "JPEGImages" / resolution, root / "Annotations" / resolution)
        names = _choose_sequences(root, self._folders, year, split, sequences)
        if year == 2016:
            self._tracks = [(name, ANY_OBJECT) for name in names]
        else:
            self._tracks = [(name, object_id) for name in names for object_id in self._objects(name)]
        self._visible: dict[str, dict[int, np.ndarray]] = {}

    def __len__(self) -> int:
        return len(self._tracks)

    def sequence(self, index: int) -> str:
        """Return the name of the sequence a track belongs to."""
        return self._tracks[index][0]

    def object_id(self, index: int) -> int:
        """Return the object's id within its sequence, from 1."""
        return max(1, self._tracks[index][1])

    def visible_frames(self, index: int) -> np.ndarray:
        """Return the frames (increasing int64 indices) with a non-empty mask of the object.

        The first call for a sequence reads all its masks.
        """
        sequence, object_id = self._tracks[index]
        if sequence not in self._visible:
            self._visible[sequence] = self._find_visible(sequence)
        return self._visible[sequence][object_id].copy()

    def read(self, index: int, frames: Sequence[int]) -> Clip:
        """Read the given frames of a track, in the given order."""
        sequence, object_id = self._tracks[index]
        return self._folders.read(
            sequence, object_id, frames, f"{self.name}/{sequence}:{self.object_id(index)}"
        )

    def _objects(self, sequence: str) -> list[int]:
        for frame in self._folders.annotated(sequence):
            ids = [
                int(label) for label in np.unique(self._folders.labels(sequence, frame)) if 0 < label < VOID
            ]
            if ids:
                return ids
        raise InputError(
            f'sequence "{sequence}" of DAVIS 2017 has no object (for masks of 0 and 255 take year 2016)'
        )

    def _find_visible(self, sequence: str) -> dict[int, np.ndarray]:
        """The frames with a non-empty mask, by object."""
        objects = [object_id for name, object_id in self._tracks if name == sequence]
        frames: dict[int, list[int]] = {object_id: [] for object_id in objects}
        for frame in self._folders.annotated(sequence):
            labels = self._folders.labels(sequence, frame)
            for object_id in objects:
                if select_object(labels, object_id).any():
                    frames[object_id].append(frame)
        return {object_id: np.array(found, dtype=np.int64) for object_id, found in frames.items()}


def split_file(root: Path, year: int, split: str) -> Path | None:
    """The list of a split's sequences, ``ImageSets/<year>/<split>.txt``, there or not.

    DAVIS 2016's own is ``ImageSets/480p/<split>.txt``, which is taken where the other is missing.

    Returns:
        None where there are no ImageSets.
    """
    lists = root / "ImageSets"
    if not lists.is_dir():
        return None
    path, own = (lists / folder / f"{split}.txt" for folder in (str(year), "480p"))
    return own if year == 2016 and own.is_file() and not path.is_file() else path


def _choose_sequences(
    root: Path, folders: MaskFolders, year: int, split: str | None, sequences: Sequence[str] | None
) -> list[str]:
    """The sequences to take, all of them present."""
    if sequences is not None:
        folders.require(sequences, "the given sequences")
        return list(sequences)
    path = None if split is None else split_file(root, year, split)
    if path is not None:
        names = list(read_sequence_list(path))
        folders.require(names, str(path))
        return names
    names = folders.sequences()
    if not names:
        raise InputError(f"no sequence in {root} has both frames (JPEGImages) and masks (Annotations)")
    return names
