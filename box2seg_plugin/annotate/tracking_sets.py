"""The videos of GOT-10k, LaSOT and TrackingNet: one target, whose boxes are the lines of a file.

Frames that the set's own labels call hidden count as frames without a box: nothing is to be segmented there,
though some of their lines still hold one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from box2seg_plugin.annotate.box_video import BoxVideo, VideoLoaders
from box2seg_plugin.annotate.protocol import PROTOCOLS, Protocol
from ltr.data.boxes import ABSENT
from ltr.errors import InputError
from pytracking.analysis.ground_truth import lasot_folders
from pytracking.analysis.number_files import read_rows, read_values
from pytracking.evaluation.got10k_sequences import got10k_folders
from pytracking.evaluation.lasot_sequences import lasot_training_folders
from pytracking.evaluation.sequence_files import check_counts, frame_files
from pytracking.evaluation.trackingnet_sequences import trackingnet_files

TRACKINGNET_PARTS = tuple(f"TRAIN_{number}" for number in range(12))
"""The folders of TrackingNet's training set."""

HiddenFrames = Callable[[int], npt.NDArray[np.bool_]]
"""Number of frames -> (N,) bool, those in which the target cannot be seen."""

logger = logging.getLogger(__name__)


def find_got10k_videos(root: Path, split: str) -> VideoLoaders:
    """GOT-10k: ``<split>/list.txt``, ``<split>/<sequence>/`` with ``00000001.jpg`` ... and groundtruth.txt.

    A frame is hidden where absence.label is 1 or cover.label is 0 (nothing of the target is visible); either
    file may be missing.

    Raises:
        InputError: the list cannot be read. What loads a video raises it where frames, boxes or labels are
            missing, malformed or do not fit.
    """
    return {
        name: partial(
            _load_video,
            name,
            PROTOCOLS["got10k"],
            images=folder,
            truth=folder / "groundtruth.txt",
            hidden=partial(_got10k_hidden, folder),
        )
        for name, folder in got10k_folders(root, split).items()
    }


def find_lasot_videos(root: Path, split: str) -> VideoLoaders:
    """LaSOT: ``<class>/<sequence>/`` or ``<sequence>/`` with ``img/00000001.jpg`` ... and groundtruth.txt.

    A frame is hidden where full_occlusion.txt or out_of_view.txt has 1; both must be there.

    Args:
        root: folder of the classes, of training_set.txt and testing_set.txt.
        split: "train" or "test".

    Raises:
        InputError: a list cannot be read, or there is none and no sequence. What loads a video raises it as
            for GOT-10k.
    """
    folders = lasot_training_folders(root) if split == "train" else lasot_folders(root)
    return {
        name: partial(
            _load_video,
            name,
            PROTOCOLS["lasot"],
            images=folder / "img",
            truth=folder / "groundtruth.txt",
            hidden=partial(_lasot_hidden, folder),
        )
        for name, folder in folders.items()
    }


def find_trackingnet_videos(root: Path, split: str) -> VideoLoaders:
    """TrackingNet: ``TRAIN_0/frames/<sequence>/0.jpg`` ... and ``TRAIN_0/anno/<sequence>.txt``.

    Args:
        root: folder of TRAIN_0, TRAIN_1 ...
        split: "train" takes all of TRAIN_0 ... TRAIN_11 that are there, "TRAIN_3" the one.

    Raises:
        InputError: the split holds no boxes, or two parts hold one sequence. What loads a video raises it as
            for GOT-10k.
    """
    parts = TRACKINGNET_PARTS if split == "train" else (split,)
    found: dict[str, tuple[Path, Path]] = {}
    for part in parts:
        files = trackingnet_files(root, part)
        if twice := sorted(files.keys() & found.keys()):
            raise InputError(
                f'{files[twice[0]][1]}: sequence "{twice[0]}" is in {found[twice[0]][1]} too: masks of both '
                "would be one folder; annotate the parts one by one (--split TRAIN_0 ...)"
            )
        found.update(files)
    if not found:
        raise InputError(f"{root / parts[0] / 'anno'}: must hold <sequence>.txt, a box for each frame")
    if len(parts) > 1 and (lacking := [part for part in parts if not (root / part / "anno").is_dir()]):
        logger.info("%s: without %s", root, ", ".join(lacking))
    return {
        name: partial(_load_video, name, PROTOCOLS["trackingnet"], images, truth)
        for name, (images, truth) in found.items()
    }


def _load_video(
    name: str, protocol: Protocol, images: Path, truth: Path, hidden: HiddenFrames | None = None
) -> BoxVideo:
    """A video of one target. Rows that are no box (no area, NaN) are kept as they are: the frames' size
    tells of others, and all are recorded together."""
    boxes, files = read_rows(truth, columns=4), frame_files(images)
    check_counts(truth, len(boxes), images, len(files))
    if hidden is not None:
        boxes[hidden(len(boxes))] = ABSENT
    return BoxVideo(name, files, protocol.mask_names(files), {1: boxes})


def _got10k_hidden(folder: Path, frames: int) -> npt.NDArray[np.bool_]:
    hidden = np.zeros(frames, dtype=np.bool_)
    absence, cover = folder / "absence.label", folder / "cover.label"
    if absence.is_file():
        hidden |= _frame_labels(absence, frames) > 0
    if cover.is_file():
        hidden |= _frame_labels(cover, frames) <= 0
    return hidden


def _lasot_hidden(folder: Path, frames: int) -> npt.NDArray[np.bool_]:
    occluded, out_of_view = folder / "full_occlusion.txt", folder / "out_of_view.txt"
    return (_frame_labels(occluded, frames) > 0) | (_frame_labels(out_of_view, frames) > 0)


def _frame_labels(path: Path, frames: int) -> npt.NDArray[np.float64]:
    """One number for each frame, on one line or many."""
    labels = read_values(path)
    if len(labels) != frames:
        raise InputError(f"{path}: number of labels is {len(labels)}, number of boxes is {frames}")
    return labels
