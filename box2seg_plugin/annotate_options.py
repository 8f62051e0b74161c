"""The options of ``box2seg annotate``, and the settings that they and the data set's protocol stand for."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from box2seg_plugin.annotate.output import AnnotationFolder
from box2seg_plugin.annotate.protocol import PROTOCOLS
from box2seg_plugin.network_options import add_network_arguments
from box2seg_plugin.windows import RULES, check_window
from ltr.errors import InputError
from pytracking.evaluation.box_formats.catalog import AUTO, format_names

if TYPE_CHECKING:
    from box2seg_plugin.annotate.settings import AnnotationSettings

WINDOWS = "shared"
"""The rule of the windows by default."""

BATCH = {"cpu": 1, "cuda": 8}
"""Crops that the network sees at a time by default."""

MAX_WORKERS = 1024


def add_annotate_arguments(parser: argparse.ArgumentParser) -> None:
    """All of them."""
    parser.add_argument("dataset", choices=tuple(PROTOCOLS), help=f"one of {', '.join(PROTOCOLS)}")
    _add_choice(parser.add_argument_group("which videos"))
    _add_protocol(parser.add_argument_group("which masks, and how"))
    _add_machines(parser.add_argument_group("where to compute"))
    add_network_arguments(parser)
    add = parser.add_argument
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the folder of masks, and for "
        "<masks>.info with records of their quality, a report and a manifest")  # fmt: skip
    add("--force", action="store_true", help="annotate also what is done. Where the masks in --out were made "
        "with other settings, these are removed")  # fmt: skip
    add("--no-report", action="store_true", help="write no report (<masks>.info/report/index.html)")
    add("--quiet", action="store_true", help="no progress, no summary; errors only")


def _add_choice(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--root", type=Path, metavar="DIR", help="folder of the data set (else the one that is configured); "
        "of a folder set: the frames of a video, or folders of such")  # fmt: skip
    add("--split", metavar="NAME", help="of the data set (train)")
    add("--videos", nargs="+", action="extend", metavar="NAME", help="these alone, by their names")
    add("--shard", metavar="I/N", help="every N-th video from the I-th on, 1 <= I <= N: for job arrays "
        "that share --out")  # fmt: skip
    add("--boxes", type=Path, metavar="FILE", help="of a folder set: boxes that do not lie with the frames")
    add("--boxes-format", default=AUTO, metavar="NAME", help="of a folder set: what they are written in: "
        f"{', '.join(format_names())} ({AUTO})")  # fmt: skip


def _add_protocol(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--frames", type=int, metavar="T", help=f"frames looked at together, odd ({_defaults('frames')})")
    add("--interval", type=int, metavar="D", help=f"distance between them ({_defaults('interval')})")
    add("--every", type=int, metavar="N", help=f"a mask for each N-th frame ({_defaults('every')})")
    add("--max-masks", type=int, metavar="N", help=f"masks of a video at most ({_defaults('max_masks')})")
    add("--objects", nargs="+", type=int, metavar="ID", help="these alone (all)")
    add("--windows", choices=tuple(RULES), default=WINDOWS, help="exact: each frame with the T around it; "
        f"shared: T frames at once, faster ({WINDOWS})")  # fmt: skip
    add("--refinements", type=int, metavar="N", help="refinement passes (the network's own number)")
    add("--flip", action="store_true", help="average with the mirrored video: takes twice as long")
    add("--min-quality", type=float, default=0.0, metavar="Q", help="leave masks out whose score, the IoU to "
        "expect with the truth, is lower, 0..1 (0: none)")  # fmt: skip


def _add_machines(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--batch", type=int, metavar="N", help="crops that the network sees at a time "
        f"({', '.join(f'{device} {number}' for device, number in BATCH.items())})")  # fmt: skip
    add("--workers", type=int, metavar="N", help="processes (1; with --ray as many as there is room for)")
    add("--threads", type=int, metavar="N", help="of each process. Masks depend on it: a run that goes on "
        "takes what it began with (OMP_NUM_THREADS, else the cores / workers)")  # fmt: skip
    add("--ray", action="store_true", help="processes on the machines of a Ray cluster, which see --root and "
        "--out under the same paths")  # fmt: skip
    add("--address", metavar="A", help="of a running cluster: auto, or HOST:PORT; without it Ray starts on "
        "this machine")  # fmt: skip


def _defaults(attribute: str) -> str:
    """What an option is by default, for --help."""
    values = {name: getattr(protocol, attribute) for name, protocol in PROTOCOLS.items()}
    shown = {name: "all" if value is None else str(value) for name, value in values.items()}
    if len(set(shown.values())) == 1:
        return next(iter(shown.values()))
    return ", ".join(f"{name} {value}" for name, value in shown.items())


def check_options(args: argparse.Namespace) -> None:
    """Refuse what can be seen to be wrong without looking at anything else.

    Raises:
        InputError: a number is out of range, or an option needs another.
    """
    if args.workers is not None and not 1 <= args.workers <= MAX_WORKERS:
        raise InputError(f"--workers is {args.workers}: must be from 1 to {MAX_WORKERS}")
    for option in ("every", "max_masks", "batch", "threads"):
        value = getattr(args, option)
        if value is not None and value < 1:
            raise InputError(f"--{option.replace('_', '-')} is {value}: must be at least 1")
    if not 0 <= args.min_quality <= 1:
        raise InputError(f"--min-quality is {args.min_quality:g}: must be from 0 to 1")
    if args.address is not None and not args.ray:
        raise InputError("--address is that of a Ray cluster: give --ray as well")
    chosen = _with_defaults(args)
    check_window(chosen["frames"], chosen["interval"], args.windows)


def make_settings(args: argparse.Namespace, folder: AnnotationFolder) -> AnnotationSettings:
    """What the options and the protocol say; what is chosen by itself is chosen here, or on Ray's machines.

    Args:
        args: the parsed options.
        folder: its manifest, if there is one, tells the number of threads.

    Raises:
        InputError: there is no such device, or the manifest cannot be read.
    """
    # Here, because torch takes seconds to import, which --help need not wait for.
    from box2seg_plugin.annotate.ray_pool import ask_a_worker
    from box2seg_plugin.annotate.settings import AnnotationSettings, find_machine

    if args.ray:
        gpus = 1 if args.device == "cuda" else 0
        device, precision = ask_a_worker(find_machine, args.device, args.precision, gpus=gpus)
    else:
        device, precision = find_machine(args.device, args.precision)
    chosen = _with_defaults(args)
    return AnnotationSettings(
        frames=chosen["frames"],
        interval=chosen["interval"],
        every=chosen["every"],
        max_masks=chosen["max_masks"],
        objects=tuple(sorted(set(args.objects))) if args.objects else None,
        windows=args.windows,
        refinements=args.refinements,
        flip=args.flip,
        min_quality=args.min_quality,
        device=device,
        precision=precision,
        batch=args.batch or BATCH[device],
        threads=args.threads or _threads(args, folder),
    )


def _with_defaults(args: argparse.Namespace) -> dict[str, Any]:
    """The options of the protocol, with its values for those that were not given."""
    protocol = PROTOCOLS[args.dataset]
    return {
        name: getattr(protocol if getattr(args, name) is None else args, name)
        for name in ("frames", "interval", "every", "max_masks")
    }


def _threads(args: argparse.Namespace, folder: AnnotationFolder) -> int:
    """As many as the masks that are there were made with, else as the environment says, else all."""
    from box2seg_plugin.annotate.manifest import read_manifest
    from pytracking.evaluation.reproducible import configured_threads

    try:
        threads = read_manifest(folder.manifest)["settings"]["threads"] if folder.manifest.exists() else None
    except (InputError, LookupError, TypeError):  # which is told where it matters
        threads = None
    if isinstance(threads, int) and threads > 0:
        return threads
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return configured_threads() or (1 if args.ray else max(1, cores // (args.workers or 1)))
