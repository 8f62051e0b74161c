"""Clips turned and zoomed as a whole."""

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from ltr.data.boxes import mask_to_box
from ltr.data.turned_clips import TurnedClips, turn
from ltr.dataset.interface import Clip


class Squares:
    """Clips of a bright square on grey, its centre at (x, y), in frames of 80 x 100."""

    name = "squares"

    def __init__(self, x: int = 50, y: int = 40, side: int = 20) -> None:
        self.corner, self.side = (x - side // 2, y - side // 2), side

    def sample(self, rng: Generator, frames: int) -> Clip:
        mask = np.zeros((80, 100), np.uint8)
        x, y = self.corner
        mask[y : y + self.side, x : x + self.side] = 1
        image = np.where(mask[..., None] > 0, 200, 90).astype(np.uint8).repeat(3, axis=2)
        return Clip([image] * frames, [mask] * frames, np.stack([mask_to_box(mask)] * frames), self.name)


def test_no_angle_and_no_zoom_change_nothing() -> None:
    clip = Squares(x=30).sample(default_rng(0), 2)
    turned = turn(clip, 0.0, 1.0)
    assert np.array_equal(turned.images[1], clip.images[1])
    assert np.array_equal(turned.masks[1], clip.masks[1])
    assert np.array_equal(turned.boxes, clip.boxes)


def test_a_quarter_turns_about_the_centre_of_the_picture() -> None:
    turned = turn(Squares(x=70, y=40, side=10).sample(default_rng(0), 1), 90.0, 1.0)
    # anticlockwise: what was 20 to the right of the centre (50, 40) is 20 above it
    np.testing.assert_allclose(turned.boxes[0], (45, 15, 10, 10), atol=1)


def test_zoom_enlarges_area_by_its_square() -> None:
    turned = turn(Squares().sample(default_rng(0), 1), 0.0, 1.5)
    assert turned.masks[0].sum() == pytest.approx(20 * 20 * 1.5**2, rel=0.1)


def test_pixels_masks_and_boxes_stay_together() -> None:
    clips = TurnedClips(Squares(x=60, y=30), 15.0, 0.2)
    for seed in range(10):
        clip = clips.sample(default_rng(seed), 3)
        for image, mask, box in zip(clip.images, clip.masks, clip.boxes, strict=True):
            assert ((image[..., 0] > 145) != (mask > 0)).mean() < 0.01
            assert np.array_equal(mask_to_box(mask), box)
            assert image.min() >= 90  # the edge is repeated, not black
        assert all(np.array_equal(mask, clip.masks[0]) for mask in clip.masks)  # one turn for the whole clip


def test_angles_and_factors_fill_their_range() -> None:
    clips = TurnedClips(Squares(side=30), 15.0, 0.2)
    boxes = np.array([clips.sample(default_rng(seed), 1).boxes[0] for seed in range(60)])
    most = 30 * np.exp(0.2) * (np.cos(np.pi / 12) + np.sin(np.pi / 12))
    assert boxes[:, 2].max() <= most + 1
    assert boxes[:, 2].min() >= 30 * np.exp(-0.2) - 1
    assert np.ptp(boxes[:, 2]) > 10


def test_same_random_state_same_clip() -> None:
    one, two, other = (
        TurnedClips(Squares(), 15.0, 0.2).sample(default_rng(s), 1).images[0] for s in (3, 3, 4)
    )
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_an_object_that_would_leave_the_picture_stays_where_it_is() -> None:
    clips = TurnedClips(Squares(x=99, y=1, side=2), 0.0, 0.0)
    clips.zoom = 5.0  # a factor up to 148 throws the corner out; those that shrink keep it
    for seed in range(20):
        assert clips.sample(default_rng(seed), 2).masks[0].any()


def test_the_name_is_the_source_s() -> None:
    assert TurnedClips(Squares(), 1.0, 0.0).name == "squares"
