"""DAVIS 2016 and 2017: tracks, visible frames, lists of sequences."""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest

from ltr.data.mask_io import write_mask
from ltr.dataset.davis import Davis
from ltr.dataset.interface import VideoDataset
from ltr.errors import InputError

SIZE = (32, 48)


def labels(squares: Mapping[int, int], value: int | None = None) -> np.ndarray:
    """A label picture with an 8 x 8 square at the given column for each id."""
    picture = np.zeros(SIZE, np.uint8)
    for object_id, left in squares.items():
        picture[4:12, left : left + 8] = value or object_id
    return picture


# sequence -> frames -> id -> column
VIDEOS = {
    "bear": [{1: 0}, {1: 4}, {1: 8}, {}],
    "dogs": [{1: 0, 2: 20}, {2: 22}, {1: 4, 2: 24}],
}


def write_davis(root: Path, value: int | None = None) -> None:
    for name, frames in VIDEOS.items():
        for folder in ("JPEGImages", "Annotations"):
            (root / folder / "480p" / name).mkdir(parents=True)
        for i, squares in enumerate(frames):
            image = np.full((*SIZE, 3), 40 * i, np.uint8)
            cv2.imwrite(str(root / "JPEGImages/480p" / name / f"{i:05d}.jpg"), image)
            write_mask(root / "Annotations/480p" / name / f"{i:05d}.png", labels(squares, value))


def test_2017_has_a_track_for_every_object(tmp_path: Path) -> None:
    write_davis(tmp_path)
    dataset = Davis(tmp_path, 2017, None)
    assert isinstance(dataset, VideoDataset)
    tracks = [(dataset.sequence(i), dataset.object_id(i)) for i in range(len(dataset))]
    assert tracks == [("bear", 1), ("dogs", 1), ("dogs", 2)]
    assert [list(dataset.visible_frames(i)) for i in range(3)] == [[0, 1, 2], [0, 2], [0, 1, 2]]


def test_clips_hold_one_object(tmp_path: Path) -> None:
    write_davis(tmp_path)
    clip = Davis(tmp_path, 2017, None).read(1, [2, 0, 1])
    assert len(clip) == 3
    assert [int(image[0, 0, 0]) for image in clip.images] == [80, 0, 40]
    np.testing.assert_array_equal(clip.masks[0], labels({1: 4}))
    assert clip.boxes.tolist() == [[4, 4, 8, 8], [0, 4, 8, 8], [-1, -1, -1, -1]]
    assert clip.boxes.dtype == np.float64


@pytest.mark.parametrize("value", [255, None])
def test_2016_unites_whatever_is_labelled(tmp_path: Path, value: int | None) -> None:
    write_davis(tmp_path, value)
    dataset = Davis(tmp_path, 2016, None)
    assert [(dataset.sequence(i), dataset.object_id(i)) for i in range(len(dataset))] == [
        ("bear", 1),
        ("dogs", 1),
    ]
    clip = dataset.read(1, [0])
    assert clip.boxes.tolist() == [[0, 4, 28, 8]]
    assert set(np.unique(clip.masks[0])) == {0, 1}
    assert list(dataset.visible_frames(0)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("file", "content", "year"),
    [
        ("2016/val.txt", "dogs\n\n", 2016),
        ("480p/val.txt", "/JPEGImages/480p/dogs/00000.jpg /Annotations/480p/dogs/00000.png\n" * 2, 2016),
        ("2017/val.txt", "# chosen\ndogs\n", 2017),
    ],
)
def test_splits_are_read_from_image_sets(tmp_path: Path, file: str, content: str, year: int) -> None:
    write_davis(tmp_path)
    path = tmp_path / "ImageSets" / file
    path.parent.mkdir(parents=True)
    path.write_text(content)
    dataset = Davis(tmp_path, year, "val")
    assert {dataset.sequence(i) for i in range(len(dataset))} == {"dogs"}
    with pytest.raises(InputError, match=r"train\.txt"):
        Davis(tmp_path, year, "train")


def test_frames_without_a_mask_are_not_visible(tmp_path: Path) -> None:
    write_davis(tmp_path)
    (tmp_path / "Annotations/480p/bear/00001.png").unlink()
    dataset = Davis(tmp_path, 2017, None)
    assert list(dataset.visible_frames(0)) == [0, 2]
    with pytest.raises(InputError, match=r"00001\.png"):
        dataset.read(0, [1])


def test_sequences_can_be_given(tmp_path: Path) -> None:
    write_davis(tmp_path)
    assert len(Davis(tmp_path, 2017, sequences=["dogs"])) == 2
    with pytest.raises(InputError, match='"cat" of the given sequences is missing'):
        Davis(tmp_path, 2017, sequences=["cat"])


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no frames at .*JPEGImages"):
        Davis(tmp_path)
    write_davis(tmp_path, 255)
    with pytest.raises(InputError, match="DAVIS 2018 is not known"):
        Davis(tmp_path, 2018)
    with pytest.raises(InputError, match='"bear" of DAVIS 2017 has no object'):
        Davis(tmp_path, 2017, None)
    with pytest.raises(InputError, match="no frame 4: it has 4"):
        Davis(tmp_path, 2016, None).read(0, [4])


def test_real_davis(shared_dir: Path) -> None:
    root = shared_dir / "data" / "video_masks" / "davis_dev"
    if not root.is_dir():
        pytest.skip("no davis_dev among the reference data")
    dataset = Davis(root, 2016)
    assert len(dataset) == 5
    index = [dataset.sequence(i) for i in range(5)].index("dog")
    clip = dataset.read(index, [0, 30])
    assert clip.images[0].shape == (480, 854, 3)
    assert clip.boxes.min() >= 0
    assert len(dataset.visible_frames(index)) == 60
