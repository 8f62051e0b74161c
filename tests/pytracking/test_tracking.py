"""A tracker over one sequence: what it is shown, when, and what is kept where a frame fails."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from ltr.data.boxes import absent_box, mask_to_box
from ltr.errors import InputError
from pytracking.evaluation import tracking
from pytracking.evaluation.sequence import Sequence
from pytracking.evaluation.tracking import TrackedFrame, track_sequence
from pytracking.initializers import Ellipse, Rectangle
from pytracking.tracker.interface import Image, Target, TrackResult

MakeSequence = Callable[..., Sequence]


class Recorder:
    """Notes what it is shown. Its box says how many frames it has seen and sums up their pixels."""

    def __init__(self, needs_masks: bool = False, makes_masks: bool = False) -> None:
        self.needs_masks, self.makes_masks = needs_masks, makes_masks
        self.shown: list[float] = []
        self.started: list[Mapping[int, Target]] = []
        self.ids: list[int] = []

    def initialize(self, image: Image, targets: Mapping[int, Target]) -> TrackResult:
        self.shown, self.started, self.ids = [], [], []
        return self.track(image, targets)

    def track(self, image: Image, new: Mapping[int, Target] | None = None) -> TrackResult:
        self.shown.append(float(image.mean()))
        self.started.append(new or {})
        self.ids += list(new or {})
        box = np.array([len(self.shown), sum(self.shown), 1, 1])
        mask = np.full(image.shape[:2], len(self.shown), np.uint8) if self.makes_masks else None
        return TrackResult(dict.fromkeys(self.ids, box), dict.fromkeys(self.ids, 1.0), mask)


def boxes(frames: list[TrackedFrame], object_id: int = 1) -> list[list[float]]:
    return [list(frame.result.boxes.get(object_id, absent_box())) for frame in frames]


def spoil(path: Path) -> None:
    path.write_bytes(b"no image")


def test_every_frame_in_order(make_sequence: MakeSequence) -> None:
    sequence = make_sequence("a", frames=5)
    tracker = Recorder(makes_masks=True)
    frames = list(track_sequence(tracker, sequence))
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    means = [sequence.image(index).mean() for index in range(5)]
    assert tracker.shown == means
    assert boxes(frames) == [[n, pytest.approx(sum(means[:n])), 1, 1] for n in range(1, 6)]
    assert [frame.result.mask[0, 0] for frame in frames if frame.result.mask is not None] == [1, 2, 3, 4, 5]
    for frame in frames:
        assert frame.image is not None and frame.unreadable is None
        np.testing.assert_array_equal(frame.image, sequence.image(frame.index))


def test_targets_start_in_their_frames(make_sequence: MakeSequence) -> None:
    """Before the first one nothing is tracked, nor read."""
    sequence = make_sequence("a", frames=6, starts={1: 2, 2: 4})
    spoil(sequence.files[0])
    sequence.files[1].unlink()
    tracker = Recorder(makes_masks=True)
    frames = list(track_sequence(tracker, sequence))
    assert [list(new) for new in tracker.started] == [[1], [], [2], []]
    assert [sorted(frame.result.boxes) for frame in frames] == [[], [], [1], [1], [1, 2], [1, 2]]
    np.testing.assert_array_equal(tracker.started[2][2].box, sequence.start_boxes[4][2])
    for frame in frames[:2]:
        assert frame.seconds == 0 and frame.image is None
        assert frame.result.mask is not None and frame.result.mask.shape == (32, 48)
        assert not frame.result.mask.any()
    assert all(frame.result.mask is None for frame in track_sequence(Recorder(), sequence))


@pytest.mark.parametrize("damage", ["text", "missing", "size"])
def test_a_frame_that_cannot_be_read_keeps_the_result_before(
    damage: str, make_sequence: MakeSequence, caplog: pytest.LogCaptureFixture
) -> None:
    sequence = make_sequence("a", frames=6)
    kept = tuple(file for index, file in enumerate(sequence.files) if index not in (2, 3))
    expected = list(track_sequence(Recorder(makes_masks=True), replace(sequence, files=kept)))
    for file in sequence.files[2:4]:
        if damage == "size":
            PillowImage.new("RGB", (50, 32)).save(file)
        elif damage == "text":
            spoil(file)
        else:
            file.unlink()
    with caplog.at_level(logging.WARNING):
        frames = list(track_sequence(Recorder(makes_masks=True), sequence))
    assert boxes(frames) == [boxes(expected)[i] for i in (0, 1, 1, 1, 2, 3)]
    for index in (2, 3):
        assert frames[index].result is frames[1].result
        assert frames[index].seconds == 0 and frames[index].image is None
        assert str(sequence.files[index]) in (frames[index].unreadable or "")
    told = [record.getMessage() for record in caplog.records if 'sequence "a", frame' in record.getMessage()]
    assert len(told) == 2 and "frame 2" in told[0] and "frame 3" in told[1]
    assert all(frame.unreadable is None for frame in frames if frame.index not in (2, 3))


def test_a_target_that_starts_in_a_spoilt_frame_starts_in_the_next(make_sequence: MakeSequence) -> None:
    sequence = make_sequence("a", frames=5, starts={1: 0, 2: 2})
    spoil(sequence.files[2])
    tracker = Recorder()
    frames = list(track_sequence(tracker, sequence))
    assert [list(new) for new in tracker.started] == [[1], [], [2], []]
    assert [sorted(frame.result.boxes) for frame in frames] == [[1], [1], [1], [1, 2], [1, 2]]


def test_without_its_first_frame_a_sequence_fails(make_sequence: MakeSequence) -> None:
    sequence = make_sequence("a")
    spoil(sequence.files[0])
    with pytest.raises(InputError, match=r"00000\.png"):
        list(track_sequence(Recorder(), sequence))
    with pytest.raises(InputError, match='sequence "a" names no target'):
        list(track_sequence(Recorder(), replace(sequence, start_boxes={})))


def test_masks_are_given_or_made_where_needed(make_sequence: MakeSequence) -> None:
    masked = make_sequence("masked", frames=3, starts={1: 0, 2: 1}, masks=True)
    boxed = make_sequence("boxed", frames=3, starts={1: 0, 2: 1})

    def starts(sequence: Sequence, needs_masks: bool, **options: Any) -> list[Target]:
        tracker = Recorder(needs_masks)
        list(track_sequence(tracker, sequence, **options))
        return [tracker.started[0][1], tracker.started[1][2]]

    for index, given in enumerate(starts(masked, True)):
        truth = masked.targets(index)[index + 1].mask
        np.testing.assert_array_equal(given.mask, truth)
    assert [given.mask for given in starts(boxed, False)] == [None, None]
    # the patches are rectangles: made from the box, the mask is the true one; the ellipse is smaller
    true_masks = [given.mask for given in starts(masked, True)]
    for made, truth in zip(starts(boxed, True, initializer=Rectangle()), true_masks, strict=True):
        np.testing.assert_array_equal(made.mask, truth)
    for given in starts(masked, True, initializer=Ellipse(), from_boxes=True):
        assert given.mask is not None
        truth = true_masks.pop(0)
        assert truth is not None and given.mask.sum() < truth.sum() and not (given.mask & ~truth).any()
        np.testing.assert_array_equal(given.box, mask_to_box(truth))
    assert [given.mask for given in starts(masked, False, from_boxes=True)] == [None, None]
    with pytest.raises(InputError, match="needs masks"):
        starts(boxed, True)
    with pytest.raises(InputError, match="needs masks"):
        starts(masked, True, from_boxes=True)


def test_no_tracker_can_look_ahead(make_sequence: MakeSequence) -> None:
    """The frames do not even exist before the results of those before them have been taken."""
    sequence = make_sequence("a", frames=5)
    expected = list(track_sequence(Recorder(makes_masks=True), sequence))
    contents = [file.read_bytes() for file in sequence.files]
    for file in sequence.files[1:]:
        file.unlink()
    frames = track_sequence(Recorder(makes_masks=True), sequence)
    seen = []
    for index, content in enumerate(contents):
        sequence.files[index].write_bytes(content)
        seen.append(next(frames))
    assert boxes(seen) == boxes(expected)


def test_spoilt_future_frames_change_nothing_before(make_sequence: MakeSequence) -> None:
    sequence = make_sequence("a", frames=6)
    expected = list(track_sequence(Recorder(makes_masks=True), sequence))
    for file in sequence.files[3:]:
        spoil(file)
    seen = list(track_sequence(Recorder(makes_masks=True), sequence))
    assert boxes(seen)[:3] == boxes(expected)[:3]


def test_seconds_are_the_trackers_alone(make_sequence: MakeSequence, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    class Slow(Recorder):
        def track(self, image: Image, new: Mapping[int, Target] | None = None) -> TrackResult:
            nonlocal now
            now += 1 + len(self.shown)
            return super().track(image, new)

    def slow_initializer(image: Image, box: Any) -> Any:
        nonlocal now
        now += 100
        return Rectangle()(image, box)

    sequence, read = make_sequence("a", frames=4, starts={1: 0, 2: 1}), Sequence.image

    def slow_read(self: Sequence, frame: int) -> Any:
        nonlocal now
        now += 1000
        return read(self, frame)

    monkeypatch.setattr(Sequence, "image", slow_read)
    monkeypatch.setattr(tracking.time, "perf_counter", lambda: now)
    spoil(sequence.files[2])
    frames = list(track_sequence(Slow(needs_masks=True), sequence, slow_initializer))
    assert [frame.seconds for frame in frames] == [1, 2, 0, 3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"boxes": {}}, "box of object 1 is None"),
        ({"boxes": {1: np.array([1, 2, np.nan, 4])}}, "must be four finite numbers"),
        ({"boxes": {1: np.array([1, 2, 3])}}, "must be four finite numbers"),
        ({"mask": np.zeros((4, 4), np.uint8)}, r"mask is uint8 \(4, 4\): must be uint8 \(32, 48\)"),
        ({"mask": np.zeros((32, 48), bool)}, "mask is bool"),
        ({"mask": None}, "masks of some frames alone"),
    ],
)
def test_a_trackers_mistake_is_told(
    change: dict[str, Any], message: str, make_sequence: MakeSequence
) -> None:
    class Mistaken(Recorder):
        def track(self, image: Image, new: Mapping[int, Target] | None = None) -> TrackResult:
            result = super().track(image, new)
            return result if len(self.shown) < 3 else replace(result, **change)

    frames = track_sequence(Mistaken(makes_masks=True), make_sequence("a"))
    assert [next(frames).index, next(frames).index] == [0, 1]
    with pytest.raises(ValueError, match=message):
        next(frames)
