"""Segment the objects of a video from their boxes: one palette PNG for each frame."""

from __future__ import annotations

import argparse
import contextlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from box2seg_plugin.network_options import add_network_arguments, add_window_arguments, make_segmenter
from box2seg_plugin.output_folder import make_folder
from ltr.data.mask_io import write_mask
from ltr.errors import InputError
from pytracking.evaluation.box_files import Boxes, check_boxes, parse_box, read_boxes
from pytracking.evaluation.frames import FrameSource, ImageFrames, open_frames
from pytracking.visualization.overlay import draw_overlay
from pytracking.visualization.video_writer import VideoWriter

if TYPE_CHECKING:
    from box2seg_plugin.segmenter import VideoSegmenter

EXAMPLE = "box2seg segment video.mp4 --boxes boxes.txt --out masks --overlay masks/overlay.mp4"

OVERLAY_FPS = 25.0

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``box2seg segment``."""
    parser.add_argument(
        "video", type=Path, metavar="VIDEO_OR_FOLDER", help="video, folder of images, or image"
    )
    boxes = parser.add_mutually_exclusive_group(required=True)
    boxes.add_argument(
        "--boxes",
        type=Path,
        metavar="FILE",
        help="one line x,y,w,h for each frame (GOT-10k, LaSOT, OTB), or a CSV with the columns frame, "
        "object, x, y, w, h; -1,-1,-1,-1 where the object is absent",
    )
    boxes.add_argument("--box", metavar="X,Y,W,H", help="the box, for a video of one frame")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the masks")
    parser.add_argument("--overlay", type=Path, metavar="FILE.mp4", help="also a video of masks over frames")
    add_window_arguments(parser)
    add_network_arguments(parser)
    parser.add_argument("--quiet", action="store_true", help="no progress, no summary; errors only")


def run(args: argparse.Namespace) -> int:
    """Check everything that can be checked, then segment."""
    source = open_frames(args.video)
    source.check()
    boxes = _read_boxes(args, source)
    _check_outputs(args.out, args.overlay, source)
    segmenter = make_segmenter(args)
    make_folder(args.out)
    summary = Summary()
    started = time.perf_counter()
    try:
        _segment(segmenter, source, boxes, args, summary)
    except InputError as error:
        written = f"{summary.frames} of {len(source)} masks are in {args.out}"
        raise InputError(f"{error} ({written})") from error
    seconds = time.perf_counter() - started
    logger.info("%s, %.1f frames/s; masks are in %s", summary, summary.frames / seconds, args.out)
    return 0


@dataclass
class Summary:
    """What came out so far."""

    frames: int = 0
    masks: int = 0
    fallbacks: int = 0
    claimed_twice: int = 0

    def __str__(self) -> str:
        return (
            f"{self.frames} frames, {self.masks} object masks, {self.fallbacks} of them stand-ins where "
            f"nothing was found, {self.claimed_twice} pixels claimed by several objects before merging"
        )


def _segment(
    segmenter: VideoSegmenter,
    source: FrameSource,
    boxes: Mapping[int, Boxes],
    args: argparse.Namespace,
    summary: Summary,
) -> None:
    """Write a mask, and a frame of the overlay, as soon as it is there; ``summary`` keeps count."""
    with contextlib.ExitStack() as stack:
        video = None
        if args.overlay:
            video = stack.enter_context(VideoWriter(args.overlay, OVERLAY_FPS, source.size))
        # The frames of the overlay are read again: those in between would otherwise have to be kept.
        again = iter(source) if video else iter(())
        progress = stack.enter_context(tqdm(total=len(source), unit="frame", disable=args.quiet))
        for result in segmenter.segment(source, boxes):
            write_mask(args.out / f"{source.names[result.index]}.png", result.mask)
            if video:
                here = {object_id: boxes[object_id][result.index] for object_id in result.objects}
                video.write(draw_overlay(next(again), result.mask, here))
            summary.frames += 1
            summary.masks += len(result.objects)
            summary.fallbacks += len(result.fallbacks)
            summary.claimed_twice += result.claimed_twice
            progress.update()


def _read_boxes(args: argparse.Namespace, source: FrameSource) -> dict[int, Boxes]:
    """The boxes of all objects, checked against the video."""
    if args.boxes is not None:
        boxes = read_boxes(args.boxes, source.names)
    elif len(source) == 1:
        boxes = {1: parse_box(args.box)[np.newaxis]}
    else:
        raise InputError(
            f"--box is for one frame, {args.video} has {len(source)}: give one box for each with --boxes"
        )
    check_boxes(boxes, *source.size, args.boxes or "--box", source.names)
    return boxes


def _check_outputs(out: Path, overlay: Path | None, source: FrameSource) -> None:
    """Refuse what would overwrite the input or cannot be written, before anything is."""
    inputs = {file.resolve() for file in (source.files if isinstance(source, ImageFrames) else [source.path])}
    if source.path.is_dir() and out.resolve() == source.path.resolve():
        raise InputError(f"--out {out} is the folder of the frames: must be another")
    masks = (out / f"{name}.png" for name in source.names)
    for file in [*masks, *([overlay] if overlay else [])]:
        if file.resolve() in inputs:
            raise InputError(f"{file} is read as input and would be overwritten: choose another place")
    if overlay is None:
        return
    if overlay.suffix.lower() != ".mp4":
        raise InputError(f"--overlay {overlay}: the name must end in .mp4")
    if not overlay.parent.is_dir() and overlay.parent.resolve() != out.resolve():
        raise InputError(f"--overlay {overlay}: there is no folder {overlay.parent}")
