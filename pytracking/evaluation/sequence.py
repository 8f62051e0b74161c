"""A video with what a tracker is given of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ltr.data.boxes import mask_to_box
from ltr.data.image_io import RgbImage, image_size, read_image
from ltr.data.mask_io import read_mask
from ltr.errors import InputError
from pytracking.analysis.vot_regions import Region, paint_region
from pytracking.tracker.interface import Box, Target

StartMasks = tuple[Path, tuple[int, ...] | None] | Mapping[int, Region]
"""The masks that start in one frame: a file of labels and the ids that start there, where None stands for
every labelled pixel as object 1 (DAVIS-2016 writes 255); or object id -> its pixels."""


@dataclass(frozen=True)
class Sequence:
    """A video and where its targets start. Nothing is read before it is asked for.

    A target starts in one frame, with a box or with a mask.

    Attributes:
        name: of the video; one part of a path.
        files: its frames in order, one image file each.
        start_boxes: frame index -> object id -> (4,) x, y, w, h of targets that start with a box.
        start_masks: frame index -> masks of the targets that start there with one.

    Raises:
        InputError: the name is not one part of a path, or a target starts in a frame that there is not.
    """

    name: str
    files: tuple[Path, ...]
    start_boxes: Mapping[int, Mapping[int, Box]] = field(default_factory=dict)
    start_masks: Mapping[int, StartMasks] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_sequence_name(self.name)
        for frame in (*self.start_boxes, *self.start_masks):
            if not 0 <= frame < len(self.files):
                raise InputError(
                    f'sequence "{self.name}": a target starts in frame {frame}, there are {len(self.files)}'
                )

    def __len__(self) -> int:
        return len(self.files)

    @cached_property
    def first_frame(self) -> int:
        """The frame in which the first target starts."""
        return min([*self.start_boxes, *self.start_masks])

    @cached_property
    def object_ids(self) -> tuple[int, ...]:
        """All targets, rising."""
        with_boxes = (i for boxes in self.start_boxes.values() for i in boxes)
        with_masks = (i for masks in self.start_masks.values() for i in _ids(masks))
        return tuple(sorted({*with_boxes, *with_masks}))

    @cached_property
    def frame_names(self) -> tuple[str, ...]:
        """What each frame is called: its file without suffix."""
        return tuple(file.stem for file in self.files)

    def image(self, frame: int) -> RgbImage:
        """Read a frame: (H, W, 3) uint8 RGB.

        Raises:
            InputError: it cannot be read.
        """
        return read_image(self.files[frame])

    def targets(self, frame: int) -> dict[int, Target]:
        """What starts in a frame, by object id; empty for most frames.

        Masks are of the size of their file of labels; whether that is the frame's is not looked at.

        Raises:
            InputError: a file of labels cannot be read, lacks an object that is to start there, or an
                object's region has no pixel in the frame.
        """
        found = {i: Target(np.asarray(box, np.float64)) for i, box in self.start_boxes.get(frame, {}).items()}
        if frame in self.start_masks:
            for object_id, mask in self._masks(frame).items():
                found[object_id] = Target(mask_to_box(mask), mask)
        return found

    def _masks(self, frame: int) -> dict[int, npt.NDArray[np.bool_]]:
        """Object id -> (H, W), not empty."""
        start = self.start_masks[frame]
        if isinstance(start, tuple):
            path, ids = start
            labels = read_mask(path)
            masks = {1: labels > 0} if ids is None else {i: labels == i for i in ids}
        else:
            path = self.files[frame]
            width, height = image_size(path)
            masks = {i: paint_region(region, 0, 0, width, height) for i, region in start.items()}
        for object_id, mask in masks.items():
            if not mask.any():
                raise InputError(f"{path}: object {object_id}, which starts there, has no pixel in it")
        return masks


def check_sequence_name(name: str) -> None:
    """Refuse a name under which results could not be written, or not where they belong.

    Raises:
        InputError: it is empty, a path of several parts, "." or "..", or holds what cannot be printed.
    """
    if name in ("", ".", "..") or "/" in name or "\\" in name or not name.isprintable():
        raise InputError(f"sequence name {name[:60]!r}: results cannot be called so; it must be a plain name")


def _ids(masks: StartMasks) -> tuple[int, ...]:
    if isinstance(masks, tuple):
        return (1,) if masks[1] is None else masks[1]
    return tuple(masks)
