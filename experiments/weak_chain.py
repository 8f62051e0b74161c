"""Weak supervision at small scale, seed by seed: an annotator trained on A, masks of B, five trackers.

<work>/b/clips, b/labels/true            B's clips: what is shown of them, and what is hidden
<work>/held_out                          clips to track, of stills that are in neither part
<work>/seed0/workspace                   trainings: box2seg/small_part_a, lwl/weak_small_*
<work>/seed0/annotated                   masks of B's clips by that seed's annotator
<work>/seed0/results                     of the trackers

What is done is not done again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from chain_clips import CLIPS, TRUE, judge_labels, missing_clips, note_settings, write_clips
from chain_steps import annotate_clips, timed, track, train

from box2seg_plugin.train_settings.part_a import PartASettings, small_part_a
from box2seg_plugin.train_settings.settings import build as build_box2seg
from ltr.checkpoint import read_weights
from ltr.dataset.synthetic_clips import SyntheticClips
from ltr.environment import Environment, environment
from ltr.errors import InputError
from ltr.train_settings.clip_data import ClipData
from ltr.train_settings.lwl.weak import WeakSettings, build_weak, weak_small
from ltr.train_settings.split_data import SplitData
from ltr.trainer import WEIGHTS
from pytracking.tracker.lwl.parameters import LWLParameters

ROWS = tuple(weak_small)
"""The trackers, in the paper's order."""

CLIP_SEED = 0
"""Of B's clips; those held out have the next. All seeds of trainings share them."""

DAVIS_LINKS = {"JPEGImages": CLIPS, "Annotations": TRUE}
"""What makes a folder of clips one in the layout of DAVIS."""


@dataclass(frozen=True)
class Budget:
    """How much is done.

    Attributes:
        clips, frames: of B, and frames of each.
        held_out, held_out_frames: clips to track, and frames of each.
        annotator_steps: of the training on A.
        steps: of each tracker's training.

    Raises:
        InputError: one is less than 1, or clips are too short.
    """

    clips: int
    frames: int
    held_out: int
    held_out_frames: int
    annotator_steps: int
    steps: int

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            least = {"held_out_frames": 3, "annotator_steps": len(small_part_a.stages)}.get(name, 1)
            if value < least:
                raise InputError(f"--{name.replace('_', '-')} is {value}: must be at least {least}")


@dataclass(frozen=True)
class SeedOutcome:
    """What one seed has come to.

    Attributes:
        j: row -> data ("davis", "held_out") -> mean J.
        label_j: J of the masks that the annotator made for B, with the true ones.
        annotator: its weights.
    """

    j: Mapping[str, Mapping[str, float]]
    label_j: float
    annotator: Path


@dataclass(frozen=True)
class WeakChain:
    """The whole experiment.

    Attributes:
        work: for all that is made.
        davis: folder of videos to track.
        budget: how much is done.
        device: where to compute.
    """

    work: Path
    davis: Path
    budget: Budget
    device: str

    def make_clips(self) -> None:
        """B's clips and those held out. Stills are read only if some are missing.

        Raises:
            InputError: the folder holds those of another budget, or there are no stills.
        """
        note_settings(self.work, asdict(self.budget))
        if self._missing("b") or self._missing("held_out"):
            data = ClipData(environment(), small_part_a.held_out)
            style = weak_small["full"].clip_styles[0]
            b = SplitData(data, "stills").b(style)
            held_out = SyntheticClips(data.held_out_stills(), style)
            for folder, source, seed in (("b", b, CLIP_SEED), ("held_out", held_out, CLIP_SEED + 1)):
                write_clips(self.work / folder, source, *self._extent(folder), seed)
        for name, target in DAVIS_LINKS.items():
            link = self.work / "held_out" / name
            if not link.is_symlink():
                link.symlink_to(target, target_is_directory=True)

    def run_seed(self, seed: int) -> SeedOutcome:
        """Train, annotate, train and track with one seed of the trainings.

        Raises:
            InputError: data, weights or results cannot be used.
        """
        folder = self.work / f"seed{seed}"
        with timed(f"seed {seed}: annotator"):
            annotator = self._annotator(seed)
        with timed(f"seed {seed}: annotation"):
            made = annotate_clips(self.work / "b" / CLIPS, folder / "annotated", str(annotator), self.device)
        scores = {}
        for row in ROWS:
            with timed(f"seed {seed}: {row}, training"):
                masks = made if row == "pseudo" else self.work / "b" / TRUE
                weights = self._tracker(seed, row, masks)
            with timed(f"seed {seed}: {row}, tracking"):
                scores[row] = self._track(row, weights, folder / "results")
        return SeedOutcome(scores, judge_labels(self.work / "b", made).j, annotator)

    def plan(self, seed: int) -> list[str]:
        """What there is for a seed and what there is not, a line for each part."""
        workspace = self.work / f"seed{seed}" / "workspace"
        trainings = {f"box2seg/{small_part_a.name}": self.budget.annotator_steps}
        trainings |= {f"lwl/{weak_small[row].name}": self.budget.steps for row in ROWS}
        return [
            f"seed {seed}, {name}: {steps} steps, {_state(workspace / name, steps)}"
            for name, steps in trainings.items()
        ]

    def plan_clips(self) -> list[str]:
        """The same for the clips."""
        return [
            f"{folder}: {self._extent(folder)[0]} clips of {self._extent(folder)[1]} frames, "
            f"{self._missing(folder)} to be made"
            for folder in ("b", "held_out")
        ]

    def _extent(self, folder: str) -> tuple[int, int]:
        budget = self.budget
        if folder == "b":
            return budget.clips, budget.frames
        return budget.held_out, budget.held_out_frames

    def _missing(self, folder: str) -> int:
        return missing_clips(self.work / folder, self._extent(folder)[0])

    def _annotator(self, seed: int) -> Path:
        workspace, settings = self.work / f"seed{seed}" / "workspace", self._annotator_settings()
        places = environment({"workspace": workspace})
        done = finished(workspace / f"box2seg/{settings.name}", self.budget.annotator_steps)
        return done or train(build_box2seg(settings, places, seed=seed), workspace, self.device)

    def _annotator_settings(self) -> PartASettings:
        """box2seg/small_part_a with as many steps as wanted, shared by its stages in its proportions."""
        stages, wanted = small_part_a.stages, self.budget.annotator_steps
        total = sum(stage.steps for stage in stages)
        later = [max(1, round(wanted * stage.steps / total)) for stage in stages[1:]]
        steps = [max(1, wanted - sum(later)), *later]
        return replace(
            small_part_a,
            stages=tuple(replace(stage, steps=n) for stage, n in zip(stages, steps, strict=True)),
            warmup=min(small_part_a.warmup, wanted // 4),
        )

    def _tracker(self, seed: int, row: str, masks: Path) -> Path:
        workspace, settings = self.work / f"seed{seed}" / "workspace", self._tracker_settings(row)
        places = self._places(workspace, masks)
        done = finished(workspace / f"lwl/{settings.name}", self.budget.steps)
        return done or train(build_weak(settings, places, seed=seed), workspace, self.device)

    def _tracker_settings(self, row: str) -> WeakSettings:
        """lwl/weak_small_* with as many steps as wanted, and B's clips from disk."""
        settings, steps = weak_small[row], self.budget.steps
        stages = (replace(settings.stages[0], steps=steps),)
        return replace(settings, stages=stages, warmup=min(settings.warmup, steps // 4), b_on_disk=True)

    def _places(self, workspace: Path, masks: Path) -> Environment:
        frames = self.work / "b" / CLIPS
        return environment({"workspace": workspace, "pseudo_frames": frames, "pseudo_masks": masks})

    def _track(self, row: str, weights: Path, results: Path) -> Mapping[str, float]:
        make_parameters = partial(LWLParameters, model=str(weights), device=self.device)
        roots = {"davis": self.davis, "held_out": self.work / "held_out"}
        return {
            data: track(f"weak_{row}", weights, root, results / data, make_parameters)[""]["J-Mean"]
            for data, root in roots.items()
        }


def finished(folder: Path, steps: int) -> Path | None:
    """The weights that a training has left after so many steps; None where it has not come so far."""
    path = folder / WEIGHTS
    return path if path.is_file() and read_weights(path).extra.get("step") == str(steps) else None


def _state(folder: Path, steps: int) -> str:
    return "done" if finished(folder, steps) else "to be done"
