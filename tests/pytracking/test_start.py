"""What a tracker is given to start from."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from ltr.data.boxes import box_mask, ellipse_mask
from ltr.errors import InputError
from pytracking.evaluation.start import prepare_targets, without_masks
from pytracking.initializers import Ellipse, Rectangle, SegmentationInitializer
from pytracking.registry import PARAMETERS
from pytracking.tracker.interface import Target

Mask = npt.NDArray[np.bool_]
IMAGE = np.full((20, 30, 3), 90, np.uint8)
LARGE, SMALL = (2.0, 2.0, 16.0, 12.0), (10.0, 6.0, 6.0, 6.0)


def target(box: tuple[float, float, float, float], mask: Mask | None = None) -> Target:
    return Target(np.array(box), mask)


def rectangle(box: tuple[float, float, float, float]) -> Mask:
    return box_mask(box, 20, 30)


def masks_of(targets: dict[int, Target]) -> dict[int, Mask]:
    masks = {}
    for object_id, prepared in targets.items():
        assert prepared.mask is not None and prepared.mask.any()
        masks[object_id] = prepared.mask
    assert (sum(mask.astype(int) for mask in masks.values()) <= 1).all()  # no pixel twice
    return masks


def nothing(image: object, box: object) -> Mask:
    return np.zeros((20, 30), bool)


@pytest.mark.parametrize("initializer", [None, Rectangle()])
def test_trackers_of_boxes_get_what_there_is(initializer: SegmentationInitializer | None) -> None:
    given = {1: target(LARGE), 2: target(SMALL, rectangle(SMALL))}
    assert prepare_targets(given, IMAGE, initializer, needs_masks=False) == given


def test_missing_masks_are_made_and_boxes_stay() -> None:
    prepared = prepare_targets({3: target(LARGE)}, IMAGE, Ellipse(), needs_masks=True)
    assert list(prepared) == [3]
    np.testing.assert_array_equal(prepared[3].mask, ellipse_mask(LARGE, 20, 30))
    np.testing.assert_array_equal(prepared[3].box, LARGE)


def test_masks_that_are_given_stay() -> None:
    prepared = prepare_targets({1: target(SMALL, rectangle(SMALL))}, IMAGE, Ellipse(), needs_masks=True)
    np.testing.assert_array_equal(prepared[1].mask, rectangle(SMALL))


def test_an_initializer_that_finds_nothing_gives_the_ellipse() -> None:
    prepared = prepare_targets({1: target(LARGE)}, IMAGE, nothing, needs_masks=True)
    np.testing.assert_array_equal(prepared[1].mask, ellipse_mask(LARGE, 20, 30))


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_pixel_of_two_masks_goes_to_the_smaller_box(order: tuple[int, int]) -> None:
    """The small box stays whole, in whatever order and under whatever ids the targets come."""
    large, small = order
    given = dict(sorted({large: target(LARGE), small: target(SMALL)}.items()))
    masks = masks_of(prepare_targets(given, IMAGE, Rectangle(), needs_masks=True))
    np.testing.assert_array_equal(masks[small], rectangle(SMALL))
    np.testing.assert_array_equal(masks[large], rectangle(LARGE) & ~rectangle(SMALL))


def test_a_given_mask_yields_to_none_that_was_made() -> None:
    given = {1: target(LARGE, rectangle(LARGE)), 2: target((12, 6, 10, 4))}
    masks = masks_of(prepare_targets(given, IMAGE, Rectangle(), needs_masks=True))
    np.testing.assert_array_equal(masks[1], rectangle(LARGE))
    np.testing.assert_array_equal(masks[2], rectangle((18, 6, 4, 4)))


def test_of_equal_boxes_the_lower_id_wins_and_the_other_keeps_the_middle() -> None:
    given = {2: target(SMALL), 1: target(SMALL)}
    masks = masks_of(prepare_targets(given, IMAGE, Rectangle(), needs_masks=True))
    (rows, columns) = np.nonzero(masks[2])
    assert (len(rows), abs(rows[0] + 0.5 - 9), abs(columns[0] + 0.5 - 13)) == (1, 0.5, 0.5)
    np.testing.assert_array_equal(masks[1] | masks[2], rectangle(SMALL))


def test_without_masks_the_boxes_are_left() -> None:
    left = without_masks({4: target(SMALL, rectangle(SMALL))})
    assert list(left) == [4] and left[4].mask is None
    np.testing.assert_array_equal(left[4].box, SMALL)


def test_without_an_initializer_parameters_that_have_one_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Named:
        initializer = "ellipse"

    class Unnamed:
        initializer = None

    def broken() -> object:
        raise KeyError("weights")

    factories: dict[str, Callable[[], object]] = {"t/with": Named, "t/without": Unnamed, "t/broken": broken}
    monkeypatch.setattr(PARAMETERS, "_factories", factories)
    with pytest.raises(InputError, match=r"object 2 starts with a box .* needs masks.*\(known: t/with\)"):
        prepare_targets({1: target(SMALL, rectangle(SMALL)), 2: target(LARGE)}, IMAGE, None, needs_masks=True)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({1: target((5, 5, 0, 4))}, r"object 1 starts with box \(5, 5, 0, 4\): width and height must be > 0"),
        ({7: target((-1, -1, -1, -1))}, "object 7 starts with box"),
        ({1: target((30, 2, 5, 5))}, "outside its frame, which is 30 x 20"),
        ({1: target(SMALL, np.ones((20, 31), bool))}, "mask of 31 x 20, its frame is 30 x 20"),
    ],
)
@pytest.mark.parametrize("needs_masks", [True, False])
def test_targets_that_cannot_start(given: dict[int, Target], message: str, needs_masks: bool) -> None:
    with pytest.raises(InputError, match=message):
        prepare_targets(given, IMAGE, Rectangle(), needs_masks)


def test_a_box_filled_by_single_pixels_of_others() -> None:
    one = target((5, 5, 1, 1), rectangle((5, 5, 1, 1)))
    with pytest.raises(InputError, match="object 2 starts with a box that others fill"):
        prepare_targets({1: one, 2: target((5, 5, 1, 1))}, IMAGE, Rectangle(), needs_masks=True)
