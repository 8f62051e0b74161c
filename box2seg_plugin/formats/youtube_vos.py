"""YouTube-VOS: the PNGs in ``Annotations/``, and ``meta.json``, which lists objects, categories and frames.

Source: the files of Xu et al., "YouTube-VOS" (ECCV 2018).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from box2seg_plugin.formats.folders import folders_in, require_file
from box2seg_plugin.formats.json_writer import to_json
from box2seg_plugin.formats.losses import Losses
from box2seg_plugin.formats.mask_video import (
    LabelMap,
    MaskVideo,
    Reading,
    VideoLoaders,
    WriteVideo,
    object_ids,
)
from box2seg_plugin.formats.names import check_name, check_text
from box2seg_plugin.formats.png_tree import load_png_video, write_png_video
from ltr.dataset.youtube_vos import MetaObject, read_meta
from ltr.errors import InputError
from ltr.output_folder import whole_folder

ANNOTATIONS, META = "Annotations", "meta.json"

MAX_META_BYTES = 512 * 2**20
"""Frames and objects of 10,000 long videos take a tenth."""


@contextmanager
def write_youtube_vos(out: Path, _losses: Losses) -> Iterator[WriteVideo]:
    """Writes a folder with ``Annotations/`` and ``meta.json``; see ``Writer``.

    Of each object the frames are listed in which it is seen. Frames that are not annotated have no file.
    """
    with whole_folder(out) as folder, (folder / META).open("w", encoding="ascii") as meta:
        (folder / ANNOTATIONS).mkdir()
        meta.write('{"videos":{')
        separator = ""

        def write(video: MaskVideo) -> None:
            nonlocal separator
            seen: dict[int, list[str]] = {}
            write_png_video(folder / ANNOTATIONS, _noting(video, seen))
            objects = {
                str(object_id): {"category": video.category(object_id), "frames": frames}
                for object_id, frames in sorted(seen.items())
            }
            meta.write(f"{separator}\n{to_json(video.name)}:{to_json({'objects': objects})}")
            separator = ","

        yield write
        meta.write("\n}}\n")


def _noting(video: MaskVideo, seen: dict[int, list[str]]) -> MaskVideo:
    """The video; the frames in which each object is seen are appended to ``seen`` as they are read."""
    frames = video.frames

    def read(index: int) -> LabelMap | None:
        labels = video.read(index)
        if labels is not None:
            for object_id in object_ids(labels):
                seen.setdefault(object_id, []).append(frames[index])
        return labels

    return MaskVideo(video.name, video.size, video.images, read, video.source)


def find_youtube_vos(root: Path, reading: Reading) -> VideoLoaders:
    """The videos that ``meta.json`` names; their frames are the PNGs there are.

    Raises:
        InputError: there is no meta file, it is not YouTube-VOS', or a folder of ``Annotations/`` is not in
            it. What loads a video raises it where there are no masks.
    """
    meta = root / META
    require_file(meta)
    if meta.stat().st_size > MAX_META_BYTES:
        raise InputError(f"{meta}: too large: at most {MAX_META_BYTES >> 20} MiB are read")
    listed = read_meta(meta)
    if not listed:
        raise InputError(f"{meta}: names no video")
    for name in listed:
        check_name(name, str(meta))
    annotations = root / ANNOTATIONS
    if unlisted := [path.name for path in folders_in(annotations) if path.name not in listed]:
        raise InputError(
            f'{meta}: video "{unlisted[0]}" of {annotations} is not in it ({len(unlisted)} such): '
            f"--from png {annotations} takes all"
        )
    return {name: partial(_load, root, name, objects, reading) for name, objects in sorted(listed.items())}


def _load(root: Path, name: str, objects: dict[int, MetaObject], reading: Reading) -> MaskVideo:
    categories = {
        object_id: check_text(entry.category, "category", f'{root / META}: object {object_id} of "{name}"')
        for object_id, entry in sorted(objects.items())
        if entry.category is not None
    }
    return load_png_video(root / ANNOTATIONS / name, reading, categories)
