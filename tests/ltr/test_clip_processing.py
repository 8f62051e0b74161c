"""Training crops: box, mask and picture stay together through crop, jitter, flip and colour."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ltr.data.boxes import absent_box, box_iou, mask_to_box
from ltr.data.clip_processing import CropJitter, Sample, process_clip
from ltr.dataset.interface import Clip

SIZE = (96, 64)
PLAIN = CropJitter(scale_sigma=0, shift=0, brightness=0, grey=0, flip=0)


def make_clip(frames: int = 3) -> Clip:
    """A textured rectangle that moves over textured ground."""
    rng = np.random.default_rng(0)
    images, masks = [], []
    for t in range(frames):
        image, mask = rng.integers(0, 256, (150, 200, 3), dtype=np.uint8), np.zeros((150, 200), np.uint8)
        mask[40 + 4 * t : 70 + 4 * t, 60 + 9 * t : 100 + 9 * t] = 1
        images.append(image)
        masks.append(mask)
    return Clip(images, masks, np.stack([mask_to_box(mask) for mask in masks]), "a rectangle")


def process(jitter: CropJitter, seed: int = 0, clip: Clip | None = None) -> Sample:
    return process_clip(clip or make_clip(), jitter, SIZE, np.random.default_rng(seed))


def test_shapes_and_types() -> None:
    sample = process(CropJitter())
    assert (sample.images.shape, sample.images.dtype) == ((3, 3, 64, 96), torch.uint8)
    assert (sample.masks.shape, sample.masks.dtype) == ((3, 64, 96), torch.uint8)
    assert (sample.boxes.shape, sample.boxes.dtype) == ((3, 4), torch.float32)
    assert set(sample.masks.unique().tolist()) <= {0, 1}


@pytest.mark.parametrize("flip", [0, 1])
@pytest.mark.parametrize("seed", range(6))
def test_the_box_encloses_the_mask_whatever_the_crop(seed: int, flip: int) -> None:
    sample = process(CropJitter(scale=3, scale_sigma=0.25, shift=0.5, flip=flip), seed)
    for mask, box in zip(sample.masks.numpy(), sample.boxes.numpy(), strict=True):
        # A pixel of the frame is less than 2 of the crop, and masks are sampled at the nearest one.
        np.testing.assert_allclose(mask_to_box(mask), box, atol=2)


def test_the_crop_has_the_area_asked_for() -> None:
    """A rectangle of 40 x 30 at scale 2.5 covers 1 / 6.25 of the crop."""
    sample = process(replace(PLAIN, scale=2.5))
    assert sample.masks.float().mean() == pytest.approx(1 / 6.25, rel=0.05)


def test_the_crop_moves_and_scales_and_the_box_goes_with_it() -> None:
    samples = [process(CropJitter(scale=3, flip=0), seed) for seed in range(40)]
    boxes = torch.cat([sample.boxes for sample in samples]).numpy()
    assert np.ptp(boxes[:, 0] + boxes[:, 2] / 2) > 20
    sizes = np.log(boxes[:, 2])
    assert 0.1 < sizes.std() < 0.4


def test_a_flip_mirrors_picture_mask_and_box() -> None:
    straight, mirrored = process(CropJitter(flip=0, grey=0), 5), process(CropJitter(flip=1, grey=0), 5)
    assert torch.equal(mirrored.images, straight.images.flip(-1))
    assert torch.equal(mirrored.masks, straight.masks.flip(-1))
    x, y, w, h = straight.boxes.T
    torch.testing.assert_close(mirrored.boxes, torch.stack([96 - x - w, y, w, h], dim=1))


def test_the_box_given_is_the_true_one_unless_it_is_disturbed() -> None:
    true = process(PLAIN)
    for share in (0.0, 1.0):
        given = process(replace(PLAIN, box_jitter=0.1, box_jitter_share=share))
        assert torch.equal(given.images, true.images)
        assert torch.equal(given.boxes, true.boxes) == (share == 0)
        overlap = box_iou(given.boxes.numpy(), true.boxes.numpy())
        assert (overlap >= 0.8**2 / (1 + 0.2**2)).all()


def test_grey_is_luma_in_all_channels() -> None:
    colour, grey = process(PLAIN), process(replace(PLAIN, grey=1))
    weights = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
    luma = (colour.images.float() * weights).sum(1, keepdim=True).expand(-1, 3, -1, -1)
    assert (grey.images.float() - luma).abs().max() <= 0.5 + 1e-3


def test_brightness_multiplies_each_frame_within_its_range() -> None:
    plain = process(PLAIN)
    gains = []
    for seed in range(20):
        bright = process(replace(PLAIN, brightness=0.2), seed)
        for before, after in zip(plain.images.float(), bright.images.float(), strict=True):
            dark = (before > 0) & (before < 200)  # cannot saturate
            gain = (after[dark].sum() / before[dark].sum()).item()
            assert (after[dark] - gain * before[dark]).abs().max() < 2
            gains.append(gain)
    assert min(gains) >= 0.79
    assert max(gains) <= 1.21
    assert max(gains) - min(gains) > 0.2


def test_a_white_frame_that_is_brightened_stays_white() -> None:
    clip = make_clip()
    white = Clip([np.full_like(image, 255) for image in clip.images], clip.masks, clip.boxes, "white")
    jitter = replace(PLAIN, brightness=0.2)
    values = torch.cat([process(jitter, seed, white).images for seed in range(5)]).unique()
    assert values.min() >= 255 * 0.8 - 1
    assert values.max() == 255


def test_a_sample_is_a_function_of_the_random_state() -> None:
    one, same, other = process(CropJitter(), 1), process(CropJitter(), 1), process(CropJitter(), 2)
    assert torch.equal(one.images, same.images)
    assert torch.equal(one.boxes, same.boxes)
    assert not torch.equal(one.boxes, other.boxes)


def test_a_frame_without_the_object_is_refused() -> None:
    clip = make_clip()
    clip.boxes[1] = absent_box()
    with pytest.raises(ValueError, match="-1"):
        process(PLAIN, clip=clip)
