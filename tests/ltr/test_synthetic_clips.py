"""Clips made from stills: the mask stays on the object, whatever moves, hides or photographs it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from ltr.data.boxes import mask_to_box
from ltr.dataset.clip_style import ClipStyle
from ltr.dataset.interface import Clip
from ltr.dataset.mixed_stills import MixedStills
from ltr.dataset.moving_layers import Layer, followed_by, frame_times, paste, smooth_path
from ltr.dataset.photograph import photograph
from ltr.dataset.synthetic_clips import MIN_VISIBLE, SyntheticClips
from ltr.errors import InputError

CLEAN = ClipStyle(blur=0, noise=0, jpeg=0, relight=0)
STILL = replace(CLEAN, travel=0, camera=0, zoom=0, turn=0, stretch=0, deform=0)


class Discs:
    """Still i: a disc in pure red, green or blue (i modulo 3) on textured grey. Arrays are read-only."""

    name = "discs"

    def __init__(self, count: int = 6, radius: int = 22) -> None:
        self.count, self.radius = count, radius

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(index)
        image = rng.integers(60, 140, (90 + 5 * index, 120, 1), dtype=np.uint8).repeat(3, 2)
        mask = np.zeros(image.shape[:2], np.uint8)
        if self.radius:
            cv2.circle(mask, (60, 45), self.radius, 1, -1)
        image[mask > 0] = 0
        image[mask > 0, index % 3] = 230
        for array in (image, mask):
            array.flags.writeable = False
        return image, mask


def draw(seed: int, style: ClipStyle, frames: int = 3, stills: Discs | None = None) -> Clip:
    return SyntheticClips(stills or Discs(), style).sample(np.random.default_rng(seed), frames)


def colour_of(clip: Clip) -> int:
    """Channel of the target's colour; the clip's name ends in the still's number."""
    return int(clip.name.split()[3].rstrip(",")) % 3


def is_grey(clip: Clip) -> bool:
    """One clip in twenty is; colours tell nothing then."""
    return all((image == image[..., :1]).all() for image in clip.images)


def saturated(image: np.ndarray, channel: int) -> np.ndarray:
    """Pixels in which one channel is far above both others: (H, W) bool."""
    others = np.delete(image.astype(int), channel, axis=2).max(axis=2)
    return np.asarray(image[..., channel].astype(int) - others > 60)


def test_a_clip_is_a_function_of_the_random_state() -> None:
    one, same, other = (draw(seed, ClipStyle()) for seed in (3, 3, 4))
    for a, b in zip(one.images + one.masks, same.images + same.masks, strict=True):
        assert np.array_equal(a, b)
    assert np.array_equal(one.boxes, same.boxes)
    assert not np.array_equal(one.images[0][:80, :80], other.images[0][:80, :80])


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_every_frame_shows_the_target_and_its_box_encloses_it(frames: int) -> None:
    for seed in range(15):
        clip = draw(seed, ClipStyle(occluder=1), frames)
        assert len(clip) == len(clip.images) == len(clip.masks) == frames
        assert clip.boxes.shape == (frames, 4)
        for image, mask, box in zip(clip.images, clip.masks, clip.boxes, strict=True):
            assert image.shape == (*mask.shape, 3)
            assert image.dtype == mask.dtype == np.uint8
            assert set(np.unique(mask)) <= {0, 1}
            assert mask.sum() >= MIN_VISIBLE
            assert np.array_equal(box, mask_to_box(mask))


def test_the_mask_stays_on_the_object_and_leaves_out_what_hides_it() -> None:
    """Objects differ in colour from their backgrounds and from each other; pixels tell whose they are."""
    style = replace(CLEAN, distractor=1, occluder=1, lookalike=0)
    hidden = 0
    for seed in range(25):
        clip = draw(seed, style)
        if is_grey(clip):
            continue
        channel = colour_of(clip)
        for image, mask in zip(clip.images, clip.masks, strict=True):
            inner = cv2.erode(mask, np.ones((5, 5), np.uint8)) > 0
            assert saturated(image, channel)[inner].mean() > 0.97
            hidden += any(saturated(image, other).any() for other in range(3) if other != channel)
    assert hidden > 50  # other objects did come into view


def test_the_object_leaves_no_picture_of_itself_behind() -> None:
    """Where it moves against its background, its colour is nowhere but in the mask."""
    style = replace(CLEAN, whole=0, own_background=1, distractor=0, occluder=0, travel=0.8)
    moved = 0.0
    for seed in range(10):
        clip = draw(seed, style)
        if is_grey(clip):
            continue
        for image, mask in zip(clip.images, clip.masks, strict=True):
            outside = cv2.dilate(mask, np.ones((7, 7), np.uint8)) == 0
            assert saturated(image, colour_of(clip))[outside].mean() < 0.01
        moved += np.abs(np.diff(clip.boxes[:, :2], axis=0)).max()
    assert moved > 50


def test_a_style_without_motion_keeps_the_mask_of_the_still() -> None:
    for whole in (0, 1):
        clip = draw(1, replace(STILL, whole=whole, distractor=0, occluder=0))
        _, mask = Discs()[int(clip.name.split()[3])]
        for seen in clip.masks:
            assert (seen != mask).mean() < 0.01


def test_a_still_too_small_to_move_is_taken_as_it_is() -> None:
    clip = draw(0, ClipStyle(), stills=Discs(count=1, radius=5))
    image, mask = Discs(count=1, radius=5)[0]
    assert mask.sum() < 4 * MIN_VISIBLE
    assert all(np.array_equal(seen, mask) for seen in clip.masks)
    assert all(np.array_equal(picture, image) for picture in clip.images)


def test_no_stills_and_only_empty_masks_are_input_errors() -> None:
    with pytest.raises(InputError, match="discs: no still"):
        SyntheticClips(Discs(count=0))
    with pytest.raises(InputError, match="masks empty"):
        draw(0, ClipStyle(), stills=Discs(radius=0))


def test_frame_times_run_from_0_to_1() -> None:
    for frames in (2, 3, 9):
        times = frame_times(np.random.default_rng(0), frames)
        assert times.shape == (frames,)
        assert (times[0], times[-1]) == (0, 1)
        assert (np.diff(times) > 0).all()
    assert frame_times(np.random.default_rng(0), 1).tolist() == [0]


def test_a_path_without_spread_stands_still_and_others_move_smoothly() -> None:
    rng, times, box = np.random.default_rng(0), np.linspace(0, 1, 11), (10.0, 20.0, 30.0, 40.0)
    for matrix in smooth_path(rng, times, box, 0, STILL):
        np.testing.assert_allclose(matrix, np.eye(2, 3), atol=1e-9)
    path = np.stack(smooth_path(rng, times, box, 1.0, ClipStyle()))
    centres = path @ np.array([25.0, 40.0, 1.0])
    third = np.diff(centres, n=3, axis=0)  # the centre's way is quadratic in time
    np.testing.assert_allclose(third, 0, atol=1e-9)
    assert np.ptp(centres, axis=0).max() > 1


def test_followed_by_maps_points_through_both() -> None:
    rng = np.random.default_rng(0)
    first, second, point = rng.normal(size=(2, 3)), rng.normal(size=(2, 3)), rng.normal(size=2)
    through = second @ np.append(first @ np.append(point, 1), 1)
    np.testing.assert_allclose(followed_by(first, second) @ np.append(point, 1), through)


def test_a_layer_is_rendered_where_its_motion_puts_it() -> None:
    image, opacity = np.zeros((20, 30, 3), np.uint8), np.zeros((20, 30), np.uint8)
    image[4:8, 6:10], opacity[4:8, 6:10] = 200, 255
    shift = np.array([[1, 0, 5], [0, 1, 3]], dtype=np.float64)
    pixels, cover = Layer(image, opacity, [np.eye(2, 3), shift]).render(1, 1.0, (20, 30))
    assert mask_to_box(cover > 127).tolist() == [11, 7, 4, 4]
    frame = paste(np.full((20, 30, 3), 50, np.uint8), pixels, cover)
    assert frame[9, 13].tolist() == [200] * 3
    assert frame[4, 6].tolist() == [50] * 3


def test_photograph_changes_all_frames_alike_and_not_its_input() -> None:
    image = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    before = image.copy()
    shots = photograph(np.random.default_rng(1), [image, image], np.array([0.0, 1.0]), CLEAN)
    assert np.array_equal(image, before)
    assert np.array_equal(shots[0], shots[1])
    assert not np.array_equal(shots[0], image)
    noisy = photograph(
        np.random.default_rng(1), [image, image], np.array([0.0, 1.0]), replace(CLEAN, noise=1)
    )
    assert not np.array_equal(noisy[0], noisy[1])


def test_mixed_stills_are_their_parts_one_after_another() -> None:
    small, large = Discs(count=2, radius=10), Discs(count=3, radius=20)
    mix = MixedStills([small, Discs(count=0), large])
    assert (len(mix), mix.name) == (5, "discs + discs + discs")
    expected = [small[0], small[1], large[0], large[1], large[2]]
    for index, (image, mask) in enumerate(expected):
        assert np.array_equal(mix[index][0], image)
        assert np.array_equal(mix[index][1], mask)
    for outside in (-1, 5):
        with pytest.raises(IndexError, match="it has 5 items"):
            mix[outside]
    assert len(MixedStills([])) == 0


def test_sparse_prefers_targets_that_fill_little_of_their_box() -> None:
    class Halves(Discs):
        """Every other still's disc has lost all but a ring."""

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            image, mask = super().__getitem__(index)
            mask = mask.copy()
            if index % 2:
                cv2.circle(mask, (60, 45), 15, 0, -1)
            return image, mask

    def rings(sparse: float) -> int:
        style = replace(STILL, sparse=sparse)
        clips = [draw(seed, style, 1, Halves(20)) for seed in range(60)]
        return sum(int(clip.name.split()[3].rstrip(",")) % 2 for clip in clips)

    assert 20 <= rings(0) <= 40
    assert 38 <= rings(1) <= 52
