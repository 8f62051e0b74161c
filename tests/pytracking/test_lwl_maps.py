"""From crops to the frame and back, merged probabilities, and the masks that targets start with."""

import numpy as np
import pytest

from ltr.data.boxes import box_mask
from ltr.data.crops import Crop
from ltr.errors import InputError
from pytracking.object_merging import ObjectLogits, merge_objects
from pytracking.tracker.interface import Target
from pytracking.tracker.lwl.crop_maps import logits_in_frame, map_in_crop, shared_rectangle
from pytracking.tracker.lwl.first_masks import first_labels
from pytracking.tracker.lwl.merged_probabilities import merged_probabilities

FRAME = (30, 50)
CROPS = [
    Crop(5, 4, 20, 10, (40, 20)),
    Crop(-7, 22, 20, 10, (40, 20)),
    Crop(41, -3, 23, 11, (40, 20)),
    Crop(-4, -3, 58, 36, (32, 32)),
]


@pytest.mark.parametrize("crop", CROPS, ids=str)
def test_a_ramp_comes_back_to_its_place(crop: Crop) -> None:
    """The logits are the x of the crop's pixels, as the frame counts; so they must be in the frame."""
    x = crop.x + (np.arange(crop.output_size[0]) + 0.5) * crop.width / crop.output_size[0]
    logits = np.tile(x.astype(np.float32), (crop.output_size[1], 1))
    claim = logits_in_frame(3, logits, crop, FRAME)
    rows, columns = shared_rectangle(crop, FRAME)
    assert claim.object_id == 3 and claim.region == (rows, columns)
    inner = slice(2, -2)  # bilinear resizing repeats the outermost half pixel
    centres = np.tile(np.arange(columns.start, columns.stop) + 0.5, (rows.stop - rows.start, 1))
    np.testing.assert_allclose(claim.logits[:, inner], centres[:, inner], atol=1e-4)


@pytest.mark.parametrize("crop", CROPS, ids=str)
def test_a_map_in_the_frame_is_seen_at_its_place_in_the_crop(crop: Crop) -> None:
    rows, columns = shared_rectangle(crop, FRAME)
    x = np.tile(np.arange(*FRAME[1:2]) + 0.5, (FRAME[0], 1)).astype(np.float32)
    seen = map_in_crop(x[rows, columns], crop, FRAME)
    assert seen.shape == crop.output_size[::-1] and seen.dtype == np.float32
    at_x = crop.x + (np.arange(crop.output_size[0]) + 0.5) * crop.width / crop.output_size[0]
    at_y = crop.y + (np.arange(crop.output_size[1]) + 0.5) * crop.height / crop.output_size[1]
    inside = np.outer(
        (at_y >= rows.start + 1.5) & (at_y <= rows.stop - 1.5),
        (at_x >= columns.start + 1.5) & (at_x <= columns.stop - 1.5),
    )
    expected = np.tile(at_x, (len(at_y), 1))
    np.testing.assert_allclose(seen[inside], expected[inside], atol=1e-4)
    outside = (at_y <= -1)[:, None] | (at_y >= FRAME[0] + 1)[:, None] | (at_x <= -1) | (at_x >= FRAME[1] + 1)
    assert inside.any() and not seen[outside].any()


def plain_probabilities(objects: list[ObjectLogits]) -> np.ndarray:
    """(N + 1, H, W), the background first: probabilities, their complements' product, clamp, odds, shares."""
    inside = np.zeros((len(objects), *FRAME))
    for layer, item in zip(inside, objects, strict=True):
        layer[item.region] = 1 / (1 + np.exp(-item.logits.astype(np.float64).clip(-700, 700)))
    layers = np.concatenate([np.prod(1 - inside, axis=0, keepdims=True), inside]).clip(1e-7, 1 - 1e-7)
    odds = layers / (1 - layers)
    return odds / odds.sum(axis=0)


def random_claims(seed: int, count: int, scale: float) -> list[ObjectLogits]:
    rng = np.random.default_rng(seed)
    claims = []
    for object_id in range(1, count + 1):
        top, left = int(rng.integers(0, 12)), int(rng.integers(0, 20))
        shape = (int(rng.integers(8, FRAME[0] - top + 1)), int(rng.integers(8, FRAME[1] - left + 1)))
        claims.append(ObjectLogits(object_id, top, left, rng.normal(0, scale, shape).astype(np.float32)))
    return claims


@pytest.mark.parametrize("count", [2, 3, 6])
@pytest.mark.parametrize("scale", [0.5, 3.0, 30.0, 300.0])
def test_probabilities_equal_the_softmax_written_out(count: int, scale: float) -> None:
    claims = random_claims(count, count, scale)
    expected = plain_probabilities(claims)[1:]
    merged = merged_probabilities(claims, *FRAME)
    total = np.zeros(FRAME)
    for item, ours, layer in zip(claims, merged, expected, strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, layer[item.region], atol=2e-6)
        total[item.region] += ours
    assert total.max() <= 1 + 1e-5


def test_probabilities_and_mask_agree() -> None:
    claims = random_claims(5, 4, 2.0)
    mask = merge_objects(claims, *FRAME).mask
    for item, ours in zip(claims, merged_probabilities(claims, *FRAME), strict=True):
        own = mask[item.region] == item.object_id
        assert (ours[own] >= 0.25 - 1e-6).all() and (ours[~own] <= 0.5 + 1e-6).all()
        assert own[ours > 0.5 + 1e-6].all()


def test_an_object_alone_keeps_what_the_network_says() -> None:
    logits = np.array([[-200.0, -1.0, 0.0, 2.0, 200.0]], np.float32)
    (ours,) = merged_probabilities([ObjectLogits(1, 3, 4, logits)], *FRAME)
    np.testing.assert_allclose(ours, 1 / (1 + np.exp(-logits.clip(-80, 80))), atol=2e-7)


# first masks


def target(box: tuple[float, float, float, float]) -> Target:
    return Target(np.array(box, np.float64), box_mask(box, *FRAME))


def test_where_masks_overlap_the_smaller_one_lies_in_front() -> None:
    targets = {2: target((0, 0, 20, 20)), 7: target((10, 10, 20, 20)), 5: target((8, 8, 4, 4))}
    targets[3] = target((12, 12, 16, 16))
    expected = np.zeros(FRAME, np.uint8)
    for object_id in (7, 2, 3, 5):  # of two as large, the lower id lies in front
        expected[targets[object_id].mask] = object_id
    assert np.array_equal(first_labels(targets, FRAME), expected)
    assert not first_labels({}, FRAME).any()


@pytest.mark.parametrize(
    ("object_id", "mask", "message"),
    [
        (1, None, "object 1 starts with a box and this tracker needs a mask.*lwl/grabcut_init"),
        (1, np.zeros(FRAME, bool), "mask of object 1 is empty"),
        (1, np.ones((50, 30), bool), r"mask of object 1 is bool \(50, 30\): must be bool \(30, 50\)"),
        (1, np.ones(FRAME, np.uint8), "mask of object 1 is uint8"),
        (0, np.ones(FRAME, bool), "object id is 0: must be from 1 to 254"),
        (255, np.ones(FRAME, bool), "object id is 255"),
    ],
)
def test_targets_that_cannot_be_started(object_id: int, mask: np.ndarray | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        first_labels({object_id: Target(np.array([0.0, 0, 5, 5]), mask)}, FRAME)
