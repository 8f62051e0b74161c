"""Videos whose true masks are known, in the layout of DAVIS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ltr.data.boxes import absent_box, mask_to_box
from ltr.data.mask_io import VOID, read_mask
from ltr.errors import InputError
from pytracking.evaluation.box_files import Boxes, read_boxes
from pytracking.evaluation.frames import FrameSource, open_frames

Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class LabelledVideo:
    """A video with true masks.

    Attributes:
        name: what it is called in tables.
        frames: its frames.
        masks: for each frame the file of its object ids; None where there is none.
        boxes: object id -> (N, 4), where the video comes with boxes; None: take those of the masks.
    """

    name: str
    frames: FrameSource
    masks: tuple[Path | None, ...]
    boxes: Mapping[int, Boxes] | None = None

    def read_labels(self) -> list[Labels | None]:
        """The true masks, (H, W) uint8 object ids, all at once: 40 MB for 100 frames of 480p.

        Raises:
            InputError: a mask cannot be read or is not of the frames' size.
        """
        labels = [None if path is None else read_mask(path) for path in self.masks]
        width, height = self.frames.size
        for path, array in zip(self.masks, labels, strict=True):
            if array is not None and array.shape != (height, width):
                raise InputError(
                    f"{path}: mask is {array.shape[1]} x {array.shape[0]}, the frames are {width} x {height}"
                )
        # In DAVIS 2016, where nothing else is labelled, it is the object.
        object_value = VOID if _object_ids(labels) == [VOID] else 0
        for array in labels:
            if array is not None:
                array[array == VOID] = 1 if object_value else 0
        return labels


def boxes_of_labels(labels: Sequence[Labels | None]) -> dict[int, Boxes]:
    """Object id -> (N, 4), the boxes around it; absent where the object is, or where there is no mask."""
    return {
        object_id: np.stack(
            [absent_box() if array is None else mask_to_box(array == object_id) for array in labels]
        )
        for object_id in _object_ids(labels)
    }


def davis_videos(
    root: str | Path, sequences: Sequence[str] | None = None, resolution: str = "480p"
) -> list[LabelledVideo]:
    """The videos of a folder in the layout of DAVIS.

    That is ``JPEGImages/480p/<sequence>/00000.jpg`` and ``Annotations/480p/<sequence>/00000.png``. Either
    level below JPEGImages may be missing; without the sequence's the root holds a single one.

    Args:
        root: folder of JPEGImages and Annotations.
        sequences: names of the sequences; None takes all.
        resolution: name of the level below JPEGImages.

    Raises:
        InputError: a folder or a sequence is missing, or a sequence has no frames or no masks.
    """
    images, annotations = Path(root) / "JPEGImages", Path(root) / "Annotations"
    for folder in (images, annotations):
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder; {root} must hold JPEGImages and Annotations")
    if (images / resolution).is_dir():
        images, annotations = images / resolution, annotations / resolution
    folders = {
        path.name: (path, annotations / path.name) for path in sorted(images.iterdir()) if path.is_dir()
    }
    if not folders:
        folders = {Path(root).resolve().name: (images, annotations)}
    for name in sequences or ():
        if name not in folders:
            raise InputError(f'{images} has no sequence "{name}"; it has {", ".join(folders)}')
    return [labelled_video(name, *folders[name]) for name in sequences or folders]


def labelled_video(name: str, images: Path, masks: Path, box_file: Path | None = None) -> LabelledVideo:
    """A folder of frames and one of masks, which belong to the frames of the same name; perhaps a file of
    boxes.

    Raises:
        InputError: there are no frames, no mask of any, or the boxes do not fit them.
    """
    frames = open_frames(images)
    files = [masks / f"{frame}.png" for frame in frames.names]
    found = tuple(file if file.is_file() else None for file in files)
    if not any(found):
        raise InputError(
            f"{masks}: holds no mask of the frames in {images} (the first would be {files[0].name})"
        )
    boxes = None if box_file is None else read_boxes(box_file, frames.names)
    return LabelledVideo(name, frames, found, boxes)


def _object_ids(labels: Sequence[Labels | None]) -> list[int]:
    """All ids of a video, rising, without the background."""
    counts = sum((np.bincount(a.ravel(), minlength=256) for a in labels if a is not None), np.zeros(256, int))
    return [int(value) for value in np.flatnonzero(counts) if value > 0]
