"""What decides the masks of an annotated data set, besides its frames and boxes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from box2seg_plugin.annotate.box_video import VideoLoaders
from box2seg_plugin.annotate.sources import find_videos
from ltr.device import choose_device, use_bfloat16
from ltr.errors import InputError


@dataclass(frozen=True)
class VideoSource:
    """Where the videos are; see :func:`box2seg_plugin.annotate.sources.find_videos` for all of it."""

    name: str
    root: Path | None = None
    split: str | None = None
    boxes: Path | None = None
    boxes_format: str = "auto"

    def find(self) -> VideoLoaders:
        """The loaders of all videos.

        Raises:
            InputError: there is no such data set, or it is not laid out as it should be.
        """
        found = find_videos(self.name, self.root, self.split, self.boxes, self.boxes_format)
        if hidden := [name for name in found if name.startswith(".")]:
            raise InputError(f'video "{hidden[0]}": names that begin with a dot are those of hidden files')
        return found


@dataclass(frozen=True)
class AnnotationSettings:
    """Plain values, none of them chosen by the machine any more; equal ones make equal bytes.

    Attributes:
        frames, interval, windows, refinements, flip, batch: see
            :class:`box2seg_plugin.segmenter.VideoSegmenter`.
        every, max_masks: which frames get masks, see :func:`box2seg_plugin.annotate.protocol.wanted_frames`.
        objects: ids of those that get masks; None: all.
        min_quality: masks with a lower score are left out.
        device: "cpu" or "cuda".
        precision: "fp32" or "bf16".
        threads: of each process; sums of floating-point numbers depend on it.
    """

    frames: int
    interval: int
    every: int
    max_masks: int | None
    objects: tuple[int, ...] | None
    windows: str
    refinements: int | None
    flip: bool
    min_quality: float
    device: str
    precision: str
    batch: int
    threads: int


def find_machine(device: str, precision: str) -> tuple[str, str]:
    """The device ("cpu" or "cuda") and the precision ("fp32" or "bf16") that options stand for here.

    Raises:
        InputError: there is no such device, or an option is none that is known.
    """
    chosen = choose_device(device)
    return chosen.type, "bf16" if use_bfloat16(precision, chosen) else "fp32"
