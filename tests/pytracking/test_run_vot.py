"""run_vot.py without the toolkit: what a tracker is told, the protocol line by line, trackers.ini."""

from __future__ import annotations

import configparser
import logging
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from ltr.errors import InputError
from pytracking.analysis.vot_regions import Region, parse_region
from pytracking.initializers import SegmentationInitializer, make_initializer
from pytracking.run_vot import main, parser
from pytracking.tracker.interface import Image, Target, TrackResult
from pytracking.vot.conversation import Conversation, Request, make_target
from pytracking.vot.trackers_ini import TrackerEntry, add_entry

HEIGHT, WIDTH = 40, 60
FIRST, SECOND = (200, 60, 40), (40, 60, 200)


def ellipse(cx: float, cy: float) -> np.ndarray:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    return ((columns - cx) / 7) ** 2 + ((rows - cy) / 6) ** 2 <= 1


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Five frames: one object goes right from (12, 10), another left from (45, 28)."""
    folder, files = tmp_path_factory.mktemp("frames of a video"), []
    for t in range(5):
        image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        image[ellipse(12 + t, 10)] = FIRST
        image[ellipse(45 - t, 28)] = SECOND
        files.append(folder / f"{t}.png")
        cv2.imwrite(str(files[-1]), image[..., ::-1])
    return files


def box(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float64)


class Recorder:
    """Remembers what it is told; every target is where it started, 2 pixels further in each frame."""

    def __init__(self, needs_masks: bool = False, makes_masks: bool = False) -> None:
        self.needs_masks = needs_masks
        self.makes_masks = makes_masks
        self.told: list[tuple[str, dict[int, Target]]] = []
        self.images: list[Image] = []

    def initialize(self, image: Image, targets: Mapping[int, Target]) -> TrackResult:
        self.boxes: dict[int, np.ndarray] = {}
        return self._go_on("initialize", image, targets)

    def track(self, image: Image, new: Mapping[int, Target] | None = None) -> TrackResult:
        self.boxes = {i: old + box(2, 0, 0, 0) for i, old in self.boxes.items()}
        return self._go_on("track", image, new or {})

    def only_target(self) -> Target:
        """The one target that it was told of, in one call."""
        ((_, targets),) = self.told
        assert list(targets) == [1]
        return targets[1]

    def _go_on(self, call: str, image: Image, new: Mapping[int, Target]) -> TrackResult:
        self.told.append((call, dict(new)))
        self.images.append(image)
        self.boxes.update({i: target.box for i, target in new.items()})
        labels = np.zeros(image.shape[:2], np.uint8)
        for i in self.boxes:
            labels[i, :i] = i
        return TrackResult(self.boxes, {i: 1 / i for i in self.boxes}, labels if self.makes_masks else None)


# What the toolkit gives becomes a target


@pytest.mark.parametrize(
    ("x", "y", "mask", "rows", "columns"),
    [
        (3, 2, np.ones((4, 5), bool), range(2, 6), range(3, 8)),
        (-2, -1, np.ones((4, 5), bool), range(3), range(3)),  # beyond the upper left corner
        (56, 38, np.ones((4, 5), bool), range(38, 40), range(56, 60)),  # beyond the lower right one
        (0, 0, np.pad(np.ones((1, 1), bool), ((7, 2), (9, 3))), range(7, 8), range(9, 10)),
    ],
)
def test_given_mask_is_laid_into_the_image(
    x: int, y: int, mask: np.ndarray, rows: range, columns: range
) -> None:
    target = make_target(Region(x, y, mask), HEIGHT, WIDTH)
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[rows.start : rows.stop, columns.start : columns.stop] = True
    assert target.mask is not None
    np.testing.assert_array_equal(target.mask, expected)
    np.testing.assert_array_equal(target.box, (columns.start, rows.start, len(columns), len(rows)))


def test_given_mask_and_box_reach_the_tracker(frames: list[Path]) -> None:
    tracker = Recorder()
    mask = ellipse(12, 10)
    (state,) = Conversation(tracker, None).answer(Request(frames[0], True, [Region(0, 0, mask)]))
    target = tracker.only_target()
    assert tracker.told[0][0] == "initialize"
    np.testing.assert_array_equal(target.mask, mask)
    np.testing.assert_array_equal(target.box, (5, 4, 14, 12))
    np.testing.assert_array_equal(state.box, (5, 4, 14, 12))
    assert state.mask is None
    assert state.confidence == 1
    assert tuple(tracker.images[0][10, 12]) == FIRST  # RGB


@pytest.mark.parametrize(
    ("needs_masks", "initializer", "pixels"), [(False, None, None), (True, "rectangle", 14 * 12)]
)
def test_given_box_gets_a_mask_where_one_is_needed(
    frames: list[Path], needs_masks: bool, initializer: str | None, pixels: int | None
) -> None:
    tracker = Recorder(needs_masks)
    made: SegmentationInitializer | None = make_initializer(initializer) if initializer else None
    Conversation(tracker, made).answer(Request(frames[0], True, [box(5, 4, 14, 12)]))
    target = tracker.only_target()
    assert (None if target.mask is None else target.mask.sum()) == pixels


def test_started_from_boxes_the_given_mask_is_not_shown(frames: list[Path]) -> None:
    tracker = Recorder(needs_masks=True)
    conversation = Conversation(tracker, make_initializer("rectangle"), from_boxes=True)
    conversation.answer(Request(frames[0], True, [Region(0, 0, ellipse(12, 10))]))
    target = tracker.only_target()
    assert target.mask is not None
    assert target.mask.sum() == 14 * 12


def test_tracker_that_needs_masks_is_given_none_without_initializer(frames: list[Path]) -> None:
    with pytest.raises(InputError, match="starts with a box and the tracker needs masks"):
        Conversation(Recorder(True), None).answer(Request(frames[0], True, [box(5, 4, 14, 12)]))


@pytest.mark.parametrize(
    "region", [box(70, 4, 14, 12), box(5, 4, 0, 12), Region(80, 0, np.ones((3, 3), bool))]
)
def test_target_that_is_not_in_the_image(frames: list[Path], region: np.ndarray | Region) -> None:
    with pytest.raises(InputError, match="object 1 starts with box"):
        Conversation(Recorder(), None).answer(Request(frames[0], True, [region]))


# Answers


def test_targets_are_numbered_as_they_come_and_forgotten_at_a_restart(frames: list[Path]) -> None:
    tracker = Recorder(makes_masks=True)
    conversation = Conversation(tracker, None)
    conversation.answer(Request(frames[0], True, [box(5, 4, 14, 12), box(38, 22, 14, 12)]))
    conversation.answer(Request(frames[1], False, []))
    states = conversation.answer(Request(frames[2], False, [box(20, 20, 5, 5)]))
    assert [(call, list(new)) for call, new in tracker.told] == [
        ("initialize", [1, 2]),
        ("track", []),
        ("track", [3]),
    ]
    np.testing.assert_array_equal(
        [state.box for state in states], [(9, 4, 14, 12), (42, 22, 14, 12), (20, 20, 5, 5)]
    )
    assert [state.confidence for state in states] == [1, 1 / 2, 1 / 3]
    for number, state in enumerate(states, start=1):
        assert state.mask is not None
        np.testing.assert_array_equal(np.argwhere(state.mask), [(number, j) for j in range(number)])

    (state,) = conversation.answer(Request(frames[3], True, [box(1, 2, 3, 4)]))
    np.testing.assert_array_equal(state.box, (1, 2, 3, 4))
    assert list(tracker.told[-1][1]) == [1]


def test_every_run_begins_with_the_same_random_numbers(frames: list[Path]) -> None:
    class Dice(Recorder):
        def _go_on(self, call: str, image: Image, new: Mapping[int, Target]) -> TrackResult:
            result = super()._go_on(call, image, new)
            drawn = np.random.rand() + torch.rand(1).item()  # noqa: NPY002
            return replace(result, boxes={i: old + drawn for i, old in result.boxes.items()})

    conversation = Conversation(Dice(), None)
    runs = []
    for _ in range(2):
        requests = [Request(frames[0], True, [box(5, 4, 14, 12)]), Request(frames[1], False, [])]
        runs.append([conversation.answer(request)[0].box for request in requests])
    np.testing.assert_array_equal(*runs)
    assert runs[0][1][1] != runs[0][0][1]  # it does draw anew


def test_first_frame_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.png"):
        Conversation(Recorder(), None).answer(Request(tmp_path / "gone.png", True, [box(5, 4, 14, 12)]))


@pytest.mark.parametrize("damage", ["missing", "no image", "of another size"])
def test_later_frame_that_cannot_be_used_leaves_targets_where_they_were(
    frames: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    bad = tmp_path / "bad.png"
    if damage == "no image":
        bad.write_text("no image")
    if damage == "of another size":
        cv2.imwrite(str(bad), np.zeros((HEIGHT, WIDTH + 1, 3), np.uint8))
    tracker = Recorder()
    conversation = Conversation(tracker, None)
    conversation.answer(Request(frames[0], True, [box(5, 4, 14, 12)]))
    before = conversation.answer(Request(frames[1], False, []))
    with caplog.at_level(logging.WARNING):
        assert conversation.answer(Request(bad, False, [])) == before
    assert re.search(r"bad\.png.*: the targets stay where they were", caplog.text)
    assert len(tracker.told) == 2
    with pytest.raises(InputError, match=r"bad\.png"):
        conversation.answer(Request(bad, False, [box(1, 1, 5, 5)]))
    (after,) = conversation.answer(Request(frames[2], False, []))
    np.testing.assert_array_equal(after.box, (9, 4, 14, 12))


# The command as the toolkit starts it. The messages here are TraX 4 written out by hand.


class Toolkit:
    """The other end: starts run_vot.py in another folder, with the trackers of tests/vot_plugin installed."""

    def __init__(self, repository: Path, folder: Path, *arguments: str) -> None:
        self.errors = folder / "stderr.txt"
        path = os.pathsep.join(map(str, [repository, repository / "tests" / "vot_plugin"]))
        with self.errors.open("w") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pytracking.run_vot", *arguments],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": path},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        self.noise: list[str] = []

    def say(self, *messages: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("".join(f"@@TRAX:{message}\n" for message in messages))
        self.process.stdin.flush()

    def hear(self, count: int = 1) -> list[str]:
        """The next messages; what the lines between them hold goes to ``noise``."""
        assert self.process.stdout is not None
        heard: list[str] = []
        while len(heard) < count and (line := self.process.stdout.readline()):
            if line.startswith("@@TRAX:"):
                heard.append(line.removeprefix("@@TRAX:").strip())
            else:
                self.noise.append(line.strip())
        return heard

    def end(self) -> tuple[int, str]:
        """Its exit code and what it wrote to standard error."""
        self.process.communicate(timeout=60)
        return self.process.returncode, self.errors.read_text()


@pytest.fixture
def toolkit(repository: Path, tmp_path: Path) -> Iterator[Callable[..., Toolkit]]:
    """Starts run_vot.py with these arguments."""
    pytest.importorskip("trax", reason="vot-trax is not installed (the extra vot)")
    started: list[Toolkit] = []

    def start(*arguments: str) -> Toolkit:
        started.append(Toolkit(repository, tmp_path, *arguments))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()


def frame(path: Path) -> str:
    return f'frame "file://{path}"'


def mask_in(message: str) -> np.ndarray:
    """The mask of a state message, on a canvas as large as the image."""
    match = re.match(r'state "mask:([0-9,]+)"', message)
    assert match is not None, message
    return make_target(parse_region(f"m{match[1]}"), HEIGHT, WIDTH).mask


def test_masks_over_trax_with_a_tracker_that_prints(
    toolkit: Callable[..., Toolkit], frames: list[Path]
) -> None:
    peer = toolkit("blob", "talks")
    (hello,) = peer.hear()
    for part in ("trax.version=4", "trax.region=rectangle;polygon;mask;", "trax.image=path;", "blob_talks"):
        assert part in hello
    assert "trax.multiobject=1" in hello

    # a mask whose rows are the middle of the object, as runs that begin with background
    peer.say('initialize "mask:8,8,8,4,0,32"', frame(frames[0]))
    assert mask_in(*peer.hear()).sum() > 0
    peer.say(frame(frames[1]))
    (state,) = peer.hear()
    assert state.endswith('"confidence=1.0"')
    np.testing.assert_array_equal(mask_in(state), ellipse(13, 10))

    # another target appears, then a new run begins with a polygon around it, which becomes a box
    peer.say('initialize "36,22,14,12"', frame(frames[2]))
    np.testing.assert_array_equal([mask_in(m) for m in peer.hear(2)], [ellipse(14, 10), ellipse(43, 28)])
    peer.say("initialize ", 'initialize "35,28,42,22,49,28,42,34"', frame(frames[3]))
    np.testing.assert_array_equal(mask_in(*peer.hear()), ellipse(42, 28))
    peer.say(frame(frames[4]))
    np.testing.assert_array_equal(mask_in(*peer.hear()), ellipse(41, 28))

    peer.say("quit")
    code, errors = peer.end()
    assert code == 0
    assert not any(peer.noise)  # what the tracker prints goes elsewhere
    assert errors.count("frame ") == 5


def test_boxes_over_trax_until_the_toolkit_is_gone(
    toolkit: Callable[..., Toolkit], frames: list[Path]
) -> None:
    peer = toolkit("blob", "boxes")
    peer.hear()
    peer.say('initialize "mask:8,8,8,4,0,32"', frame(frames[0]))
    peer.hear()
    peer.say(frame(frames[1]))
    assert peer.hear() == ['state "6.0000,4.0000,14.0000,12.0000" "confidence=1.0"']
    code, errors = peer.end()  # closes the pipes
    assert code == 2
    assert re.fullmatch(r"run_vot\.py: error: TraX: the toolkit is gone, .*\n", errors)


def test_failing_tracker_tells_toolkit_and_user(toolkit: Callable[..., Toolkit], frames: list[Path]) -> None:
    peer = toolkit("blob", "fails")
    peer.hear()
    peer.say('initialize "5,4,14,12"', frame(frames[0]), frame(frames[1]), frame(frames[2]))
    reason = "tracker failed: RuntimeError('cannot go on at frame 2')"
    assert peer.hear(3)[2] == f'quit "trax.reason={reason}"'
    assert peer.end() == (1, f"run_vot.py: error: {reason}\n")


def test_tracker_that_cannot_be_made_tells_toolkit_and_user(toolkit: Callable[..., Toolkit]) -> None:
    peer = toolkit("blob", "nowhere")
    hello, leave = peer.hear(2)
    assert hello.startswith("hello")
    assert 'unknown tracker parameters \\"blob/nowhere\\"; known: blob/boxes, ' in leave
    code, errors = peer.end()
    assert code == 2
    assert re.fullmatch(r'run_vot\.py: error: unknown tracker parameters "blob/nowhere"; known: .*\n', errors)


def test_without_vot_trax(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    for module in ("trax", "trax.region", "trax.server"):
        monkeypatch.setitem(sys.modules, module, None)
    assert main(["lwl", "default"]) == 2
    captured = capfd.readouterr()
    assert not captured.out
    error = r"run_vot\.py: error: TraX needs the package vot-trax \(.*box2seg\[vot\].*\n"
    assert re.fullmatch(error, captured.err)


# trackers.ini


def toolkit_reads(path: Path) -> dict[str, dict[str, str]]:
    """As vot-toolkit 0.7.4 does: sections with %% undone, the command split as a shell would."""
    config = configparser.ConfigParser()
    config.read(path)
    return {name: dict(config[name]) for name in config.sections()}


def test_entry_is_read_by_the_toolkit_as_it_was_meant(tmp_path: Path) -> None:
    command = ["/home/a user/100%/python", "-m", "it's", "x"]
    path = add_entry(tmp_path, TrackerEntry("a_b-1", "a/b 50 %", command))
    assert path == tmp_path / "trackers.ini"
    values = toolkit_reads(path)["a_b-1"]
    assert shlex.split(values["command"]) == command
    assert values["label"] == "a/b 50 %"
    assert values["protocol"] == "trax"


def test_entries_are_added_and_the_rest_stays(tmp_path: Path) -> None:
    path = tmp_path / "trackers.ini"
    theirs = "# mine\n[other]\ncommand = x 100%%\nprotocol = traxpython"
    path.write_text(theirs)
    one, two = TrackerEntry("one", "1", ["a"]), TrackerEntry("two", "2", ["b"])
    for entry in (one, two, one):
        add_entry(path, entry)
    assert path.read_text().startswith(theirs + "\n")
    assert list(toolkit_reads(path)) == ["other", "one", "two"]
    assert [file.name for file in tmp_path.iterdir()] == ["trackers.ini"]

    before = path.read_text()
    with pytest.raises(InputError, match=r"trackers\.ini: has another \[one\]; delete .* --name"):
        add_entry(path, TrackerEntry("one", "1", ["c"]))
    assert path.read_text() == before


def test_what_is_no_trackers_ini(tmp_path: Path) -> None:
    entry = TrackerEntry("one", "1", ["a"])
    with pytest.raises(InputError, match=r"trackers\.txt: must be a folder, or a file that ends in \.ini"):
        add_entry(tmp_path / "trackers.txt", entry)
    path = tmp_path / "trackers.ini"
    for content in (b"no section\n", b"[one]\n[one]\n", b"\xff\xfe"):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"trackers\.ini: is no trackers\.ini"):
            add_entry(path, entry)
        assert path.read_bytes() == content
    with pytest.raises(InputError, match=r"cannot be read"):
        add_entry(path / "trackers.ini", entry)
    with pytest.raises(InputError, match=r'tracker name "a b": may hold'):
        TrackerEntry("a b", "1", ["a"])


def test_command_writes_an_entry_that_starts_the_tracker(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["lwl", "grabcut_init", "--from-boxes", "--write-trackers-ini", str(tmp_path)]
    assert main(arguments) == main(arguments) == 0
    name = "lwl_grabcut_init-from_boxes"
    said = f"{tmp_path / 'trackers.ini'} names the tracker {name}\n"
    assert capsys.readouterr().out == 2 * said
    values = toolkit_reads(tmp_path / "trackers.ini")[name]
    python, option, module, *words = shlex.split(values["command"])
    assert (python, option, module) == (sys.executable, "-m", "pytracking.run_vot")
    parsed = parser().parse_args(words)
    assert (parsed.tracker, parsed.param, parsed.from_boxes) == ("lwl", "grabcut_init", True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody"], r'unknown tracker "nobody"; known: .*lwl'),
        (["lwl", "nothing"], r'unknown tracker parameters "lwl/nothing"; known: .*lwl/default'),
        (["lwl", "default", "--name", "a b"], 'tracker name "a b"'),
        (["lwl", "--write-trackers-ini", "/proc/trackers.ini"], "/proc/trackers.ini: cannot be written"),
    ],
)
def test_wrong_arguments_are_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["--write-trackers-ini", str(tmp_path), *arguments]) == 2
    assert re.fullmatch(rf"run_vot\.py: error: .*{message}.*\n", capsys.readouterr().err)
    assert not list(tmp_path.iterdir())
