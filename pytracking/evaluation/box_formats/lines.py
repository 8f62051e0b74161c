"""The text files of GOT-10k, LaSOT, TrackingNet and OTB, and CSV: what ``box_files`` reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytracking.evaluation.box_files import read_boxes
from pytracking.evaluation.box_formats.tracks import BoxTracks


def read(path: Path, frame_names: Sequence[str], video: str) -> BoxTracks:
    """Read lines ``x,y,w,h``, one for each frame, or a CSV; see ``box_files``.

    Args:
        path: the file.
        frame_names: the video's frames in order, file names without suffix.
        video: not asked for: the file is of one video.

    Raises:
        InputError: as ``read_boxes``.
    """
    boxes = read_boxes(path, frame_names)
    return BoxTracks(boxes, ids={object_id: object_id for object_id in boxes})
