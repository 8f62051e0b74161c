"""What is measured of masks, against what is worked out by hand or pixel by pixel."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from box2seg_plugin.annotate.track_measures import track_measures
from box2seg_plugin.mask_measures import MARGIN, SHAPE_SIDE, MaskMeasures, measure
from ltr.data.boxes import ellipse_mask

FRAME = (60, 80)
BOX = (10.0, 20.0, 40.0, 30.0)


def smooth_logits(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Logits of both signs that change slowly."""
    coarse = np.random.default_rng(seed).normal(0, 5, (6, 6)).astype(np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)


def logits_of(mask: np.ndarray, size: float = 8.0) -> np.ndarray:
    """Logits of a network that is sure of a mask."""
    return np.where(mask, size, -size).astype(np.float32)


def whole() -> np.ndarray:
    return np.ones((30, 40), bool)


def test_every_measure_equals_a_sum_over_pixels() -> None:
    logits, first = smooth_logits(30, 40), smooth_logits(30, 40, seed=1)
    mask = logits > 0
    mask[:10] = False  # as if another object had taken it
    found = measure(logits, first, mask, BOX, FRAME)

    confidence = strict = lax = both = either = count = 0.0
    in_mask = outside = 0.0
    for row in range(30):
        for column in range(40):
            y = (float(logits[row, column]) + float(first[row, column])) / 2
            p = 1 / (1 + math.exp(-y))
            confidence += 2 * abs(p - 0.5)
            strict += y > MARGIN
            lax += y > -MARGIN
            both += logits[row, column] > 0 and first[row, column] > 0
            either += logits[row, column] > 0 or first[row, column] > 0
            count += mask[row, column]
            in_mask += p * mask[row, column]
            outside += p * (not mask[row, column])
    rows, columns = np.nonzero(mask)
    around = (rows.max() + 1 - rows.min()) * (columns.max() + 1 - columns.min())
    rim = sum(mask[r, c] for r in range(30) for c in (0, 39)) + sum(
        mask[r, c] for c in range(40) for r in (0, 29)
    )
    assert found.confidence == pytest.approx(confidence / 1200, rel=1e-5)
    assert found.stability == pytest.approx(strict / lax)
    assert found.agreement == pytest.approx(both / either)
    assert found.inside == pytest.approx(in_mask / count, rel=1e-5)
    assert found.expected_iou == pytest.approx(in_mask / (count + outside), rel=1e-5)
    assert found.fill == pytest.approx(count / 1200)
    assert found.box_iou == pytest.approx(around / 1200)
    assert found.rim == pytest.approx(rim / 140)
    assert not found.fallback


def test_a_sure_mask_in_a_box_that_fits_scores_everywhere() -> None:
    mask = ellipse_mask((0, 0, 40, 30), 30, 40)
    found = measure(logits_of(mask), logits_of(mask), mask, BOX, FRAME)
    assert min(found.confidence, found.inside, found.expected_iou) > 0.99
    assert found.stability == found.agreement == 1.0
    assert found.box_iou == 1.0 and found.rim < 0.25


def test_a_single_pass_agrees_with_itself() -> None:
    logits = smooth_logits(30, 40)
    assert measure(logits, None, logits > 0, BOX, FRAME).agreement == 1.0


@pytest.mark.parametrize(
    ("box", "shape", "rim"),
    [
        ((10, 20, 40, 30), (30, 40), 1.0),  # inside the frame: all four sides
        ((-5, 20, 45, 30), (30, 40), 1.0),  # cut on the left: the other three
        ((-5, -5, 100, 100), (60, 80), 0.0),  # the whole frame: none
    ],
)
def test_sides_on_the_border_of_the_frame_are_no_rim(
    box: tuple[float, ...], shape: tuple[int, int], rim: float
) -> None:
    mask = np.ones(shape, bool)
    found = measure(logits_of(mask), None, mask, box, FRAME)
    assert found.rim == rim and found.box_iou == 1.0 and found.fill == 1.0


def test_a_mask_on_the_cut_side_alone_is_on_no_rim() -> None:
    mask = np.zeros((30, 40), bool)
    mask[10:20, :30] = True
    assert measure(logits_of(mask), None, mask, (-5, 20, 45, 30), FRAME).rim == 0
    assert measure(logits_of(mask), None, mask, BOX, FRAME).rim == pytest.approx(10 / 140)


def test_the_box_that_counts_is_its_part_in_the_frame() -> None:
    mask = np.zeros((30, 40), bool)
    mask[:, :20] = True
    found = measure(logits_of(mask), None, mask, (-100, 20, 140, 30), FRAME)
    assert found.box_iou == 0.5 and found.fill == 0.5


def test_a_stand_in_for_nothing_is_told() -> None:
    logits = np.full((30, 40), -6, np.float32)
    mask = whole()
    found = measure(logits, logits, mask, BOX, FRAME, fallback=True)
    assert found.fallback and found.stability == 0 and found.agreement == 0
    assert found.inside < 0.01 and found.expected_iou < 0.01


def test_an_empty_mask_and_pixels_that_the_network_did_not_look_at() -> None:
    logits = np.full((30, 40), -100, np.float32)
    found = measure(logits, None, ~whole(), BOX, FRAME)
    numbers = (found.box_iou, found.fill, found.rim, found.inside, found.expected_iou, found.stability)
    assert numbers == (0,) * 6 and found.shape == bytes(SHAPE_SIDE**2)


def test_large_boxes_are_sampled_and_give_nearly_the_same() -> None:
    logits, first = smooth_logits(700, 900), smooth_logits(700, 900, seed=3)
    large = measure(logits, first, logits > 0, (0, 0, 900, 700), (720, 960))
    small = measure(logits[::7, ::7], first[::7, ::7], logits[::7, ::7] > 0, (0, 0, 129, 100), (103, 138))
    for name in ("confidence", "inside", "expected_iou", "stability", "agreement", "fill"):
        assert getattr(large, name) == pytest.approx(getattr(small, name), abs=0.01), name


def test_one_pixel_is_measured() -> None:
    one = np.ones((1, 1), np.float32)
    found = measure(one, one, one > 0, (3.2, 4.1, 0.5, 0.6), FRAME)
    assert found.fill == found.agreement == 1.0 and 0 < found.box_iou <= 1


def test_measures_do_not_change_their_input_and_repeat() -> None:
    logits, first = smooth_logits(30, 40), smooth_logits(30, 40, seed=1)
    copies = logits.copy(), first.copy()
    results = {measure(logits, first, logits > 0, BOX, FRAME) for _ in range(3)}
    assert len(results) == 1
    assert (logits == copies[0]).all() and (first == copies[1]).all()


@pytest.mark.parametrize("wrong", ["logits", "first", "mask"])
def test_arrays_of_another_size_than_the_box_are_refused(wrong: str) -> None:
    arrays = {name: np.ones((30, 40), np.float32) for name in ("logits", "first", "mask")}
    arrays[wrong] = arrays[wrong][:-1]
    with pytest.raises(ValueError, match=rf"{wrong} is \(29, 40\): must be \(30, 40\)"):
        measure(arrays["logits"], arrays["first"], arrays["mask"] > 0, BOX, FRAME)


# One mask beside its neighbours.


def rectangle(left: int, right: int, height: int = 30) -> MaskMeasures:
    """Measures of a mask of columns left to right in a box of 40 x 30."""
    mask = np.zeros((30, 40), bool)
    mask[:height, left:right] = True
    return measure(logits_of(mask), None, mask, BOX, FRAME)


def test_a_single_mask_has_no_neighbours() -> None:
    track = track_measures([rectangle(0, 20)])
    assert track.area_jump.tolist() == [0.0] and track.likeness.tolist() == [1.0]


def test_equal_masks_are_alike() -> None:
    track = track_measures([rectangle(5, 25)] * 6)
    assert track.area_jump.tolist() == [0.0] * 6 and track.likeness.tolist() == [1.0] * 6


def test_area_jumps_are_means_over_the_frames_before_and_after() -> None:
    track = track_measures([rectangle(0, 10), rectangle(0, 20), rectangle(0, 40), rectangle(0, 40)])
    two = math.log(2)
    assert track.area_jump == pytest.approx([two, two, two / 2, 0])


def test_likeness_is_the_mean_iou_with_two_frames_on_either_side() -> None:
    # A quarter, two quarters ... of the box, in whole cells of the coarse masks.
    quarters = [1, 2, 4, 4, 1]
    track = track_measures([rectangle(0, 10 * q) for q in quarters])
    for index, own in enumerate(quarters):
        near = [quarters[i] for i in range(max(0, index - 2), min(5, index + 3)) if i != index]
        expected = np.mean([min(own, other) / max(own, other) for other in near])
        assert track.likeness[index] == pytest.approx(expected, abs=1e-6)


def test_likeness_does_not_depend_on_the_size_of_the_box() -> None:
    small, large = np.zeros((16, 16), bool), np.zeros((64, 32), bool)
    small[4:12, :8] = large[16:48, :16] = True
    masks = [
        measure(logits_of(mask), None, mask, (0, 0, *mask.shape[::-1]), (100, 100)) for mask in (small, large)
    ]
    assert track_measures(masks).likeness == pytest.approx([1.0, 1.0])


def test_the_mask_that_differs_stands_out() -> None:
    masks = [rectangle(0, 20)] * 9
    masks[4] = rectangle(20, 40)
    track = track_measures(masks)
    assert track.likeness.argmin() == 4 and track.likeness[4] == 0
    assert track.area_jump.tolist() == [0.0] * 9
    masks[4] = rectangle(0, 38)
    assert track_measures(masks).area_jump.argmax() == 4


def test_an_empty_mask_has_a_finite_jump() -> None:
    empty = replace(rectangle(0, 20), fill=0.0)
    assert np.isfinite(track_measures([rectangle(0, 20), empty]).area_jump).all()
