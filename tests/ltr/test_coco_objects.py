"""Objects of COCO annotations: masks from polygons and runs, layouts, what is left out."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ltr.dataset.coco_objects import CocoObjects, draw_segmentation
from ltr.errors import InputError

HEIGHT, WIDTH = 60, 80
SQUARE = [10.0, 10.0, 50.0, 10.0, 50.0, 40.0, 10.0, 40.0]


def annotation(segmentation: Any, area: float = 1200.0, image_id: int = 1, **other: Any) -> dict[str, Any]:
    return {"id": 7, "image_id": image_id, "segmentation": segmentation, "area": area, "iscrowd": 0, **other}


def write_coco(root: Path, annotations: list[dict[str, Any]], official: bool = False) -> None:
    images = root / ("train2017" if official else "images")
    file = root / ("annotations/instances_train2017.json" if official else "annotations.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    images.mkdir()
    pictures = [{"id": i, "file_name": f"{i}.jpg", "width": WIDTH, "height": HEIGHT} for i in (1, 2)]
    for picture in pictures:
        cv2.imwrite(
            str(images / str(picture["file_name"])), np.full((HEIGHT, WIDTH, 3), (0, 0, 255), np.uint8)
        )
    file.write_text(json.dumps({"images": pictures, "annotations": annotations}))


@pytest.mark.parametrize("official", [False, True])
@pytest.mark.parametrize("cache", [False, True])
def test_both_layouts(tmp_path: Path, official: bool, cache: bool) -> None:
    write_coco(tmp_path, [annotation([SQUARE]), annotation([SQUARE], image_id=2)], official)
    dataset = CocoObjects(tmp_path, cache=cache)
    assert len(dataset) == 2
    image, mask = dataset[0]
    assert image.dtype == mask.dtype == np.uint8
    assert image[5, 5, 0] > 240  # red comes first
    assert image[5, 5, 2] < 15
    expected = np.zeros((HEIGHT, WIDTH), np.uint8)
    expected[10:40, 10:50] = 1
    np.testing.assert_array_equal(mask, expected)
    assert [dataset.picture(i) for i in range(2)] == ["1.jpg", "2.jpg"]


def test_small_objects_and_crowds_are_left_out(tmp_path: Path) -> None:
    rows = [annotation([SQUARE], area=area, iscrowd=crowd) for area, crowd in ((99, 0), (100, 0), (500, 1))]
    write_coco(tmp_path, rows)
    assert len(CocoObjects(tmp_path, min_area=100)) == 1
    with pytest.raises(InputError, match="no object of at least 2000 pixels"):
        CocoObjects(tmp_path, min_area=2000)


def test_run_length_segmentations(tmp_path: Path) -> None:
    counts = [HEIGHT * 10, HEIGHT * 5, HEIGHT * (WIDTH - 15)]
    write_coco(tmp_path, [annotation({"size": [HEIGHT, WIDTH], "counts": counts})])
    _, mask = CocoObjects(tmp_path)[0]
    assert mask[:, 10:15].all()
    assert mask.sum() == 5 * HEIGHT


def test_polygons_cover_the_pixels_of_which_more_than_half_lies_inside() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        angles = np.sort(rng.uniform(0, 2 * np.pi, 7))
        points = np.stack([40 + 30 * np.cos(angles), 30 + 22 * np.sin(angles)], 1) + rng.normal(0, 2, (7, 2))
        mask = draw_segmentation([points.ravel().tolist()], HEIGHT, WIDTH)
        # truth: the share of each pixel by the even-odd rule at 10 x 10 points in it
        grid = (np.arange(10) + 0.5) / 10
        ys = (np.arange(HEIGHT)[:, None] + grid).ravel()[:, None]
        xs = (np.arange(WIDTH)[:, None] + grid).ravel()[None, :]
        inside = np.zeros((len(ys), xs.size), bool)
        for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
            inside ^= ((y0 > ys) != (y1 > ys)) & (xs < (x1 - x0) * (ys - y0) / (y1 - y0) + x0)
        share = inside.reshape(HEIGHT, 10, WIDTH, 10).mean(axis=(1, 3))
        assert not mask[share < 0.3].any()
        assert mask[share > 0.75].all()
        assert abs(int(mask.sum()) - share.sum()) < 0.02 * share.sum() + 5


def test_overlapping_polygons_are_united() -> None:
    mask = draw_segmentation([SQUARE, [30, 20, 70, 20, 70, 30, 30, 30]], HEIGHT, WIDTH)
    assert mask[25, 35] == 1  # in both
    assert mask.sum() == 40 * 30 + 20 * 10


def test_polygons_that_leave_the_picture_are_cut() -> None:
    mask = draw_segmentation([[-20, -20, 10, -20, 10, 10, -20, 10]], HEIGHT, WIDTH)
    assert mask.sum() == 100
    assert draw_segmentation([[-20, -20, -5, -20, -5, -5]], HEIGHT, WIDTH).sum() == 0


def test_long_side_is_limited(tmp_path: Path) -> None:
    write_coco(tmp_path, [annotation([SQUARE])])
    image, mask = CocoObjects(tmp_path, limit_side=40)[0]
    assert image.shape == (30, 40, 3)
    assert mask.sum() == 20 * 15


def test_what_is_missing_or_damaged_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no COCO annotations in"):
        CocoObjects(tmp_path)
    (tmp_path / "annotations.json").write_text("{}")
    with pytest.raises(InputError, match="no pictures: expected the folder"):
        CocoObjects(tmp_path)
    (tmp_path / "images").mkdir()
    with pytest.raises(InputError, match="not a COCO instance file"):
        CocoObjects(tmp_path)
    with pytest.raises(InputError, match="5 numbers"):
        draw_segmentation([[1, 2, 3, 4, 5]], 10, 10, "dog")
    with pytest.raises(InputError, match=r"dog is for \[9, 9\]"):
        draw_segmentation({"size": [9, 9], "counts": [81]}, 10, 10, "dog")


def test_real_coco(shared_dir: Path) -> None:
    root = shared_dir / "data" / "still_masks" / "coco_objects"
    if not root.is_dir():
        pytest.skip("no coco_objects among the reference data")
    dataset = CocoObjects(root, min_area=0)
    assert len(dataset) == 4255
    entries = json.loads((root / "annotations.json").read_text())["annotations"]
    for index in range(0, len(dataset), 301):
        _, mask = dataset[index]
        rows, columns = np.nonzero(mask)
        x, y, w, h = entries[index]["bbox"]
        box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert np.abs(np.subtract(box, (x, y, x + w, y + h))).max() <= 3  # thin tips are lost
