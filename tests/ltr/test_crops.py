"""Crops against the authors' integers, and sampling against plain per-pixel arithmetic."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ltr.data.boxes import ABSENT, clip_box, is_absent
from ltr.data.crops import Crop, crop_inside_major, paste_logits, sample_image, sample_mask

CASES = json.loads((Path(__file__).parents[1] / "data" / "crop_inside_major.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_crop_equals_the_authors(case: dict[str, Any]) -> None:
    crop = crop_inside_major(
        tuple(case["image_size_hw"]),
        case["box_xywh"],
        case["search_area_factor"],
        tuple(case["output_size_wh"]),
    )
    assert list(crop.box) == case["crop_box_xywh"]
    np.testing.assert_allclose(crop.box_to_crop(case["box_xywh"]), case["box_in_crop_xywh"], atol=1e-3)


def test_all_sixty_cases_are_here() -> None:
    assert len(CASES) == 60


def random_boxes(count: int) -> list[npt.NDArray[np.float64]]:
    rng = np.random.default_rng(0)
    return [np.concatenate([rng.uniform(-200, 800, 2), np.exp(rng.uniform(-2, 7, 2))]) for _ in range(count)]


def test_any_box_gives_a_crop_that_overlaps_the_image() -> None:
    for box in random_boxes(500):
        crop = crop_inside_major((360, 640), box, 1.0, (256, 256))
        assert crop.width >= 4 and crop.height >= 4
        assert not is_absent(clip_box(crop.box, 640, 360))
        assert (crop.x >= 0 and crop.x + crop.width <= 640) or crop.width > 640
        assert (crop.y >= 0 and crop.y + crop.height <= 360) or crop.height > 360


def test_cover_holds_all_of_the_box_that_the_image_shows() -> None:
    for box in random_boxes(500):
        visible = clip_box(box, 640, 360)
        crop = crop_inside_major((360, 640), box, 2.0, (256, 192), cover=1.0)
        if not is_absent(visible):
            assert crop.x <= visible[0] and crop.y <= visible[1]
            assert crop.x + crop.width >= visible[0] + visible[2] - 1e-9
            assert crop.y + crop.height >= visible[1] + visible[3] - 1e-9


def test_cover_enlarges_elongated_boxes_only() -> None:
    square, tall = (300, 150, 40, 40), (300, 100, 8, 160)
    assert crop_inside_major((360, 640), square, 2.0, (256, 256), cover=1.5) == crop_inside_major(
        (360, 640), square, 2.0, (256, 256)
    )
    assert crop_inside_major((360, 640), tall, 2.0, (256, 256)).height < 160
    covered = crop_inside_major((360, 640), tall, 2.0, (256, 256), cover=1.5)
    assert 240 <= covered.height <= 242 and covered.width == covered.height


@pytest.mark.parametrize("box", [ABSENT, (0, 0, 5, 0), (np.nan, 0, 5, 5), (0, 0, np.inf, 5)])
def test_no_crop_without_a_box(box: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="must be > 0 and finite"):
        crop_inside_major((100, 100), box, 5.0, (256, 256))


def test_boxes_go_to_the_crop_and_back() -> None:
    crop = Crop(-10, 20, 200, 100, (832, 480))
    boxes = np.array([(-10, 20, 200, 100), (40, 45, 50, 25), ABSENT])
    inside = crop.box_to_crop(boxes)
    assert inside.tolist() == [[0, 0, 832, 480], [208, 120, 208, 120], list(ABSENT)]
    np.testing.assert_allclose(crop.box_to_image(inside), boxes)


def bilinear(image: npt.NDArray[Any], crop: Crop) -> npt.NDArray[np.float64]:
    """Bilinear sampling at the output pixels' centres, one pixel after the other; borders replicated."""
    out = np.empty((crop.output_size[1], crop.output_size[0], *image.shape[2:]))
    for row, column in np.ndindex(out.shape[:2]):
        # Beyond the crop's own outermost pixel centres the outermost pixel counts, as in every resize.
        v = np.clip((row + 0.5) * crop.height / out.shape[0] - 0.5, 0, crop.height - 1)
        u = np.clip((column + 0.5) * crop.width / out.shape[1] - 0.5, 0, crop.width - 1)
        value = np.zeros(image.shape[2:])
        for dv in (0, 1):
            for du in (0, 1):
                weight = (1 - abs(v - np.floor(v) - dv)) * (1 - abs(u - np.floor(u) - du))
                i = int(np.clip(crop.y + np.floor(v) + dv, 0, image.shape[0] - 1))
                j = int(np.clip(crop.x + np.floor(u) + du, 0, image.shape[1] - 1))
                value = value + weight * image[i, j]
        out[row, column] = value
    return out


# No output pixel centre falls on an edge between two pixels, where either would be the nearest.
CROPS = [
    Crop(5, 6, 20, 12, (40, 24)),
    Crop(5, 6, 20, 12, (8, 4)),
    Crop(0, 0, 30, 25, (30, 25)),
    Crop(-9, -4, 60, 40, (32, 16)),
    Crop(20, -8, 15, 50, (24, 24)),
    Crop(35, 40, 10, 10, (6, 6)),
    Crop(-20, -30, 10, 10, (6, 6)),
]


@pytest.mark.parametrize("crop", CROPS, ids=str)
def test_sample_image_is_bilinear_with_replicated_border(crop: Crop) -> None:
    image = np.random.default_rng(1).integers(0, 256, (25, 30, 3), dtype=np.uint8)
    sampled = sample_image(image, crop)
    assert sampled.dtype == np.uint8 and sampled.flags.c_contiguous
    np.testing.assert_allclose(sampled, bilinear(image, crop), atol=1.01)


@pytest.mark.parametrize("crop", CROPS, ids=str)
def test_sample_mask_takes_the_pixel_under_each_centre_and_zero_outside(crop: Crop) -> None:
    mask = np.random.default_rng(2).integers(0, 5, (25, 30), dtype=np.uint8)
    sampled = sample_mask(mask, crop)
    assert sampled.dtype == np.uint8 and sampled.shape == crop.output_size[::-1]
    for row, column in np.ndindex(sampled.shape):
        i = crop.y + int((row + 0.5) * crop.height / sampled.shape[0])
        j = crop.x + int((column + 0.5) * crop.width / sampled.shape[1])
        inside = 0 <= i < mask.shape[0] and 0 <= j < mask.shape[1]
        assert sampled[row, column] == (mask[i, j] if inside else 0)


def test_samples_do_not_share_memory_with_their_source() -> None:
    image, mask = np.zeros((25, 30, 3), dtype=np.uint8), np.zeros((25, 30), dtype=np.uint8)
    whole = Crop(0, 0, 30, 25, (30, 25))
    sample_image(image, whole)[:] = 1
    sample_mask(mask, whole)[:] = 1
    assert not image.any() and not mask.any()


@pytest.mark.parametrize("crop", CROPS, ids=str)
def test_paste_logits_resizes_into_the_frame_and_fills_the_rest(crop: Crop) -> None:
    logits = np.random.default_rng(3).standard_normal((9, 11)).astype(np.float32)
    frame = paste_logits(logits, crop, (25, 30), -100.0)
    expected = np.full((25, 30), -100.0)
    resized = bilinear(logits, Crop(0, 0, 11, 9, (crop.width, crop.height)))
    for i, j in np.ndindex(25, 30):
        if 0 <= i - crop.y < crop.height and 0 <= j - crop.x < crop.width:
            expected[i, j] = resized[i - crop.y, j - crop.x]
    assert frame.dtype == np.float32
    np.testing.assert_allclose(frame, expected, atol=1e-4)
