"""Boxes against pixel counting and worked examples."""

import numpy as np
import pytest

from ltr.data.boxes import (
    ABSENT,
    box_iou,
    box_mask,
    box_pixels,
    clip_box,
    ellipse_mask,
    is_absent,
    jitter_box,
    mask_to_box,
)


def test_is_absent_follows_the_convention() -> None:
    boxes = [
        ABSENT,
        (0, 0, 0, 0),
        (3, 4, 0, 5),
        (3, 4, 5, -2),
        (np.nan, 0, 5, 5),
        (0, 0, 5, np.inf),
        (-3, -4, 0.1, 9),
    ]
    assert is_absent(boxes).tolist() == [True, True, True, True, True, True, False]
    assert bool(is_absent((1.0, 2.0, 3.0, 4.0))) is False


def test_mask_to_box_holds_exactly_the_mask() -> None:
    mask = np.zeros((20, 30), dtype=np.uint8)
    mask[4:9, 7] = 2
    mask[6, 7:21] = 1
    assert mask_to_box(mask).tolist() == [7, 4, 14, 5]
    assert mask_to_box(mask == 2).tolist() == [7, 4, 1, 5]
    assert mask_to_box(mask == 3).tolist() == list(ABSENT)


def test_a_drawn_box_gives_the_box_back() -> None:
    for box in [(0, 0, 1, 1), (3, 4, 10, 2), (0, 0, 30, 20)]:
        assert mask_to_box(box_mask(box, 20, 30)).tolist() == list(box)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((2.5, 3, 4, 5), (2.5, 3, 4, 5)),
        ((-2, -3, 10, 10), (0, 0, 8, 7)),
        ((25, 15, 10, 10), (25, 15, 5, 5)),
        ((-100, -100, 1000, 1000), (0, 0, 30, 20)),
        ((30, 5, 4, 4), ABSENT),
        ((-4, 5, 4, 4), ABSENT),
        ((4, 4, 0, 4), ABSENT),
        ((np.nan, 4, 3, 4), ABSENT),
    ],
)
def test_clip_box(box: tuple[float, ...], expected: tuple[float, ...]) -> None:
    assert clip_box(box, 30, 20).tolist() == list(expected)


def test_box_iou_equals_counted_pixels() -> None:
    rng = np.random.default_rng(0)
    a = np.concatenate([rng.integers(0, 20, (50, 2)), rng.integers(1, 20, (50, 2))], axis=1)
    b = np.concatenate([rng.integers(0, 20, (50, 2)), rng.integers(1, 20, (50, 2))], axis=1)
    for first, second, iou in zip(a, b, box_iou(a, b), strict=True):
        p, q = box_mask(first, 40, 40), box_mask(second, 40, 40)
        assert iou == pytest.approx((p & q).sum() / (p | q).sum())


def test_box_iou_broadcasts_and_gives_zero_for_absent() -> None:
    boxes = np.array([(0, 0, 10, 10), ABSENT, (5, 0, 10, 10), (np.nan,) * 4])
    iou = box_iou(boxes[:, None], boxes[None])
    assert iou.shape == (4, 4)
    assert iou[0].tolist() == pytest.approx([1, 0, 1 / 3, 0])
    assert not iou[1].any() and not iou[3].any()
    assert box_iou(ABSENT, ABSENT) == 0


def test_box_mask_rounds_edges_half_upwards() -> None:
    assert box_pixels((2.5, 3.4, 4.0, 2.0), 20, 30) == (3, 3, 7, 5)
    assert box_pixels((3.5, 4.4, 4.0, 2.0), 20, 30) == (4, 4, 8, 6)
    assert box_mask((2.5, 3.4, 4.0, 2.0), 20, 30).sum() == 8


@pytest.mark.parametrize(
    "box",
    [
        (5.2, 5.2, 0.1, 0.1),
        (5.45, 5.45, 0.02, 8),
        (29.9, 19.9, 5, 5),
        (-5, -5, 5.01, 5.01),
        (-9, 3.6, 50, 0.3),
    ],
)
def test_a_box_in_the_image_is_never_empty(box: tuple[float, ...]) -> None:
    rectangle, ellipse = box_mask(box, 20, 30), ellipse_mask(box, 20, 30)
    assert rectangle.any() and ellipse.any()
    assert not (ellipse & ~rectangle).any()


def test_random_boxes_are_drawn_where_they_touch_the_image_and_only_there() -> None:
    rng = np.random.default_rng(1)
    for _ in range(500):
        box = np.concatenate([rng.uniform(-12, 35, 2), rng.exponential(6, 2)])
        inside = not is_absent(clip_box(box, 30, 20))
        assert box_mask(box, 20, 30).any() == inside
        assert ellipse_mask(box, 20, 30).any() == inside


@pytest.mark.parametrize("box", [ABSENT, (30, 2, 5, 5), (2, 20, 5, 5), (-5, 2, 5, 5), (5, 5, 0, 9)])
def test_nothing_is_drawn_for_absent_boxes_and_boxes_outside(box: tuple[float, ...]) -> None:
    assert not box_mask(box, 20, 30).any()
    assert not ellipse_mask(box, 20, 30).any()


def test_ellipse_has_its_area_touches_the_box_and_is_cut_at_the_border() -> None:
    whole = ellipse_mask((20, 30, 120, 80), 200, 200)
    assert whole.sum() == pytest.approx(np.pi * 60 * 40, rel=0.01)
    assert mask_to_box(whole).tolist() == [20, 30, 120, 80]
    half = ellipse_mask((-60, 30, 120, 80), 200, 200)
    np.testing.assert_array_equal(half[:, :60], whole[:, 80:140])


def test_jitter_moves_each_edge_within_its_bound() -> None:
    rng = np.random.default_rng(2)
    box = np.array([10.0, 20.0, 40.0, 80.0])
    jittered = np.array([jitter_box(box, 0.1, rng) for _ in range(2000)])
    edges = np.concatenate([jittered[:, :2], jittered[:, :2] + jittered[:, 2:]], axis=1)
    moved = (edges - (10, 20, 50, 100)) / (40, 80, 40, 80)
    assert np.abs(moved).max() <= 0.1
    assert (moved.max(axis=0) > 0.095).all() and (moved.min(axis=0) < -0.095).all()
    assert np.abs(np.corrcoef(moved.T) - np.eye(4)).max() < 0.1


def test_jitter_keeps_absent_boxes_and_draws_the_same_numbers() -> None:
    first, second = np.random.default_rng(3), np.random.default_rng(3)
    assert jitter_box(ABSENT, 0.2, first).tolist() == list(ABSENT)
    jitter_box((1, 2, 3, 4), 0.2, second)
    assert first.random() == second.random()
    with pytest.raises(ValueError, match=r"\[0, 0.5\)"):
        jitter_box((1, 2, 3, 4), 0.5, first)
