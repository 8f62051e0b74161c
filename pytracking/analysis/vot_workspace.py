"""Reads a workspace of the VOT toolkit: truth, anchors and the regions that trackers gave.

``sequences/list.txt`` names the sequences; each has ``sequence`` (lines ``key=value``: width, height),
``groundtruth.txt`` (a region a line) and ``anchor.value`` (a number a line: above 0 starts a run forward,
below 0 a run backward). Results lie in ``results/<tracker>/baseline/<sequence>/<sequence>_00000000.txt``,
where the number is that of the anchor's frame.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltr.dataset.mask_folders import read_sequence_list
from ltr.errors import InputError
from pytracking.analysis.number_files import read_rows, read_text
from pytracking.analysis.vot import Run, SequenceRuns
from pytracking.analysis.vot_regions import Region, read_regions, region_overlap

EXPERIMENT = "baseline"


@dataclass(frozen=True)
class Anchor:
    """Where a run starts, and which way it goes."""

    frame: int
    forward: bool

    def frames(self, length: int) -> range:
        """The frames of the run in its order, in a video of `length` frames."""
        return range(self.frame, length) if self.forward else range(self.frame, -1, -1)


@dataclass(frozen=True)
class VotSequence:
    """A video with its true regions, one for each frame, and its anchors."""

    name: str
    width: int
    height: int
    truth: Sequence[Region]
    anchors: Sequence[Anchor]


def read_vot_sequences(workspace: Path) -> list[VotSequence]:
    """Reads all sequences of a workspace (no images).

    Raises:
        InputError: a file is missing, is not what the module's docstring says, or does not fit the others.
    """
    folder = workspace / "sequences"
    return [_read_sequence(folder / name) for name in read_sequence_list(folder / "list.txt")]


def read_vot_results(folder: Path, sequences: Sequence[VotSequence]) -> dict[str, SequenceRuns]:
    """Reads what a tracker did and compares it with the truth.

    Args:
        folder: the tracker's, ``<workspace>/results/<tracker>``.
        sequences: all of them.

    Raises:
        InputError: a run's file is missing, is no list of regions, or has not one line for each frame.
    """
    return {
        sequence.name: _read_runs(folder / EXPERIMENT / sequence.name, sequence) for sequence in sequences
    }


def missing_runs(folder: Path, sequences: Sequence[VotSequence]) -> list[str]:
    """The names of the sequences that have no results at all."""
    return [sequence.name for sequence in sequences if not (folder / EXPERIMENT / sequence.name).is_dir()]


def _read_sequence(folder: Path) -> VotSequence:
    properties = _read_properties(folder / "sequence")
    truth = read_regions(folder / "groundtruth.txt")
    signs = read_rows(folder / "anchor.value", columns=1)[:, 0]
    if len(signs) != len(truth):
        raise InputError(
            f"{folder / 'anchor.value'}: {len(signs)} lines, groundtruth.txt has {len(truth)}: "
            "one for each frame"
        )
    anchors = [Anchor(int(frame), bool(signs[frame] > 0)) for frame in np.flatnonzero(signs)]
    if not anchors:
        raise InputError(f"{folder / 'anchor.value'}: no anchor: a run starts where the value is not 0")
    # The toolkit runs the forward anchors first; the order shows in nothing but lists of runs.
    ordered = sorted(anchors, key=lambda anchor: not anchor.forward)
    return VotSequence(folder.name, properties["width"], properties["height"], truth, ordered)


def _read_properties(path: Path) -> Mapping[str, int]:
    """Width and height of the frames from a file of ``key=value``."""
    pairs = dict(line.split("=", 1) for line in read_text(path).splitlines() if "=" in line)
    try:
        return {key: int(pairs[key]) for key in ("width", "height")}
    except (KeyError, ValueError):
        raise InputError(f"{path}: must hold the lines width=... and height=... in pixels") from None


def _read_runs(folder: Path, sequence: VotSequence) -> SequenceRuns:
    runs = []
    for anchor in sequence.anchors:
        path = folder / f"{sequence.name}_{anchor.frame:08d}.txt"
        if path.with_suffix(".bin").exists() and not path.exists():
            raise InputError(
                f"{path.with_suffix('.bin')}: run the toolkit with VOT_RESULTS_BINARY=0 for text"
            )
        predicted, frames = read_regions(path), anchor.frames(len(sequence.truth))
        if len(predicted) != len(frames):
            raise InputError(
                f"{path}: {len(predicted)} regions, the run has {len(frames)} frames: one line for each"
            )
        truth = [sequence.truth[frame] for frame in frames]
        overlaps = [
            region_overlap(a, b, sequence.width, sequence.height)
            for a, b in zip(predicted, truth, strict=True)
        ]
        runs.append(Run(np.array(overlaps), np.array([region.is_empty for region in truth])))
    return SequenceRuns(len(sequence.truth), runs)
