"""YouTube-VOS: J and F, averaged apart over objects of classes seen and unseen in training.

Source: Xu et al., "YouTube-VOS" (ECCV 2018). The official numbers come from a server alone; this scores
videos whose truth is at hand, such as some of the training set that were held out. Objects may enter late;
each is scored on the annotated frames after the one it first appears in, whose mask is given to the tracker.
"""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import numpy as np

from ltr.data.mask_io import VOID
from ltr.dataset.youtube_vos import read_meta
from ltr.errors import InputError
from pytracking.analysis.davis_benchmark import frame_measures, mean_scores, read_pair
from pytracking.analysis.overlap import Values
from pytracking.analysis.report import Evaluation, Scores
from pytracking.analysis.results import MaskReader
from pytracking.analysis.sequences import MaskSequence

IsSeen = Callable[[str, int], bool]
"""(sequence, object id) -> whether the object's class was trained on."""


def evaluate_youtube_vos(
    sequences: Sequence[MaskSequence], read: MaskReader, is_seen: IsSeen | None = None
) -> Evaluation:
    """Score one tracker.

    Args:
        sequences: with the true masks of the annotated frames.
        read: gives the prediction; object ids are the truth's.
        is_seen: which objects are of a class seen in training; without it all count as seen.

    Returns:
        scores G (the mean of the others), J-seen, F-seen and, where there are such objects, J-unseen,
        F-unseen in [0, 1]; J and F for each object, called ``<sequence>_<id>``.

    Raises:
        InputError: a prediction is missing or of another size than the truth, or no object can be scored.
    """
    per_object: dict[str, Scores] = {}
    groups: dict[str, list[Scores]] = {"seen": [], "unseen": []}
    for sequence in sequences:
        for number, values in _measure_objects(sequence, read).items():
            scores = dict(zip("JF", values.mean(axis=0).tolist(), strict=True))
            per_object[f"{sequence.name}_{number}"] = scores
            groups["seen" if is_seen is None or is_seen(sequence.name, number) else "unseen"].append(scores)
    if not per_object:
        raise InputError("YouTube-VOS: no object has an annotated frame after its first: nothing to score")
    means = {
        f"{measure}-{group}": value
        for group, scores in groups.items()
        if scores
        for measure, value in mean_scores(scores).items()
    }
    return Evaluation({"G": float(np.mean(list(means.values()))), **means}, per_object)


def read_classes(meta: Path) -> dict[tuple[str, int], str]:
    """The class of each object, from the data set's meta.json: (sequence, object id) -> class.

    Raises:
        InputError: the file cannot be read, is not YouTube-VOS's, or an object has no class.
    """
    classes: dict[tuple[str, int], str] = {}
    for sequence, objects in read_meta(meta).items():
        for number, entry in objects.items():
            if entry.category is None:
                raise InputError(f'{meta}: object {number} of "{sequence}" has no category')
            classes[sequence, number] = entry.category
    return classes


def seen_in(classes: Collection[str], class_of: dict[tuple[str, int], str]) -> IsSeen:
    """``IsSeen`` from the classes of training; an object that `class_of` lacks counts as unseen."""
    return lambda sequence, number: class_of.get((sequence, number)) in classes


def _measure_objects(sequence: MaskSequence, read: MaskReader) -> dict[int, Values]:
    """Object id -> J and F, (frames after its first, 2); objects without such frames are left out."""
    values: dict[int, list[Values]] = {}
    for frame in sequence.frames:
        truth = sequence.mask(frame)
        if values:
            truth, predicted = read_pair(sequence, frame, read)
            for number, measured in zip(values, frame_measures(truth, predicted, list(values)), strict=True):
                values[number].append(measured)
        for number in np.unique(truth).tolist():
            if 0 < number < VOID:
                values.setdefault(number, [])
    return {number: np.array(listed) for number, listed in sorted(values.items()) if listed}
