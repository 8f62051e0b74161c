"""YouTube-VOS 2018 and 2019. Targets start from masks, some of them in later frames."""

from __future__ import annotations

import json
import logging
from functools import partial
from pathlib import Path

from ltr.errors import InputError
from pytracking.analysis.number_files import read_text
from pytracking.evaluation.sequence import Sequence
from pytracking.evaluation.sequence_files import Loaders, frame_files, mask_files

StartFrames = dict[int, str]
"""Object id -> name of the frame in which it starts."""

MAX_ID = 254  # 255 is void

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
    text = read_text(meta)
    try:
        starts = {
            str(name): {int(i): str(min(entry["frames"])) for i, entry in video["objects"].items()}
            for name, video in json.loads(text)["videos"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{meta}: not a meta file of YouTube-VOS ({type(error).__name__}: {error})"
        ) from None
    if not starts:
        raise InputError(f"{meta}: names no video")
    for name, objects in starts.items():
        if not objects or not all(1 <= object_id <= MAX_ID for object_id in objects):
            raise InputError(f'{meta}: sequence "{name}" must have objects with ids from 1 to {MAX_ID}')
    return starts
