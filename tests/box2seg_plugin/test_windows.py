"""Windows: the rule as a table, and that reading in order neither misses nor repeats a frame."""

import numpy as np
import pytest

from box2seg_plugin.windows import WindowPlan
from ltr.errors import InputError


def plan(
    num_frames: int, frames: int, interval: int, absent: tuple[int, ...] = (), windows: str = "exact"
) -> WindowPlan:
    present = np.ones(num_frames, dtype=bool)
    present[list(absent)] = False
    return WindowPlan(present, frames, interval, windows)


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


@pytest.mark.parametrize(
    ("num_frames", "frames", "interval", "absent", "expected"),
    [
        # 8 frames of each phase: 5, and the last 3 with the 2 before them
        (
            40,
            5,
            5,
            (),
            {
                20: (0, 5, 10, 15, 20),
                25: (15, 20, 25, 30, 35),
                6: (1, 6, 11, 16, 21),
                39: (19, 24, 29, 34, 39),
            },
        ),
        (6, 3, 1, (), {0: (0, 1, 2), 2: (0, 1, 2), 3: (3, 4, 5)}),
        (7, 3, 2, (), {0: (0, 2, 4), 6: (2, 4, 6), 1: (1, 3, 5)}),
        (4, 5, 1, (), {3: (0, 1, 2, 3)}),
        (4, 1, 2, (), {3: (3,)}),
        (3, 5, 10, (), {2: (2,)}),
        # without a box: still counted into the groups, then left out
        (8, 3, 1, (1, 4, 7), {0: (0, 2), 3: (3, 5), 6: (5, 6)}),
    ],
)
def test_shared_window_of_a_frame(
    num_frames: int,
    frames: int,
    interval: int,
    absent: tuple[int, ...],
    expected: dict[int, tuple[int, ...]],
) -> None:
    windows = plan(num_frames, frames, interval, absent, "shared")
    assert {target: windows.window(target) for target in expected} == expected


def test_a_shared_window_is_solved_once_for_all_that_have_no_other() -> None:
    windows = plan(8, 3, 1, windows="shared")
    found = [(w.frames, w.targets) for last in range(8) for w in windows.ending_at(last)]
    assert found == [((0, 1, 2), (0, 1, 2)), ((3, 4, 5), (3, 4, 5)), ((5, 6, 7), (6, 7))]


@pytest.mark.parametrize("rule", ["exact", "shared"])
@pytest.mark.parametrize("wanted_share", [1.0, 0.2])
@pytest.mark.parametrize("frames", [1, 3, 9])
@pytest.mark.parametrize("interval", [1, 5, 1000])
@pytest.mark.parametrize("num_frames", [1, 7, 60])
def test_reading_in_order_serves_every_wanted_frame_once(
    rule: str, wanted_share: float, frames: int, interval: int, num_frames: int
) -> None:
    rng = np.random.default_rng(num_frames)
    present, wanted = rng.random(num_frames) < 0.8, rng.random(num_frames) < wanted_share
    windows = WindowPlan(present, frames, interval, rule, wanted)
    served, needed = [], set()
    for last in range(num_frames):
        for window in windows.ending_at(last):
            assert window.frames[-1] == last
            assert window.frames[0] >= last - windows.span
            for target in window.targets:
                assert window.frames == windows.window(target)
            served += window.targets
            needed |= set(window.frames)
    assert sorted(served) == np.flatnonzero(present & wanted).tolist()
    assert [frame for frame in range(num_frames) if windows.needs(frame)] == sorted(needed)


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


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(InputError, match='windows is "share": must be exact or shared'):
        plan(10, 5, 5, windows="share")
