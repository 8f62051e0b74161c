"""Stills with masks in two folders, subsets of them, and the split that sets some aside."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ltr.dataset.image_masks import ImageMasks
from ltr.dataset.interface import StillDataset, Subset, split_stills
from ltr.errors import InputError

SIZE = (40, 60)  # height, width


def square_mask(left: int) -> np.ndarray:
    mask = np.zeros(SIZE, np.uint8)
    mask[10:30, left : left + 20] = 1
    return mask


def write_set(
    root: Path, count: int, images: str = "images", masks: str = "masks", suffix: str = ".png"
) -> None:
    for folder in (images, masks):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for i in range(count):
        image = np.full((*SIZE, 3), (10 * i, 0, 200), np.uint8)  # BGR: red 200
        cv2.imwrite(str(root / images / f"p{i}{suffix}"), image)
        grey = square_mask(i) * 200 + 20  # 20 and 220: neither is 0 or 255
        cv2.imwrite(str(root / masks / f"p{i}.png"), grey)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
@pytest.mark.parametrize("cache", [False, True])
def test_items_are_rgb_and_binary(tmp_path: Path, suffix: str, cache: bool) -> None:
    write_set(tmp_path, 3, suffix=suffix)
    dataset = ImageMasks(tmp_path, cache=cache)
    assert isinstance(dataset, StillDataset)
    assert len(dataset) == 3
    image, mask = dataset[1]
    assert image.shape == (*SIZE, 3)
    assert image.dtype == mask.dtype == np.uint8
    assert np.abs(image[0, 0].astype(int) - (200, 0, 10)).max() < 20
    np.testing.assert_array_equal(mask, square_mask(1))


@pytest.mark.parametrize(
    ("images", "masks", "suffix"),
    [
        ("DUTS-TR-Image", "DUTS-TR-Mask", ".jpg"),
        ("images", "ground_truth_mask", ".jpg"),
        ("Imgs", "Imgs", ".jpg"),
    ],
)
def test_published_layouts(tmp_path: Path, images: str, masks: str, suffix: str) -> None:
    write_set(tmp_path, 2, images, masks, suffix)
    dataset = ImageMasks(tmp_path)
    assert len(dataset) == 2
    np.testing.assert_array_equal(dataset[0][1], square_mask(0))


def test_cached_items_cannot_be_spoilt_and_outlive_the_files(tmp_path: Path) -> None:
    write_set(tmp_path, 1)
    dataset = ImageMasks(tmp_path, cache=True)
    (tmp_path / "images" / "p0.png").unlink()
    image, mask = dataset[0]
    with pytest.raises(ValueError, match="read-only"):
        image[0, 0] = 0
    with pytest.raises(ValueError, match="read-only"):
        mask[0, 0] = 0


def test_long_side_is_limited_and_masks_stay_binary(tmp_path: Path) -> None:
    write_set(tmp_path, 2)
    image, mask = ImageMasks(tmp_path, limit_side=30)[0]
    assert image.shape == (20, 30, 3)
    assert mask.shape == (20, 30)
    assert set(np.unique(mask)) == {0, 1}
    assert mask.sum() == square_mask(0).sum() / 4
    assert ImageMasks(tmp_path, limit_side=100)[0][0].shape == (*SIZE, 3)  # never enlarged


def test_names_can_be_skipped(tmp_path: Path) -> None:
    write_set(tmp_path, 4)
    dataset = ImageMasks(tmp_path, skip={"p1", "p3"})
    assert [dataset.picture(i) for i in range(len(dataset))] == ["p0", "p2"]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no pictures with masks in .*images/ with masks/"):
        ImageMasks(tmp_path)
    (tmp_path / "images").mkdir()
    with pytest.raises(InputError, match=r"expected the folder .*masks"):
        ImageMasks(tmp_path)
    (tmp_path / "masks").mkdir()
    with pytest.raises(InputError, match="holds no pictures"):
        ImageMasks(tmp_path)
    write_set(tmp_path, 3)
    (tmp_path / "masks" / "p1.png").unlink()
    with pytest.raises(InputError, match=r"p1\.png has no mask .*\(1 pictures") as caught:
        ImageMasks(tmp_path)
    assert "\n" not in str(caught.value)


def test_broken_files_are_named(tmp_path: Path) -> None:
    write_set(tmp_path, 2)
    (tmp_path / "masks" / "p0.png").write_bytes(b"no picture")
    cv2.imwrite(str(tmp_path / "masks" / "p1.png"), np.zeros((5, 5), np.uint8))
    dataset = ImageMasks(tmp_path)
    with pytest.raises(InputError, match=r"mask .*p0\.png"):
        dataset[0]
    with pytest.raises(InputError, match=r"p1\.png is 5 x 5 .* 60 x 40"):
        dataset[1]


def test_split_is_complete_disjoint_and_repeatable(tmp_path: Path) -> None:
    write_set(tmp_path, 12)
    dataset = ImageMasks(tmp_path)
    rest, aside = split_stills(dataset, 5, seed=1)
    assert (len(rest), len(aside)) == (7, 5)
    assert sorted([*rest.indices, *aside.indices]) == list(range(12))
    np.testing.assert_array_equal(split_stills(dataset, 5, seed=1)[1].indices, aside.indices)
    assert not np.array_equal(split_stills(dataset, 5, seed=2)[1].indices, aside.indices)
    np.testing.assert_array_equal(aside[2][1], dataset[int(aside.indices[2])][1])
    with pytest.raises(InputError, match="13 of the 12"):
        split_stills(dataset, 13, seed=0)


class TwoAPicture:
    """Ten objects, two on every picture."""

    name = "two"

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return np.full((2, 2, 3), index, np.uint8), np.ones((2, 2), np.uint8)

    def picture(self, index: int) -> str:
        return f"picture {index // 2}"


def test_objects_of_one_picture_stay_on_one_side() -> None:
    rest, aside = split_stills(TwoAPicture(), 3, seed=0)
    assert (len(rest), len(aside)) == (6, 4)
    assert not {int(i) // 2 for i in rest.indices} & {int(i) // 2 for i in aside.indices}
    again_rest, again_aside = split_stills(rest, 2, seed=0)  # a subset remembers its pictures
    assert not {again_rest.picture(i) for i in range(4)} & {again_aside.picture(i) for i in range(2)}


def test_subset_keeps_its_order_and_refuses_what_is_not_there() -> None:
    subset = Subset(TwoAPicture(), [7, 0, 7])
    assert [int(subset[i][0][0, 0, 0]) for i in range(len(subset))] == [7, 0, 7]
    with pytest.raises(InputError, match="item 10 of two"):
        Subset(TwoAPicture(), [3, 10])


def test_real_duts(shared_dir: Path) -> None:
    root = shared_dir / "data" / "still_masks" / "duts_tr"
    if not root.is_dir():
        pytest.skip("no duts_tr among the reference data")
    dataset = ImageMasks(root)
    assert len(dataset) == 10553
    image, mask = dataset[17]
    assert image.shape[:2] == mask.shape
    assert 0 < mask.mean() < 1
