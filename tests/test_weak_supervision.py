"""The script of table 3 on eight stills and a video of five frames, in a few steps of training."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from box2seg_plugin.train_settings.part_a import small_part_a
from ltr.checkpoint import read_weights
from ltr.plugins import load_plugins
from ltr.train_settings.lwl.weak import weak_small
from ltr.trainer import Trainer
from ltr.training import Stage
from pytracking.registry import PARAMETERS

ROWS = ["only A", "MIL", "MIL + CRF", "ours", "full supervision"]


@pytest.fixture(scope="module")
def scripts(repository: Path) -> Iterator[dict[str, ModuleType]]:
    """The script and its parts as they are when run by its path."""
    sys.path.insert(0, str(repository / "experiments"))
    yield {name: importlib.import_module(name) for name in ("table3_weak_supervision", "weak_chain")}
    sys.path.remove(str(repository / "experiments"))


@pytest.fixture
def tiny(
    scripts: dict[str, ModuleType], stills: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, ModuleType]:
    """The small settings with crops of 64 x 64, two clips a step, and the stills in the environment."""
    annotator = replace(
        small_part_a,
        stages=tuple(
            Stage(steps=1, frames=s.frames, batch=2, input_size=(64, 64), jitter=s.jitter)
            for s in small_part_a.stages
        ),
        held_out=2,
        precision="fp32",
    )
    stage = Stage(steps=1, frames=2, batch=2, input_size=(64, 64), jitter=weak_small["full"].stages[0].jitter)
    trackers = {
        row: replace(settings, stages=(stage,), held_out=2, precision="fp32")
        for row, settings in weak_small.items()
    }
    monkeypatch.setattr(scripts["weak_chain"], "small_part_a", annotator)
    monkeypatch.setattr(scripts["weak_chain"], "weak_small", trackers)
    monkeypatch.setattr(PARAMETERS, "_factories", dict(PARAMETERS._factories))
    monkeypatch.setenv("LTR_DUTS_DIR", str(stills))
    load_plugins()
    return scripts


def arguments(work: Path, root: Path, *flags: str, **options: object) -> list[str]:
    given = {"work": work, "davis": root, "seeds": 1, "clips": 2, "frames": 2, "held_out": 1}
    given |= {"held_out_frames": 3, "annotator_steps": 2, "steps": 1, "device": "cpu", "out": work.parent}
    given |= options
    pairs = [part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    return [*pairs, *flags]


def cells(table: str) -> list[list[str]]:
    lines = [line for line in table.splitlines() if line.startswith("|") and "---" not in line]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_from_stills_to_the_table_and_once_more(
    tiny: dict[str, ModuleType],
    davis: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script, work = tiny["table3_weak_supervision"], tmp_path / "work"
    assert script.main(arguments(work, davis)) == 0
    printed = capsys.readouterr().out
    head, *rows = cells(printed)[:6]
    assert head == ["trained with", "labels of B", "J of these", "tiny_davis", "held-out clips", "paper"]
    assert [row[0] for row in rows] == ROWS
    assert all(0 <= float(cell) <= 1 for row in rows for cell in row[3:5])
    report = (tmp_path / "table3_weak_supervision.md").read_text()
    assert printed.strip() in report
    for fact in ("--work work --davis tiny_davis", "split 0.1 : 0.9 by seed 2021", "box2seg/small_part_a"):
        assert fact in report
    assert str(tmp_path) not in report
    for row in ("mil", "full"):
        noted = read_weights(work / f"seed0/workspace/lwl/weak_small_{row}/weights.safetensors").extra
        assert (noted["seed"], noted["step"]) == ("0", "1")
        assert "(A of a split 0.1 : 0.9, seed 2021)" in noted["data"]
        assert ("boxes of pseudo_masks" in noted["data"]) == (row == "mil")

    before = {path: path.stat().st_mtime_ns for path in work.rglob("*.[jps]*") if path.is_file()}
    monkeypatch.delenv("LTR_DUTS_DIR")  # no still is needed any more
    monkeypatch.setattr(Trainer, "_train_step", None)
    assert script.main(arguments(work, davis)) == 0
    assert capsys.readouterr().out == printed
    assert {path: path.stat().st_mtime_ns for path in work.rglob("*.[jps]*") if path.is_file()} == before
    assert script.main(arguments(work, davis, "--dry-run", seeds=2)) == 0
    planned = capsys.readouterr().out
    assert (planned.count(", done"), planned.count("to be done")) == (6, 6)
    assert script.main(arguments(work, davis, steps=2)) == 2
    assert "name another --work" in capsys.readouterr().err


def test_tables_show_mean_and_spread_over_the_seeds(scripts: dict[str, ModuleType]) -> None:
    script, chain = scripts["table3_weak_supervision"], scripts["weak_chain"]
    outcomes = [
        chain.SeedOutcome(
            {row: {"davis": first + 0.1 * i} for i, row in enumerate(chain.ROWS)}, first, Path("w")
        )
        for first in (0.2, 0.3, 0.4)
    ]
    head, *rows = cells(script.format_table(outcomes, {"davis": "videos"}))
    assert head == ["trained with", "labels of B", "J of these", "videos", "paper"]
    labels = ["-", "boxes", "boxes", "Box2Seg's masks", "true masks"]
    of_labels = ["-", "-", "-", "0.300 ± 0.100", "1.000"]
    means = [f"{0.3 + 0.1 * i:.3f} ± 0.100" for i in range(5)]
    wanted = zip(ROWS, labels, of_labels, means, ["-"] * 5, strict=True)
    assert rows == [list(row) for row in wanted]
    head, *rows = cells(script.format_seeds(outcomes, {"davis": "videos"}))
    assert head[1:] == ["videos, seed 0", "videos, seed 1", "videos, seed 2"]
    assert rows[1] == ["MIL", "0.300", "0.400", "0.500"]


def test_dry_run_says_what_is_missing(
    tiny: dict[str, ModuleType],
    davis: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("LTR_DUTS_DIR")
    work = tmp_path / "work"
    script = tiny["table3_weak_supervision"]
    assert script.main(arguments(work, tmp_path / "nowhere", "--dry-run")) == 0
    planned = capsys.readouterr().out
    assert "stills, duts: MISSING, set LTR_DUTS_DIR" in planned
    assert "videos: MISSING" in planned
    assert "b: 2 clips of 2 frames, 2 to be made" in planned
    assert planned.count("to be done") == 6
    assert not work.exists()


def test_stages_of_the_annotator_share_its_steps(scripts: dict[str, ModuleType], tmp_path: Path) -> None:
    chain = scripts["weak_chain"]
    for steps in (2, 3, 50, 2000, 3001):
        budget = chain.Budget(1, 1, 1, 3, steps, 1)
        settings = chain.WeakChain(tmp_path, tmp_path, budget, "cpu")._annotator_settings()
        given = [stage.steps for stage in settings.stages]
        assert sum(given) == steps
        if steps >= 50:
            first, second = (stage.steps for stage in small_part_a.stages)
            assert given[0] / given[1] == pytest.approx(first / second, rel=0.1)


def test_the_order_is_judged_by_the_means(scripts: dict[str, ModuleType]) -> None:
    script, chain = scripts["table3_weak_supervision"], scripts["weak_chain"]

    def said(*means: float) -> str:
        j = {row: {"davis": mean} for row, mean in zip(chain.ROWS, means, strict=True)}
        outcome = chain.SeedOutcome(j, 0.5, Path("weights"))
        return str(script.format_order([outcome], {"davis": "videos"}).partition("Of the means here: ")[2])

    assert said(0.1, 0.2, 0.2, 0.3, 0.4) == "on videos, as there."
    assert said(0.1, 0.1, 0.1, 0.3, 0.2) == (
        "on videos, MIL is not better than only A; full supervision is not better than ours."
    )
    assert said(0.1, 0.3, 0.2, 0.4, 0.5) == "on videos, MIL + CRF is worse than MIL."


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"seeds": 0}, "--seeds is 0: must be at least 1"),
        ({"clips": 0}, "--clips is 0: must be at least 1"),
        ({"held_out_frames": 2}, "--held-out-frames is 2: must be at least 3"),
        ({"annotator_steps": 1}, "--annotator-steps is 1: must be at least 2"),
        ({"davis": "nowhere"}, "nowhere"),
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
    assert tiny["table3_weak_supervision"].main(arguments(work, davis, **options)) == 2
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1
    assert not work.exists()
