"""Annotate a data set: masks for all its videos from their boxes. The same command goes on after a stop."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from box2seg_plugin.annotate.output import AnnotationFolder
from box2seg_plugin.annotate.protocol import PROTOCOLS
from box2seg_plugin.annotate_options import add_annotate_arguments, check_options, make_settings
from ltr.command_line import print_error
from ltr.environment import PLACES, environment
from ltr.errors import InputError

if TYPE_CHECKING:
    from box2seg_plugin.annotate.box_video import BoxVideo, VideoLoaders
    from box2seg_plugin.annotate.ray_pool import RayPool
    from box2seg_plugin.annotate.runner import Outcome
    from box2seg_plugin.annotate.settings import AnnotationSettings, VideoSource
    from pytracking.evaluation.worker_pool import Pool

EXAMPLE = "box2seg annotate got10k --root GOT-10k --out pregenerated_masks"

ATTEMPTS = 2
"""How often a video is begun whose process dies."""

SOME_FAILED = 1
"""Exit code when videos failed."""

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``box2seg annotate``."""
    add_annotate_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Check everything that can be checked, then annotate.

    Returns:
        0: all videos are done. ``SOME_FAILED``: not all.
    """
    # Here and below, because torch takes seconds to import, which --help need not wait for.
    from box2seg_plugin.annotate.choice import choose_videos
    from box2seg_plugin.annotate.ray_pool import ray_cluster
    from box2seg_plugin.annotate.settings import VideoSource
    from box2seg_plugin.annotate.video_output import check_not_foreign

    check_options(args)
    root = args.root
    if root is None and args.dataset in PLACES:  # here, because other machines may be told otherwise
        root = environment().path(args.dataset)
    source = VideoSource(args.dataset, _absolute(root), args.split, _absolute(args.boxes), args.boxes_format)
    loaders = source.find()
    names = choose_videos(loaders, args.videos, args.shard)
    folder = AnnotationFolder(args.out.absolute(), PROTOCOLS[args.dataset].masks_name)
    _check_first_place(folder, [loaders[name] for name in names[:1]])
    if not args.force:
        check_not_foreign(folder, names)
    with ray_cluster(args.address) if args.ray else nullcontext():
        return _run_in(args, source, loaders, names, folder)


def _run_in(
    args: argparse.Namespace,
    source: VideoSource,
    loaders: VideoLoaders,
    names: Sequence[str],
    folder: AnnotationFolder,
) -> int:
    """Annotate, where Ray is connected if it is to be."""
    from box2seg_plugin.annotate.annotator import AnnotationJob
    from box2seg_plugin.annotate.manifest import make_manifest
    from box2seg_plugin.annotate.quality_score import load_score
    from box2seg_plugin.annotate.runner import annotate
    from box2seg_plugin.annotate.set_output import claim_folder, make_folders
    from box2seg_plugin.segmenter import DEFAULT_MODEL
    from box2seg_plugin.variants import load_network
    from ltr.checkpoint import weights_digest
    from pytracking.evaluation.worker_pool import SetupError

    model = args.model or DEFAULT_MODEL
    settings = make_settings(args, folder)
    make_folders(folder)
    network = load_network(model)
    weights = weights_digest(network)
    score = load_score(network.config.variant, weights)
    manifest = make_manifest(args.dataset, settings, network, Path(model).name, score)
    claim_folder(folder, manifest, args.force)
    place = str(Path(model).absolute()) if Path(model).is_file() else model
    job = AnnotationJob(source, folder, settings, place, weights, score, manifest.hash, args.force)
    try:
        outcome = annotate(job, network, names, _pool(args, settings), args.quiet)
    except SetupError as error:
        print_error("box2seg annotate", error)
        return SOME_FAILED
    whole = _put_together(folder, manifest.hash, loaders, not args.no_report)
    _tell(outcome, folder)
    return 0 if whole and not outcome.failed else SOME_FAILED


def _absolute(path: Path | None) -> Path | None:
    """For processes that may run elsewhere."""
    return None if path is None else path.absolute()


def _check_first_place(folder: AnnotationFolder, loaders: Sequence[Callable[[], BoxVideo]]) -> None:
    """Refuse an --out among the frames, as far as one video tells; each is looked at when it is its turn."""
    from box2seg_plugin.annotate.video_output import check_place

    for load in loaders:
        try:
            video = load()
        except InputError:  # which is that video's alone, and told later
            return
        check_place(folder, video)


def _pool(args: argparse.Namespace, settings: AnnotationSettings) -> Pool | RayPool:
    """Who does it."""
    from box2seg_plugin.annotate.ray_pool import RayPool, room_for
    from pytracking.evaluation.worker_pool import Pool

    if not args.ray:
        return Pool(args.workers or 1, settings.threads, ATTEMPTS, __package__ or "")
    gpus = 1 if settings.device == "cuda" else 0
    return RayPool(args.workers or room_for(settings.threads, gpus), settings.threads, gpus, ATTEMPTS)


def _put_together(folder: AnnotationFolder, manifest: str, loaders: VideoLoaders, report: bool) -> bool:
    """Join the records and write the report; whether that went well."""
    from box2seg_plugin.annotate.report import write_report
    from box2seg_plugin.annotate.set_output import join_videos

    @lru_cache(maxsize=1)  # the report asks for the frames of a video, then for its boxes
    def load(video: str) -> BoxVideo:
        if video not in loaders:
            raise InputError(f"it is not among the {len(loaders)} of this run")
        return loaders[video]()

    def frames_of(video: str) -> dict[str, Path]:
        loaded = load(video)
        return dict(zip(loaded.names, loaded.files, strict=True))

    try:
        join_videos(folder, manifest)
        if report:
            write_report(folder, frames_of, lambda video: load(video).boxes)
    except (InputError, OSError) as error:
        print_error("box2seg annotate", error)
        return False
    return True


def _tell(outcome: Outcome, folder: AnnotationFolder) -> None:
    """What came out, and where it is."""
    masks = sum(state.masks for state in outcome.done)
    speed = f", {masks / outcome.seconds:.1f} masks/s" if masks else ""
    logger.info(
        "videos: %d done, %d done before, %d failed; %d masks%s; masks are in %s, all about them in %s",
        len(outcome.done), len(outcome.skipped), len(outcome.failed), masks, speed, folder.masks, folder.info,
    )  # fmt: skip
    if outcome.failed:
        total = len(outcome.done) + len(outcome.skipped) + len(outcome.failed)
        logger.error(
            "%d of %d videos failed: %s says why, and the same command tries them again",
            len(outcome.failed), total, folder.state_of("any").parent,
        )  # fmt: skip
