"""Clips with fewer pixels."""

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from ltr.data.boxes import mask_to_box
from ltr.data.coarse_clips import LEAST_SIDE, CoarseClips, shrink
from ltr.dataset.interface import Clip


class Squares:
    """Clips of a square of fine black and white stripes on grey, in frames of 120 x 160."""

    name = "squares"

    def __init__(self, side: int = 60) -> None:
        self.side = side

    def sample(self, rng: Generator, frames: int) -> Clip:
        mask = np.zeros((120, 160), np.uint8)
        mask[40 : 40 + self.side, 60 : 60 + self.side] = 1
        image = np.full((120, 160, 3), 90, np.uint8)
        image[:, ::2][mask[:, ::2] > 0], image[:, 1::2][mask[:, 1::2] > 0] = 0, 240
        return Clip([image] * frames, [mask] * frames, np.stack([mask_to_box(mask)] * frames), self.name)


def test_pixels_are_averaged_and_boxes_shrink_with_them() -> None:
    coarse = shrink(Squares().sample(default_rng(0), 2), 4.0)
    assert coarse.images[0].shape == (30, 40, 3) and coarse.masks[1].shape == (30, 40)
    np.testing.assert_array_equal(coarse.boxes, [(15, 10, 15, 15)] * 2)
    np.testing.assert_array_equal(coarse.images[0][coarse.masks[0] > 0], 120)
    np.testing.assert_array_equal(coarse.images[0][coarse.masks[0] == 0], 90)
    assert coarse.masks[0].dtype == np.uint8 and set(np.unique(coarse.masks[0])) == {0, 1}


def test_odd_factors_keep_mask_and_picture_together() -> None:
    coarse = shrink(Squares(side=50).sample(default_rng(0), 1), 2.7)
    assert coarse.masks[0].sum() == pytest.approx((50 / 2.7) ** 2, rel=0.1)
    assert np.array_equal(coarse.boxes[0], mask_to_box(coarse.masks[0]))


def test_a_share_of_the_clips_is_shrunk_by_factors_up_to_the_greatest() -> None:
    widths = np.array(
        [CoarseClips(Squares(), 0.5, 4.0).sample(default_rng(s), 1).images[0].shape[1] for s in range(80)]
    )
    assert 20 < (widths < 160).sum() < 60
    assert 40 <= widths.min() < 60
    assert CoarseClips(Squares(), 0.0).sample(default_rng(1), 1).images[0].shape[1] == 160


def test_targets_keep_enough_pixels() -> None:
    for side in (13, 20, 60):
        for seed in range(20):
            mask = CoarseClips(Squares(side), 1.0, 9.0).sample(default_rng(seed), 2).masks[0]
            assert np.sqrt(mask.sum()) >= LEAST_SIDE - 1
    small = CoarseClips(Squares(8), 1.0).sample(default_rng(0), 1)  # as small as may be already
    assert small.images[0].shape[1] == 160


def test_an_empty_mask_leaves_the_clip_as_it_is() -> None:
    class Gone(Squares):
        def sample(self, rng: Generator, frames: int) -> Clip:
            clip = super().sample(rng, frames)
            return Clip(clip.images, [*clip.masks[:-1], np.zeros_like(clip.masks[-1])], clip.boxes, clip.name)

    assert CoarseClips(Gone(), 1.0).sample(default_rng(0), 3).images[0].shape[1] == 160
