"""Sequences of the VOT toolkit, 2020 and later: a line of run-length encoding for each frame and object.

``<video>/groundtruth.txt``, or ``groundtruth_<id>.txt`` for each of several objects, ``<video>/sequence``,
``list.txt``. The toolkit looks for the images at ``<video>/color/00000001.jpg`` and on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path, PurePath
from typing import TextIO

from box2seg_plugin.formats.folders import entries, folders_in
from box2seg_plugin.formats.images import images_of
from box2seg_plugin.formats.label_painter import LabelPainter
from box2seg_plugin.formats.losses import Losses
from box2seg_plugin.formats.mask_video import (
    LabelMap,
    MaskVideo,
    Reading,
    VideoLoaders,
    WriteVideo,
    check_object_id,
    check_size,
    objects_in,
)
from box2seg_plugin.formats.names import whole_number
from box2seg_plugin.formats.text_lines import TextLines
from ltr.data.image_io import image_size
from ltr.errors import InputError
from ltr.output_folder import whole_folder
from pytracking.analysis.number_files import read_text
from pytracking.analysis.vot_regions import Region, empty_region, format_region, paint_region, parse_region

NOT_ANNOTATED = "0"
"""The toolkit's code for what is not known."""

FRAME_NAMES = "frames.txt"
"""Ours: names of the frames, one a line, where they are not 00000001 and on."""

_TRUTH = "groundtruth.txt"
_TRUTH_OF = re.compile(r"groundtruth_(.+)\.txt")
_CODE = re.compile(r"\s*[0-9]+\s*", re.ASCII)


@contextmanager
def write_vot(out: Path, losses: Losses) -> Iterator[WriteVideo]:
    """Writes a folder with one folder for each video, and the list of them; see ``Writer``.

    Categories are lost, void is background. Images are not copied.
    """
    with whole_folder(out) as folder, (folder / "list.txt").open("w", encoding="utf-8") as names:

        def write(video: MaskVideo) -> None:
            _write_video(folder, video, losses)
            names.write(f"{video.name}\n")

        yield write


def _write_video(folder: Path, video: MaskVideo, losses: Losses) -> None:
    with whole_folder(folder / video.name) as own:
        ids = _write_trajectories(own, video, losses)
        if ids <= {1}:
            (own / "groundtruth_1.txt").rename(own / _TRUTH)
        if video.frames != _numbered(len(video)):
            (own / FRAME_NAMES).write_text("".join(f"{frame}\n" for frame in video.frames), encoding="utf-8")
        suffix = PurePath(video.images[0]).suffix or ".jpg"
        properties = {
            "channel.default": "color",
            "channels.color": f"color/%08d{suffix}",
            "format": "default",
            "height": video.size[1],
            "length": len(video),
            "width": video.size[0],
        }
        text = "".join(f"{key}={value}\n" for key, value in properties.items())
        (own / "sequence").write_text(text, encoding="utf-8")


def _write_trajectories(folder: Path, video: MaskVideo, losses: Losses) -> set[int]:
    """Write ``groundtruth_<id>.txt`` of all objects, of an object 1 where there is none; return the ids."""
    with ExitStack() as stack:
        files: dict[int, TextIO] = {}
        past: list[str] = []  # the lines of an object that has not been seen yet

        def file_of(object_id: int) -> TextIO:
            if object_id not in files:
                path = folder / f"groundtruth_{object_id}.txt"
                files[object_id] = stack.enter_context(path.open("w", encoding="ascii"))
                files[object_id].writelines(past)
            return files[object_id]

        for _, labels in video.label_maps():
            seen = set()
            for object_id, mask in () if labels is None else objects_in(labels, losses):
                file_of(object_id).write(f"{format_region(Region(0, 0, mask))}\n")
                seen.add(object_id)
            absent = f"{NOT_ANNOTATED if labels is None else format_region(empty_region())}\n"
            for object_id in files.keys() - seen:
                files[object_id].write(absent)
            past.append(absent)
        if not files:
            file_of(1)
        return set(files)


def find_vot(root: Path, reading: Reading) -> VideoLoaders:
    """The folders in a folder that hold ``groundtruth.txt`` or ``groundtruth_<id>.txt``, or the folder.

    Objects whose files are called by other names than numbers are numbered from 1, by name. Rectangles are
    filled. What lies outside the frame is cut off. A frame in which every object has a code instead of a mask
    is not annotated.

    Raises:
        InputError: there is no such folder. What loads a video raises it where a file is damaged or the
            frames' size is not known.
    """
    if holds_trajectories(root):
        return {root.resolve().name: partial(_load, root, reading)}
    found = {
        path.name: partial(_load, path, reading) for path in folders_in(root) if holds_trajectories(path)
    }
    if not found:
        raise InputError(f"{root}: no VOT sequences in it: expected VIDEO/{_TRUTH}")
    return found


def holds_trajectories(folder: Path) -> bool:
    """Whether there is a file of masks in a folder; raises InputError where it cannot be read."""
    return bool(_trajectory_files(folder))


def _trajectories(folder: Path) -> dict[int, Path]:
    """Object id -> its file; raises InputError where an id is not from 1 to 254, or comes twice."""
    of_objects = _trajectory_files(folder)
    if list(of_objects) == [""]:
        return {1: of_objects[""]}
    if not all(_CODE.fullmatch(name) for name in of_objects):
        return dict(enumerate(of_objects.values(), start=1))
    ids = {check_object_id(int(name[:9]), str(path)): path for name, path in of_objects.items()}
    if len(ids) < len(of_objects):
        raise InputError(f"{folder}: two files are of one object: their numbers must differ")
    return ids


def _trajectory_files(folder: Path) -> dict[str, Path]:
    """What stands for the object in a file's name -> the file; as in the toolkit, files with it hide the one
    without."""
    names = [path.name for path in entries(folder)]
    of_objects = {match[1]: folder / match.string for match in map(_TRUTH_OF.fullmatch, names) if match}
    return of_objects or ({"": folder / _TRUTH} if _TRUTH in names else {})


def _load(folder: Path, reading: Reading) -> MaskVideo:
    paths = _trajectories(folder)
    lines = {object_id: TextLines(path) for object_id, path in sorted(paths.items())}
    length = max(map(len, lines.values()))
    if not length:
        raise InputError(f"{folder}: no object has a line: expected a mask for each frame")
    size = _size_of(folder, reading)

    def read(frame: int) -> LabelMap | None:
        given = {object_id: rows[frame] for object_id, rows in lines.items() if frame < len(rows)}
        if all(_CODE.fullmatch(line) for line in given.values()):
            return None
        painter = LabelPainter(size, reading.losses)
        for object_id, line in given.items():
            region = parse_region(line, f"{paths[object_id]}:{frame + 1}")
            painter.add(object_id, paint_region(region, 0, 0, *size))
        return painter.labels

    names = _frame_names(folder, length)
    images = tuple(f"{name}.jpg" for name in names or _numbered(length))
    return MaskVideo(folder.resolve().name, size, images, read, str(folder), named=names is not None)


def _numbered(length: int) -> tuple[str, ...]:
    """What the toolkit calls the frames."""
    return tuple(f"{number:08d}" for number in range(1, length + 1))


def _frame_names(folder: Path, length: int) -> list[str] | None:
    """The frames' names, where ``FRAME_NAMES`` lists them."""
    path = folder / FRAME_NAMES
    if not path.is_file():
        return None
    names = read_text(path).splitlines()
    if len(names) != length:
        raise InputError(f"{path}: number of names is {len(names)}, number of lines of masks {length}")
    return names


def _size_of(folder: Path, reading: Reading) -> tuple[int, int]:
    """(width, height) of a video: from its file ``sequence``, its images, or those that were named."""
    path = folder / "sequence"
    if path.is_file():
        rows = (line.partition("=") for line in read_text(path).splitlines())
        values = {key.strip(): value.strip() for key, _, value in rows}
        if "width" in values and "height" in values:
            width, height = (whole_number(values[side], side, str(path)) for side in ("width", "height"))
            return check_size(width, height, str(path))
    if (folder / "color").is_dir():
        return image_size(images_of(folder, "color")[0])
    if reading.images is not None:
        return image_size(images_of(reading.images, reading.name or folder.resolve().name)[0])
    raise InputError(f"{path}: does not say width and height: name the images with --images")
