"""The data sets that ``box2seg annotate`` takes: one row each.

    for name, load in find_videos("got10k", split="val").items():
        video = load()

Finding costs a list or the listing of a folder, however many videos there are; a video's own folder is listed
and its boxes are read when it is loaded. How each set is annotated stands in ``PROTOCOLS``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from box2seg_plugin.annotate.box_video import BoxVideo, VideoLoaders
from box2seg_plugin.annotate.folder_videos import VIDEO_BOX_FILES, find_folder_videos
from box2seg_plugin.annotate.mask_sets import find_youtube_vos_videos
from box2seg_plugin.annotate.tracking_sets import (
    TRACKINGNET_PARTS,
    find_got10k_videos,
    find_lasot_videos,
    find_trackingnet_videos,
)
from ltr.dataset.video_folders import FRAME_FOLDERS
from ltr.environment import environment
from ltr.errors import InputError
from ltr.registry import unknown_name
from pytracking.evaluation.box_formats.catalog import AUTO
from pytracking.evaluation.sequence import check_sequence_name

FOLDER = "folder"
"""The source that is nobody's data set: the user's own frames and boxes."""


@dataclass(frozen=True)
class Source:
    """How the videos of a data set are found. Its name is its key of ``ltr.environment``.

    Attributes:
        find: root and split -> loaders, in the data set's order.
        splits: those with a box in every frame, the default first.
        first_frames_only: those of whose truth only the first frames' is public.
    """

    find: Callable[[Path, str], VideoLoaders]
    splits: tuple[str, ...]
    first_frames_only: tuple[str, ...] = ()


SOURCES: dict[str, Source] = {
    "got10k": Source(find_got10k_videos, ("train", "val"), ("test",)),
    "lasot": Source(find_lasot_videos, ("train", "test")),
    "trackingnet": Source(find_trackingnet_videos, ("train", *TRACKINGNET_PARTS), ("TEST", "test")),
    "youtube_vos": Source(find_youtube_vos_videos, ("train",), ("valid", "test")),
}
"""All but ``FOLDER``."""


def source_names() -> list[str]:
    """What ``find_videos`` knows."""
    return [*SOURCES, FOLDER]


def find_videos(
    name: str,
    root: Path | None = None,
    split: str | None = None,
    boxes: Path | None = None,
    boxes_format: str = AUTO,
) -> VideoLoaders:
    """Where the videos of a data set are. No image is opened, and no video's folder listed.

    Args:
        name: one of ``source_names()``.
        root: its folder; None: the one that is configured (see ``ltr.environment``). "folder" needs it: the
            folder of one video, or of such folders.
        split: one of the source's; None: the first of them. "folder" has none.
        boxes: with "folder", the file of the boxes, where it does not lie with the frames.
        boxes_format: with "folder", one of ``pytracking.evaluation.box_formats.catalog.format_names()``.

    Returns:
        name -> what loads the video, at least one. A loader can be pickled; it raises InputError where the
        video's frames or boxes are missing, malformed or do not fit.

    Raises:
        InputError: there is no such data set, split or folder, it is not laid out as it should be, or a
            video's name is no plain name.
    """
    with _no_bare_errors(f'data set "{name}"'):
        found = _find(name, root, split, boxes, boxes_format)
    for video in found:
        check_sequence_name(video)
    return {video: partial(_load, video, load) for video, load in found.items()}


def _find(
    name: str, root: Path | None, split: str | None, boxes: Path | None, boxes_format: str
) -> VideoLoaders:
    if name == FOLDER:
        return find_folder_videos(_own_folder(root, split), boxes, boxes_format)
    if name not in SOURCES:
        raise unknown_name("data set", name, source_names())
    if boxes is not None or boxes_format != AUTO:
        option = "--boxes" if boxes is not None else "--boxes-format"
        raise InputError(f'{option} is for "{FOLDER}": data set "{name}" has boxes of its own')
    return SOURCES[name].find(environment({name: root}).path(name), _split(name, split))


def _load(video: str, load: Callable[[], BoxVideo]) -> BoxVideo:
    with _no_bare_errors(f'video "{video}"'):
        return load()


@contextmanager
def _no_bare_errors(what: str) -> Iterator[None]:
    """Turns what the file system refuses (access, a name that is too long) into an InputError."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{what}: {error.filename}: cannot be read ({error.strerror or error})") from None


def _split(name: str, split: str | None) -> str:
    source = SOURCES[name]
    if split is None:
        return source.splits[0]
    if split in source.first_frames_only:
        raise InputError(
            f'split "{split}" of {name} has the truth of first frames only, masks need a box in every frame; '
            f"splits that have: {', '.join(source.splits)}"
        )
    if split not in source.splits:
        raise unknown_name(f"split of {name}", split, source.splits)
    return split


def _own_folder(root: Path | None, split: str | None) -> Path:
    if split is not None:
        raise InputError(f'--split {split}: "{FOLDER}" has no splits')
    if root is None or not root.is_dir():
        problem = "no folder is named" if root is None else f"{root} is no folder"
        raise InputError(
            f'{problem} for "{FOLDER}": name one (--root) that holds frames, or {FRAME_FOLDERS[0]}/ with '
            f"frames, and boxes ({', '.join(VIDEO_BOX_FILES)}), or that holds such folders"
        )
    return root
