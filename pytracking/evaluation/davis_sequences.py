"""DAVIS 2016 and 2017, and folders of their layout. Targets start from the masks of the first frame."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from ltr.data.mask_io import VOID, read_mask
from ltr.errors import InputError
from pytracking.analysis.ground_truth import read_davis
from pytracking.evaluation.labelled_video import davis_videos
from pytracking.evaluation.sequence import Sequence
from pytracking.evaluation.sequence_files import Loaders, frame_files, mask_files


def find_davis(root: Path, year: int, subset: str = "val") -> Loaders:
    """DAVIS: ``JPEGImages/480p/<sequence>/00000.jpg``, ``Annotations/480p/<sequence>/00000.png`` and
    the list of :func:`ltr.dataset.davis.split_file` (without ImageSets all sequences).

    Args:
        root: folder of these.
        year: 2016, where every labelled pixel is the object, or 2017, where labels are object ids.
        subset: in "val" every frame must have a mask, in others the first.

    Raises:
        InputError: the list or a folder of masks is missing. What loads a sequence raises it where frames or
            masks are missing or the first mask shows no object.
    """
    images = root / "JPEGImages" / "480p"
    return {
        truth.name: partial(
            _load, truth.name, images / truth.name, truth.folder, year=year, complete=subset == "val"
        )
        for truth in read_davis(root, year, subset)
    }


def find_davis_folder(root: Path) -> Loaders:
    """All videos of a folder in the layout of DAVIS, whatever its lists; see ``davis_videos`` for levels of
    folders that may be missing.

    Where the first mask has one label, that is object 1 (so 0/255 masks are read); else labels are ids and
    255 is void.

    Raises:
        InputError: there are no videos, or one has no frames or no masks. What loads a sequence raises it as
            ``find_davis`` says.
    """
    loaders = {}
    for video in davis_videos(root):
        masks = next(path for path in video.masks if path is not None).parent
        loaders[video.name] = partial(_load, video.name, video.frames.path, masks)
    return loaders


def starting_ids(mask: Path) -> tuple[int, ...] | None:
    """The objects in the first mask of a video of no known year; None: every labelled pixel is object 1.

    Raises:
        InputError: the mask cannot be read, or has no label.
    """
    labels = _labels(mask)
    if not labels:
        raise InputError(f"{mask}: no object is labelled, and this is where objects start")
    if len(labels) == 1:
        return labels if labels == (1,) else None
    return tuple(label for label in labels if label != VOID)


def _load(name: str, images: Path, masks: Path, year: int | None = None, complete: bool = False) -> Sequence:
    files = frame_files(images)
    labelled = mask_files(images, files, masks)
    if complete and len(labelled) != len(files):
        bare = next(file for index, file in enumerate(files) if index not in labelled)
        raise InputError(
            f"{masks}: number of masks is {len(labelled)}, number of frames in {images} is {len(files)}: "
            f"{bare.stem} has no mask"
        )
    if 0 not in labelled:
        raise InputError(f"{masks / files[0].stem}.png: no such mask: objects start in the first frame")
    return Sequence(name, files, start_masks={0: (labelled[0], _ids_of_year(labelled[0], year))})


def _ids_of_year(mask: Path, year: int | None) -> tuple[int, ...] | None:
    if year is None:
        return starting_ids(mask)
    if year == 2016:
        return None
    ids = tuple(label for label in _labels(mask) if label != VOID)
    if not ids:
        raise InputError(f"{mask}: no object is labelled (255 is void in DAVIS 2017, the object in 2016)")
    return ids


def _labels(mask: Path) -> tuple[int, ...]:
    """The values of a mask without 0, rising."""
    counts = np.bincount(read_mask(mask).ravel(), minlength=256)
    return tuple(int(label) for label in np.flatnonzero(counts) if label > 0)
