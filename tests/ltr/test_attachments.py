"""Lines belong to picture and mask alike, and stretch the box."""

import cv2
import numpy as np

from ltr.data.boxes import mask_to_box
from ltr.dataset.attachments import with_attachment

Still = tuple[np.ndarray, np.ndarray]


def still(grey: int, centre: tuple[int, int] = (80, 60)) -> Still:
    """A disc of one grey on black."""
    mask = np.zeros((120, 160), np.uint8)
    cv2.circle(mask, centre, 15, 1, -1)
    image = np.zeros((120, 160, 3), np.uint8)
    image[mask > 0] = grey
    return image, mask


def test_the_object_grows_and_its_body_stays() -> None:
    stretched = 0
    for seed in range(40):
        image, mask = still(200)
        reached, labels = with_attachment(np.random.default_rng(seed), image, mask, still(90))
        assert reached.shape[:2] == labels.shape
        assert set(np.unique(labels)) == {0, 1}
        assert labels.sum() > mask.sum()
        stretched += np.prod(mask_to_box(labels)[2:]) > 1.5 * np.prod(mask_to_box(mask)[2:])
        assert image.sum() == still(200)[0].sum(), "the still itself must not change"
    assert stretched > 30


def test_what_is_drawn_is_labelled() -> None:
    """On black everything that is not black is the object, but for the soft rim of its lines."""
    for seed in range(40):
        image, labels = with_attachment(np.random.default_rng(seed), *still(200), still(90))
        near = cv2.dilate(labels, np.ones((5, 5), np.uint8))
        assert not image[near == 0].any()


def test_the_still_grows_where_the_object_lies_near_its_border() -> None:
    shapes = set()
    for seed in range(20):
        image, mask = still(200, centre=(24, 40))
        reached, _ = with_attachment(np.random.default_rng(seed), image, mask, still(90))
        shapes.add(reached.shape[:2])
    assert (120, 160) in shapes
    assert len(shapes) > 5


def test_what_grows_never_shows_the_object_again() -> None:
    for seed in range(60):
        image, mask = still(200, centre=(int(30 + seed), 60))
        reached, labels = with_attachment(np.random.default_rng(seed), image, mask, still(90))
        beyond = cv2.dilate(labels, np.ones((5, 5), np.uint8)) == 0
        assert not reached[beyond].any()


def test_an_object_far_away_fills_little_of_its_box_and_lies_in_the_other_still() -> None:
    other = still(90)
    other[0][other[1] == 0] = 130
    shares = []
    for seed in range(40):
        image, labels = with_attachment(np.random.default_rng(seed), *still(200), other, far_share=1.0)
        _, _, w, h = mask_to_box(labels)
        shares.append(labels.sum() / (w * h))
        far_off = cv2.dilate(labels, np.ones((9, 9), np.uint8)) == 0
        assert np.median(image[far_off]) == 130
    assert np.median(shares) < 0.3


def test_an_empty_other_still_is_left_out() -> None:
    empty = (np.zeros((50, 50, 3), np.uint8), np.zeros((50, 50), np.uint8))
    for seed in range(6):
        _, labels = with_attachment(np.random.default_rng(seed), *still(200), empty)
        assert labels.any()
