"""Boxes outside their frame count as absent, and are recorded."""

import numpy as np
import pytest

from box2seg_plugin.annotate.frame_bounds import outside_frame, without_outside
from ltr.data.boxes import ABSENT, clip_box, is_absent

GONE = list(ABSENT)


@pytest.mark.parametrize(
    ("box", "outside"),
    [
        ((0, 0, 100, 50), False),
        ((99.5, 49.5, 5, 5), False),
        ((100, 10, 5, 5), True),
        ((10, 50, 5, 5), True),
        ((-5, 10, 5, 5), True),
        ((-5, 10, 5.01, 5), False),
        ((10, -9, 5, 9), True),
        ((-50, -50, 500, 500), False),
        ((-1, -1, -1, -1), False),
        ((200, 200, 0, 5), False),
        ((np.nan, 1, 2, 3), False),
        ((1e308, 1, 1e308, 3), True),
    ],
)
def test_outside_frame(box: tuple[float, ...], outside: bool) -> None:
    assert outside_frame(box, 100, 50) == outside
    assert outside == (not is_absent(box) and bool(is_absent(clip_box(box, 100, 50))))


def test_outside_frame_of_many_is_that_of_each() -> None:
    boxes = np.random.default_rng(0).uniform(-60, 160, (500, 4))
    expected = [not is_absent(box) and bool(is_absent(clip_box(box, 100, 50))) for box in boxes]
    assert outside_frame(boxes, 100, 50).tolist() == expected and 20 < sum(expected) < 480


def test_without_outside_records_mistakes_not_absences() -> None:
    boxes = {
        2: np.array([(1, 2, 3, 4), ABSENT, (0, 0, 0, 0), (5, 5, 0, 9), (100, 0, 1, 1)], float),
        5: np.array([(1, np.nan, 3, 4), (-5, -5, 3, 3), (1, 1, 1, 1), (np.inf,) * 4, ABSENT], float),
    }
    given = {object_id: array.copy() for object_id, array in boxes.items()}
    kept, replaced = without_outside(boxes, 100, 50)
    assert kept[2].tolist() == [[1, 2, 3, 4], GONE, GONE, GONE, GONE]
    assert kept[5].tolist() == [GONE, GONE, [1, 1, 1, 1], GONE, GONE]
    assert replaced == [(0, 5), (1, 5), (3, 2), (3, 5), (4, 2)]
    for object_id, array in boxes.items():
        np.testing.assert_array_equal(array, given[object_id])
