"""The command: what it runs, where it writes, what it says, and how it ends."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ltr.data.mask_io import read_mask
from pytracking import run_tracker
from pytracking.analysis import __main__ as analysis
from pytracking.bundled import bundled_clip, bundled_names
from pytracking.evaluation.datasets import dataset_names
from pytracking.evaluation.sequence import Sequence

pytestmark = pytest.mark.usefixtures("toy_plugin")
MakeSequence = Callable[..., Sequence]
RAISE, HANG = 1, 3  # codes of the toy tracker
FOLDER = ("--dataset_name", "folder", "--root", "videos")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def main(*arguments: str) -> int:
    return run_tracker.main(list(arguments))


def launch(repository: Path, *arguments: str) -> subprocess.Popen[str]:
    """The script by its path, as a user would start it, in a process group of its own."""
    command = [sys.executable, str(repository / "pytracking" / "run_tracker.py"), *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def files_in(folder: str) -> dict[str, bytes]:
    files = (path for path in Path(folder).rglob("*") if path.is_file() and "_time" not in path.name)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_run_and_its_summary(make_sequence: MakeSequence, capsys: pytest.CaptureFixture[str]) -> None:
    make_sequence("a")
    make_sequence("b", starts={1: 0, 2: 2})
    assert main("toy", "ellipse", *FOLDER) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("sequences: 2 done, 0 skipped, 0 failed, ") and told[0].endswith("frames/s")
    assert told[1:] == ["results: results/toy/ellipse"]
    folder = Path("results/toy/ellipse")
    assert {path.name for path in folder.iterdir()} == {
        "a", "a.txt", "a_time.txt", "b", "b_1.txt", "b_2.txt", "b_time.txt", "settings.json",
    }  # fmt: skip
    assert main("toy", "ellipse", *FOLDER) == 0
    assert capsys.readouterr().out.splitlines()[0] == "sequences: 0 done, 2 skipped, 0 failed"


def test_the_default_parameters_and_places(
    make_sequence: MakeSequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_sequence("a")
    monkeypatch.setenv("PYTRACKING_RESULTS_DIR", "named")
    assert main("toy", "--dataset-name", "folder", "--root", "videos", "--delimiter", "tab") == 0
    assert "\t" in Path("named/toy/default/a.txt").read_text()
    assert main("toy", *FOLDER, "--results", "given", "--from-boxes") == 0
    assert Path("given/toy/default-from_boxes/a.txt").is_file()
    assert main("toy", *FOLDER, "--results", "given", "--from_boxes", "--overwrite", "--debug", "1") == 0
    assert Path("given/toy/default-from_boxes/a_overlay.mp4").is_file()


def test_sequences_are_chosen(make_sequence: MakeSequence) -> None:
    for name in "abcd":
        make_sequence(name, frames=2)

    def done() -> set[str]:
        return {path.stem for path in Path("results/toy/default").glob("?.txt")}

    assert main("toy", *FOLDER, "--sequence", "a") == 0
    assert done() == {"a"}
    assert main("toy", *FOLDER, "--sequence", "b", "a", "--sequence", "c") == 0
    assert done() == {"a", "b", "c"}
    Path("split.txt").write_text("d\n")
    assert main("toy", *FOLDER, "--split-file", "split.txt") == 0
    assert done() == {"a", "b", "c", "d"}


def test_the_scores_command_works(
    make_sequence: MakeSequence, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On OTB's layout: <sequence>/img/0001.png and groundtruth_rect.txt."""
    for name in ("Dog", "Cat"):
        sequence = make_sequence(name, frames=4)
        rows = [f"{4 + 2 * frame},4,10,8" for frame in range(4)]
        (sequence.files[0].parents[1] / "groundtruth_rect.txt").write_text("\n".join(rows) + "\n")
        for index, file in enumerate(sequence.files):
            file.rename(file.with_name(f"{index + 1:04d}.png"))
    assert (
        main("toy", "--dataset_name", "otb", "--root", "videos", "--results", "x y", "--sequence", "Dog") == 0
    )
    command = capsys.readouterr().out.splitlines()[-1].removeprefix("scores: ")
    options = "toy/default --dataset otb --root videos --results 'x y' --sequences Dog"
    assert command == f"python -m pytracking.analysis {options}"
    assert analysis.main(shlex.split(options)) == 0
    assert "toy/default" in capsys.readouterr().out


def test_failures_are_told_and_the_exit_code_is_1(
    make_sequence: MakeSequence, capsys: pytest.CaptureFixture[str]
) -> None:
    make_sequence("a")
    make_sequence("b", codes={2: RAISE})
    assert main("toy", *FOLDER) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("sequences: 1 done, 0 skipped, 1 failed")
    assert told[1].startswith(r"failed: b: RuntimeError: the toy\nis broken")
    assert main("toy", "bug", *FOLDER) == 1
    error = capsys.readouterr().err
    assert (
        error.startswith('run_tracker.py: error: tracker "toy/bug" cannot be made') and error.count("\n") == 1
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no tracker is named; known: "),
        (["toi"], 'unknown tracker "toi"; known: '),
        (["toy", "defalt"], 'parameters of "toy": "defalt"; known: bug, default, ellipse, masks, no_weights'),
        (["toy", "../x"], 'parameters of "toy": "../x"; known: '),
        (["toy", "default", "--dataset_name", "nosuch"], 'unknown data set "nosuch"; known: bundled'),
        (["toy", "default", "--dataset_name", "lasot"], "LTR_LASOT_DIR"),
        (["toy", "default", "--sequence", "nosuch"], '"nosuch"'),
        (["toy", "default", "--threads", "-1"], "--threads is -1: must be from 0"),
        (["toy", "default", "--results", "file"], "cannot write to file/toy/default"),
        (["toy", "default", "--split_file", "none.txt"], "none.txt"),
        (["toy", "masks", "--from_boxes"], "name no initializer"),
        (["toy", "no_weights"], "no weights"),
        (
            ["toy", "default", "--set", "scale=4"],
            'the parameters "toy/default": "scale"; known: makes_masks',
        ),
        (["toy", "default", "--set", "makes_masks=1"], '"makes_masks=1": must be true or false'),
        (["toy", "default", "--name", "a/b"], '--name is "a/b": must be the name of a folder'),
        (["toy", "default", "--name", ".."], '--name is ".."'),
    ],
)
def test_what_cannot_be_used_is_one_line_and_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").touch()
    assert main(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("run_tracker.py: error: ") and captured.err.count("\n") == 1
    assert message in captured.err and captured.out == ""
    assert not list(Path.cwd().glob("results/**/*.txt"))


def test_parameters_are_changed_on_the_command_line(
    make_sequence: MakeSequence, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also in other processes; and what they made is not mixed with what others did."""
    make_sequence("a", frames=2)
    make_sequence("b", frames=2)
    assert main("toy", *FOLDER) == 0
    changes = ("--set", "makes_masks=true", "initializer=ellipse")
    assert main("toy", *FOLDER, *changes) == 2
    assert "parameters.makes_masks: false, now true" in capsys.readouterr().err
    assert main("toy", *FOLDER, *changes, "--name", "mine", "--threads", "2") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "results: results/toy/mine"
    assert Path("results/toy/mine/a/00001.png").is_file()
    assert not Path("results/toy/default/a").exists()
    assert main("toy", *FOLDER, *changes, "--name", "mine", "--from_boxes") == 0
    assert Path("results/toy/mine-from_boxes/a/00001.png").is_file()


@pytest.mark.parametrize(
    "arguments", [["--debug", "3"], ["toy", "--delimiter", "none"], ["toy", "--root", ""]]
)
def test_a_wrong_command_line_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(*arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_names_are_listed(make_sequence: MakeSequence, capsys: pytest.CaptureFixture[str]) -> None:
    assert main("--list") == 0
    assert {"toy/default", "toy/ellipse"} <= set(capsys.readouterr().out.split())
    make_sequence("a")
    assert main("--list", *FOLDER) == 0
    assert capsys.readouterr().out == "a\n"
    with pytest.raises(SystemExit):
        main("--help")
    told = capsys.readouterr().out
    assert "example: " in told and all(name in told for name in dataset_names())


def test_the_script_on_a_fresh_machine(repository: Path) -> None:
    """Nothing is configured: the bundled clips, in a folder beside."""
    process = launch(repository, "toy", "ellipse")
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    assert f"sequences: {len(bundled_names())} done" in out
    assert "Traceback" not in error and "Warning" not in error
    for name in bundled_names():
        frames = sorted(bundled_clip(name).frames.iterdir())
        masks = sorted(Path("results/toy/ellipse", name).iterdir())
        assert [mask.stem for mask in masks] == [frame.stem for frame in frames]
        assert read_mask(masks[0]).shape == np.array(Image.open(frames[0])).shape[:2]
    assert {path.name for path in Path().iterdir()} == {"results", "site"}


def worker_of(folder: Path) -> int:
    """The process that writes the results of "b", once it has those of two frames."""
    wait_for(lambda: list(folder.glob(".b.*/masks/00001.png")))
    (hidden,) = folder.glob(".b.*")
    return int(hidden.name.removesuffix(".part").rpartition("-")[2])


def test_a_killed_run_is_resumed(repository: Path, make_sequence: MakeSequence) -> None:
    """Its workers notice, and end, too; the next run does what was not done."""
    make_sequence("a")
    sequence = make_sequence("b", frames=8, starts={1: 0, 2: 1})
    results = Path("results/toy/ellipse")
    assert main("toy", "ellipse", *FOLDER, "--results", "expected") == 0
    assert main("toy", "ellipse", *FOLDER, "--sequence", "a") == 0
    before = {path: path.stat().st_mtime_ns for path in results.rglob("*.*")}
    whole = sequence.files[5].read_bytes()
    pixels = np.array(Image.open(sequence.files[5]))
    pixels[0, 0, 0] = HANG
    Image.fromarray(pixels).save(sequence.files[5])
    process = launch(repository, "toy", "ellipse", *FOLDER, "--threads", "2")
    worker = worker_of(results)
    assert worker != process.pid
    process.kill()
    assert "Traceback" not in process.communicate(timeout=60)[1]
    wait_for(lambda: not Path(f"/proc/{worker}").exists())
    assert before.keys() == {path for path in results.rglob("*.*") if not path.name.startswith(".b")}
    sequence.files[5].write_bytes(whole)
    assert main("toy", "ellipse", *FOLDER) == 0
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in before.items() if path.stem != "settings")
    assert files_in("results") == files_in("expected")


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_all_workers_with_one_line(repository: Path, make_sequence: MakeSequence) -> None:
    make_sequence("b", codes={2: HANG})
    process = launch(repository, "toy", "ellipse", *FOLDER, "--threads", "2")
    worker = worker_of(Path("results/toy/ellipse"))
    started = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    out, error = process.communicate(timeout=60)
    assert time.monotonic() - started < 20
    assert not Path(f"/proc/{worker}").exists()
    assert process.returncode == 130
    assert error == "run_tracker.py: interrupted; the same command goes on with what is not done\n"
    assert out == ""
    assert files_in("results") == {}
