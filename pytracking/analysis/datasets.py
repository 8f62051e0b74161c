"""The data sets that can be scored: one row each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ltr.registry import unknown_name
from pytracking import bundled
from pytracking.analysis.davis_benchmark import evaluate_davis, evaluate_davis_unsupervised
from pytracking.analysis.davis_folder import read_davis_folder
from pytracking.analysis.got10k import evaluate_got10k
from pytracking.analysis.ground_truth import (
    read_bundled,
    read_davis,
    read_got10k,
    read_lasot,
    read_otb,
    read_trackingnet,
    read_youtube_vos,
)
from pytracking.analysis.lasot import evaluate_lasot
from pytracking.analysis.otb import evaluate_otb
from pytracking.analysis.plots import (
    Plot,
    expected_overlap_plot,
    normalised_precision_plot,
    precision_plot,
    success_plot,
)
from pytracking.analysis.report import Evaluation
from pytracking.analysis.results import (
    BoxRuns,
    MaskReader,
    mask_reader,
    missing_boxes,
    missing_masks,
    read_box_results,
    read_zipped_boxes,
)
from pytracking.analysis.sequences import BoxSequence, MaskSequence
from pytracking.analysis.trackingnet import evaluate_trackingnet
from pytracking.analysis.vot import EAO_INTERVAL, evaluate_vot
from pytracking.analysis.vot_workspace import VotSequence, missing_runs, read_vot_results, read_vot_sequences
from pytracking.analysis.youtube_vos import evaluate_youtube_vos


@dataclass(frozen=True)
class Options:
    """What the user may choose beyond the data set; see ``evaluate_vot``."""

    eao_interval: tuple[int, int] = EAO_INTERVAL


@dataclass(frozen=True)
class DataSet:
    """How a data set is read and scored. What a sequence is, the three functions agree upon among themselves.

    Attributes:
        place: key of ``ltr.environment`` for its folder; or the folder, where it comes with the package.
        layout: what lies in that folder, for messages.
        load: folder -> its sequences; each has a ``name``.
        missing: (folder of a tracker, sequences) -> names of those without results.
        score: (sequences, folder of a tracker, options) -> its evaluation.
        plots: what is drawn.
        results: where results lie if no folder is named, relative to the data set's; None: with all others.
    """

    place: str | Path
    layout: str
    load: Callable[[Path], Sequence[Any]]
    missing: Callable[[Path, Sequence[Any]], list[str]]
    score: Callable[[Sequence[Any], Path, Options], Evaluation]
    plots: Sequence[Plot] = ()
    results: str | None = None


def dataset(name: str) -> DataSet:
    """The row called `name`; InputError lists the known ones."""
    if name not in DATASETS:
        raise unknown_name("data set", name, sorted(DATASETS))
    return DATASETS[name]


def _score_boxes(
    evaluate: Callable[[Sequence[BoxSequence], BoxRuns], Evaluation],
    sequences: Sequence[BoxSequence],
    folder: Path,
    _: Options,
) -> Evaluation:
    return evaluate(sequences, read_box_results(folder, sequences))


def _score_masks(
    evaluate: Callable[[Sequence[MaskSequence], MaskReader], Evaluation],
    sequences: Sequence[MaskSequence],
    folder: Path,
    _: Options,
    binary: bool = False,
) -> Evaluation:
    return evaluate(sequences, mask_reader(folder, binary))


def _score_trackingnet(sequences: Sequence[BoxSequence], folder: Path, options: Options) -> Evaluation:
    """The results may also be the zip that is submitted, incomplete or not: the server's rules hold."""
    if folder.is_dir():
        return _score_boxes(evaluate_trackingnet, sequences, folder, options)
    submitted = {name: [run] for name, run in read_zipped_boxes(folder).items()}
    return evaluate_trackingnet(sequences, submitted)


def _score_vot(sequences: Sequence[VotSequence], folder: Path, options: Options) -> Evaluation:
    return evaluate_vot(read_vot_results(folder, sequences), *options.eao_interval)


_DAVIS_LAYOUT = "Annotations/480p/<sequence>/00000.png, ImageSets/"
_PRECISION_PLOTS = (precision_plot("Precision"), normalised_precision_plot("NormPrecision"))

DATASETS: dict[str, DataSet] = {
    "bundled": DataSet(
        Path(bundled.__file__).parent, "<clip>/masks/00000.png",
        read_bundled, missing_masks, partial(_score_masks, evaluate_davis),
    ),
    "got10k_val": DataSet(
        "got10k", "val/list.txt, val/GOT-10k_Val_000001/groundtruth.txt",
        read_got10k, missing_boxes, partial(_score_boxes, evaluate_got10k), (success_plot("AO"),),
    ),
    "lasot": DataSet(
        "lasot", "testing_set.txt, airplane/airplane-1/groundtruth.txt",
        read_lasot, missing_boxes, partial(_score_boxes, evaluate_lasot),
        (success_plot("AUC"), *_PRECISION_PLOTS),
    ),
    "trackingnet": DataSet(
        "trackingnet", "TEST/anno/<sequence>.txt, or a zip of them",
        read_trackingnet, missing_boxes, _score_trackingnet, (success_plot("Success"), *_PRECISION_PLOTS),
    ),
    "otb": DataSet(
        "otb", "Basketball/groundtruth_rect.txt",
        read_otb, missing_boxes, partial(_score_boxes, evaluate_otb),
        (success_plot("AUC"), precision_plot("Precision")),
    ),
    "davis2016_val": DataSet(
        "davis", _DAVIS_LAYOUT,
        partial(read_davis, year=2016), missing_masks, partial(_score_masks, evaluate_davis, binary=True),
    ),
    "davis2017_val": DataSet(
        "davis", _DAVIS_LAYOUT,
        partial(read_davis, year=2017), missing_masks, partial(_score_masks, evaluate_davis),
    ),
    "davis2017_val_unsupervised": DataSet(
        "davis", _DAVIS_LAYOUT,
        partial(read_davis, year=2017), missing_masks, partial(_score_masks, evaluate_davis_unsupervised),
    ),
    "davis": DataSet(
        "davis", "JPEGImages/480p/<sequence>/00000.jpg, Annotations/480p/<sequence>/00000.png",
        read_davis_folder, missing_masks, partial(_score_masks, evaluate_davis),
    ),
    "youtube_vos_train": DataSet(
        "youtube_vos", "train/Annotations/<sequence>/00000.png",
        read_youtube_vos, missing_masks, partial(_score_masks, evaluate_youtube_vos),
    ),
    "vot2020": DataSet(
        "vot", "sequences/list.txt, sequences/<sequence>/groundtruth.txt and anchor.value",
        read_vot_sequences, missing_runs, _score_vot, (expected_overlap_plot(),), results="results",
    ),
}  # fmt: skip
