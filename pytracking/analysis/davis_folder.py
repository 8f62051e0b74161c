"""The truth of any folder in the layout of DAVIS, such as a few videos of it."""

from pathlib import Path

from pytracking.analysis.sequences import MaskTruth
from pytracking.evaluation.davis_sequences import starting_ids
from pytracking.evaluation.labelled_video import davis_videos


def read_davis_folder(root: Path) -> list[MaskTruth]:
    """All videos of a folder, whatever its lists; objects are those that trackers start with in the data set
    ``davis`` of ``pytracking.evaluation.datasets``.

    Raises:
        InputError: there are no videos, or one has no frames or no object in its first mask.
    """
    truths = []
    for video in davis_videos(root):
        masks = [path for path in video.masks if path is not None]
        binary = starting_ids(masks[0]) is None
        truths.append(MaskTruth(video.name, masks[0].parent, [path.stem for path in masks], binary))
    return truths
