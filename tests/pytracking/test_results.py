"""Files of results: where they are, what is in them, and that they are there whole or not at all."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from ltr.data.mask_io import DAVIS_PALETTE, read_mask
from ltr.errors import InputError
from pytracking.analysis.number_files import read_rows
from pytracking.analysis.results import read_boxes_of
from pytracking.evaluation.results import ResultsFolder, SequenceWriter
from pytracking.evaluation.sequence import Sequence
from pytracking.evaluation.tracking import TrackedFrame
from pytracking.tracker.interface import Box, TrackResult

MakeSequence = Callable[..., Sequence]
BOX = np.array([1.5, 2.25, 10.0, 8.123456789])


@pytest.fixture
def folder(tmp_path: Path) -> ResultsFolder:
    made = ResultsFolder.of(tmp_path / "results", "toy", "default")
    made.make()
    return made


def moved(x: float, y: float) -> Box:
    return BOX + np.array([x, y, 0, 0])


def write(
    folder: ResultsFolder, sequence: Sequence, value: float = 0, masks: bool = False, finish: bool = True
) -> None:
    """Boxes that are shifted by ``value`` and by the frame, masks that hold the frame."""
    with SequenceWriter(folder, sequence) as writer:
        for index in range(len(sequence)):
            boxes = {i: moved(value + index, i) for i in sequence.object_ids}
            mask = np.full((4, 5), index, np.uint8) if masks else None
            writer.add(TrackedFrame(index, TrackResult(boxes, {}, mask), seconds=0.125 * index))
        if finish:
            writer.finish()


def visible(folder: ResultsFolder) -> list[str]:
    paths = folder.path.rglob("*")
    return sorted(str(p.relative_to(folder.path)) for p in paths if "/." not in str(p) and p.is_file())


def everything(folder: ResultsFolder) -> dict[str, bytes]:
    return {str(p.relative_to(folder.path)): p.read_bytes() for p in folder.path.rglob("*") if p.is_file()}


def test_where_results_are(tmp_path: Path) -> None:
    assert ResultsFolder.of(tmp_path, "lwl", "box2seg_init").path == tmp_path / "lwl" / "box2seg_init"
    from_boxes = ResultsFolder.of(tmp_path, "lwl", "default", from_boxes=True)
    assert from_boxes.path == tmp_path / "lwl" / "default-from_boxes"


@pytest.mark.parametrize(("delimiter", "between"), [("comma", ","), ("tab", "\t")])
def test_boxes_and_times_as_text(
    delimiter: str, between: str, tmp_path: Path, make_sequence: MakeSequence
) -> None:
    folder = ResultsFolder.of(tmp_path / "results", "toy", "default", delimiter=delimiter)
    folder.make()
    sequence = make_sequence("dog", frames=3)
    assert not folder.is_done(sequence)
    write(folder, sequence)
    assert folder.is_done(sequence)
    assert visible(folder) == ["dog.txt", "dog_time.txt"]
    lines = (folder.path / "dog.txt").read_text().splitlines()
    assert lines == [between.join((f"{1.5 + index:g}", "3.25", "10", "8.1235")) for index in range(3)]
    assert (folder.path / "dog_time.txt").read_text() == "0\n0.125\n0.25\n"
    truth = SimpleNamespace(name="dog", boxes=np.zeros((3, 4)))
    read = read_boxes_of(folder.path / "dog.txt", truth)
    assert np.abs(read - [moved(index, 1) for index in range(3)]).max() <= 5e-5
    assert read_rows(folder.path / "dog_time.txt", 1).shape == (3, 1)


def test_absent_and_tiny_targets(folder: ResultsFolder, make_sequence: MakeSequence) -> None:
    """What is absent is written in one way; what is there is not rounded away."""
    sequence = make_sequence("dog", frames=4)
    results = [
        {},
        {1: np.array([3.0, 4, 0, 5])},
        {1: np.array([3.0, 4, 1e-6, 5])},
        {1: np.array([-1e-9, 4, 2, 5])},
    ]
    with SequenceWriter(folder, sequence) as writer:
        for index, boxes in enumerate(results):
            writer.add(TrackedFrame(index, TrackResult(boxes, {})))
        writer.finish()
    lines = (folder.path / "dog.txt").read_text().splitlines()
    assert lines == ["-1,-1,-1,-1", "-1,-1,-1,-1", "3,4,0.0001,5", "0,4,2,5"]


def test_several_targets_have_a_file_each(folder: ResultsFolder, make_sequence: MakeSequence) -> None:
    sequence = make_sequence("dogs", frames=2, starts={1: 0, 2: 0})
    write(folder, sequence)
    assert visible(folder) == ["dogs_1.txt", "dogs_2.txt", "dogs_time.txt"]
    for object_id in (1, 2):
        read = read_rows(folder.path / f"dogs_{object_id}.txt", 4)
        np.testing.assert_allclose(read[0], moved(0, object_id), atol=5e-5)
    (folder.path / "dogs_1.txt").unlink()
    assert not folder.is_done(sequence)


def test_masks_are_palette_pictures_of_the_frames_names(
    folder: ResultsFolder, make_sequence: MakeSequence
) -> None:
    sequence = make_sequence("dog", frames=3)
    write(folder, sequence, masks=True)
    names = [f"dog/{name}.png" for name in sequence.frame_names]
    assert visible(folder) == sorted(["dog.txt", "dog_time.txt", *names])
    for index, name in enumerate(names):
        assert (read_mask(folder.path / name) == index).all()
        with Image.open(folder.path / name) as image:
            assert image.mode == "P"
            assert (image.getpalette() or [])[:12] == DAVIS_PALETTE[:4].ravel().tolist()


def test_nothing_is_there_before_the_end(folder: ResultsFolder, make_sequence: MakeSequence) -> None:
    sequence = make_sequence("dog")
    write(folder, sequence, masks=True, finish=False)
    assert everything(folder) == {} and not list(folder.path.iterdir())
    with pytest.raises(RuntimeError), SequenceWriter(folder, sequence) as writer:
        writer.add(TrackedFrame(0, TrackResult({1: BOX}, {}, np.ones((4, 5), np.uint8))))
        assert visible(folder) == []
        raise RuntimeError
    assert not list(folder.path.iterdir())
    with pytest.raises(ValueError, match="1 results, 6 frames"), SequenceWriter(folder, sequence) as writer:
        writer.add(TrackedFrame(0, TrackResult({1: BOX}, {})))
        writer.finish()
    assert not list(folder.path.iterdir())


def test_new_results_replace_the_old_ones(folder: ResultsFolder, make_sequence: MakeSequence) -> None:
    sequence = make_sequence("dog", frames=3)
    write(folder, sequence, masks=True)
    stray = folder.path / "dog" / "stray.png"
    stray.write_bytes(b"of an earlier run of more frames")
    write(folder, sequence, value=20, masks=True)
    assert not stray.exists()
    assert read_rows(folder.path / "dog.txt", 4)[0, 0] == 21.5
    write(folder, sequence, value=30, masks=False)
    assert visible(folder) == ["dog.txt", "dog_time.txt"]


def test_old_results_stay_when_new_ones_cannot_be_written(
    folder: ResultsFolder, make_sequence: MakeSequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequence = make_sequence("dog", frames=3)
    write(folder, sequence, masks=True)
    before = everything(folder)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(InputError, match="No space left on device"):
            write(folder, sequence, value=5, masks=True)
    assert everything(folder) == before


@pytest.mark.parametrize("objects", [1, 2])
@pytest.mark.parametrize("rewrite", [False, True])
def test_done_means_all_is_there_whenever_the_end_comes(
    objects: int,
    rewrite: bool,
    folder: ResultsFolder,
    make_sequence: MakeSequence,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The process ends at the first, second ... change of the folder: old results, none, or new ones."""
    sequence = make_sequence("dog", frames=3, starts=dict.fromkeys(range(1, objects + 1), 0))
    write(folder, sequence, value=7, masks=True)
    old = everything(folder) if rewrite else {}
    write(folder, sequence, masks=True)
    new = everything(folder)
    states = []
    for limit in range(12):
        shutil.rmtree(folder.path)
        folder.make()
        if rewrite:
            write(folder, sequence, value=7, masks=True)
        with monkeypatch.context() as patch, contextlib.suppress(Killed):
            for name in ("replace", "rename", "unlink"):
                patch.setattr(Path, name, counted(getattr(Path, name), countdown := [limit]))
            write(folder, sequence, masks=True)
        now = everything(folder)
        assert not folder.is_done(sequence) or now in (old, new)
        states.append("old" if now == old else "new" if folder.is_done(sequence) else "none")
        write(folder, sequence, masks=True)  # the next run
        assert everything(folder) == new
    assert list(dict.fromkeys(states)) == ["old", "none", "new"] and countdown[0] > 0


class Killed(BaseException):
    """What stands here for the end of the process."""


def counted(real: Callable[..., object], countdown: list[int]) -> Callable[..., object]:
    """The function, which works so often only; what is done to write a mask does not count."""

    def call(self: Path, *arguments: object, **options: object) -> object:
        if not self.name.startswith(f".{os.getpid()}-"):
            if countdown[0] == 0:
                raise Killed
            countdown[0] -= 1
        return real(self, *arguments, **options)

    return call


def test_files_of_others_are_not_removed(folder: ResultsFolder, make_sequence: MakeSequence) -> None:
    """GOT-10k's own tools write <sequence>/<sequence>_001.txt, where our masks would go."""
    sequence = make_sequence("dog", frames=2)
    theirs = folder.path / "dog" / "dog_001.txt"
    theirs.parent.mkdir()
    theirs.write_text("1,2,3,4\n")
    write(folder, sequence)
    assert visible(folder) == ["dog.txt", "dog/dog_001.txt", "dog_time.txt"]
    before = everything(folder)
    with (
        pytest.raises(InputError, match="dog is for masks and holds other files"),
        SequenceWriter(folder, sequence) as writer,
    ):
        writer.add(TrackedFrame(0, TrackResult({1: BOX}, {}, np.ones((4, 5), np.uint8))))
    assert everything(folder) == before


def test_leftovers_of_killed_processes_are_removed(
    folder: ResultsFolder, make_sequence: MakeSequence
) -> None:
    sequence, host = make_sequence("dog", frames=2), socket.gethostname()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, own = (folder.path / f".dog.{host}-{pid}.part" for pid in (ended.pid, os.getpid()))
    kept = [
        folder.path / f".dog.{host}-{os.getppid()}.part",  # at work
        folder.path / f".dog.elsewhere-{ended.pid}.part",  # who knows
        folder.path / f".dogs.{host}-{ended.pid}.part",  # another sequence's
    ]
    for path in (dead, own, *kept):
        (path / "masks").mkdir(parents=True)
        (path / "masks" / "00000.png").touch()
    write(folder, sequence, masks=True)
    assert sorted(folder.path.glob(".*")) == sorted(kept)
    assert len(visible(folder)) == 4


@pytest.mark.parametrize("place", ["file/toy", "/proc/nowhere"])
def test_a_folder_that_cannot_be_written(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    with pytest.raises(InputError, match=f"cannot write to {place} .*--results") as caught:
        ResultsFolder(Path(place)).make()
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_lost_midway(folder: ResultsFolder, make_sequence: MakeSequence) -> None:
    folder.path.rmdir()
    folder.path.touch()
    with pytest.raises(InputError, match=r"results cannot be written to .*toy/default"):
        write(folder, make_sequence("dog"), masks=True)


def test_sequences_that_would_share_a_file(folder: ResultsFolder, make_sequence: MakeSequence) -> None:
    pair, single = make_sequence("a", starts={1: 0, 2: 0}), make_sequence("a_2")
    folder.check_names([pair, make_sequence("a_3")])
    with pytest.raises(InputError, match=r'"a" and "a_2" would both write a_2\.txt'):
        folder.check_names([pair, single])
    with pytest.raises(InputError, match='"a_2" and "a_2" would both write'):
        folder.check_names([single, single])
