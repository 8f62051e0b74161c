"""Videos as folders of frames beside folders of masks: what DAVIS and YouTube-VOS have in common."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ltr.data.boxes import mask_to_box
from ltr.data.image_io import IMAGE_SUFFIXES, read_image
from ltr.data.mask_io import read_mask
from ltr.dataset.interface import Clip
from ltr.errors import InputError

ANY_OBJECT = 0
"""As an object id: every labelled pixel is the one object (DAVIS 2016 stores it as 255, others as 1)."""


class MaskFolders:
    """``<images>/<sequence>/<frame>.jpg`` with ``<annotations>/<sequence>/<frame>.png``.

    Frames are counted from 0 in the order of their file names; a mask belongs to the frame of the same stem.
    Folders are listed when a sequence is first used and then remembered.

    Args:
        images: folder with one folder of frames per sequence.
        annotations: folder with one folder of masks per sequence; pixel values are object ids.

    Raises:
        InputError: one of the two folders is missing.
    """

    def __init__(self, images: Path, annotations: Path) -> None:
        for folder, content in ((images, "frames"), (annotations, "masks")):
            if not folder.is_dir():
                raise InputError(f"no {content} at {folder}: expected one folder per sequence there")
        self._images = images
        self._annotations = annotations
        self._frame_cache: dict[str, list[Path]] = {}

    def sequences(self) -> list[str]:
        """Return the names of the sequences that have frames and masks, sorted."""
        return sorted(
            path.name
            for path in self._annotations.iterdir()
            if path.is_dir() and (self._images / path.name).is_dir()
        )

    def require(self, sequences: Sequence[str], source: str) -> None:
        """Check that every sequence of a list has frames and masks.

        Raises:
            InputError: one has not; `source` says in the message where the list comes from.
        """
        for sequence in sequences:
            for folder in (self._images, self._annotations):
                if not (folder / sequence).is_dir():
                    raise InputError(
                        f'sequence "{sequence}" of {source} is missing: no folder {folder / sequence}'
                    )

    def frames(self, sequence: str) -> list[Path]:
        """Return the frame files of a sequence in order.

        Raises:
            InputError: the folder holds no frames.
        """
        if sequence not in self._frame_cache:
            folder = self._images / sequence
            files = sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
            if not files:
                raise InputError(f"{folder} holds no frames ({', '.join(IMAGE_SUFFIXES)})")
            self._frame_cache[sequence] = files
        return self._frame_cache[sequence]

    def mask_path(self, sequence: str, frame: int) -> Path:
        """Return where the mask of a frame is, or would be."""
        return self._annotations / sequence / f"{self.frames(sequence)[frame].stem}.png"

    def annotated(self, sequence: str) -> list[int]:
        """Return the frames of a sequence that have a mask file, increasing."""
        stems = {path.stem for path in (self._annotations / sequence).glob("*.png")}
        return [index for index, path in enumerate(self.frames(sequence)) if path.stem in stems]

    def labels(self, sequence: str, frame: int) -> np.ndarray:
        """Read a frame's mask: H x W uint8, object ids."""
        return read_mask(self.mask_path(sequence, frame))

    def read(self, sequence: str, object_id: int, frames: Sequence[int], name: str) -> Clip:
        """Read frames and one object's masks.

        Args:
            sequence: its name.
            object_id: whose masks; ``ANY_OBJECT`` takes every labelled pixel.
            frames: indices of annotated frames, any order, repeats allowed.
            name: name of the clip.

        Raises:
            InputError: a frame does not exist, a file cannot be read, or a mask is not the size of its frame.
        """
        count = len(self.frames(sequence))
        images, masks = [], []
        for frame in frames:
            if not 0 <= frame < count:
                raise InputError(f"{name} has no frame {frame}: it has {count}, counted from 0")
            path = self.frames(sequence)[frame]
            image, labels = read_image(path), self.labels(sequence, frame)
            if image.shape[:2] != labels.shape:
                raise InputError(
                    f"{self.mask_path(sequence, frame)} is {labels.shape[1]} x {labels.shape[0]} pixels, "
                    f"its frame {image.shape[1]} x {image.shape[0]}: they must be equal"
                )
            images.append(image)
            masks.append(select_object(labels, object_id))
        boxes = np.stack([mask_to_box(mask) for mask in masks]) if masks else np.zeros((0, 4))
        return Clip(images, masks, boxes, name)


def select_object(labels: np.ndarray, object_id: int) -> np.ndarray:
    """Return one object's mask (H x W uint8, 0 or 1) of a label picture; ``ANY_OBJECT`` takes them all."""
    return ((labels > 0) if object_id == ANY_OBJECT else (labels == object_id)).astype(np.uint8)


def read_sequence_list(path: Path) -> tuple[str, ...]:
    """Read a list of sequence names: one per line, blank lines and lines that start with # left out.

    DAVIS 2016's lists of pairs of files (``/JPEGImages/480p/bear/00000.jpg /Annotations/...``) are understood
    too: their sequences are the names of the folders.

    Raises:
        InputError: there is no such file, it is not text, or it names nothing.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the list of sequences {path}: {error}") from error
    entries = [line.split()[0] for line in lines if line.strip() and not line.lstrip().startswith("#")]
    names = tuple(dict.fromkeys(Path(entry).parent.name if "/" in entry else entry for entry in entries))
    if not names:
        raise InputError(f"the list of sequences {path} is empty")
    return names
