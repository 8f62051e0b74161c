"""Steps of the experiments that go from boxes to trackers; what is done is not done again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch

from box2seg_plugin import cli
from box2seg_plugin.annotate.output import AnnotationFolder
from box2seg_plugin.annotate.protocol import PROTOCOLS
from ltr.checkpoint import weights_digest
from ltr.device import choose_device
from ltr.errors import InputError
from ltr.models.lwl_variants import load_lwl
from ltr.trainer import Trainer
from ltr.training import Training
from pytracking.analysis.datasets import Options, dataset
from pytracking.analysis.report import Scores
from pytracking.evaluation.datasets import load_sequences
from pytracking.evaluation.results import ResultsFolder
from pytracking.evaluation.runner import run_sequences
from pytracking.evaluation.sequence_job import Job
from pytracking.registry import PARAMETERS
from pytracking.tracker.lwl.parameters import LWLParameters

CHECKPOINT_STEPS = 50

logger = logging.getLogger(__name__)


def annotate_clips(clips: Path, out: Path, model: str, device: str) -> Path:
    """Masks of :func:`chain_clips.write_clips`' clips from their boxes, with windows of neighbouring frames,
    which in these clips are far apart.

    Args:
        clips: folder of the frames and boxes.
        out: for masks and records.
        model: the annotator's network, name or file.
        device: where to compute.

    Returns:
        folder of the masks.

    Raises:
        InputError: not all could be annotated.
    """
    options = ["--root", clips, "--out", out, "--frames", "5", "--interval", "1"]
    options += ["--model", model, "--device", device, "--no-report"]
    if code := cli.main(["annotate", "folder", *map(str, options)]):
        raise InputError(f"box2seg annotate ended with exit code {code}: see above")
    return AnnotationFolder(out, PROTOCOLS["folder"].masks_name).masks


def train(training: Training, workspace: Path, device: str) -> Path:
    """Train to the end, or go on.

    Returns:
        file of the weights.
    """
    torch.set_flush_denormal(True)
    folder = workspace / training.name
    trainer = Trainer(training, folder, choose_device(device), workers=0, epoch_steps=CHECKPOINT_STEPS)
    return trainer.run()


def track(
    name: str,
    weights: Path,
    root: Path,
    results: Path,
    make_parameters: Callable[..., LWLParameters],
    from_boxes: bool = False,
) -> Mapping[str, Scores]:
    """Track the videos of a folder in the layout of DAVIS with an LWL network. Other weights have other
    results.

    Args:
        name: of the parameters, as results are called.
        weights: of the network.
        root: of the videos.
        results: folder of all results.
        make_parameters: called with fields of the parameters.
        from_boxes: start from the boxes of the first masks.

    Returns:
        object -> its scores; "" -> their means.

    Raises:
        InputError: a video cannot be tracked.
    """
    name = f"{name}-{weights_digest(load_lwl(weights))[:12]}"
    if f"lwl/{name}" not in PARAMETERS:
        PARAMETERS.register(f"lwl/{name}", make_parameters)
    folder = ResultsFolder.of(results, "lwl", name, from_boxes)
    outcome = run_sequences(Job("lwl", name, folder, from_boxes), load_sequences("davis", root))
    if outcome.failed:
        raise InputError(f"{outcome.failed[0].name}: {outcome.failed[0].reason}")
    row = dataset("davis")
    scored = row.score(row.load(root), folder.path, Options())
    return {**scored.per_sequence, "": scored.scores}


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Tell how long something took."""
    started = time.perf_counter()
    yield
    logger.info("%s: %.0f s", what, time.perf_counter() - started)
