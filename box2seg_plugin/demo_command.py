"""Segment the bundled clips from their boxes, compare with their true masks, and write pictures of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from box2seg_plugin.network_options import add_network_arguments
from ltr.data.mask_io import write_mask
from ltr.errors import InputError
from ltr.output_folder import make_folder
from pytracking.bundled import bundled_clip, bundled_names
from pytracking.evaluation.box_files import Boxes
from pytracking.evaluation.labelled_video import LabelledVideo, Labels, labelled_video
from pytracking.visualization.contact_sheet import contact_sheet
from pytracking.visualization.overlay import draw_overlay
from pytracking.visualization.video_writer import VideoWriter

if TYPE_CHECKING:
    from box2seg_plugin.evaluation import Method, ObjectMasks

EXAMPLE = "box2seg demo --out demo_out"

OVERLAY_FPS = 12.0
SHEET_COLUMNS = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``box2seg demo``."""
    parser.add_argument("--out", type=Path, default=Path("demo_out"), metavar="DIR", help="(demo_out)")
    add_network_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Segment the clips in several ways, print their J, write masks and pictures of the last one."""
    from box2seg_plugin.evaluation import network_method, score_initializers, score_method, score_table
    from box2seg_plugin.segmenter import DEFAULT_MODEL, VideoSegmenter
    from box2seg_plugin.variants import load_network

    videos = [_bundled_video(name) for name in bundled_names()]
    network = load_network(args.model or DEFAULT_MODEL)
    segmenters = {
        f"Box2Seg, T = {frames}": VideoSegmenter(
            network, frames, device=args.device, precision=args.precision
        )
        for frames in (1, 5)
    }
    for video in videos:
        make_folder(args.out / video.name / "masks", "--out")
    scores = score_initializers(videos)
    masks: list[Labels] = []
    for row, segmenter in segmenters.items():
        masks.clear()
        scores.append(score_method(_keeping(network_method(segmenter), masks), videos, row))
    sys.stdout.write(f"{score_table(scores)}\n")
    rest = iter(masks)
    for video in videos:
        _write_results(args.out / video.name, video, [next(rest) for _ in video.masks])
    sys.stdout.write(
        f"masks/, overlay.mp4 and contact_sheet.png of each clip are in {args.out.resolve()}/"
        f"{{{','.join(video.name for video in videos)}}}\n"
    )
    return 0


def _bundled_video(name: str) -> LabelledVideo:
    clip = bundled_clip(name)
    return labelled_video(name, clip.frames, clip.masks, clip.boxes)


def _keeping(method: Method, kept: list[Labels]) -> Method:
    """The method; its masks are also appended to ``kept``, as (H, W) uint8 object ids."""

    def segment(frames: Iterable[npt.NDArray[np.uint8]], boxes: Mapping[int, Boxes]) -> Iterator[ObjectMasks]:
        for masks in method(frames, boxes):
            layers = [mask * np.uint8(object_id) for object_id, mask in masks.items()]
            kept.append(np.max(layers, axis=0))
            yield masks

    return segment


def _write_results(folder: Path, video: LabelledVideo, masks: Sequence[Labels]) -> None:
    """The masks of a clip, and pictures of them."""
    for name, mask in zip(video.frames.names, masks, strict=True):
        write_mask(folder / "masks" / f"{name}.png", mask)
    _write_overlay(folder / "overlay.mp4", video, masks)
    _write_sheet(folder / "contact_sheet.png", video, masks)


def _write_overlay(path: Path, video: LabelledVideo, masks: Sequence[Labels]) -> None:
    """A video of the masks and boxes over the frames."""
    with VideoWriter(path, OVERLAY_FPS, video.frames.size) as writer:
        for index, (frame, mask) in enumerate(zip(video.frames, masks, strict=True)):
            writer.write(draw_overlay(frame, mask, _boxes_at(video, index)))


def _write_sheet(path: Path, video: LabelledVideo, masks: Sequence[Labels]) -> None:
    """A few frames with their boxes; below them the masks, below those the true masks."""
    labels = video.read_labels()
    columns = np.linspace(0, len(masks) - 1, SHEET_COLUMNS).round().astype(int).tolist()
    frames = {index: frame for index, frame in enumerate(video.frames) if index in columns}
    nothing = np.zeros_like(masks[0])
    rows = {
        "boxes": [draw_overlay(frames[i], nothing, _boxes_at(video, i)) for i in columns],
        "Box2Seg": [draw_overlay(frames[i], masks[i]) for i in columns],
        "truth": [
            draw_overlay(frames[i], nothing if (label := labels[i]) is None else label) for i in columns
        ],
    }
    captions = [f"{row}, frame {index}" for row in rows for index in columns]
    sheet = contact_sheet([tile for row in rows.values() for tile in row], SHEET_COLUMNS, captions)
    if not cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR)):
        raise InputError(f"{path}: cannot write the picture")


def _boxes_at(video: LabelledVideo, index: int) -> dict[int, Boxes]:
    """The boxes of a frame by object id."""
    return {object_id: boxes[index] for object_id, boxes in (video.boxes or {}).items()}
