"""What all formats have in common: a video's masks as label maps, read one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path, PurePath

import cv2
import numpy as np
import numpy.typing as npt

from box2seg_plugin.formats.losses import Losses
from box2seg_plugin.formats.names import check_name, check_text, shorten
from ltr.data.image_io import MAX_PIXELS
from ltr.data.mask_io import MAX_OBJECT_ID, VOID
from ltr.errors import InputError

LabelMap = npt.NDArray[np.uint8]
"""(H, W): 0 background, 1..254 object ids, 255 void."""

UNKNOWN_CATEGORY = "object"
"""What formats that must name a category call one that is not known."""


@dataclass(frozen=True)
class MaskVideo:
    """The masks of a video. They can be written anywhere: names and numbers are checked when it is made.

    Attributes:
        name: of the video; one part of a path.
        size: (width, height) of all frames, pixels.
        images: file name of each frame's image, in order; without the suffix it is the frame's name.
        read: index of a frame -> its labels; None where the frame is not annotated.
        source: the file or folder that it comes from, for messages.
        categories: object id -> category, of those objects where it is known.
        named: whether frames have names; False where the format but counts them and names were made up.

    Raises:
        InputError: a name is no file's name, two frames have one name, the size is none or too large, or an
            object id is not from 1 to 254.
    """

    name: str
    size: tuple[int, int]
    images: tuple[str, ...]
    read: Callable[[int], LabelMap | None]
    source: str
    categories: Mapping[int, str] = field(default_factory=dict)
    named: bool = True

    def __post_init__(self) -> None:
        check_name(self.name, self.source)
        check_size(*self.size, self.source)
        seen: set[str] = set()
        for image, frame in zip(self.images, self.frames, strict=True):
            check_name(image, self.source)
            if frame in seen:
                raise InputError(f'{self.source}: two frames are called "{frame}": names must differ')
            seen.add(frame)
        for object_id, category in self.categories.items():
            check_object_id(object_id, self.source)
            check_text(category, "category", self.source)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def frames(self) -> tuple[str, ...]:
        """Name of each frame."""
        return tuple(PurePath(image).stem for image in self.images)

    def category(self, object_id: int) -> str:
        """An object's category, ``UNKNOWN_CATEGORY`` where that is not known."""
        return self.categories.get(object_id, UNKNOWN_CATEGORY)

    def label_maps(self) -> Iterator[tuple[int, LabelMap | None]]:
        """(index, labels) of all frames, in order; None where the frame is not annotated.

        Raises:
            InputError: labels cannot be read or are not of the video's size, or no frame is annotated.
        """
        width, height = self.size
        annotated = False
        for index, frame in enumerate(self.frames):
            labels = self.read(index)
            if labels is not None and labels.shape != (height, width):
                raise InputError(
                    f"{self.source}: frame {frame} is {labels.shape[1]} x {labels.shape[0]}, the video is "
                    f"{width} x {height}: all frames of a video must have one size"
                )
            annotated |= labels is not None
            yield index, labels
        if not annotated:
            raise InputError(f"{self.source}: no frame has masks: leave this video out")

    def annotated(self) -> Iterator[tuple[int, LabelMap]]:
        """(index, labels) of the annotated frames, in order; errors as of ``label_maps``."""
        return ((index, labels) for index, labels in self.label_maps() if labels is not None)


@dataclass(frozen=True)
class Reading:
    """How masks are read.

    Attributes:
        losses: counts what is lost.
        images: folder of the images, of all videos or of the only one; None: they are not there.
        name: what the only video will be called, and its folder of images may be; None: as the format says.
        binary: every pixel that is labelled, as void too, belongs to object 1.
    """

    losses: Losses = field(default_factory=Losses)
    images: Path | None = None
    name: str | None = None
    binary: bool = False


VideoLoaders = Mapping[str, Callable[[], MaskVideo]]
"""Name of a video -> what loads it. A loader raises InputError where the video cannot be used."""

WriteVideo = Callable[[MaskVideo], None]
"""Writes a video, all of it or, when it raises InputError, nothing."""

Writer = Callable[[Path, Losses], AbstractContextManager[WriteVideo]]
"""Opens what is written to. It is there, whole, when the block has ended without an error."""


def objects_in(labels: LabelMap, losses: Losses) -> Iterator[tuple[int, npt.NDArray[np.bool_]]]:
    """(object id, its (H, W) mask) of the objects in a frame, ids rising. Void is counted and left out."""
    ids = object_ids(labels)
    if void := int(np.count_nonzero(labels == VOID)):
        losses.void_pixels += void
        losses.void_only_frames += not ids
    return ((object_id, labels == object_id) for object_id in ids)


def object_ids(labels: LabelMap) -> list[int]:
    """The ids of the objects in a frame, rising."""
    counts = cv2.calcHist([np.ascontiguousarray(labels)], [0], None, [VOID + 1], [0, VOID + 1]).ravel()
    return [object_id for object_id in range(1, VOID) if counts[object_id]]


def check_object_id(value: object, place: str) -> int:
    """An object id, as label maps can hold it.

    Raises:
        InputError: it is no whole number from 1 to 254.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_OBJECT_ID:
        return value
    raise InputError(
        f"{place}: object id is {shorten(value)}: must be a whole number from 1 to {MAX_OBJECT_ID}"
    )


def check_size(width: object, height: object, place: str) -> tuple[int, int]:
    """(width, height) of a frame, pixels.

    Raises:
        InputError: one is no whole number above 0, or their product is above ``MAX_PIXELS``.
    """
    for value in (width, height):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise InputError(
                f"{place}: size is {shorten(width)} x {shorten(height)}: must be whole numbers above 0"
            )
    assert isinstance(width, int) and isinstance(height, int)
    if width * height > MAX_PIXELS:
        raise InputError(
            f"{place}: size is {shorten(width)} x {shorten(height)}: at most {MAX_PIXELS:,} pixels are read"
        )
    return width, height
