"""Segment the objects of a video from their boxes: one palette PNG for each frame."""

from __future__ import annotations

import argparse
import contextlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from os.path import lexists, realpath  # Path.resolve() raises for links that go round in circles
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from box2seg_plugin.network_options import add_network_arguments, add_window_arguments, make_segmenter
from ltr.data.mask_io import write_mask
from ltr.data.opencv import opencv_name
from ltr.errors import InputError
from ltr.output_folder import check_writable, make_folder
from pytracking.evaluation.box_files import Boxes, check_boxes, parse_box, read_boxes
from pytracking.evaluation.frames import MAX_FPS, MIN_FPS, FrameSource, ImageFrames, open_frames
from pytracking.visualization.overlay import draw_overlay
from pytracking.visualization.video_writer import VideoWriter

if TYPE_CHECKING:
    from box2seg_plugin.segmenter import VideoSegmenter

EXAMPLE = "box2seg segment video.mp4 --boxes boxes.txt --out masks --overlay masks/overlay.mp4"

OVERLAY_FPS = 25.0
"""Of images, which do not say how fast they go."""

READ_AHEAD = 2
"""Frames that are read while the network computes."""

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
    parser.add_argument(
        "--fps", type=float, help=f"frames a second of the overlay (the video's, {OVERLAY_FPS:g} for images)"
    )
    add_window_arguments(parser)
    add_network_arguments(parser)
    parser.add_argument("--quiet", action="store_true", help="no progress, no summary; errors only")


def run(args: argparse.Namespace) -> int:
    """Check everything that can be checked, then segment."""
    source = open_frames(args.video)
    source.check()
    boxes = _read_boxes(args, source)
    _check_outputs(args, source)
    segmenter = make_segmenter(args, READ_AHEAD)
    make_folder(args.out, "--out")
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
            fps = args.fps or source.fps or OVERLAY_FPS
            video = stack.enter_context(VideoWriter(args.overlay, fps, source.size))
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


def _check_outputs(args: argparse.Namespace, source: FrameSource) -> None:
    """Refuse what would overwrite the input or cannot be written, before anything is."""
    inputs = {realpath(file) for file in (source.files if isinstance(source, ImageFrames) else [source.path])}
    if source.path.is_dir() and realpath(args.out) == realpath(source.path):
        raise InputError(f"--out {args.out} is the folder of the frames: must be another")
    for name in source.names:
        mask = args.out / f"{name}.png"
        _check_place(mask, realpath(mask) in inputs)
    if args.overlay is None:
        if args.fps is not None:
            raise InputError("--fps is the speed of the overlay: give --overlay as well")
        return
    # Masks replace what is there; the overlay is written in place, also under a second name of an input.
    _check_place(args.overlay, args.overlay.is_file() and any(map(args.overlay.samefile, inputs)))
    _check_overlay(args.overlay, args.fps, args.out)


def _check_place(file: Path, is_input: bool) -> None:
    if is_input:
        raise InputError(f"{file} is read as input and would be overwritten: choose another place")
    if lexists(file) and not file.is_file():
        raise InputError(f"{file} is there and is no file: move it or choose another place")


def _check_overlay(overlay: Path, fps: float | None, out: Path) -> None:
    if overlay.suffix.lower() != ".mp4":
        raise InputError(f"--overlay {overlay}: the name must end in .mp4")
    opencv_name(overlay)
    if fps is not None and not MIN_FPS <= fps <= MAX_FPS:
        raise InputError(f"--fps is {fps:g}: must be from {MIN_FPS:g} to {MAX_FPS:g}")
    if realpath(overlay.parent) == realpath(out):  # which is made and tried later
        return
    if not overlay.parent.is_dir():
        raise InputError(f"--overlay {overlay}: there is no folder {overlay.parent}")
    check_writable(overlay.parent, "--overlay")
