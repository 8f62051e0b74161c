"""Something passes behind the target: it was not there at first, and hides nothing of it."""

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from ltr.data.boxes import mask_to_box
from ltr.dataset.interface import Clip
from ltr.dataset.passers_by import PassersBy, recolour

GREEN, RED, GREY = (30, 200, 30), (200, 30, 30), 90


class Walk:
    """Clips of a green square that goes to the right, in frames of 200 x 300."""

    name = "walk"

    def sample(self, rng: Generator, frames: int) -> Clip:
        images, masks = [], []
        for frame in range(frames):
            mask = np.zeros((200, 300), np.uint8)
            mask[80:110, 100 + 10 * frame : 130 + 10 * frame] = 1
            image = np.full((200, 300, 3), GREY, np.uint8)
            image[mask > 0] = GREEN
            images.append(image)
            masks.append(mask)
        return Clip(images, masks, np.stack([mask_to_box(mask) for mask in masks]), self.name)


class RedBlocks:
    """Stills of a red block on grey, some of them empty."""

    name = "blocks"

    def __init__(self, empty: bool = False) -> None:
        self.empty = empty

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        mask = np.zeros((60, 80), np.uint8)
        if not self.empty:
            mask[10:50, 20:50] = 1
        image = np.full((60, 80, 3), GREY, np.uint8)
        image[mask > 0] = RED
        return image, mask


def changed(clip: Clip) -> list[np.ndarray]:
    """Where each frame is not as it was: (H, W) bool."""
    before = Walk().sample(default_rng(0), len(clip)).images
    return [(new != old).any(axis=2) for new, old in zip(clip.images, before, strict=True)]


def test_it_comes_from_outside_touches_the_target_and_hides_nothing_of_it() -> None:
    touched = 0
    for seed in range(25):
        clip = PassersBy(Walk(), RedBlocks(), 1.0).sample(default_rng(seed), 9)
        there = changed(clip)
        for where, mask in zip(there, clip.masks, strict=True):
            x, y, w, h = mask_to_box(mask).astype(int)
            assert not where[y + 2 : y + h - 2, x + 2 : x + w - 2].any()  # its edge is soft
        near = [_beside(where, box) for where, box in zip(there, clip.boxes, strict=True)]
        assert not near[0]
        touched += any(near)
    assert touched >= 20


def _beside(where: np.ndarray, box: np.ndarray) -> bool:
    """Whether pixels within four of the box have changed."""
    x, y, w, h = box.astype(int)
    return bool(where[max(y - 4, 0) : y + h + 4, max(x - 4, 0) : x + w + 4].any())


def test_a_share_of_the_clips_and_of_those_some_in_the_targets_colours() -> None:
    red = green = 0
    for seed in range(60):
        clip = PassersBy(Walk(), RedBlocks(), 0.5).sample(default_rng(seed), 6)
        pixels = np.concatenate([i[w] for i, w in zip(clip.images, changed(clip), strict=True)]).astype(int)
        if len(pixels):
            strong = pixels[np.abs(pixels[:, 0] - pixels[:, 1]) > 100]
            red, green = red + (strong[:, 0] > 150).any(), green + (strong[:, 1] > 150).any()
    assert red > 5 and green > 5 and red + green < 50


def test_masks_boxes_and_name_stay() -> None:
    clip, plain = (
        PassersBy(Walk(), RedBlocks(), 1.0).sample(default_rng(3), 4),
        Walk().sample(default_rng(0), 4),
    )
    assert np.array_equal(clip.masks, plain.masks) and np.array_equal(clip.boxes, plain.boxes)
    assert clip.name == PassersBy(Walk(), RedBlocks(), 1.0).name == "walk"


def test_nothing_to_pass_and_nothing_to_pass_by() -> None:
    class Gone(Walk):
        def sample(self, rng: Generator, frames: int) -> Clip:
            clip = super().sample(rng, frames)
            clip.boxes[-1] = -1
            return clip

    for clips in (PassersBy(Walk(), RedBlocks(empty=True), 1.0), PassersBy(Gone(), RedBlocks(), 1.0)):
        assert not any(where.any() for where in changed(clips.sample(default_rng(0), 4)))


def test_colours_are_matched_in_mean_and_as_far_as_may_be_in_contrast() -> None:
    every, half = np.ones((40, 40), np.uint8), np.zeros((40, 40), np.uint8)
    half[:, :20] = 1
    for own, wanted, expected in ((6, 9, 9), (12, 9, 9), (4, 30, 8), (30, 4, 15)):
        rng = default_rng(0)
        image = _speckled(rng, (60, 60, 60), own)
        model = _speckled(rng, (150, 150, 150), wanted)
        model[half == 0] = 255  # does not count
        found = recolour(image, every, model, half)
        assert found.mean() == pytest.approx(150, abs=3)
        assert found.std() == pytest.approx(expected, rel=0.3)  # CIE's lightness is not quite grey's
    coloured = recolour(image, every, _speckled(rng, (150, 100, 90), 9), every)
    np.testing.assert_allclose(coloured.mean((0, 1)), (150, 100, 90), atol=4)


def _speckled(rng: Generator, colour: tuple[int, int, int], deviation: float) -> np.ndarray:
    """Light and dark pixels of one colour: (40, 40, 3) uint8."""
    return (np.array(colour) + rng.normal(0, deviation, (40, 40, 1))).clip(0, 255).astype(np.uint8)


def test_same_random_state_same_clip() -> None:
    one, same, other = (
        PassersBy(Walk(), RedBlocks(), 1.0).sample(default_rng(s), 3).images for s in (3, 3, 4)
    )
    assert np.array_equal(one, same) and not np.array_equal(one, other)
