"""The command: what it runs, where it writes, what it says and how it ends."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.random import Generator
from torch import Tensor, nn

from ltr import run_training
from ltr.checkpoint import load_training, read_weights
from ltr.data.clip_processing import Sample
from ltr.dataset.interface import Clip
from ltr.environment import Environment
from ltr.registry import Registry
from ltr.trainer import LATEST, WEIGHTS
from ltr.training import Stage, Training
from ltr.training_log import LOG, read_log


class Grey:
    """The same grey clip for ever."""

    name = "grey"

    def sample(self, rng: Generator, frames: int) -> Clip:
        image, mask = np.full((20, 20, 3), 90, np.uint8), np.zeros((20, 20), np.uint8)
        mask[5:15, 5:15] = 1
        return Clip([image] * frames, [mask] * frames, np.array([[5, 5, 10, 10]] * frames, float), "grey")


class Toy:
    """A settings factory: one convolution, ten steps. ``at_step`` is called at the beginning of each."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.at_step: Callable[[int], None] = lambda step: None
        self.factor = 1.0

    def __call__(self, places: Environment, seed: int = 0, precision: str = "fp32") -> Training:
        self.calls.append({"seed": seed, "precision": precision})
        model = nn.Conv2d(3, 1, 1)
        steps = iter(range(100))

        def act(batch: Sample) -> tuple[Tensor, dict[str, float]]:
            self.at_step(next(steps))
            loss = self.factor * model(batch.images.flatten(0, 1).float()).square().mean()
            return loss, {"loss": float(loss.detach())}

        return Training(
            name="toy/tiny",
            settings={"seed": seed, "precision": precision},
            network=("toy", {}),
            model=model,
            actors=[act],
            sources=[Grey()],
            stages=[Stage(10, 1, 1, (8, 8))],
            optimizer=torch.optim.SGD(model.parameters(), lr=1e-6),
            schedule=lambda step: 1.0,
            seed=seed,
            precision=precision,
        )


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Toy]:
    """The only settings there are, "toy/tiny", in an empty working directory."""
    registry: Registry[Callable[..., Any]] = Registry("train settings")
    factory = registry.register("toy/tiny", Toy())
    monkeypatch.setattr(run_training, "TRAIN_SETTINGS", registry)
    monkeypatch.setattr(run_training, "load_plugins", list)
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    yield factory  # type: ignore[misc]
    torch.set_num_threads(threads)
    torch.set_flush_denormal(False)


def main(*arguments: str) -> int:
    return run_training.main(["toy", "tiny", "--workers", "0", *arguments])


def test_a_run_writes_to_a_folder_of_its_own(toy: Toy, tmp_path: Path) -> None:
    assert main("--threads", "1", "--log-every", "3") == 0
    folder = tmp_path / "workspace" / "toy" / "tiny"
    assert {path.name for path in folder.iterdir()} == {LATEST, WEIGHTS, LOG}
    assert [record["step"] for record in read_log(folder / LOG)] == [3, 6, 9, 10]
    assert toy.calls == [{"seed": 0, "precision": "fp32"}]
    assert torch.get_num_threads() == 1


def test_the_workspace_is_the_options_or_the_environments(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LTR_WORKSPACE_DIR", str(tmp_path / "named"))
    assert main("--stop-after", "1") == 0
    assert (tmp_path / "named" / "toy" / "tiny" / WEIGHTS).is_file()
    assert main("--stop-after", "1", "--workspace", str(tmp_path / "given")) == 0
    assert (tmp_path / "given" / "toy" / "tiny" / WEIGHTS).is_file()


def test_seed_and_precision_replace_the_settings_own(toy: Toy, tmp_path: Path) -> None:
    """Runs of several seeds live side by side; another precision is another run, in the same place."""
    assert main("--stop-after", "1") == 0
    assert main("--stop-after", "1", "--seed", "3", "--precision", "bf16") == 0
    assert toy.calls[1] == {"seed": 3, "precision": "bf16"}
    for name, seed in (("tiny", "0"), ("tiny-seed3", "3")):
        assert read_weights(tmp_path / "workspace" / "toy" / name / WEIGHTS).extra["seed"] == seed
    assert main("--precision", "bf16") == 2


def test_stop_after_counts_from_where_the_run_is(toy: Toy, tmp_path: Path) -> None:
    checkpoint = tmp_path / "workspace" / "toy" / "tiny" / LATEST
    for expected in (4, 8, 10):
        assert main("--stop-after", "4") == 0
        assert load_training(checkpoint)["step"] == expected


def test_without_a_name_the_default_settings_are_trained_and_that_is_said(
    toy: Toy, tmp_path: Path, caplog: Any
) -> None:
    run_training.TRAIN_SETTINGS.register("toy/default", toy)
    with caplog.at_level(logging.INFO):
        assert run_training.main(["toy", "--workers", "0", "--stop-after", "1"]) == 0
        assert caplog.messages[0] == 'no settings are named: training "default" (--list names all)'
        assert (tmp_path / "workspace" / "toy" / "default" / WEIGHTS).is_file()
        caplog.clear()
        assert main("--stop-after", "1") == 0
    assert not any("no settings are named" in text for text in caplog.messages)


def test_list_prints_the_names(toy: Toy, capsys: Any) -> None:
    assert run_training.main(["--list"]) == 0
    assert capsys.readouterr().out == "toy/tiny\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["toy", "small"], 'unknown train settings "toy/small"; known: toy/tiny'),
        (["nobody"], 'unknown train settings "nobody/default"; known: toy/tiny'),
        ([], "no settings are named; known: toy/tiny"),
        (["toy", "tiny", "--stop-after", "0"], "--stop-after is 0: must be from 1 to 1000000000"),
        (["toy", "tiny", "--log-every", "0"], "--log-every is 0: must be from 1 to"),
        (["toy", "tiny", "--epoch", "0"], "--epoch is 0: must be from 1 to"),
        (["toy", "tiny", "--workers", "-1"], "--workers is -1: must be from 0 to 1024"),
        (["toy", "tiny", "--threads", "0"], "--threads is 0: must be from 1 to 1024"),
        (["toy", "tiny", "--seed", "-1"], "--seed is -1: must be from 0 to"),
        (["toy", "tiny", "--seed", str(2**63)], f"--seed is {2**63}: must be from 0 to {2**32 - 1}"),
        (["toy", "tiny", "--threads", "1000000000"], "--threads is 1000000000: must be from 1 to 1024"),
        (["toy", "two\nlines"], r'unknown train settings "toy/two\nlines"'),
        (["toy", "tiny", "--workspace", "file"], "cannot write to file/toy/tiny"),
        (["toy", "tiny", "--log", "visdom", "--visdom-server", "x:y"], "must be like http://localhost:8097"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_code_2(
    arguments: list[str], message: str, toy: Toy, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "visdom", type(sys)("visdom"))
    sys.modules["visdom"].Visdom = object  # type: ignore[attr-defined]
    Path("file").touch()
    assert run_training.main(arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.startswith("run_training.py: error: ")
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert not toy.calls  # before data sets are read
    assert not list(Path.cwd().glob("workspace/**/*.*"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_code_2(toy: Toy, capsys: Any) -> None:
    assert main("--device", "cuda") == 2
    assert "no GPU" in capsys.readouterr().err


def test_a_run_that_fails_is_one_line_and_code_1(toy: Toy, tmp_path: Path, capsys: Any) -> None:
    toy.factor = float("nan")
    assert main() == 1
    captured = capsys.readouterr().err
    assert "loss is nan at step 0" in captured.splitlines()[-1]
    assert "Traceback" not in captured
    assert list(tmp_path.glob("workspace/toy/tiny/batch_at_step_0.ckpt"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_ends(number: signal.Signals, toy: Toy, tmp_path: Path, caplog: Any) -> None:
    before = signal.getsignal(number)
    toy.at_step = lambda step: os.kill(os.getpid(), number) if step == 4 else None
    assert main() == 128 + number
    assert signal.getsignal(number) is before
    assert load_training(tmp_path / "workspace" / "toy" / "tiny" / LATEST)["step"] == 5
    assert any(number.name in text for text in caplog.messages)
    toy.at_step = lambda step: None
    assert main() == 0
    assert load_training(tmp_path / "workspace" / "toy" / "tiny" / LATEST)["step"] == 10


def test_a_second_signal_does_not_wait(toy: Toy, tmp_path: Path, capsys: Any) -> None:
    def twice(step: int) -> None:
        if step == 1:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            raise AssertionError("not reached")

    toy.at_step = twice
    assert main() == 130
    assert not (tmp_path / "workspace" / "toy" / "tiny" / LATEST).exists()
    assert "same command" in capsys.readouterr().err.splitlines()[-1]


def test_progress_goes_to_the_log(toy: Toy, caplog: Any) -> None:
    with caplog.at_level(logging.INFO):
        assert main("--stop-after", "2", "--log-every", "1") == 0
    assert [text.partition("  ")[0] for text in caplog.messages[:2]] == ["step 1/10", "step 2/10"]
    assert caplog.messages[-1].startswith("step 2 of 10; weights: ")


def launch(repository: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The script by its path, from another folder, as a user would."""
    return subprocess.run(
        [sys.executable, str(repository / "ltr" / "run_training.py"), *arguments],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_script_lists_the_known_settings(repository: Path, tmp_path: Path) -> None:
    result = launch(repository, tmp_path, "box2seg", "nosuch")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    for known in ("box2seg/default", "box2seg/small", "box2seg/paper"):
        assert known in result.stderr


def test_the_script_trains_with_nothing_configured(repository: Path, tmp_path: Path) -> None:
    result = launch(
        repository, tmp_path, "box2seg", "default", "--stop-after", "2", "--workers", "0", "--device", "cpu"
    )
    assert result.returncode == 0, result.stderr
    assert "PROCEDURAL" in result.stderr
    folder = tmp_path / "workspace" / "box2seg" / "default"
    (record,) = read_log(folder / LOG)
    assert record["step"] == 2
    assert 0 <= record["J/final"] <= 1
    assert read_weights(folder / WEIGHTS).network == "box2seg"
