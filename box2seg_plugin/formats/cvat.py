"""CVAT's "CVAT for video 1.1": an XML file for each video, with a ``<mask>`` element for each mask.

A mask's runs go row by row through its rectangle and start with background, as VOT's do. CVAT keeps no masks
in tracks: of a track it takes in the first alone. So, as CVAT itself does, every mask is written as a track
of its own; which object it is of stands in ``group_id`` and in the attribute ``object``.
Source: https://docs.cvat.ai/docs/manual/advanced/xml_format/, and the files that CVAT exports.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import numpy.typing as npt

from box2seg_plugin.formats.cvat_objects import FrameMasks, assign_objects
from box2seg_plugin.formats.cvat_reader import OBJECT, CvatFile, read_cvat
from box2seg_plugin.formats.folders import entries
from box2seg_plugin.formats.images import images_of
from box2seg_plugin.formats.label_painter import LabelPainter
from box2seg_plugin.formats.losses import Losses
from box2seg_plugin.formats.mask_video import (
    LabelMap,
    MaskVideo,
    Reading,
    VideoLoaders,
    WriteVideo,
    objects_in,
)
from ltr.data.image_io import image_size
from ltr.data.mask_io import MAX_OBJECT_ID
from ltr.errors import InputError
from ltr.output_folder import whole_folder
from pytracking.analysis.vot_regions import Region, format_region, paint_region
from pytracking.evaluation.box_formats.cvat_meta import TaskFrames

SUFFIX = ".xml"

_HEAD = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <name>{name}</name>
      <size>{length}</size>
      <mode>interpolation</mode>
      <start_frame>0</start_frame>
      <stop_frame>{last}</stop_frame>
      <frame_filter></frame_filter>
      <labels>
{labels}      </labels>
      <original_size>
        <width>{width}</width>
        <height>{height}</height>
      </original_size>
    </task>
  </meta>
"""

_LABEL = """        <label>
          <name>{name}</name>
          <type>mask</type>
          <attributes>
            <attribute>
              <name>{attribute}</name>
              <mutable>False</mutable>
              <input_type>number</input_type>
              <default_value>1</default_value>
              <values>1;{last};1</values>
            </attribute>
          </attributes>
        </label>
"""

_TRACK = """  <track id="{track}" label={label} source="file" group_id="{object_id}">
    <mask frame="{frame}" keyframe="1" outside="0" occluded="0" {mask} z_order="0">
      <attribute name="{attribute}">{object_id}</attribute>
    </mask>
{end}  </track>
"""

_TRACK_END = """    <mask frame="{frame}" keyframe="1" outside="1" occluded="0" {mask} z_order="0"></mask>
"""

_ANY_MASK = 'rle="0, 1" left="0" top="0" width="1" height="1"'


@contextmanager
def write_cvat(out: Path, losses: Losses) -> Iterator[WriteVideo]:
    """Writes a folder with ``<video>.xml`` for each video; see ``Writer``.

    Frames are numbered from 0; their names, void, and which frames without masks are annotated are lost.
    """
    with whole_folder(out) as folder:
        yield partial(_write_video, folder, losses)


def _write_video(folder: Path, losses: Losses, video: MaskVideo) -> None:
    path = folder / f"{video.name}{SUFFIX}"
    with TemporaryFile("w+", encoding="utf-8", dir=folder) as tracks:
        labels = _write_tracks(tracks, video, losses)
        tracks.seek(0)
        head = _HEAD.format(
            name=escape(video.name),
            length=len(video),
            last=len(video) - 1,
            width=video.size[0],
            height=video.size[1],
            labels="".join(
                _LABEL.format(name=escape(label), attribute=OBJECT, last=MAX_OBJECT_ID) for label in labels
            ),
        )
        with path.open("w", encoding="utf-8") as file:
            file.write(head)
            shutil.copyfileobj(tracks, file)
            file.write("</annotations>\n")


def _write_tracks(file: IO[str], video: MaskVideo, losses: Losses) -> list[str]:
    """Write all masks as tracks; returns the labels, as they came."""
    labels: dict[str, None] = {}
    count = 0
    for frame, label_map in video.annotated():
        for object_id, mask in objects_in(label_map, losses):
            label = video.category(object_id)
            labels[label] = None
            # Without an end CVAT would show the mask to the end of the video.
            end = _TRACK_END.format(frame=frame + 1, mask=_ANY_MASK) if frame + 1 < len(video) else ""
            file.write(
                _TRACK.format(
                    track=count,
                    label=quoteattr(label),
                    object_id=object_id,
                    frame=frame,
                    mask=_mask_attributes(mask),
                    attribute=OBJECT,
                    end=end,
                )
            )
            count += 1
    return list(labels)


def _mask_attributes(mask: npt.NDArray[np.bool_]) -> str:
    x, y, width, height, runs = format_region(Region(0, 0, mask)).removeprefix("m").split(",", 4)
    rle = runs.replace(",", ", ")
    return f'rle="{rle}" left="{x}" top="{y}" width="{width}" height="{height}"'


def find_cvat(path: Path, reading: Reading) -> VideoLoaders:
    """The XML files in a folder, or a single one; a video is called as its file is.

    Which object a mask is of says its attribute ``object``, else the ``group_id`` of its track, else the
    track, if that has masks in several frames, else its label. A frame without any mask is not annotated.
    Without the images frames are called by their numbers, 00000 and on.

    Raises:
        InputError: there are none. What loads a video raises it where the file is damaged.
    """
    if not path.is_dir():
        return {path.stem: partial(_load, path, reading)}
    files = [file for file in entries(path) if file.suffix == SUFFIX]
    if not files:
        raise InputError(f"{path}: no XML files in it: expected VIDEO{SUFFIX}")
    return {file.stem: partial(_load, file, reading) for file in files}


def _load(path: Path, reading: Reading) -> MaskVideo:
    contents = read_cvat(path)
    found = assign_objects(contents.tracks, path)
    reading.losses.other_shapes += contents.other_shapes
    files = () if reading.images is None else images_of(reading.images, reading.name or path.stem)
    size = contents.size
    if size is None and files:
        size = image_size(files[0])
    if size is None:
        raise InputError(f"{path}: has no original_size: name the images with --images")
    frames = _frames_of(contents, len(files))
    if lost := [number for number in found.of_frame if frames.index(number) is None]:
        raise InputError(
            f"{path}: there is no frame {min(lost)}: the {frames.length} frames of the task are "
            f"{frames.first}, {frames.number(1)} ..."
        )
    images = tuple(f"{frames.number(index):05d}.jpg" for index in range(frames.length))
    read = partial(_read_frame, found, frames, size, reading.losses)
    return MaskVideo(path.stem, size, images, read, str(path), found.categories, named=False)


def _frames_of(contents: CvatFile, images: int) -> TaskFrames:
    """The frames of the task; where there are images, but not one for each of these, those of the source."""
    task = contents.task
    if task is None or (task.first, task.step) == (0, 1) or images not in (0, task.length):
        return TaskFrames(contents.length)
    return task


def _read_frame(
    found: FrameMasks, frames: TaskFrames, size: tuple[int, int], losses: Losses, index: int
) -> LabelMap | None:
    frame = frames.number(index)
    if frame not in found.of_frame:
        return None
    painter = LabelPainter(size, losses)
    for object_id, mask in found.of_frame[frame].items():
        painter.add(object_id, paint_region(mask.region(size), 0, 0, *size))
    return painter.labels
