"""Box2Seg trained by torchrun's processes: the losses are those of one process, also if it is stopped on the
way. What else can happen to a process is tried with a smaller network in tests/ltr/test_shared_training.py.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ltr import run_training
from ltr.checkpoint import load_training
from ltr.trainer import LATEST
from ltr.training_log import LOG, read_log
from tests.box2seg_plugin.tiny_settings import STEPS, register
from tests.ltr.process_group import PATIENCE, run_in_processes

OPTIONS = ["--device", "cpu", "--workers", "0", "--log-every", "1", "--epoch", "1000"]
CLOSE = 1e-4

Torchrun = Callable[[str, Path], subprocess.Popen[str]]


def train(name: str, workspace: Path) -> int:
    """The command, in a process of its own."""
    register()
    return run_training.main(["tiny", name, "--workspace", str(workspace), *OPTIONS])


def losses(run: Path) -> list[float]:
    """Those of all steps."""
    records = read_log(run / LOG)
    assert [record["step"] for record in records] == list(range(1, STEPS + 1))
    return [record["loss"] for record in records]


@pytest.fixture
def torchrun(repository: Path, tmp_path: Path) -> Iterator[Torchrun]:
    """Starts the command by torchrun, for a user who has installed a plugin with these settings."""
    metadata = tmp_path / "site" / "tiny-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
    plugin = "[pytracking.plugins]\ntiny = tests.box2seg_plugin.tiny_settings:register\n"
    (metadata / "entry_points.txt").write_text(plugin)
    paths = os.pathsep.join([str(tmp_path / "site"), str(repository)])
    started = []

    def start(name: str, workspace: Path) -> subprocess.Popen[str]:
        launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
        script = [str(repository / "ltr" / "run_training.py"), "tiny", name, "--workspace", str(workspace)]
        started.append(
            subprocess.Popen(
                [*launcher, *script, *OPTIONS],
                env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=PATIENCE)


def test_a_run_stopped_on_the_way_has_the_losses_of_one_process(torchrun: Torchrun, tmp_path: Path) -> None:
    (alone,) = run_in_processes(1, tmp_path / "files", train, "paper", tmp_path / "alone")
    assert alone.result == 0, alone.stderr
    run = tmp_path / "shared" / "tiny" / "paper"
    first = torchrun("paper", tmp_path / "shared")
    deadline = time.monotonic() + PATIENCE
    while len(read_log(run / LOG)) < 2 and time.monotonic() < deadline and first.poll() is None:
        time.sleep(0.02)
    first.send_signal(signal.SIGTERM)
    _, said = first.communicate(timeout=PATIENCE)
    stopped = load_training(run / LATEST)["step"]
    assert 2 <= stopped < STEPS, said
    assert said.count("SIGTERM: saving after this step") == 1
    assert "Traceback" not in said.partition("SIGTERM")[0]
    second = torchrun("paper", tmp_path / "shared")
    _, said = second.communicate(timeout=PATIENCE)
    assert second.returncode == 0, said
    assert f"resumed {run / LATEST} at step {stopped} of {STEPS}" in said
    assert losses(run) == pytest.approx(losses(tmp_path / "alone" / "tiny" / "paper"), abs=CLOSE, rel=0)


def test_batch_norms_that_learn_see_the_whole_batch(tmp_path: Path) -> None:
    for count in (1, 2):
        endings = run_in_processes(count, tmp_path / "files", train, "default", tmp_path / str(count))
        assert [ending.result for ending in endings] == [0] * count, endings
    one, two = (losses(tmp_path / str(count) / "tiny" / "default") for count in (1, 2))
    assert two == pytest.approx(one, abs=CLOSE, rel=0)
