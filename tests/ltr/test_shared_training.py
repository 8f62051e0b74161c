"""A run of several processes is the run of one, and it ends as one: whatever happens to whichever process."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.random import Generator
from torch import Tensor

from ltr import run_training
from ltr.checkpoint import load_training
from ltr.data.clip_processing import Sample
from ltr.dataset.interface import Clip
from ltr.errors import InputError
from ltr.registry import Registry
from ltr.step_profile import TABLE, TRACE
from ltr.trainer import LATEST, WEIGHTS
from ltr.training import Stage, Training
from ltr.training_log import LOG
from tests.ltr.process_group import Ending, run_in_processes
from tests.ltr.test_trainer import Squares, assert_same, make_training, outcome

STAGES = [
    Stage(steps=5, frames=1, batch=4, input_size=(16, 16)),
    Stage(steps=4, frames=2, batch=2, input_size=(24, 16)),
]
STEPS = 9
RUN = Path("workspace/toy/tiny")


class Trouble:
    """What goes wrong in one of the processes (``rank``), in the middle of ``step``."""

    def __init__(self, kind: str = "none", rank: int = 0, step: int = 6) -> None:
        self.kind, self.rank, self.step = kind, rank, step

    def strike(self, step: int) -> float:
        """A factor on the loss, unless something worse happens."""
        if step != self.step or int(os.environ.get("RANK", "0")) != self.rank:
            return 1.0
        if self.kind == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.kind == "told to stop":
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(
                os.getpid(), signal.SIGTERM
            )  # as by a scheduler, and by torchrun, which the scheduler told
        elif self.kind == "bug":
            raise KeyError("no such thing")
        return float("nan") if self.kind == "nan" else 1.0


class Spoilt(Squares):
    """Sample 11, of step 2, cannot be read; it is in the share of the last process."""

    def sample(self, rng: Generator, frames: int) -> Clip:
        expected = np.random.default_rng([0, 11])
        if rng.bit_generator.state == expected.bit_generator.state:
            raise InputError("b.jpg: cannot be read")
        return super().sample(rng, frames)


def train(folder: Path, arguments: list[str], trouble: Trouble) -> int:
    """The command, in a process of its own, with settings "toy/tiny"."""

    def factory(places: Any, **changes: Any) -> Training:
        step = begun(folder)

        def wrap(actor: Callable[[Sample], tuple[Tensor, dict[str, float]]], _: Any) -> Any:
            def act(batch: Sample) -> tuple[Tensor, dict[str, float]]:
                nonlocal step
                factor = trouble.strike(step)
                step += 1
                loss, stats = actor(batch)
                return factor * loss, stats

            return act

        sources = [Spoilt()] * 2 if trouble.kind == "spoilt" else [Squares()] * 2
        return make_training(wrap, stages=STAGES, epoch_steps=2, sources=sources)

    registry: Registry[Any] = Registry("train settings")
    registry.register("toy/tiny", factory)
    run_training.TRAIN_SETTINGS, run_training.load_plugins = registry, list  # type: ignore[assignment]
    os.chdir(folder)
    return run_training.main(["toy", "tiny", "--device", "cpu", "--log-every", "1", "--workers", *arguments])


def begun(folder: Path) -> int:
    """Steps that are saved."""
    path = folder / RUN / LATEST
    return int(load_training(path)["step"]) if path.exists() else 0


def run(count: int, folder: Path, *arguments: str, trouble: Trouble | None = None) -> list[Ending]:
    given = list(arguments) or ["0"]
    return run_in_processes(count, folder, train, folder, given, trouble or Trouble())


def told(endings: list[Ending]) -> list[str]:
    """The errors that a user sees, of all processes."""
    lines = [line for ending in endings for line in ending.stderr.splitlines()]
    return [line for line in lines if line.startswith("run_training.py:")]


@pytest.fixture(scope="module")
def whole_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, Any]]:
    """What uninterrupted runs leave, by the number of their processes."""
    outcomes = {}
    for count in (1, 2):
        folder = tmp_path_factory.mktemp(f"whole{count}")
        endings = run(count, folder)
        assert [ending.result for ending in endings] == [0] * count, endings
        assert {path.name for path in (folder / RUN).iterdir()} == {LATEST, WEIGHTS, LOG}
        assert "step 1/9" in endings[0].stderr
        assert not any(ending.stderr for ending in endings[1:])
        outcomes[count] = outcome(folder / RUN)
    return outcomes


def assert_close(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    """But for the bias before the batch norm, which takes it away again: its gradient is rounding alone, and
    Adam makes whole steps of that."""
    assert found.keys() == expected.keys()
    for name in expected.keys() - {"body.0.bias", "body.1.running_mean"}:
        torch.testing.assert_close(found[name], expected[name], rtol=1e-4, atol=1e-5, msg=name)


def test_two_processes_train_as_one(whole_runs: dict[int, dict[str, Any]]) -> None:
    one, two = whole_runs[1], whole_runs[2]
    assert [record["step"] for record in two["log"]] == list(range(1, STEPS + 1))
    for record, other in zip(one["log"], two["log"], strict=True):
        assert record == pytest.approx(other, rel=1e-5, abs=1e-6)
    assert_close(two["state"]["model"], one["state"]["model"])
    assert_close(two["state"]["average"], one["state"]["average"])
    assert two["state"]["settings_hash"] == one["state"]["settings_hash"]


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("step", [3, 6])
def test_a_run_that_is_killed_ends_as_the_uninterrupted_one(
    count: int, step: int, whole_runs: dict[int, dict[str, Any]], tmp_path: Path
) -> None:
    """Steps 2, 4, 6 ... are saved, and the last process is killed with work of one step that is not."""
    endings = run(count, tmp_path, "1", trouble=Trouble("killed", count - 1, step))
    assert endings[-1].code == -signal.SIGKILL
    if count == 2:
        assert endings[0].result == 1
        (line,) = told(endings)
        assert "process 0 of 2 lost the others" in line
        assert line.endswith("The same command goes on from the last checkpoint")
    assert begun(tmp_path) == step // 2 * 2
    assert [ending.result for ending in run(count, tmp_path)] == [0] * count
    assert_same(outcome(tmp_path / RUN), whole_runs[count])


@pytest.mark.parametrize("step", [2, 4])
def test_a_signal_to_one_process_stops_all_after_the_same_step(
    step: int, whole_runs: dict[int, dict[str, Any]], tmp_path: Path
) -> None:
    """In the middle of a stage, and in its last step."""
    endings = run(2, tmp_path, trouble=Trouble("told to stop", rank=1, step=step))
    assert [ending.result for ending in endings] == [0, 128 + signal.SIGTERM]
    assert begun(tmp_path) == step + 1
    assert [ending.result for ending in run(2, tmp_path)] == [0, 0]
    assert_same(outcome(tmp_path / RUN), whole_runs[2])


def test_another_number_of_processes_goes_on(whole_runs: dict[int, dict[str, Any]], tmp_path: Path) -> None:
    run(2, tmp_path, "0", "--stop-after", "4")
    run(1, tmp_path)
    assert_close(load_training(tmp_path / RUN / LATEST)["model"], whole_runs[1]["state"]["model"])


@pytest.mark.parametrize("rank", [0, 1])
def test_a_loss_that_is_no_number_stops_all_with_the_whole_batch_saved(rank: int, tmp_path: Path) -> None:
    endings = run(2, tmp_path, trouble=Trouble("nan", rank))
    assert [ending.result for ending in endings] == [1, 1]
    (line,) = told(endings)
    assert "at step 6: its batch is in" in line
    assert load_training(tmp_path / RUN / "batch_at_step_6.ckpt")["images"].shape == (2, 2, 3, 16, 24)
    assert begun(tmp_path) == 6


def test_data_that_one_process_cannot_read_end_all_in_one_line(tmp_path: Path) -> None:
    endings = run(2, tmp_path, "1", trouble=Trouble("spoilt"))
    assert [ending.result for ending in endings] == [2, 2]
    assert told(endings) == ["run_training.py: error: b.jpg: cannot be read"]
    assert begun(tmp_path) == 2


def test_a_bug_in_one_process_ends_all_and_is_shown_once(tmp_path: Path) -> None:
    endings = run(2, tmp_path, trouble=Trouble("bug", rank=1))
    assert [ending.result for ending in endings] == [1, 1]
    assert not told(endings)
    assert sum(ending.stderr.count("Traceback") for ending in endings) == 1
    assert "no such thing" in endings[1].stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["0"],
            "toy/tiny has batches of 4 and 2 clips, which 3 processes cannot share evenly: start 1 or 2 (",
        ),
        (["0", "--micro-batch", "0"], "--micro-batch is 0: must be from 1 to"),
        (["0", "--workspace", "/dev/null"], "cannot write to /dev/null/toy/tiny"),
        (["many"], "invalid int value: 'many' (see run_training.py --help)"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_code_2_of_each(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    endings = run(3, tmp_path, *arguments)
    assert {ending.code if ending.result is None else ending.result for ending in endings} == {2}
    (line,) = [line for ending in endings for line in ending.stderr.splitlines()]
    assert message in line


def test_a_profile_is_of_the_steps_and_what_they_consist_of(
    whole_runs: dict[int, dict[str, Any]], tmp_path: Path
) -> None:
    """It changes nothing, and there is one."""
    (ending,) = run(1, tmp_path, "0", "--profile", "3")
    assert ending.result == 0
    table = (tmp_path / RUN / TABLE).read_text()
    for part in ("wait for data", "forward and loss", "backward", "gradients and optimizer"):
        (row,) = [row for row in table.splitlines() if f" {part} " in row]
        assert row.split()[-1] == "3", row
    assert (tmp_path / RUN / TRACE).stat().st_size > 1000
    assert_same(outcome(tmp_path / RUN), whole_runs[1])
    (short,) = run(1, tmp_path / "short", "0", "--profile", "3", "--stop-after", "2")
    assert "no profile: it takes 5 steps to make one" in short.stderr
