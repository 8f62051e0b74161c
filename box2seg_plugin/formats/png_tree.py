"""Palette PNGs, as DAVIS has them: ``<video>/<frame>.png``, pixel value = object id, 255 = void."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from box2seg_plugin.formats.folders import entries, folders_in
from box2seg_plugin.formats.losses import Losses
from box2seg_plugin.formats.mask_video import LabelMap, MaskVideo, Reading, VideoLoaders, WriteVideo
from ltr.data.mask_io import read_mask, write_mask
from ltr.errors import InputError
from ltr.output_folder import whole_folder
from pytracking.evaluation.sequence_files import frame_files

SUFFIX = ".png"


@contextmanager
def write_png_tree(out: Path, _losses: Losses) -> Iterator[WriteVideo]:
    """Writes a folder with one folder for each video; see ``Writer``.

    Nothing is lost but categories. Frames that are not annotated have no file.
    """
    with whole_folder(out) as folder:
        yield partial(write_png_video, folder)


def write_png_video(folder: Path, video: MaskVideo) -> None:
    """Writes ``<folder>/<video>/<frame>.png``.

    Raises:
        InputError: the labels cannot be read or the files not written; then there is nothing.
    """
    frames = video.frames
    with whole_folder(folder / video.name) as own:
        for index, labels in video.annotated():
            write_mask(own / f"{frames[index]}{SUFFIX}", labels)


def find_png_tree(root: Path, reading: Reading) -> VideoLoaders:
    """The folders of PNGs in a folder, by name; or the folder itself, where the PNGs are in it.

    Hidden folders and folders without PNGs are passed over. Frames are in natural order.

    Raises:
        InputError: there are no PNGs. What loads a video raises it where a file is no mask's.
    """
    folders = [path for path in folders_in(root) if holds_pngs(path)]
    if holds_pngs(root):
        if folders:
            raise InputError(
                f"{root}: holds PNGs and folders of PNGs ({folders[0].name}): name the folder to read"
            )
        return {root.resolve().name: partial(load_png_video, root, reading)}
    if not folders:
        below = [path for path in folders_in(root) if any(map(holds_pngs, folders_in(path)))]
        hint = f"; {below[0]} has that" if below else ""
        raise InputError(f"{root}: no PNGs in it, nor in its folders: expected VIDEO/FRAME.png{hint}")
    return {folder.name: partial(load_png_video, folder, reading) for folder in folders}


def load_png_video(folder: Path, reading: Reading, categories: Mapping[int, str] | None = None) -> MaskVideo:
    """The masks in a folder; the size is that of the first.

    Raises:
        InputError: there are none, or there are other images beside them.
    """
    files = frame_files(folder)
    if others := [file for file in files if file.suffix.lower() != SUFFIX]:
        raise InputError(f"{others[0]}: among masks, which are PNGs: move it elsewhere")

    def read(index: int) -> LabelMap:
        labels = read_mask(files[index])
        return (labels > 0).astype(np.uint8) if reading.binary else labels

    images = tuple(f"{file.stem}.jpg" for file in files)
    height, width = read_mask(files[0]).shape
    return MaskVideo(folder.resolve().name, (width, height), images, read, str(folder), categories or {})


def holds_pngs(folder: Path) -> bool:
    """Whether a PNG is in a folder; raises InputError where that cannot be read."""
    return any(path.suffix.lower() == SUFFIX and not path.is_dir() for path in entries(folder))
