"""Train a network.

    python ltr/run_training.py box2seg default     runs anywhere: the data sets that the environment names, or
                                                   procedural clips when it names none
    python ltr/run_training.py box2seg small       the embedded model, from stills (DUTS-TR, COCO)
    torchrun --nproc_per_node 4 ltr/run_training.py box2seg paper
                                                   the same run on four GPUs, which share its batches
    python ltr/run_training.py --list              names of all settings

Checkpoints, weights and statistics go to WORKSPACE/MODULE/SETTINGS. Ctrl-C and SIGTERM save before they end
the run; the same command goes on where it stopped. docs/training.md tells more.
"""

from __future__ import annotations

import argparse
import io
import logging
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from ltr.charts import CHARTS, VISDOM_SERVER, open_chart
from ltr.command_line import BAD_INPUT, OneLineParser, print_error
from ltr.device import DEVICES, choose_device
from ltr.distributed import Processes
from ltr.environment import environment
from ltr.errors import InputError
from ltr.output_folder import make_folder
from ltr.plugins import load_plugins
from ltr.registry import TRAIN_SETTINGS
from ltr.trainer import WORKSPACE_OPTION, Trainer

logger = logging.getLogger("ltr.run_training")

DEFAULT_SETTINGS = "default"

RANGES = {
    "seed": (0, 2**32 - 1),
    "workers": (0, 1024),
    "threads": (1, 1024),
    "log_every": (1, 10**9),
    "epoch": (1, 10**9),
    "stop_after": (1, 10**9),
    "micro_batch": (1, 10**6),
    "profile": (0, 1000),
}
"""Option -> least and greatest value."""


def parser() -> OneLineParser:
    """The command line."""
    result = OneLineParser(
        prog="run_training.py",
        description="Train a network with named settings; the same command resumes an interrupted run.",
        epilog="example: python ltr/run_training.py box2seg default --stop-after 100",
    )
    add = result.add_argument
    add("module", nargs="?", help="who brought the settings, e.g. box2seg")
    add("settings", nargs="?", help=f'their name ("{DEFAULT_SETTINGS}")')
    add("--list", action="store_true", help="print the names of all settings and end")
    add("--workspace", type=Path, help="folder of all runs (else LTR_WORKSPACE_DIR, else ./workspace)")
    add("--device", choices=DEVICES, default="auto")
    add("--precision", choices=("fp32", "bf16"), help="instead of the settings' own")
    add("--seed", type=int, help="instead of the settings' own; the run's folder is then NAME-seedN")
    add("--micro-batch", type=int, metavar="CLIPS", help="compute so many clips of a batch at a time: less "
        "memory, a third more time, the same results (all of a process's share)")  # fmt: skip
    add("--workers", type=int, default=1, help="loader processes (1) of each training process; 0: none")
    add("--threads", type=int, help="threads of the training process (all cores)")
    add("--log", choices=("console", *CHARTS), default="console", help="where to show statistics as well")
    add("--visdom-server", default=VISDOM_SERVER, metavar="URL", help=f"({VISDOM_SERVER})")
    add("--log-every", type=int, default=50, metavar="STEPS", help="steps between lines of the log (50)")
    add("--epoch", type=int, metavar="STEPS", help="steps between checkpoints, instead of the settings' own")
    add("--stop-after", type=int, metavar="STEPS", help="stop after so many steps of this run")
    add("--profile", type=int, nargs="?", const=5, default=0, metavar="STEPS", help="record where the time "
        "of a few steps (5) goes: profile.txt and profile.json beside the checkpoints")  # fmt: skip
    return result


def run(args: argparse.Namespace, device: torch.device, processes: Processes) -> int:
    """Build the training that the arguments name and run it.

    Args:
        args: of :func:`parser`.
        device: where this process computes.
        processes: who shares the work; they have met.

    Returns:
        0, or 128 + the number of the signal that stopped it.

    Raises:
        InputError: an argument, the environment or the data cannot be used.
    """
    load_plugins()
    if args.list:
        processes.tell(lambda: print("\n".join(TRAIN_SETTINGS.names())))
        return 0
    _check_ranges(args)
    if args.module is None:
        raise InputError(f"no settings are named; known: {', '.join(TRAIN_SETTINGS) or 'none'}")
    settings = args.settings or DEFAULT_SETTINGS
    factory = TRAIN_SETTINGS.get(f"{args.module}/{settings}")
    if args.settings is None:
        logger.info('no settings are named: training "%s" (--list names all)', settings)
    places = environment({"workspace": args.workspace})
    name = settings if args.seed is None else f"{settings}-seed{args.seed}"
    folder = places.path("workspace") / args.module / name
    processes.from_first(lambda: make_folder(folder, WORKSPACE_OPTION))
    chart = None
    if args.log != "console" and processes.first:
        chart = open_chart(args.log, folder, f"{args.module}/{name}", args.visdom_server)
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)  # the optimizer's smallest averages would slow a CPU down
    changes: dict[str, Any] = {
        key: value for key in ("seed", "precision") if (value := getattr(args, key)) is not None
    }
    trainer = Trainer(
        processes.together(lambda: factory(places, **changes)),
        folder,
        device,
        workers=args.workers,
        log_every=args.log_every,
        epoch_steps=args.epoch,
        chart=chart,
        processes=processes,
        micro_batch=args.micro_batch,
        profile_steps=args.profile,
    )
    with stopped_by_signals(trainer) as received:
        weights = trainer.run(args.stop_after)
    logger.info("step %d of %d; weights: %s", trainer.step, trainer.training.steps, weights)
    return 128 + received[0] if received else 0


def _check_ranges(args: argparse.Namespace) -> None:
    for option, (least, most) in RANGES.items():
        value = getattr(args, option)
        if value is not None and not least <= value <= most:
            raise InputError(f"--{option.replace('_', '-')} is {value}: must be from {least} to {most}")


@contextmanager
def stopped_by_signals(trainer: Trainer) -> Iterator[list[int]]:
    """SIGINT and SIGTERM let the step under way end and a checkpoint be written; a second one does not wait.

    Where there are several processes it does: torchrun hands on to them what it gets, and a scheduler or a
    terminal may have told them already.

    Yields:
        a list that will hold the numbers of the signals received.
    """
    received: list[int] = []
    alone = trainer.processes.count == 1

    def stop(number: int, _: FrameType | None) -> None:
        if received and alone:
            raise KeyboardInterrupt
        if not received:
            again = "; once more ends at once" if alone else ""
            logger.warning("%s: saving after this step%s", signal.Signals(number).name, again)
        received.append(number)
        trainer.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main(argv: list[str] | None = None) -> int:
    """Entry point, of each process where there are several; one of them tells what went wrong.

    Returns:
        0: done. 1: the run failed. 2: the input cannot be used. 128 + n: stopped by signal n, and the same
        command goes on.
    """
    processes = Processes()
    try:
        processes = Processes.from_environment()
        args = _parsed(argv, processes)
        level = logging.INFO if processes.first else logging.ERROR
        logging.basicConfig(level=level, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
        device = choose_device(args.device, processes.local_rank, processes.local_count)
        processes.join(device)
        code = run(args, device, processes)
        processes.leave()
        return code
    except InputError as error:
        return _fail(error, BAD_INPUT, processes)
    except (FloatingPointError, OSError) as error:
        return _fail(error, 1, processes)
    except KeyboardInterrupt:
        print(
            "run_training.py: interrupted; the same command goes on from the last checkpoint", file=sys.stderr
        )
        return 128 + signal.SIGINT
    except Exception:
        if processes.count == 1:
            raise
        processes.tell(traceback.print_exc)
        return 1


def _parsed(argv: list[str] | None, processes: Processes) -> argparse.Namespace:
    """The arguments; of several processes on a machine, one tells what is wrong with them, or helps."""
    with ExitStack() as silence:
        if processes.local_rank:
            silence.enter_context(redirect_stdout(io.StringIO()))
            silence.enter_context(redirect_stderr(io.StringIO()))
        return parser().parse_args(argv)


def _fail(error: Exception, code: int, processes: Processes) -> int:
    processes.tell(lambda: print_error("run_training.py", error))
    return code


if __name__ == "__main__":
    sys.exit(main())
