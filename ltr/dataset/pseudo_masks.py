"""Videos whose masks were made from boxes: what ``box2seg annotate`` leaves, or any other such folder."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from ltr.data.mask_io import VOID
from ltr.dataset.interface import Clip
from ltr.dataset.mask_folders import ANY_OBJECT, read_sequence_list
from ltr.dataset.mask_quality import read_quality
from ltr.dataset.video_folders import VideoFolders, folders_in
from ltr.errors import InputError

Names = str | Path | Iterable[str]
"""Names of sequences, or a text file that lists them."""

logger = logging.getLogger(__name__)


class PseudoMasks:
    """Tracks of videos with made masks: one per object.

    Layout: frames ``<frames>/<sequence>/00000001.jpg`` (or in ``img/``, ``frames/``, ``color/`` there), masks
    ``<masks>/<sequence>/00000001.png``, and, if they are known, records of the masks' quality
    ``<masks>.info/quality/<sequence>.csv`` (:mod:`ltr.dataset.mask_quality`).

    With records, the sequences are those that have one, so that an annotation under way can be trained on.
    Visible are the frames whose masks were kept and are good enough; pixels of 255 belong to no object.
    Without, each mask file is believed to show every object of its sequence, which are those in the first
    mask with any. Where that one holds 255 alone, and in tracking sets, all that is labelled is the object.

    Sequences without frames or objects are left out, with a warning in the log. No mask is read to know the
    visible frames.

    Args:
        frames: folder of the videos.
        masks: folder of the masks.
        name: name of the data set.
        videos: name of each sequence -> its folder; None: those in ``frames``.
        tracking_set: there is one object in each video, and masks are called by the frame's number: GOT-10k,
            LaSOT.
        sequences: those to take; None takes all. Those without masks are left out.
        exclude: those to leave out.
        min_quality: masks with lower scores are left out; 0 to 1.

    Raises:
        InputError: ``frames`` or ``masks`` is missing, no sequence remains, ``min_quality`` is out of range,
            or larger than 0 and there are no records.
    """

    def __init__(
        self,
        frames: str | Path,
        masks: str | Path,
        name: str = "pseudo_masks",
        videos: Mapping[str, Path] | None = None,
        tracking_set: bool = False,
        sequences: Names | None = None,
        exclude: Names = (),
        min_quality: float = 0.0,
    ) -> None:
        frames, masks = Path(frames), Path(masks).absolute()
        records = masks.with_name(f"{masks.name}.info") / "quality"
        _check_quality(min_quality, records)
        self.name = f"{name}>={min_quality:g}" if min_quality else name
        self.min_quality = min_quality
        self._records = records if records.is_dir() else None
        self._tracking_set = tracking_set
        self._folders = VideoFolders(frames, masks, videos, numbered=tracking_set)
        self._visible: dict[str, dict[int, np.ndarray]] = {}
        names = self._choose(masks, frames, sequences, exclude)
        objects = {name: self._objects(name) for name in names}
        self._tracks = [(name, object_id) for name in names for object_id in objects[name]]
        self._keep(
            names, {name for name, _ in self._tracks}, "have no mask of an object (that is good enough)"
        )
        if not self._tracks:
            raise InputError(f"{masks}: of {len(names)} sequences none has a mask (that is good enough)")

    def __len__(self) -> int:
        return len(self._tracks)

    def sequence(self, index: int) -> str:
        """Return the name of the sequence a track belongs to."""
        return self._tracks[index][0]

    def object_id(self, index: int) -> int:
        """Return the object's id within its sequence, from 1."""
        return max(1, self._tracks[index][1])

    def visible_frames(self, index: int) -> np.ndarray:
        """Return the frames (increasing int64 indices) whose masks of the object are to be trained on.

        Raises:
            InputError: the records cannot be read, or a mask belongs to no frame.
        """
        sequence, object_id = self._tracks[index]
        whose = ANY_OBJECT if self._records is None else object_id
        return self._visible_in(sequence).get(whose, np.zeros(0, np.int64)).copy()

    def read(self, index: int, frames: Sequence[int]) -> Clip:
        """Read the given frames of a track, in the given order; boxes enclose the masks."""
        sequence, object_id = self._tracks[index]
        name = f"{self.name}/{sequence}:{self.object_id(index)}"
        return self._folders.read(sequence, object_id, frames, name)

    def _choose(self, masks: Path, frames: Path, sequences: Names | None, exclude: Names) -> list[str]:
        """The sequences to take: those that are wanted and have all that they need."""
        videos = self._folders.videos
        names = list(folders_in(masks))
        if self._records is not None:
            recorded = {path.stem for path in self._records.glob("*.csv")}
            names = self._keep(names, recorded, f"have no record in {self._records} (yet)")
        names = self._keep(names, videos, f"have no frames in {frames}")
        if sequences is not None:
            wanted, annotated = _read_names(sequences), set(names)
            names = self._keep(wanted, annotated, f"of the wanted ones have no masks in {masks}")
        unwanted = set(_read_names(exclude))
        names = [name for name in names if name not in unwanted]
        if not names:
            raise InputError(
                f"{masks}: no sequence is left that has masks there ({next(iter(videos), '<sequence>')}/"
                f"00000001.png), frames in {frames}, and is wanted"
            )
        return names

    def _keep(self, names: Iterable[str], known: Collection[str], what_lacks: str) -> list[str]:
        """Those of the names that are known; the others are told."""
        names = list(names)
        if left := [name for name in names if name not in known]:
            logger.warning("%s: left out, %d sequences %s: %s ...", self.name, len(left), what_lacks, left[0])
        return [name for name in names if name in known]

    def _objects(self, sequence: str) -> list[int]:
        """The objects of a sequence."""
        if self._tracking_set:  # thousands of sequences, of which nothing is read before it is needed
            return [ANY_OBJECT if self._records is None else 1]
        if self._records is not None:
            return sorted(self._visible_in(sequence))
        for frame in self._folders.annotated(sequence):
            ids = [int(label) for label in np.unique(self._folders.labels(sequence, frame)) if label > 0]
            if ids:
                return [label for label in ids if label < VOID] or [ANY_OBJECT]
        return []

    def _visible_in(self, sequence: str) -> dict[int, np.ndarray]:
        """Object id -> visible frames; without records ``ANY_OBJECT`` -> the frames with a mask."""
        if sequence not in self._visible:
            self._visible[sequence] = self._find_visible(sequence)
        return self._visible[sequence]

    def _find_visible(self, sequence: str) -> dict[int, np.ndarray]:
        if self._records is None:
            return {ANY_OBJECT: np.array(self._folders.annotated(sequence), dtype=np.int64)}
        good: dict[int, list[str]] = {}
        for record in read_quality(self._records / f"{sequence}.csv"):
            if record.kept and record.score >= self.min_quality:
                good.setdefault(record.object, []).append(record.frame)
        return {
            object_id: np.array(self._folders.frames_of_masks(sequence, masks), dtype=np.int64)
            for object_id, masks in good.items()
        }


def _check_quality(min_quality: float, records: Path) -> None:
    if not 0 <= min_quality <= 1:
        raise InputError(f"min_quality is {min_quality:g}: must be from 0 to 1")
    if min_quality and not records.is_dir():
        raise InputError(
            f"min_quality is {min_quality:g}, and there are no records of the masks' quality: expected "
            f"{records}/<sequence>.csv"
        )


def _read_names(names: Names) -> Sequence[str]:
    return read_sequence_list(Path(names)) if isinstance(names, str | Path) else list(dict.fromkeys(names))
