"""The chain from boxes to a trained tracker, on three clips of eight stills, in two steps of training."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from ltr.data.boxes import mask_to_box
from ltr.data.mask_io import read_mask
from ltr.dataset.clip_style import ClipStyle
from ltr.dataset.image_masks import ImageMasks
from ltr.dataset.synthetic_clips import SyntheticClips
from ltr.environment import environment
from ltr.plugins import load_plugins
from ltr.train_settings.lwl.settings import build
from ltr.train_settings.lwl.small import CROPS, small
from ltr.trainer import Trainer
from ltr.training import Stage
from pytracking.registry import PARAMETERS

CLIPS, FRAMES = 3, 4
ROWS = ["true masks", "Box2Seg's masks", "filled boxes"]


@pytest.fixture(scope="module")
def scripts(repository: Path) -> Iterator[dict[str, ModuleType]]:
    """The script and its clips as they are when run by its path."""
    sys.path.insert(0, str(repository / "experiments"))
    yield {name: importlib.import_module(name) for name in ("pseudo_label_chain", "chain_clips")}
    sys.path.remove(str(repository / "experiments"))


@pytest.fixture
def tiny(
    scripts: dict[str, ModuleType], stills: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, ModuleType]:
    """lwl/small with crops of 64 x 64, two clips a step, and the stills in the environment."""
    stage = Stage(steps=1, frames=3, batch=2, input_size=(64, 64), jitter=CROPS)
    settings = replace(small, stages=(stage,), held_out=0, precision="fp32")
    monkeypatch.setattr(scripts["pseudo_label_chain"], "small", settings)
    monkeypatch.setattr(PARAMETERS, "_factories", dict(PARAMETERS._factories))
    monkeypatch.setenv("LTR_DUTS_DIR", str(stills))
    load_plugins()
    return scripts


def arguments(work: Path, root: Path, **options: object) -> list[str]:
    given = {"work": work, "davis": root, "clips": CLIPS, "frames": FRAMES, "steps": 2, "device": "cpu"}
    given |= {"out": work.parent, **options}
    return [part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", str(value))]


def cells(table: str) -> list[list[str]]:
    lines = [line for line in table.splitlines() if line.startswith("|") and "---" not in line]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def write(scripts: dict[str, ModuleType], folder: Path, stills: Path, clips: int = CLIPS) -> None:
    source = SyntheticClips(ImageMasks(stills), ClipStyle())
    scripts["chain_clips"].write_clips(folder, source, clips, FRAMES, seed=3)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# clips on disk


def test_clips_show_boxes_and_hide_masks(
    scripts: dict[str, ModuleType], stills: Path, tmp_path: Path
) -> None:
    write(scripts, tmp_path, stills)
    names = [f"clip_{number:05d}" for number in range(CLIPS)]
    assert sorted(path.name for path in (tmp_path / "clips").iterdir()) == names
    for name in names:
        shown = sorted(path.name for path in (tmp_path / "clips" / name).iterdir())
        assert shown == [*(f"{i:08d}.jpg" for i in range(1, FRAMES + 1)), "boxes.txt"]
        boxes = np.loadtxt(tmp_path / "clips" / name / "boxes.txt", delimiter=",")
        for number, box in enumerate(boxes, 1):
            true = read_mask(tmp_path / "labels" / "true" / name / f"{number:08d}.png")
            filled = read_mask(tmp_path / "labels" / "rectangles" / name / f"{number:08d}.png")
            x, y, w, h = (int(value) for value in box)
            assert mask_to_box(true).tolist() == box.tolist()
            assert filled.sum() == w * h == filled[y : y + h, x : x + w].sum()
            assert true.max() == 1


def test_an_interrupted_writing_goes_on_with_the_same_clips(
    scripts: dict[str, ModuleType], stills: Path, tmp_path: Path
) -> None:
    write(scripts, tmp_path / "whole", stills)
    write(scripts, tmp_path / "halved", stills, clips=2)
    (tmp_path / "halved" / "clips" / "clip_00001" / "boxes.txt").unlink()
    (tmp_path / "halved" / "labels" / "true" / "clip_00001" / "00000003.png").unlink()
    assert scripts["chain_clips"].missing_clips(tmp_path / "halved", CLIPS) == 2
    write(scripts, tmp_path / "halved", stills)
    assert contents(tmp_path / "halved") == contents(tmp_path / "whole")
    assert scripts["chain_clips"].missing_clips(tmp_path / "halved", CLIPS) == 0


def test_labels_are_judged_by_the_true_masks(
    scripts: dict[str, ModuleType], stills: Path, tmp_path: Path
) -> None:
    write(scripts, tmp_path, stills)
    judge = scripts["chain_clips"].judge_labels
    assert judge(tmp_path, tmp_path / "labels" / "true").j == 1
    filled = judge(tmp_path, tmp_path / "labels" / "rectangles")
    shares = []
    for path in (tmp_path / "labels" / "true").glob("*/*.png"):
        mask = read_mask(path)
        shares.append(mask.sum() / np.prod(mask_to_box(mask)[2:]))
    assert (filled.count, filled.j) == (CLIPS * FRAMES, pytest.approx(np.mean(shares)))


# the trainings


def test_trainings_differ_in_their_labels_alone(
    tiny: dict[str, ModuleType], stills: Path, tmp_path: Path
) -> None:
    write(tiny, tmp_path, stills)
    chain = tiny["pseudo_label_chain"]
    args = chain.parser().parse_args(arguments(tmp_path, tmp_path))
    trainings = {}
    for labels in ("true", "rectangles"):
        places = environment(
            {"pseudo_frames": tmp_path / "clips", "pseudo_masks": tmp_path / "labels" / labels}
        )
        trainings[labels] = build(chain.small, places, **chain.changes(args, labels))
    true, filled = trainings.values()
    differing = {key for key in true.settings if true.settings[key] != filled.settings[key]}
    assert differing == {"name"}
    assert true.steps == 2
    for seed in range(5):
        ours, theirs = (t.sources[0].sample(np.random.default_rng(seed), 3) for t in (true, filled))
        assert all(np.array_equal(*pair) for pair in zip(ours.images, theirs.images, strict=True))
        assert ours.boxes.tolist() == theirs.boxes.tolist()
        for mask, box in zip(theirs.masks, theirs.boxes, strict=True):
            assert mask.sum() == box[2] * box[3]


def test_min_quality_is_the_annotators_alone(tiny: dict[str, ModuleType], tmp_path: Path) -> None:
    chain = tiny["pseudo_label_chain"]
    args = chain.parser().parse_args(arguments(tmp_path, tmp_path, min_quality=0.7))
    taken = {labels: chain.changes(args, labels)["data"][0][0] for labels in chain.ROWS}
    assert taken == {"true": "pseudo_masks", "box2seg": "pseudo_masks>=0.7", "rectangles": "pseudo_masks"}


# all of it


def test_the_chain_from_clips_to_the_table_and_once_more(
    tiny: dict[str, ModuleType],
    davis: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chain, work = tiny["pseudo_label_chain"], tmp_path / "work"
    assert chain.main(arguments(work, davis)) == 0
    printed = capsys.readouterr().out
    report = (tmp_path / "pseudo_label_chain.md").read_text()
    head, *rows = cells(printed)
    assert head == ["trained on", "labels", "their J", "ball", "mean J"]
    assert [row[0] for row in rows] == ROWS
    assert {row[1] for row in rows} == {str(CLIPS * FRAMES)}
    true, made, filled = (float(row[2]) for row in rows)
    assert true == 1
    assert 0 < made < 1
    assert 0.5 < filled < 0.9
    for row in rows:
        assert 0 <= float(row[3]) == float(row[4]) <= 1
    assert printed.strip() in report
    for fact in (
        "pseudo_label_chain.py --work work --davis tiny_davis",
        "3 clips of 4 frames, seed 0",
        "- code: ",
    ):
        assert fact in report
    assert str(tmp_path) not in report
    assert json.loads((work / "chain.json").read_text()) == {"clips": CLIPS, "frames": FRAMES, "seed": 0}

    before = {path: path.stat().st_mtime_ns for path in work.rglob("*.[jp]*g")}
    monkeypatch.delenv("LTR_DUTS_DIR")  # no still is needed any more
    monkeypatch.setattr(Trainer, "_train_step", None)
    assert chain.main(arguments(work, davis)) == 0
    assert capsys.readouterr().out == printed
    assert {path: path.stat().st_mtime_ns for path in work.rglob("*.[jp]*g")} == before

    assert chain.main(arguments(work, davis, frames=5)) == 2
    assert "name another --work" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"clips": 0}, "--clips is 0: must be at least 1"),
        ({"steps": -1}, "--steps is -1"),
        ({"davis": "nowhere"}, "nowhere"),
        ({"min_quality": 2}, "--min-quality is 2: must be from 0 to 1"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    options: dict[str, object],
    reason: str,
    tiny: dict[str, ModuleType],
    davis: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    work = tmp_path / "work"
    assert tiny["pseudo_label_chain"].main(arguments(work, davis, **options)) == 2
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1
    assert not (work / "clips").exists()
