"""Convert masks of videos from one format to another.

Formats are png, youtube_vos, coco, youtube_vis, vot and cvat; docs/formats.md says what each keeps. Void
pixels (255) are kept by png and youtube_vos, and are background in the others. Where masks overlap, the
smallest in the frame is on top. OUT is there whole when the command has ended, or not at all.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import replace
from os.path import lexists, realpath  # Path.resolve() raises for links that go round in circles
from pathlib import Path

from tqdm import tqdm

from box2seg_plugin.formats.catalog import FORMATS, detect_format
from box2seg_plugin.formats.images import refuse_one_for_all, with_images
from box2seg_plugin.formats.losses import Losses
from box2seg_plugin.formats.mask_video import Reading, VideoLoaders, WriteVideo
from ltr.errors import InputError

EXAMPLE = "box2seg convert masks --to coco --out masks.json"

AUTO = "auto"
SOME_LEFT_OUT = 1
"""Exit code when videos were left out, as --skip-broken allows."""

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``box2seg convert``."""
    forms = "; ".join(f"{name}: {entry.description}" for name, entry in FORMATS.items())
    parser.add_argument("masks", type=Path, metavar="IN", help="file or folder of masks")
    parser.add_argument("--to", required=True, choices=FORMATS, metavar="FORMAT", help=forms)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="OUT", help="file or folder, which must be new"
    )
    parser.add_argument(
        "--from",
        dest="source_format",
        choices=(AUTO, *FORMATS),
        default=AUTO,
        metavar="FORMAT",
        help="format of IN (auto: by what is in it)",
    )
    parser.add_argument(
        "--images",
        type=Path,
        metavar="DIR",
        help="images of the videos, DIR/VIDEO/FRAME.jpg, or of the only one, DIR/FRAME.jpg: name and number "
        "the frames, and give their size where IN does not",
    )
    parser.add_argument("--videos", nargs="+", metavar="VIDEO", help="these alone")
    parser.add_argument("--name", metavar="VIDEO", help="what to call the video, where it is only one")
    parser.add_argument(
        "--binary", action="store_true", help="every labelled pixel of a PNG, 255 too, is object 1"
    )
    parser.add_argument(
        "--skip-broken",
        action="store_true",
        help=f"leave out videos that cannot be read, and say so; the exit code is then {SOME_LEFT_OUT}",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress, no summary")


def run(args: argparse.Namespace) -> int:
    """Check places and names, then convert video by video."""
    target = FORMATS[args.to]
    _check_output(args, target.is_file)
    source = detect_format(args.masks) if args.source_format == AUTO else args.source_format
    losses = Losses()
    found = FORMATS[source].find(args.masks, Reading(losses, args.images, args.name, args.binary))
    names = _choose(args.videos, found, args.masks)
    if args.name is not None and len(names) > 1:
        raise InputError(f"--name is for one video, {args.masks} has {len(names)}: choose one with --videos")
    if args.images is not None:
        refuse_one_for_all(args.images, names)
    with target.write(args.out, losses) as write:
        broken = _convert(names, found, write, args)
        if broken == len(names):
            raise InputError(f"{args.masks}: none of the {broken} videos can be read")
    for line in losses.warnings():
        logger.warning("%s", line)
    logger.info("%d videos from %s to %s are in %s", len(names) - broken, source, args.to, args.out)
    return SOME_LEFT_OUT if broken else 0


def _convert(names: Sequence[str], found: VideoLoaders, write: WriteVideo, args: argparse.Namespace) -> int:
    """Convert one video after the other; returns how many were left out."""
    broken = 0
    for name in tqdm(names, unit="video", disable=args.quiet):
        try:
            video = found[name]()
            if args.name is not None:
                video = replace(video, name=args.name)
            write(video if args.images is None else with_images(video, args.images))
        except InputError as error:
            if not args.skip_broken:
                raise
            broken += 1
            logger.warning('video "%s" is left out: %s', name, error)
    return broken


def _choose(wanted: Sequence[str] | None, found: VideoLoaders, source: Path) -> list[str]:
    """The videos to convert, each once."""
    if wanted is None:
        return list(found)
    if unknown := [name for name in wanted if name not in found]:
        some = ", ".join(list(found)[:5]) + (", ..." if len(found) > 5 else "")
        raise InputError(f'{source}: has no video "{unknown[0]}"; it has {len(found)}: {some}')
    return list(dict.fromkeys(wanted))


def _check_output(args: argparse.Namespace, is_file: bool) -> None:
    """Refuse a place where something is, or that is within the input, before anything is read."""
    out: Path = args.out
    empty = not is_file and out.is_dir() and not out.is_symlink() and not any(out.iterdir())
    if lexists(out) and not empty:
        raise InputError(f"--out {out} is there already: remove it or choose another place")
    for option, folder in (("", args.masks), ("--images ", args.images)):
        if folder is not None and Path(realpath(out)).is_relative_to(realpath(folder)):
            raise InputError(f"--out {out} lies within {option}{folder}, which is read: choose another place")
