"""Windows: the rule as a table, and that reading in order neither misses nor repeats a frame."""

import numpy as np
import pytest

from box2seg_plugin.windows import WindowPlan
from ltr.errors import InputError


def plan(num_frames: int, frames: int, interval: int, absent: tuple[int, ...] = ()) -> WindowPlan:
    present = np.ones(num_frames, dtype=bool)
    present[list(absent)] = False
    return WindowPlan(present, frames, interval)


@pytest.mark.parametrize(
    ("num_frames", "frames", "interval", "absent", "target", "expected"),
    [
        (40, 5, 5, (), 20, (10, 15, 20, 25, 30)),
        (40, 5, 5, (), 0, (0, 5, 10, 15, 20)),
        (40, 5, 5, (), 4, (4, 9, 14, 19, 24)),
        (40, 5, 5, (), 5, (0, 5, 10, 15, 20)),
        (40, 5, 5, (), 6, (1, 6, 11, 16, 21)),
        (40, 5, 5, (), 39, (19, 24, 29, 34, 39)),
        (40, 5, 5, (), 30, (15, 20, 25, 30, 35)),
        (40, 9, 5, (), 20, (0, 5, 10, 15, 20, 25, 30, 35)),  # a phase of 8 frames alone
        (10, 3, 1, (), 0, (0, 1, 2)),
        (10, 3, 1, (), 9, (7, 8, 9)),
        (10, 3, 1, (), 4, (3, 4, 5)),
        (10, 1, 5, (), 4, (4,)),
        (1, 5, 5, (), 0, (0,)),
        (6, 5, 5, (), 0, (0, 5)),
        (6, 5, 5, (), 3, (3,)),
        (3, 5, 1, (), 1, (0, 1, 2)),
        (10, 5, 1000, (), 4, (4,)),
        # without a box: left out, nothing comes in their place
        (40, 5, 5, (15,), 20, (10, 20, 25, 30)),
        (40, 5, 5, (10, 15, 25, 30), 20, (20,)),
        (40, 5, 5, (35, 39), 20, (10, 15, 20, 25, 30)),
        (40, 5, 5, (0, 5), 10, (10, 15, 20)),
    ],
)
def test_window_of_a_frame(
    num_frames: int,
    frames: int,
    interval: int,
    absent: tuple[int, ...],
    target: int,
    expected: tuple[int, ...],
) -> None:
    assert plan(num_frames, frames, interval, absent).window(target) == expected


@pytest.mark.parametrize("frames", [1, 3, 5, 9])
@pytest.mark.parametrize("interval", [1, 2, 5, 1000])
@pytest.mark.parametrize("num_frames", [1, 2, 7, 26, 60])
def test_reading_in_order_serves_every_frame_once(frames: int, interval: int, num_frames: int) -> None:
    rng = np.random.default_rng(num_frames)
    windows = WindowPlan(rng.random(num_frames) < 0.8, frames, interval)
    served = []
    for last in range(num_frames):
        for window in windows.ending_at(last):
            assert window.frames[-1] == last
            assert window.frames[0] >= last - windows.span
            for target in window.targets:
                assert window.frames == windows.window(target)
            served += window.targets
    assert sorted(served) == np.flatnonzero(windows.present).tolist()


@pytest.mark.parametrize(
    ("num_frames", "frames", "interval", "span"),
    [
        (40, 5, 5, 20),
        (40, 9, 5, 35),
        (40, 1, 5, 0),
        (40, 5, 40, 0),
        (40, 5, 39, 39),
        (1, 5, 5, 0),
        (0, 5, 5, 0),
    ],
)
def test_span_is_no_longer_than_the_video_makes_it(
    num_frames: int, frames: int, interval: int, span: int
) -> None:
    assert plan(num_frames, frames, interval).span == span


def test_equal_windows_are_solved_once() -> None:
    windows = plan(40, 5, 5).ending_at(20)
    assert [(w.frames, w.targets) for w in windows] == [((0, 5, 10, 15, 20), (0, 5, 10))]


@pytest.mark.parametrize(("frames", "interval"), [(0, 5), (2, 5), (-1, 5), (4, 1), (5, 0), (5, -3)])
def test_impossible_windows_are_refused(frames: int, interval: int) -> None:
    with pytest.raises(InputError, match=str(frames if interval == 5 or frames == 4 else interval)):
        plan(10, frames, interval)
