"""YouTube-VOS, 2018 and 2019."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ltr.data.mask_io import MAX_OBJECT_ID
from ltr.dataset.interface import Clip
from ltr.dataset.mask_folders import MaskFolders, read_sequence_list
from ltr.errors import InputError


@dataclass(frozen=True)
class MetaObject:
    """What a meta file says of an object.

    Attributes:
        frames: names of the frames in which it is annotated.
        category: its class; None where the file names none.
    """

    frames: tuple[str, ...]
    category: str | None


VideoObjects = dict[str, dict[int, MetaObject]]
"""Sequence -> object id -> object."""


class YoutubeVos:
    """Tracks of YouTube-VOS: one per annotated object.

    Layout: ``<split>/JPEGImages/<sequence>/00000.jpg``, ``<split>/Annotations/<sequence>/00000.png`` and
    ``<split>/meta.json``, which lists the frames of every object. Frames are counted over the files there
    are, of which YouTube-VOS annotates all (every fifth frame of its 30 fps videos is there).

    No mask is read before a clip is: the frames in which an object is visible are the ones listed.

    Args:
        root: folder that holds the split's folder.
        split: name of that folder.
        sequences: names of the sequences to take, or a text file that lists them (such as the split of the
            training set into jjtrain and jjvalid); None takes all.

    Raises:
        InputError: a folder, the meta file or a listed sequence is missing, or the meta file is not
        YouTube-VOS'.
    """

    def __init__(
        self, root: str | Path, split: str = "train", sequences: str | Path | Iterable[str] | None = None
    ) -> None:
        folder = Path(root) / split
        self.name = f"youtube_vos_{split}"
        self._folders = MaskFolders(folder / "JPEGImages", folder / "Annotations")
        listed = read_meta(folder / "meta.json")
        names = _choose_sequences(sequences, listed, folder / "meta.json")
        # The first and the last tell an incomplete copy; looking at all 3,471 is slow on network disks.
        self._folders.require([names[0], names[-1]], str(folder / "meta.json"))
        self._tracks = [(name, object_id) for name in names for object_id in sorted(listed[name])]
        self._listed = listed

    def __len__(self) -> int:
        return len(self._tracks)

    def sequence(self, index: int) -> str:
        """Return the name of the sequence a track belongs to."""
        return self._tracks[index][0]

    def object_id(self, index: int) -> int:
        """Return the object's id within its sequence, from 1."""
        return self._tracks[index][1]

    def visible_frames(self, index: int) -> np.ndarray:
        """Return the frames (increasing int64 indices) that the meta file lists for the object.

        Raises:
            InputError: a listed frame has no file.
        """
        sequence, object_id = self._tracks[index]
        position = {path.stem: frame for frame, path in enumerate(self._folders.frames(sequence))}
        try:
            frames = sorted(position[stem] for stem in self._listed[sequence][object_id].frames)
        except KeyError as error:
            raise InputError(
                f"{self.name}/{sequence}: frame {error} of meta.json has no file in JPEGImages"
            ) from error
        return np.array(frames, dtype=np.int64)

    def read(self, index: int, frames: Sequence[int]) -> Clip:
        """Read the given frames of a track, in the given order."""
        sequence, object_id = self._tracks[index]
        return self._folders.read(sequence, object_id, frames, f"{self.name}/{sequence}:{object_id}")


def read_meta(path: Path) -> VideoObjects:
    """Read the meta file of a split, ``meta.json``.

    Raises:
        InputError: it cannot be read, is not YouTube-VOS', or an object's id is not from 1 to 254.
    """
    try:
        videos = json.loads(path.read_text(encoding="utf-8"))["videos"]
        listed = {
            sequence: {int(number): _meta_object(entry) for number, entry in video["objects"].items()}
            for sequence, video in videos.items()
        }
    except OSError as error:
        raise InputError(f"cannot read {path} ({error.strerror}): YouTube-VOS needs its meta.json") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{path} is not a meta file of YouTube-VOS ({type(error).__name__}: {error})"
        ) from error
    for sequence, objects in listed.items():
        if odd := [number for number in objects if not 1 <= number <= MAX_OBJECT_ID]:
            raise InputError(
                f'{path}: sequence "{sequence}" has object id {odd[0]}: must be from 1 to {MAX_OBJECT_ID}'
            )
    return listed


def _meta_object(entry: Mapping[str, Any]) -> MetaObject:
    return MetaObject(tuple(str(frame) for frame in entry["frames"]), entry.get("category"))


def _choose_sequences(
    wanted: str | Path | Iterable[str] | None, listed: VideoObjects, meta: Path
) -> list[str]:
    """The sequences to take; at least one, all of them in the meta file."""
    if wanted is None:
        names, source = sorted(listed), str(meta)
    elif isinstance(wanted, str | Path):
        names, source = list(read_sequence_list(Path(wanted))), str(wanted)
    else:
        names, source = list(wanted), "the given sequences"
    unknown = [name for name in names if name not in listed]
    if unknown:
        raise InputError(f'sequence "{unknown[0]}" of {source} is not in {meta} ({len(unknown)} are not)')
    if not names:
        raise InputError(f"{source} names no sequence")
    return names
