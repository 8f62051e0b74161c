"""Killed anywhere and started again, ``box2seg annotate`` leaves what it leaves when nobody disturbs it.

The killed runs are forks of the test's process, which has loaded everything already. ``KILLS`` in the
environment sets how many times each test kills.
"""

import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from box2seg_plugin.annotate import annotator
from box2seg_plugin.annotate.annotator import AnnotationJob, Annotator
from box2seg_plugin.annotate.output import AnnotationFolder
from box2seg_plugin.annotate.set_output import make_folders
from box2seg_plugin.annotate.video_locks import video_lock
from box2seg_plugin.annotate.video_output import VideoOutput, is_foreign
from box2seg_plugin.annotate.video_state import VideoState, done_state, read_states

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are forked")

MakeVideo = Callable[..., Path]
Annotate = Callable[..., int]
Tree = Callable[..., dict[str, bytes]]

KILLS = int(os.environ.get("KILLS", "4"))
STRIDE = max(1, 60 // KILLS)
"""Of so many pairs of moments one is tried."""

CHANGES = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir")
"""Events that tell of a change just before it is made."""


def fork(work: Callable[[], object], daemon: bool = True) -> multiprocessing.Process:
    process = multiprocessing.get_context("fork").Process(target=work, daemon=daemon)
    process.start()
    return process


def watch_changes(folder: Path, on_change: Callable[[], None]) -> None:
    """Have a function called before each change that this process makes in a folder, for good."""

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event not in CHANGES or not isinstance(arguments[0], str | bytes | Path):
            return
        path = os.fsdecode(arguments[0])
        # Names without a folder are those of rmtree, which goes through it by its descriptor.
        inside = path.startswith(str(folder)) or "/" not in path
        if inside and (event != "open" or arguments[1] not in (None, "r", "rb")):
            on_change()

    sys.addaudithook(watch)


def count_changes(folder: Path, work: Callable[[], object]) -> int:
    """How often work changes a folder; it is done in another process."""
    ours, theirs = multiprocessing.Pipe()

    def counted() -> None:
        seen: list[None] = []
        watch_changes(folder, lambda: seen.append(None))
        work()
        theirs.send(len(seen))

    process = fork(counted)
    count = int(ours.recv())
    process.join()
    return count


def killed_at(step: int, folder: Path, work: Callable[[], object]) -> bool:
    """Do work in a process that kills itself before its N-th change of a folder; whether it came to that."""

    def watched() -> None:
        seen: list[None] = []

        def count() -> None:
            seen.append(None)
            if len(seen) == step:
                os.kill(os.getpid(), signal.SIGKILL)

        watch_changes(folder, count)
        work()

    process = fork(watched)
    process.join(300)
    return process.exitcode == -signal.SIGKILL


def write_video(folder: AnnotationFolder) -> None:
    """What the annotator does with the files of a video; b"whole" stands for a mask."""
    with VideoOutput(folder, "v") as output:
        (output.masks / "0.png").write_bytes(b"whole")
        (output.masks / "1.png").write_bytes(b"whole")
        output.finish([], VideoState("v", "done", "hash"))


def test_killed_twice_while_a_video_is_written(tmp_path: Path, tree: Tree) -> None:
    """Before any two changes, of a video that was not there and of one that was: what is left is known as
    ours, and what counts as done is whole."""
    well = AnnotationFolder(tmp_path / "well", "masks")
    make_folders(well)
    changes = count_changes(well.out, lambda: write_video(well))
    changes_again = count_changes(well.out, lambda: write_video(well))
    assert changes_again > changes > 10
    kills = 0
    for step in range(1, changes_again + 1):
        for second in range(1 + step % STRIDE, changes_again + 1, STRIDE):
            folder = AnnotationFolder(tmp_path / f"{step}-{second}", "masks")
            make_folders(folder)
            if step > changes:
                write_video(folder)
            for at in (step, second):
                kills += killed_at(at, folder.out, lambda: write_video(folder))  # noqa: B023  called here
                assert not is_foreign(folder, "v")
                if done_state(folder, "v", "hash") is not None:
                    there = [path.read_bytes() for path in sorted(folder.masks_of("v").iterdir())]
                    assert there == [b"whole"] * 2 and folder.quality_of("v").is_file()
            write_video(folder)
            assert tree(folder.out.name) == tree("well")
    assert kills > changes * changes // STRIDE // 2


@pytest.fixture
def videos(make_video: MakeVideo) -> None:
    for name, frames in (("a", 3), ("b", 2)):
        make_video(name, frames)


@pytest.mark.usefixtures("videos")
def test_killed_before_any_change(tmp_path: Path, annotate: Annotate, tree: Tree) -> None:
    """Spread over the whole run; and the next run, which finds what was left, is killed too."""
    changes = count_changes(tmp_path / "well", lambda: annotate("well"))
    assert changes > 30
    rng = random.Random(0)
    for part in range(KILLS):
        out = f"out{part}"

        def run(out: str = out) -> int:
            return annotate(out)

        assert killed_at(1 + (part * changes + rng.randrange(changes)) // KILLS, tmp_path / out, run)
        killed_at(rng.randrange(1, changes), tmp_path / out, run)
        assert run() == 0
        assert tree(out) == tree("well")


@pytest.mark.usefixtures("videos")
def test_a_video_that_kills_its_process_fails(job: AnnotationJob, tree: Tree) -> None:
    """What its process left is removed; masks that somebody else made are not."""
    assert killed_at(12, job.folder.out, lambda: Annotator(job).run("a", lambda: None))
    assert any(".a.part" in name for name in tree())
    assert job.died("a", "struck by lightning").state.reason == "struck by lightning"
    (state,) = read_states(job.folder)
    assert (state.video, state.status, state.reason) == ("a", "failed", "struck by lightning")
    assert not any(name.startswith("masks/") for name in tree())
    theirs = job.folder.masks_of("b") / "0.png"
    theirs.parent.mkdir()
    theirs.touch()
    job.died("b", "struck by lightning")
    assert theirs.exists() and not job.folder.state_of("b").exists()
    assert Annotator(job).run("a", lambda: None).state.status == "done"


@pytest.mark.usefixtures("videos")
def test_killed_at_any_time(tmp_path: Path, annotate: Annotate, tree: Tree) -> None:
    started = time.perf_counter()
    assert annotate("well", "--report") == 0
    seconds = time.perf_counter() - started
    rng = random.Random(1)
    for _ in range(KILLS):
        process = fork(lambda: annotate("out", "--report"))
        process.join(rng.uniform(0, seconds))
        process.kill()
        process.join()
    assert annotate("out", "--report") == 0
    assert tree() == tree("well")


def test_killed_with_workers(tmp_path: Path, make_video: MakeVideo, annotate: Annotate, tree: Tree) -> None:
    """They end by themselves, and the next run, which may meet them still, waits for that."""
    for name in "ab":
        make_video(name, 30)
    process = fork(lambda: annotate("out", "--workers", 2), daemon=False)
    while not list((tmp_path / "out").glob("masks/.*.part/masks/*.png")):
        assert process.is_alive()
        time.sleep(0.01)
    process.kill()
    assert annotate() == 0 and annotate("well") == 0
    process.join()
    assert tree() == tree("well")


@pytest.mark.usefixtures("videos")
def test_killed_while_other_settings_are_forced(tmp_path: Path, annotate: Annotate, tree: Tree) -> None:
    """Whatever is left of the old ones is removed; --force is needed once."""
    assert annotate("well", "--flip") == 0
    rng = random.Random(2)
    for _ in range(KILLS):
        assert annotate("out", "--force") == 0
        killed_at(rng.randrange(1, 40), tmp_path / "out", lambda: annotate("out", "--flip", "--force"))
        if annotate("out", "--flip") == 2:  # it had not come to that
            assert annotate("out", "--flip", "--force") == 0
        assert tree() == tree("well")


@pytest.mark.usefixtures("videos")
def test_two_runs_keep_off_each_other(
    tmp_path: Path, annotate: Annotate, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(annotator, "PATIENCE", 0.1)
    assert annotate("well") == 0 and annotate("out", "--videos", "b") == 0
    lock = tmp_path / "out" / "masks.info" / "lock"
    ours, theirs = multiprocessing.Pipe()

    def hold() -> None:
        with video_lock(lock, "a"):
            theirs.send("held")
            time.sleep(300)

    other = fork(hold)
    assert ours.recv() == "held"
    before = tree()
    assert annotate() == 1
    assert tree() == before
    other.kill()
    other.join()
    assert annotate() == 0
    assert tree() == tree("well")
