"""DAVIS 2016 and 2017: J and F over a set of videos, semi- and unsupervised.

Source: Perazzi et al. (CVPR 2016), Pont-Tuset et al. (arXiv 1704.00675), Caelles et al. (arXiv 1905.00737),
and the numbers of davis2017-evaluation. Averages run over objects, not videos. ``davis`` measures the frames.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from ltr.data.mask_io import VOID, ObjectMask
from ltr.errors import InputError
from pytracking.analysis.davis import video_statistics
from pytracking.analysis.mask_pairs import pair_measures, place
from pytracking.analysis.overlap import Values
from pytracking.analysis.report import Evaluation, Scores
from pytracking.analysis.results import MaskReader
from pytracking.analysis.sequences import MaskSequence

MAX_PROPOSALS = 20


@dataclass(frozen=True)
class Measures:
    """J and F of one object, (N,) each, one value a frame."""

    similarity: Values
    accuracy: Values

    def scores(self) -> Scores:
        """Mean, recall and decay of both, and the mean of the means."""
        j, f = video_statistics(self.similarity), video_statistics(self.accuracy)
        return {
            "J&F-Mean": (j.mean + f.mean) / 2,
            "J-Mean": j.mean,
            "J-Recall": j.recall,
            "J-Decay": j.decay,
            "F-Mean": f.mean,
            "F-Recall": f.recall,
            "F-Decay": f.decay,
        }


def evaluate_davis(sequences: Sequence[MaskSequence], read: MaskReader) -> Evaluation:
    """Score one tracker that was given the objects of the first frame (the semi-supervised task).

    The first and the last frame are not scored; void pixels are background in truth and prediction.

    Args:
        sequences: the objects of each are 1 to the highest id in its first frame.
        read: gives the prediction; object ids are the truth's.

    Returns:
        scores J&F-Mean, J-Mean, J-Recall, J-Decay, F-Mean ... as means over objects; the same for each
        object, called ``<sequence>_<id>``.

    Raises:
        InputError: a prediction is missing, is of another size than the truth or holds an object that the
            truth has not, or a sequence has no object or fewer than three frames.
    """
    return _summary({sequence.name: _track_objects(sequence, read) for sequence in sequences})


def evaluate_davis_unsupervised(sequences: Sequence[MaskSequence], read: MaskReader) -> Evaluation:
    """Score one method that was given nothing and proposes objects (the unsupervised task).

    Proposals are matched with the objects of each video so that the mean of (J + F) / 2 is highest. All
    frames are scored; void pixels are left out of truth and prediction.

    Args:
        sequences: the objects of each are 1 to the highest id in its first frame.
        read: gives the proposals, up to 20 in a video, each with one id through the video.

    Returns:
        as ``evaluate_davis``; objects are called by their id in the truth (the official table counts them in
        the order of their proposals).

    Raises:
        InputError: as ``evaluate_davis``, or a video has more than 20 proposals.
    """
    return _summary({sequence.name: _match_proposals(sequence, read) for sequence in sequences})


def read_pair(sequence: MaskSequence, frame: str, read: MaskReader) -> tuple[ObjectMask, ObjectMask]:
    """The true and the predicted mask of a frame, (H, W) uint8 each.

    Raises:
        InputError: they differ in size, or one cannot be read.
    """
    truth, predicted = sequence.mask(frame), read(sequence.name, frame)
    if truth.shape != predicted.shape:
        sizes = [f"{mask.shape[1]} x {mask.shape[0]}" for mask in (predicted, truth)]
        raise InputError(
            f"{sequence.name}/{frame}: the mask is {sizes[0]}, the true one {sizes[1]}: must be equal"
        )
    return truth, predicted


def frame_measures(truth: ObjectMask, predicted: ObjectMask, objects: Sequence[int]) -> Values:
    """J and F of each object in one frame: (len(objects), 2)."""
    pairs = ((place(truth == number), place(predicted == number)) for number in objects)
    return np.array([pair_measures(*pair) for pair in pairs])


def _track_objects(sequence: MaskSequence, read: MaskReader) -> list[Measures]:
    """The measures of each object, ids from 1, in all frames but the first and the last."""
    objects = range(1, _count_objects(sequence) + 1)
    scored = sequence.frames[1:-1]
    if not scored:
        raise InputError(
            f"{sequence.name} has {len(sequence.frames)} annotated frames: DAVIS needs 3 or more"
        )
    values = []
    for frame in scored:
        truth, predicted = (_void_to_background(mask) for mask in read_pair(sequence, frame, read))
        if predicted.max() > len(objects):
            raise InputError(
                f"{sequence.name}/{frame}: the mask holds object {predicted.max()}, "
                f"the truth {len(objects)} objects"
            )
        values.append(frame_measures(truth, predicted, objects))
    return [Measures(*of_object.T) for of_object in np.stack(values, axis=1)]


def _match_proposals(sequence: MaskSequence, read: MaskReader) -> list[Measures]:
    """The measures of each object, ids from 1, with the proposal that the matching gives it."""
    objects, proposals = _count_objects(sequence), 0
    values = []
    for frame in sequence.frames:
        truth, predicted = read_pair(sequence, frame, read)
        known = truth != VOID
        truth, predicted = truth * known, predicted * known
        if predicted.max() > MAX_PROPOSALS:
            raise InputError(
                f"{sequence.name}/{frame}: the mask holds id {predicted.max()}: "
                f"at most {MAX_PROPOSALS} proposals"
            )
        proposals = max(proposals, int(predicted.max()))
        values.append(_all_pairs(truth, predicted, objects))
    # Fewer proposals than objects: the rest of the objects go with empty masks.
    pairs = np.stack(values, axis=-1)[: max(proposals, objects)]
    rows, columns = linear_sum_assignment(pairs.mean(axis=-1).sum(axis=2), maximize=True)
    proposal_of = dict(zip(columns.tolist(), rows.tolist(), strict=True))
    return [Measures(*pairs[proposal_of[number], number]) for number in range(objects)]


def _all_pairs(truth: ObjectMask, predicted: ObjectMask, objects: int) -> Values:
    """J and F of every id that a proposal may have with every object, in one frame: (ids, objects, 2)."""
    wanted = [place(truth == number) for number in range(1, objects + 1)]
    proposed = [place(predicted == number) for number in range(1, max(MAX_PROPOSALS, objects) + 1)]
    return np.array([[pair_measures(mask, proposal) for mask in wanted] for proposal in proposed])


def _count_objects(sequence: MaskSequence) -> int:
    """The highest id in the first frame of the truth."""
    count = int(_void_to_background(sequence.mask(sequence.frames[0])).max()) if sequence.frames else 0
    if not count:
        raise InputError(
            f"{sequence.name}: the truth of the first frame has no object "
            "(masks of 0 and 255 are DAVIS-2016's)"
        )
    return count


def _void_to_background(mask: ObjectMask) -> ObjectMask:
    return np.where(mask == VOID, 0, mask).astype(np.uint8)


def _summary(measures: Mapping[str, Sequence[Measures]]) -> Evaluation:
    """Means over all objects of all videos."""
    per_object = {
        f"{name}_{number}": of_object.scores()
        for name, of_sequence in measures.items()
        for number, of_object in enumerate(of_sequence, start=1)
    }
    return Evaluation(mean_scores(list(per_object.values())), per_object)


def mean_scores(scores: Sequence[Scores]) -> dict[str, float]:
    """The mean of each score; at least one mapping, all with the same keys."""
    return {key: float(np.mean([of_object[key] for of_object in scores])) for key in scores[0]}
