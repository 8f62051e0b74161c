"""Merging of objects against the softmax written out, and its promises."""

import numpy as np
import pytest

from pytracking.object_merging import ObjectLogits, keep_one_pixel, merge_objects

HEIGHT, WIDTH = 12, 17


def plain_merge(objects: list[ObjectLogits]) -> np.ndarray:
    """Probabilities, their product for the background, clamp, logits, softmax, largest: in that order."""
    inside = np.zeros((len(objects), HEIGHT, WIDTH))
    for layer, item in zip(inside, objects, strict=True):
        layer[item.region] = 1 / (1 + np.exp(-item.logits.astype(np.float64)))
    layers = np.concatenate([np.prod(1 - inside, axis=0, keepdims=True), inside]).clip(1e-7, 1 - 1e-7)
    odds = layers / (1 - layers)
    softmax = odds / odds.sum(axis=0)
    return np.array([0, *(item.object_id for item in objects)])[softmax.argmax(axis=0)]


def random_objects(seed: int, count: int, scale: float) -> list[ObjectLogits]:
    rng = np.random.default_rng(seed)
    objects = []
    for object_id in range(1, count + 1):
        top, left = int(rng.integers(0, 6)), int(rng.integers(0, 8))
        shape = (int(rng.integers(1, HEIGHT - top + 1)), int(rng.integers(1, WIDTH - left + 1)))
        objects.append(ObjectLogits(object_id, top, left, rng.normal(0, scale, shape).astype(np.float32)))
    return objects


@pytest.mark.parametrize("count", [1, 2, 3, 7])
@pytest.mark.parametrize("scale", [0.1, 1.0, 4.0])
@pytest.mark.parametrize("seed", range(5))
def test_equal_to_the_softmax_written_out(count: int, scale: float, seed: int) -> None:
    objects = random_objects(seed, count, scale)
    merged = merge_objects(objects, HEIGHT, WIDTH)
    assert np.array_equal(merged.mask, plain_merge(objects))
    claims = np.zeros((HEIGHT, WIDTH), int)
    for item in objects:
        claims[item.region] += item.logits > 0
    assert merged.claimed_twice == np.count_nonzero(claims > 1)
    assert np.array_equal(merge_objects(objects[::-1], HEIGHT, WIDTH).mask, merged.mask)


def test_two_half_sure_objects_beat_the_background() -> None:
    """0.45 and 0.44 leave the background 0.308: the pixel goes to the first though it is below 0.5."""
    values = [np.full((1, 1), np.log(p / (1 - p)), np.float32) for p in (0.45, 0.44)]
    objects = [ObjectLogits(i, 3, 4, value) for i, value in enumerate(values, start=5)]
    merged = merge_objects(objects, HEIGHT, WIDTH)
    assert merged.mask[3, 4] == 5 and np.count_nonzero(merged.mask) == 1 and merged.claimed_twice == 0


@pytest.mark.parametrize("value", [30.0, np.inf])
def test_of_objects_sure_beyond_the_clamp_the_lowest_id_wins(value: float) -> None:
    full = np.full((HEIGHT, WIDTH), value, np.float32)
    merged = merge_objects([ObjectLogits(9, 0, 0, full + 5), ObjectLogits(4, 0, 0, full)], HEIGHT, WIDTH)
    assert (merged.mask == 4).all() and merged.claimed_twice == HEIGHT * WIDTH


def test_without_objects_all_is_background() -> None:
    assert not merge_objects([], HEIGHT, WIDTH).mask.any()


def test_an_object_that_lost_everything_gets_its_best_pixel() -> None:
    mask = np.full((HEIGHT, WIDTH), 2, np.uint8)
    logits = np.zeros((3, 3), np.float32)
    logits[1, 2] = 1
    assert keep_one_pixel(mask, ObjectLogits(1, 4, 5, logits))
    assert np.argwhere(mask == 1).tolist() == [[5, 7]]


def test_the_last_pixel_of_another_object_is_not_taken() -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[4, 5:7] = 3, 2
    item = ObjectLogits(1, 4, 5, np.array([[9.0, 8.0]], np.float32))
    assert not keep_one_pixel(mask, item)
    assert mask[4, 5:7].tolist() == [3, 2]
    wider = ObjectLogits(1, 4, 5, np.array([[9.0, 8.0, -7.0]], np.float32))
    assert keep_one_pixel(mask, wider)
    assert mask[4, 5:8].tolist() == [3, 2, 1]
