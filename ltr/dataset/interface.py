"""What a data set looks like to the training code: stills and videos of single objects.

A data set is anything with the right methods; nothing has to be inherited. Items are *objects*, not files: a
picture with three annotated people is three stills, a video with two dogs is two tracks.

Masks are H x W uint8, 1 on the visible part of the object and 0 elsewhere; images are H x W x 3 uint8 RGB.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from ltr.errors import InputError


@dataclass(frozen=True)
class Clip:
    """T frames of one object, as read from a video data set.

    Attributes:
        images: T arrays, each H x W x 3 uint8 RGB.
        masks: T arrays, each H x W uint8 with values 0 and 1 (1 is the visible part of the object).
        boxes: (T, 4) float64, (x, y, w, h) in pixels. They enclose the mask unless the data set has boxes of
            its own; a frame without the object holds (-1, -1, -1, -1).
        name: says where the clip comes from, for messages.
    """

    images: list[np.ndarray]
    masks: list[np.ndarray]
    boxes: np.ndarray
    name: str

    def __len__(self) -> int:
        return len(self.images)


@runtime_checkable
class StillDataset(Protocol):
    """Single pictures, one object mask per item."""

    @property
    def name(self) -> str:
        """Name of the data set, for messages and logs."""
        ...

    def __len__(self) -> int:
        """Number of objects."""
        ...

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the image (H x W x 3 uint8 RGB) and the object's mask (H x W uint8, 0 or 1) of an item."""
        ...


@runtime_checkable
class VideoDataset(Protocol):
    """Videos. An item is a track: one object of one sequence."""

    @property
    def name(self) -> str:
        """Name of the data set, for messages and logs."""
        ...

    def __len__(self) -> int:
        """Number of tracks."""
        ...

    def visible_frames(self, index: int) -> np.ndarray:
        """Return the frames (increasing int64 indices) in which the track's object is annotated and visible.

        A set that lists its frames (YouTube-VOS) is believed: should the mask prove empty when the frame is
        read, the box in the clip is absent.
        """
        ...

    def sequence(self, index: int) -> str:
        """Return the name of the sequence a track belongs to."""
        ...

    def object_id(self, index: int) -> int:
        """Return the object's id within its sequence, from 1."""
        ...

    def read(self, index: int, frames: Sequence[int]) -> Clip:
        """Read the given frames of a track, in the given order."""
        ...


class Subset:
    """The given items of a still data set, in the given order.

    Args:
        dataset: the stills to choose from.
        indices: positions in `dataset`; a position may occur more than once.

    Raises:
        InputError: a position lies outside `dataset`.
    """

    def __init__(self, dataset: StillDataset, indices: Sequence[int] | np.ndarray) -> None:
        positions = np.asarray(indices, dtype=np.int64)
        outside = positions[(positions < 0) | (positions >= len(dataset))]
        if outside.size:
            raise InputError(
                f"item {outside[0]} of {dataset.name} does not exist: it has {len(dataset)} items"
            )
        self.dataset = dataset
        self.indices = positions

    @property
    def name(self) -> str:
        return self.dataset.name

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return self.dataset[int(self.indices[index])]

    def picture(self, index: int) -> str:
        """Return the name of the picture an item comes from."""
        return _picture_of(self.dataset, int(self.indices[index]))


def split_stills(dataset: StillDataset, held_out: int, seed: int) -> tuple[Subset, Subset]:
    """Set stills aside by chance, so that a model can be chosen on pictures it was not trained on.

    Objects of one picture stay together when the data set has a `picture(index)` method that names the
    picture of an item (as COCO's has); otherwise every item is its own picture.

    Args:
        dataset: the stills to split.
        held_out: how many items to set aside, 0 to len(dataset). With several objects a picture, whole
            pictures are set aside until at least this many items are.
        seed: seed of the draw; the same seed gives the same split on every machine.

    Returns:
        The rest (for training) and the items set aside. Within both the order of `dataset` is kept.

    Raises:
        InputError: `held_out` is negative or larger than the data set.
    """
    total = len(dataset)
    if not 0 <= held_out <= total:
        raise InputError(f"cannot set aside {held_out} of the {total} items of {dataset.name}")
    items_of: dict[str, list[int]] = {}
    for index in range(total):
        items_of.setdefault(_picture_of(dataset, index), []).append(index)
    names = sorted(items_of)
    aside: list[int] = []
    for position in np.random.default_rng(seed).permutation(len(names)):
        if len(aside) >= held_out:
            break
        aside += items_of[names[position]]
    chosen = set(aside)
    return Subset(dataset, [i for i in range(total) if i not in chosen]), Subset(dataset, sorted(chosen))


def _picture_of(dataset: StillDataset, index: int) -> str:
    """Name of the picture an item comes from; the item's number where the data set names none."""
    picture = getattr(dataset, "picture", None)
    return str(picture(index)) if picture else str(index)
