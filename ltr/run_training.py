"""Train a network.

    python ltr/run_training.py box2seg default     runs anywhere: the data sets that the environment names, or
                                                   procedural clips when it names none
    python ltr/run_training.py box2seg small       the embedded model, from stills (DUTS-TR, COCO)
    python ltr/run_training.py --list              names of all settings
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

import torch

from ltr.environment import environment
from ltr.errors import InputError
from ltr.plugins import load_plugins
from ltr.registry import TRAIN_SETTINGS
from ltr.trainer import Trainer

logger = logging.getLogger("ltr.run_training")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        prog="run_training.py",
        description="Train a network with named settings; the same command resumes an interrupted run.",
        epilog="example: python ltr/run_training.py box2seg default --stop-after 100",
    )
    result.add_argument("module", nargs="?", help="who brought the settings, e.g. box2seg")
    result.add_argument("settings", nargs="?", default="default", help="their name, e.g. default (default)")
    result.add_argument("--workspace", type=Path, help="folder for checkpoints (else LTR_WORKSPACE_DIR, else ./workspace)")
    result.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    result.add_argument("--workers", type=int, default=1, help="loader processes (1); 0 loads in the training process")
    result.add_argument("--threads", type=int, help="threads of the training process (all cores)")
    result.add_argument("--log-every", type=int, default=50, metavar="STEPS")
    result.add_argument("--save-every", type=int, default=500, metavar="STEPS")
    result.add_argument("--stop-after", type=int, metavar="STEPS", help="stop after this many steps of this run")
    result.add_argument("--list", action="store_true", help="print the names of all settings and end")
    return result


def choose_device(name: str) -> torch.device:
    """"auto", "cpu" or "cuda" -> device. InputError for a GPU that is not there."""
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: torch sees no CUDA device here; use --device cpu or auto")
    return torch.device("cuda" if name == "cuda" or (name == "auto" and torch.cuda.is_available()) else "cpu")


def run(args: argparse.Namespace) -> None:
    """Build the training that the arguments name and run it."""
    load_plugins()
    if args.list or args.module is None:
        sys.stdout.write("\n".join(TRAIN_SETTINGS.names()) + "\n")
        return
    for option in ("log_every", "save_every", "stop_after"):
        if (value := getattr(args, option)) is not None and value < 1:
            raise InputError(f"--{option.replace('_', '-')} is {value}: must be at least 1")
    if args.workers < 0:
        raise InputError(f"--workers is {args.workers}: must be at least 0")
    name = f"{args.module}/{args.settings}"
    factory = TRAIN_SETTINGS.get(name)
    device = choose_device(args.device)
    if args.threads:
        torch.set_num_threads(args.threads)
    places = environment()
    workspace = args.workspace or places.path("workspace")
    training = factory(places)
    trainer = Trainer(training, workspace / name, device, args.workers, args.log_every, args.save_every)
    weights = trainer.run(args.stop_after)
    logger.info("step %d of %d; weights: %s", trainer.step, training.steps, weights)


def main(argv: list[str] | None = None) -> int:
    """Entry point. Exit codes: 0 done, 2 the input cannot be used, 130 interrupted (resume with the same command)."""
    args = parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        run(args)
    except InputError as error:
        sys.stderr.write(f"run_training.py: error: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("run_training.py: interrupted; the same command goes on from the last checkpoint\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
