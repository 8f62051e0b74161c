"""YouTube-VOS 2018 and 2019. Targets start from masks, some of them in later frames."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

from ltr.dataset.youtube_vos import read_meta
from ltr.errors import InputError
from pytracking.evaluation.sequence import Sequence
from pytracking.evaluation.sequence_files import Loaders, frame_files, mask_files

StartFrames = dict[int, str]
"""Object id -> name of the frame in which it starts."""

VALID_SEQUENCES = {2018: 474, 2019: 507}
"""How many the validation set of a year has; the sets differ in little else."""

logger = logging.getLogger(__name__)


def find_youtube_vos_train(root: Path) -> Loaders:
    """The training set: ``train/JPEGImages/``, ``train/Annotations/``, ``train/meta.json``.

    Raises:
        InputError: there is no meta file, or it is not YouTube-VOS'. What loads a sequence raises it where
            frames or masks are missing.
    """
    folder = root / "train"
    return _find(folder, folder / "JPEGImages")


def find_youtube_vos_valid(root: Path, year: int) -> Loaders:
    """The validation set: ``valid/JPEGImages/``, ``valid/Annotations/``, ``valid/meta.json``.

    Who keeps both years has them in ``2018/valid`` and ``2019/valid``. Where JPEGImages, which has every
    fifth frame, is missing, the frames of ``valid_all_frames/JPEGImages/`` beside ``valid`` are taken.

    Raises:
        InputError: as ``find_youtube_vos_train``.
    """
    own = root / str(year)
    parent = own if (own / "valid").is_dir() else root
    fifths, every = parent / "valid" / "JPEGImages", parent / "valid_all_frames" / "JPEGImages"
    found = _find(parent / "valid", every if every.is_dir() and not fifths.is_dir() else fifths)
    if len(found) != VALID_SEQUENCES[year]:
        logger.warning(
            "%s has %d sequences, the validation set of YouTube-VOS %d has %d",
            parent / "valid", len(found), year, VALID_SEQUENCES[year],
        )  # fmt: skip
    return found


def _find(folder: Path, images: Path) -> Loaders:
    meta = folder / "meta.json"
    return {
        name: partial(_load, name, images / name, folder / "Annotations" / name, starts, meta)
        for name, starts in sorted(_read_starts(meta).items())
    }


def _load(name: str, images: Path, masks: Path, starts: StartFrames, meta: Path) -> Sequence:
    files = frame_files(images)
    labelled = mask_files(images, files, masks)
    frames = {file.stem: index for index, file in enumerate(files)}
    ids: dict[int, tuple[int, ...]] = {}
    for object_id, start in sorted(starts.items()):
        if frames.get(start) not in labelled:
            absent = images / start if start not in frames else masks / f"{start}.png"
            raise InputError(f"{absent}: missing: {meta} has object {object_id} start there")
        ids[frames[start]] = (*ids.get(frames[start], ()), object_id)
    return Sequence(name, files, start_masks={frame: (labelled[frame], ids[frame]) for frame in sorted(ids)})


def _read_starts(meta: Path) -> dict[str, StartFrames]:
    """Sequence -> where its objects start."""
    listed = read_meta(meta)
    if not listed:
        raise InputError(f"{meta}: names no video")
    for name, objects in listed.items():
        if not objects or not all(entry.frames for entry in objects.values()):
            raise InputError(f'{meta}: sequence "{name}" must have objects, and each of them frames')
    return {
        name: {number: min(entry.frames) for number, entry in objects.items()}
        for name, objects in listed.items()
    }
