"""The clips that come with the package. Targets start from their first boxes, as they would in a video of
one's own: the true masks of the clips are for comparing."""

from __future__ import annotations

from functools import partial

from pytracking.bundled import bundled_clip, bundled_names
from pytracking.evaluation.folder_sequences import sequence_from_boxes
from pytracking.evaluation.sequence_files import Loaders


def find_bundled() -> Loaders:
    """All bundled clips.

    Raises:
        InputError: files of a clip are missing.
    """
    clips = {name: bundled_clip(name) for name in bundled_names()}
    return {name: partial(sequence_from_boxes, name, clip.frames, clip.boxes) for name, clip in clips.items()}
