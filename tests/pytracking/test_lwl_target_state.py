"""Where the LWL tracker thinks a target is: closed forms of rectangle and ellipse, and the limits."""

import math

import numpy as np
import pytest

from ltr.data.boxes import box_mask, ellipse_mask
from ltr.data.crops import Crop
from pytracking.tracker.lwl.followed_target import sight
from pytracking.tracker.lwl.target_state import TargetState, measure

LIMITS = (0.95, 1.10)


def test_a_rectangle_has_its_centre_and_1_15_times_its_size() -> None:
    """Variance of a uniform density of length a: a^2 / 12, for whole pixels exactly."""
    state = measure(box_mask((10, 3, 24, 7), 40, 60))
    assert state.centre == pytest.approx((22, 6.5))
    assert state.size == pytest.approx((4 * 24 / math.sqrt(12), 4 * 7 / math.sqrt(12)))
    np.testing.assert_allclose(state.box[:2] + state.box[2:] / 2, state.centre)
    np.testing.assert_allclose(state.box[2:], state.size)


def test_an_ellipse_has_its_own_box() -> None:
    np.testing.assert_allclose(
        measure(ellipse_mask((10.5, 20, 120, 61.5), 100, 150)).box, (10.5, 20, 120, 61.5), atol=0.3
    )


def test_a_single_pixel_has_a_size() -> None:
    mask = np.zeros((5, 5), bool)
    mask[3, 1] = True
    state = measure(mask)
    assert state.centre == (1.5, 3.5) and state.size == pytest.approx((4 / math.sqrt(12),) * 2)


def test_probabilities_weigh_and_the_corner_shifts() -> None:
    """Two pixels, one twice as sure: the centre lies a third of the way from it."""
    weights = np.zeros((4, 10), np.float32)
    weights[2, 1], weights[2, 7] = 0.8, 0.4
    state = measure(weights, left=100, top=50)
    assert state.centre == pytest.approx((100 + 3.5, 52.5))
    assert state.size[0] == pytest.approx(4 * math.sqrt(2 / 3 * 2**2 + 1 / 3 * 4**2 + 1 / 12))


def test_many_small_probabilities_do_not_drown_in_rounding() -> None:
    weights = np.full((2000, 2000), 1e-4, np.float32)
    assert measure(weights).centre == pytest.approx((1000, 1000), abs=1e-3)
    assert measure(weights).size == pytest.approx((8000 / math.sqrt(12),) * 2, rel=1e-4)


@pytest.mark.parametrize(
    ("measured", "factor"), [((20, 20), 1), ((21, 20), math.sqrt(1.05)), ((40, 40), 1.10), ((5, 5), 0.95)]
)
def test_the_scale_changes_within_limits(measured: tuple[float, float], factor: float) -> None:
    before, seen = TargetState((50, 40), (20, 20)), TargetState((70, 10), measured)
    after = before.follow(seen, LIMITS)
    assert after.centre == seen.centre
    assert after.scale == pytest.approx(20 * factor)
    assert after.size[0] / after.size[1] == pytest.approx(measured[0] / measured[1])


def test_the_shape_may_change_at_once() -> None:
    """What turns on the spot keeps its area; a crop is placed by area first of all."""
    after = TargetState((0, 0), (40, 10)).follow(TargetState((0, 0), (10, 40)), LIMITS)
    assert after.size == pytest.approx((10, 40))


def test_size_is_reached_in_the_end() -> None:
    state, aim = TargetState((0, 0), (10, 10)), TargetState((0, 0), (33, 12))
    for _ in range(20):
        state = state.follow(aim, LIMITS)
    assert state.size == pytest.approx(aim.size)


def test_no_side_falls_below_a_pixel() -> None:
    state = TargetState((0, 0), (2, 2)).follow(TargetState((0, 0), (1.2, 400)), LIMITS)
    assert min(state.size) == 1.0 and all(math.isfinite(side) for side in state.size)


# finding a target in its probability

CROP = Crop(0, 0, 40, 20, (80, 40))
"""One pixel of the frame is four of the network's input."""


def seen_probability(value: float) -> tuple[np.ndarray, np.ndarray]:
    mask = box_mask((4, 2, 10, 5), 20, 40)
    return np.where(mask, value, 0.01).astype(np.float32), mask


def test_a_sighting_tells_state_box_and_score() -> None:
    probability, mask = seen_probability(0.8)
    seen = sight(probability, mask, (100, 50), CROP, 100)
    assert seen is not None
    np.testing.assert_allclose(seen.box, (104, 52, 10, 5))
    assert seen.score == pytest.approx(0.8)
    assert seen.state.centre == pytest.approx((109, 54.5))


def test_doubt_outside_the_mask_does_not_enlarge_the_target() -> None:
    probability, mask = seen_probability(0.8)
    seen = sight(probability, mask, (0, 0), CROP, 0)
    assert seen is not None and seen.state.size == pytest.approx(measure(mask).size)


def test_lost_below_the_least_sum_in_pixels_of_the_input() -> None:
    """50 pixels of 0.8 are 40 in the frame, 160 in the input."""
    probability, mask = seen_probability(0.8)
    assert sight(probability, mask, (0, 0), CROP, 159) is not None
    assert sight(probability, mask, (0, 0), CROP, 161) is None


def test_an_empty_mask_is_lost_whatever_the_least_sum() -> None:
    probability, mask = seen_probability(0.4)
    assert sight(probability, np.zeros_like(mask), (0, 0), CROP, 0) is None
