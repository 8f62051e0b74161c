"""The images that masks belong to: what the frames are called, and how many there are."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from box2seg_plugin.formats.folders import entries
from box2seg_plugin.formats.mask_video import LabelMap, MaskVideo
from ltr.data.image_io import IMAGE_SUFFIXES, image_size
from ltr.errors import InputError
from pytracking.evaluation.sequence_files import frame_files

logger = logging.getLogger(__name__)


def images_of(root: Path, video: str) -> tuple[Path, ...]:
    """The images of a video in natural order: those in its own folder, else those in ``root``.

    Raises:
        InputError: neither has images.
    """
    own = root / video
    if own.is_dir():
        return frame_files(own)
    try:
        return frame_files(root)
    except InputError as error:
        raise InputError(f"{own}: no such folder of images, and not in the one above ({error})") from None


def refuse_one_for_all(root: Path, videos: Sequence[str]) -> None:
    """Refuse a folder of images for several videos, whose masks would all be taken for those of these images.

    Raises:
        InputError: there are images in it, and not a folder for each video.
    """
    lost = [video for video in videos if not (root / video).is_dir()]
    if len(videos) > 1 and lost and any(path.suffix.lower() in IMAGE_SUFFIXES for path in entries(root)):
        raise InputError(
            f'--images {root} holds images, but no folder of those of "{lost[0]}": it must hold a folder for '
            f"each of the {len(videos)} videos"
        )


def with_images(video: MaskVideo, root: Path) -> MaskVideo:
    """A video whose frames are all of its images. Those that it did not know are not annotated.

    Frames are found by their names, or one after the other where the video's format does not name them.

    Raises:
        InputError: there are no images, one of a frame is missing, or they are of another size.
    """
    files = images_of(root, video.name)
    size = image_size(files[0])
    if size != video.size:
        raise InputError(
            f"{video.source}: masks are {video.size[0]} x {video.size[1]}, the image {files[0]} is "
            f"{size[0]} x {size[1]}: they must be equal"
        )
    frames = video.frames
    if not video.named:
        if len(frames) > len(files):
            raise InputError(
                f"{video.source}: has {len(frames)} frames, {files[0].parent} has {len(files)} images: is "
                "this the right folder?"
            )
        if len(frames) < len(files):
            logger.warning(
                "%s: counts %d frames, %s has %d images: its frames are taken for the first of these",
                video.source, len(frames), files[0].parent, len(files),
            )  # fmt: skip
        frames = tuple(file.stem for file in files[: len(frames)])
    position = {frame: index for index, frame in enumerate(frames)}
    if lost := position.keys() - {file.stem for file in files}:
        raise InputError(
            f"{video.source}: frame {min(lost)} has no image in {files[0].parent} ({len(lost)} such)"
        )

    def read(index: int) -> LabelMap | None:
        before = position.get(files[index].stem)
        return None if before is None else video.read(before)

    return replace(video, images=tuple(file.name for file in files), read=read, named=True)
