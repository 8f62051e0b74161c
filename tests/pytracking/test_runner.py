"""A tracker over many sequences: what is run, what fails, and what the next run finds."""

import json
import logging
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

from ltr.errors import InputError
from pytracking.analysis.number_files import read_rows
from pytracking.evaluation.results import ResultsFolder
from pytracking.evaluation.run_settings import SETTINGS, plain
from pytracking.evaluation.runner import Outcome, run_sequences
from pytracking.evaluation.sequence import Sequence
from pytracking.evaluation.sequence_job import Job, TrackerSetupError
from pytracking.evaluation.tracking import track_sequence
from pytracking.initializers import Ellipse
from pytracking.registry import INITIALIZERS, PARAMETERS, TRACKERS

pytestmark = pytest.mark.usefixtures("toy_plugin")
MakeSequence = Callable[..., Sequence]
RAISE, DIE, DRAW = 1, 2, 4  # codes of the toy tracker


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., Job]:
    """Parameters and options -> a job of the tracker "toy", in ``tmp_path/results``."""

    def make(parameters: str = "default", results: str = "results", **options: bool) -> Job:
        folder = ResultsFolder.of(tmp_path / results, "toy", parameters)
        return Job("toy", parameters, folder, **options)

    return make


def names(outcome: Outcome) -> tuple[list[str], list[str], list[str]]:
    done, failed = ([result.name for result in results] for results in (outcome.done, outcome.failed))
    return done, list(outcome.skipped), failed


def contents(job: Job) -> dict[str, bytes]:
    """All files but the times, which differ from run to run."""
    folder = job.folder.path
    files = (path for path in folder.rglob("*") if path.is_file() and not path.stem.endswith("_time"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_results_are_those_of_the_tracker(job: Callable[..., Job], make_sequence: MakeSequence) -> None:
    sequences = [make_sequence("a"), make_sequence("b", frames=4, starts={1: 0, 2: 1})]
    outcome = run_sequences(job(), sequences)
    assert names(outcome) == (["a", "b"], [], [])
    assert [record.frames for record in outcome.done] == [6, 4]
    folder = job().folder.path
    assert outcome.frames_per_second == pytest.approx(10 / sum(record.seconds for record in outcome.done))
    seconds = read_rows(folder / "a_time.txt", 1).sum()
    assert seconds == pytest.approx(outcome.done[0].seconds, abs=1e-5)
    tracker = TRACKERS.get("toy")(PARAMETERS.get("toy/default")())
    for sequence, files in zip(sequences, [["a"], ["b_1", "b_2"]], strict=True):
        frames = list(track_sequence(tracker, sequence))
        for object_id, file in enumerate(files, start=1):
            expected = [frame.result.boxes.get(object_id, [-1, -1, -1, -1]) for frame in frames]
            np.testing.assert_allclose(read_rows(folder / f"{file}.txt", 4), expected, atol=5e-5)


def test_what_is_done_is_not_run_again(job: Callable[..., Job], make_sequence: MakeSequence) -> None:
    first, second = make_sequence("a"), make_sequence("b")
    assert names(run_sequences(job(), [first])) == (["a"], [], [])
    before = contents(job())
    (job().folder.path / "a.txt").write_text("mine\n")
    assert names(run_sequences(job(), [first, second])) == (["b"], ["a"], [])
    assert contents(job())["a.txt"] == b"mine\n"
    assert names(run_sequences(job(), [first, second], overwrite=True)) == (["a", "b"], [], [])
    assert contents(job()).items() >= before.items()
    assert names(run_sequences(job(), [first, second])) == ([], ["a", "b"], [])


def test_a_failure_is_its_sequences_alone(
    job: Callable[..., Job], make_sequence: MakeSequence, caplog: pytest.LogCaptureFixture
) -> None:
    broken, unreadable = make_sequence("broken", codes={3: RAISE}), make_sequence("unreadable")
    unreadable.files[0].write_bytes(b"")
    outcome = run_sequences(job(), [make_sequence("a"), broken, unreadable, make_sequence("z")])
    assert names(outcome) == (["a", "z"], [], ["broken", "unreadable"])
    reasons = [failure.reason for failure in outcome.failed]
    assert reasons[0].startswith(r"RuntimeError: the toy\nis broken (toy_tracker.py:")
    assert reasons[1].endswith("00000.png: the file is empty")
    assert all(f"{failure.name} failed: {failure.reason}" in caplog.messages for failure in outcome.failed)
    assert set(contents(job())) == {"a.txt", "z.txt", SETTINGS}
    mended = replace(broken, files=broken.files[:3])
    assert names(run_sequences(job(), [mended, make_sequence("y")])) == (["broken", "y"], [], [])


def test_spoilt_frames_are_in_the_record(job: Callable[..., Job], make_sequence: MakeSequence) -> None:
    sequence = make_sequence("a")
    sequence.files[2].write_bytes(b"")
    (record,) = run_sequences(job("ellipse"), [sequence]).done
    assert list(record.unreadable) == [2] and "00002.png" in record.unreadable[2]
    assert record.frames == 5
    rows = read_rows(job("ellipse").folder.path / "a.txt", 4)
    assert len(rows) == 6 and (rows[2] == rows[1]).all() and (rows[3] != rows[1]).any()
    masks = job("ellipse").folder.path / "a"
    assert (masks / "00002.png").read_bytes() == (masks / "00001.png").read_bytes()


def test_every_sequence_begins_with_the_same_random_numbers(
    job: Callable[..., Job], make_sequence: MakeSequence
) -> None:
    sequences = [make_sequence(name, codes={3: DRAW}) for name in "ab"]
    run_sequences(job(), sequences)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    run_sequences(job(results="again"), sequences[::-1])
    assert contents(job()) == contents(job(results="again"))
    assert contents(job())["a.txt"] == contents(job())["b.txt"]


def test_from_boxes_starts_from_the_box_of_the_mask(
    job: Callable[..., Job], make_sequence: MakeSequence
) -> None:
    """The toy tracker sees nothing of first masks, but without them it needs an initializer."""
    sequence = make_sequence("a", masks=True)
    assert names(run_sequences(job("masks"), [sequence]))[0] == ["a"]
    with pytest.raises(InputError, match=r"start with boxes.*\"toy/masks\" name no initializer.*toy/ellipse"):
        run_sequences(job("masks", results="none", from_boxes=True), [sequence])
    assert names(run_sequences(job("ellipse", from_boxes=True), [sequence]))[0] == ["a"]


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ("masks", InputError, "sequences start with boxes"),
        ("no_weights", InputError, "^no weights$"),
        ("bug", TrackerSetupError, r'tracker "toy/bug" cannot be made: KeyError: .* \(toy_tracker.py:'),
        ("nosuch", InputError, 'unknown tracker parameters "toy/nosuch"; known: .*toy/default'),
    ],
)
def test_a_tracker_that_cannot_be_made_ends_the_run(
    parameters: str,
    error: type[Exception],
    message: str,
    job: Callable[..., Job],
    make_sequence: MakeSequence,
) -> None:
    with pytest.raises(error, match=message):
        run_sequences(job(parameters), [make_sequence("a"), make_sequence("b")])
    assert contents(job(parameters)) == {}


def test_pictures_are_written_beside_the_results(
    job: Callable[..., Job], make_sequence: MakeSequence
) -> None:
    sequence = make_sequence("a")
    expected = {"a.txt", SETTINGS}
    for level, file in ((0, None), (1, "a_overlay.mp4"), (2, "a_maps.png")):
        expected |= {file} if file else set()
        run_sequences(replace(job(), pictures=level), [sequence], overwrite=True)
        assert set(contents(job())) == expected


def test_results_of_other_settings_are_not_mixed(
    job: Callable[..., Job], make_sequence: MakeSequence
) -> None:
    def noted() -> dict[str, object]:
        return json.loads((job("default").folder.path / SETTINGS).read_text())

    a, b, c = (make_sequence(name) for name in "abc")
    run_sequences(job(), [a])
    before = noted()
    assert before["tracker"] == "toy/default" and before["seed"] == 0 and before["weights"] == {}
    assert before["parameters"] == {"makes_masks": False, "initializer": None, "fails": None}
    run_sequences(job(), [b])
    assert noted() == before
    changed = replace(job(), changes={"makes_masks": True, "initializer": "ellipse"})
    for sequences in ([a], [c]):  # those that are done would stay as they are, or stand beside others
        with pytest.raises(InputError, match="--overwrite makes them anew, --name puts") as caught:
            run_sequences(changed, sequences)
        assert "parameters.makes_masks: false, now true, parameters.initializer: null, now" in str(
            caught.value
        )
        assert noted() == before
    run_sequences(changed, [a], overwrite=True)
    assert noted()["hash"] != before["hash"] and noted()["earlier"] == [before["hash"]]
    with pytest.raises(InputError, match="an earlier run that was not made anew as a whole"):
        run_sequences(changed, [a, b])  # b is still what it was
    run_sequences(changed, [a, b], overwrite=True)
    assert "earlier" not in noted()
    run_sequences(changed, [a, b, c])


def test_results_of_other_weights_are_not_mixed(
    job: Callable[..., Job], make_sequence: MakeSequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Initializer:
        """An ellipse with weights."""

        digest = "f00d"

        @classmethod
        def weights_digests(cls, size: int = 1) -> dict[str, str]:
            return {"model": f"{cls.digest} {size}"}

        def __new__(cls, size: int = 1) -> object:  # type: ignore[misc]
            return Ellipse()

    class Parameters:
        initializer, makes_masks, fails = "learned", True, None
        initializer_options: ClassVar[dict[str, int]] = {"size": 7}

        def weights_digests(self) -> dict[str, str]:
            return {"model": "cafe"}

    monkeypatch.setitem(INITIALIZERS._factories, "learned", Initializer)
    PARAMETERS.register("toy/default", Parameters)
    sequence = make_sequence("a")
    run_sequences(job(), [sequence])
    noted = json.loads((job().folder.path / SETTINGS).read_text())
    assert noted["weights"] == {"model": "cafe", "learned.model": "f00d 7"}
    assert run_sequences(job(), [sequence]).skipped == ("a",)
    Initializer.digest = "beef"
    with pytest.raises(InputError, match=r"weights\.learned\.model: .f00d 7., now .beef 7."):
        run_sequences(job(), [sequence])
    monkeypatch.setattr(Parameters, "weights_digests", lambda _: 1 // 0)
    with pytest.raises(TrackerSetupError, match='weights of "toy/default" cannot be told: ZeroDivisionError'):
        run_sequences(job(), [sequence])


def test_a_broken_note_is_no_note(job: Callable[..., Job], make_sequence: MakeSequence) -> None:
    sequence = make_sequence("a")
    run_sequences(job(), [sequence])
    for content in ("", "[]", "{}", "7", "\xff"):
        (job().folder.path / SETTINGS).write_text(content, encoding="latin-1")
        assert run_sequences(job(), [sequence]).skipped == ("a",)


def test_settings_are_plain_and_the_same_in_every_process() -> None:
    class Old:
        """Parameters as attributes of an object, with whatever in them."""

        def __init__(self) -> None:
            self.scale, self.path, self.steps = 0.5, Path("weights.pth"), (1, 2)
            self.choose, self.nothing, self.itself = max, None, self

    found = plain({"old": Old(), "function": lambda: 0, "object": object()})
    assert found["old"].items() >= {"scale": 0.5, "path": "weights.pth", "steps": [1, 2]}.items()
    assert "0x" not in json.dumps(found)


def test_processes_change_nothing(
    job: Callable[..., Job],
    make_sequence: MakeSequence,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two processes write what one writes; one of them dies midway and another one takes its place."""
    sequences = [
        make_sequence("long", frames=9, codes={4: DRAW}),
        make_sequence("two", frames=7, starts={1: 0, 2: 3}),
        make_sequence("short", frames=3),
    ]
    sequences[0].files[6].write_bytes(b"")
    monkeypatch.delenv("OMP_NUM_THREADS")  # then all cores would be used, and on them sums depend
    torch.set_num_threads(2)  # undone below
    alone = job("ellipse", results="alone")
    run_sequences(alone, sequences)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)
    deadly = make_sequence("deadly", frames=8, codes={5: DIE})
    broken = make_sequence("broken", frames=8, codes={5: RAISE})
    caplog.clear()
    with caplog.at_level(logging.INFO):
        outcome = run_sequences(job("ellipse"), [deadly, *sequences, broken], processes=2)
    done, _, failed = names(outcome)
    assert (sorted(done), sorted(failed)) == (["long", "short", "two"], ["broken", "deadly"])
    reasons = {failure.name: failure.reason for failure in outcome.failed}
    assert "its process died (SIGKILL)" in reasons["deadly"] and "RuntimeError" in reasons["broken"]
    assert contents(alone).items() <= contents(job("ellipse")).items()
    spoilt = [text for text in caplog.messages if 'sequence "long", frame 6 keeps' in text]
    assert len(spoilt) == 1  # warnings of the processes are heard here
    assert {path.name for path in job("ellipse").folder.path.glob("*.txt")} == {
        path.name for path in alone.folder.path.glob("*.txt")
    }


def test_processes_that_cannot_make_the_tracker_end_the_run(
    job: Callable[..., Job], make_sequence: MakeSequence
) -> None:
    with pytest.raises(InputError, match=r"^no weights$"):
        run_sequences(job("no_weights"), [make_sequence("a")], processes=2)
