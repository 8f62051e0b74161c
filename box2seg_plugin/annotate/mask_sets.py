"""YouTube-VOS: videos whose boxes are those of their masks, to compare what is made from them with."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from box2seg_plugin.annotate.box_video import BoxVideo, VideoLoaders
from box2seg_plugin.annotate.protocol import PROTOCOLS
from ltr.dataset.youtube_vos import read_meta
from ltr.errors import InputError
from pytracking.evaluation.frames import ImageFrames
from pytracking.evaluation.labelled_video import LabelledVideo, boxes_of_labels
from pytracking.evaluation.sequence_files import frame_files, mask_files


def find_youtube_vos_videos(root: Path, split: str) -> VideoLoaders:
    """YouTube-VOS: ``<split>/JPEGImages/``, ``<split>/Annotations/``, ``<split>/meta.json``.

    An object keeps its id. It has no box where it has no pixel, nor in frames without a mask.

    Args:
        root: folder of ``train``.
        split: "train"; the masks of the other sets are those of first frames.

    Raises:
        InputError: there is no meta file, it is not YouTube-VOS', or it names no video. What loads a video
            raises it where frames or masks are missing, unreadable or do not fit, or show no object.
    """
    folder = root / split
    listed = read_meta(folder / "meta.json")
    if not listed:
        raise InputError(f"{folder / 'meta.json'}: names no video")
    return {
        name: partial(_load_video, name, folder / "JPEGImages" / name, folder / "Annotations" / name)
        for name in sorted(listed)
    }


def _load_video(name: str, images: Path, masks: Path) -> BoxVideo:
    files = frame_files(images)
    labelled = mask_files(images, files, masks)
    if not labelled:
        raise InputError(f"{masks}: holds no masks (PNG) to take boxes from")
    video = LabelledVideo(name, ImageFrames(images, files), tuple(map(labelled.get, range(len(files)))))
    boxes = boxes_of_labels(video.read_labels())
    if not boxes:
        raise InputError(f"{masks}: no mask shows an object")
    return BoxVideo(name, files, PROTOCOLS["youtube_vos"].mask_names(files), boxes)
