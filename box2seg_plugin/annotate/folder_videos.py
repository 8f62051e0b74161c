"""Anybody's videos: folders of frames, with boxes beside them or in a file of their own."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

from box2seg_plugin.annotate.box_video import BoxVideo, VideoLoaders
from box2seg_plugin.annotate.protocol import PROTOCOLS
from ltr.errors import InputError
from ltr.registry import unknown_name
from pytracking.evaluation.box_formats.catalog import AUTO, find_format, format_names, read_tracks
from pytracking.evaluation.folder_sequences import (
    BOX_FILES,
    find_box_file,
    frame_folder,
    holds_frames,
    subfolders,
    video_folders,
)
from pytracking.evaluation.sequence_files import frame_files

VIDEO_BOX_FILES = (*BOX_FILES, "gt/gt.txt", "annotations.xml")
"""What the boxes in a video's folder may be called: also as MOT challenge and CVAT do."""

logger = logging.getLogger(__name__)


def find_folder_videos(root: Path, boxes: Path | None = None, boxes_format: str = AUTO) -> VideoLoaders:
    """A video, or a folder of videos: frames in their folder or in one of ``FRAME_FOLDERS`` in it.

    Args:
        root: folder of the frames of a video, or of such folders.
        boxes: None: each video has one of ``VIDEO_BOX_FILES`` beside its frames, or above them. Else the
            boxes of the one video, or a file that names its videos: of those in ``root`` the ones that it
            names are taken.
        boxes_format: one of ``format_names()``.

    Raises:
        InputError: there is no such format, no file of boxes, or no video that it has boxes of. What loads a
            video raises it where frames or boxes cannot be read or do not fit.
    """
    if boxes_format not in format_names():
        raise unknown_name("format of boxes", boxes_format, format_names())
    if boxes is None:
        found = video_folders(root, VIDEO_BOX_FILES, frames_alone=True)
        return {name: partial(_load, name, folder, None, boxes_format) for name, folder in found.items()}
    folders = _folders_of(root, boxes, boxes_format)
    return {name: partial(_load, name, folder, boxes, boxes_format) for name, folder in folders.items()}


def _folders_of(root: Path, boxes: Path, boxes_format: str) -> dict[str, Path]:
    """Name of a video -> its folder, of the videos that a file has boxes of."""
    videos = find_format(boxes_format, boxes).videos
    if holds_frames(root):
        return {root.resolve().name: root}
    folders = {folder.name: folder for folder in subfolders(root)}
    if not folders:
        raise InputError(f"{root}: holds neither frames nor folders of frames")
    if videos is None:
        raise InputError(
            f"--boxes {boxes} is of one video, {root} holds {len(folders)} folders and no frames: --root "
            "must be the folder of the video"
        )
    named = set(videos(boxes))
    found = {name: folder for name, folder in folders.items() if name in named}
    if not found:
        raise InputError(f"{root}: holds no folder of the videos that {boxes} names, such as {min(named)}")
    if found.keys() != named or len(found) < len(folders):
        logger.warning(
            "%s names %d videos, %s has %d folders: %d are both",
            boxes,
            len(named),
            root,
            len(folders),
            len(found),
        )
    return found


def _load(name: str, folder: Path, boxes: Path | None, boxes_format: str) -> BoxVideo:
    files = frame_files(frame_folder(folder))
    names = PROTOCOLS["folder"].mask_names(files)
    box_file = find_box_file(folder, VIDEO_BOX_FILES) if boxes is None else boxes
    tracks = read_tracks(boxes_format, box_file, [f.stem for f in files], name)
    return BoxVideo(name, files, names, tracks.boxes, tracks.called())
