"""The table of formats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from box2seg_plugin.formats.coco import find_coco, write_coco
from box2seg_plugin.formats.cvat import SUFFIX as CVAT_SUFFIX
from box2seg_plugin.formats.cvat import find_cvat, write_cvat
from box2seg_plugin.formats.folders import entries, folders_in
from box2seg_plugin.formats.json_reader import read_elements
from box2seg_plugin.formats.mask_video import Reading, VideoLoaders, Writer
from box2seg_plugin.formats.png_tree import find_png_tree, write_png_tree
from box2seg_plugin.formats.vot import find_vot, holds_trajectories, write_vot
from box2seg_plugin.formats.youtube_vis import find_youtube_vis, write_youtube_vis
from box2seg_plugin.formats.youtube_vos import ANNOTATIONS, META, find_youtube_vos, write_youtube_vos
from ltr.errors import InputError


@dataclass(frozen=True)
class Format:
    """A form in which masks are kept.

    Attributes:
        description: what it is, in a few words.
        find: the videos at a place; raises InputError.
        write: opens a place for writing.
        is_file: whether the place is a file, not a folder.
    """

    description: str
    find: Callable[[Path, Reading], VideoLoaders]
    write: Writer
    is_file: bool = False


FORMATS: dict[str, Format] = {
    "png": Format("folder of VIDEO/FRAME.png, pixel value = object id", find_png_tree, write_png_tree),
    "youtube_vos": Format("folder of Annotations/ and meta.json", find_youtube_vos, write_youtube_vos),
    "coco": Format("JSON file of instances, an image for each frame", find_coco, write_coco, is_file=True),
    "youtube_vis": Format("JSON file of videos", find_youtube_vis, write_youtube_vis, is_file=True),
    "vot": Format("folder of VIDEO/groundtruth.txt", find_vot, write_vot),
    "cvat": Format("folder of VIDEO.xml, CVAT for video 1.1", find_cvat, write_cvat),
}
"""Name -> format."""


def detect_format(path: Path) -> str:
    """The name of the format of a file or folder, by what is in it.

    Raises:
        InputError: it is not there, cannot be read, or looks like none.
    """
    found = _of_folder(path) if path.is_dir() else _of_file(path)
    if found is None:
        raise InputError(f"{path}: not known what this is: say it with --from ({', '.join(FORMATS)})")
    return found


def _of_folder(path: Path) -> str | None:
    if (path / META).is_file() and (path / ANNOTATIONS).is_dir():
        return "youtube_vos"
    folders = folders_in(path)
    if any(map(holds_trajectories, (path, *folders))):
        return "vot"
    if any(file.suffix == CVAT_SUFFIX for file in entries(path)):
        return "cvat"
    return "png"  # whose reader says what is missing


def _of_file(path: Path) -> str | None:
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    if path.suffix.lower() == CVAT_SUFFIX:
        return "cvat"
    if path.suffix.lower() != ".json":
        return None
    # Our own files, and many others, have the annotations first; then they tell.
    for element in read_elements(path, ("annotations", "images", "videos")):
        if element.array != "annotations":
            return "coco" if element.array == "images" else "youtube_vis"
        if isinstance(element.value, dict):
            return "youtube_vis" if "segmentations" in element.value else "coco"
    return None
