"""Videos with true masks: which folders are understood, what becomes of ids, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ltr.errors import InputError
from pytracking.evaluation.labelled_video import boxes_of_labels, davis_videos, labelled_video

ABSENT = [-1, -1, -1, -1]


def write_video(root: Path, below: str, masks: list[np.ndarray | None]) -> None:
    """Frames and masks (None: no file) in ``JPEGImages/below`` and ``Annotations/below``."""
    for kind in ("JPEGImages", "Annotations"):
        (root / kind / below).mkdir(parents=True)
    for index, mask in enumerate(masks):
        Image.new("RGB", (6, 5)).save(root / "JPEGImages" / below / f"{index:05d}.jpg")
        if mask is not None:
            Image.fromarray(mask).save(root / "Annotations" / below / f"{index:05d}.png")


def mask(*ids: int) -> np.ndarray:
    """(5, 6) with the given ids in the first row."""
    result = np.zeros((5, 6), np.uint8)
    result[0, : len(ids)] = ids
    return result


@pytest.mark.parametrize(("below", "names"), [("480p/dog", ["dog"]), ("dog", ["dog"]), ("", ["root"])])
def test_levels_of_folders_may_be_missing(tmp_path: Path, below: str, names: list[str]) -> None:
    write_video(tmp_path / "root", below, [mask(1), mask(1)])
    videos = davis_videos(tmp_path / "root")
    assert [video.name for video in videos] == names
    assert len(videos[0].frames) == 2


def test_sequences_are_chosen_by_name(tmp_path: Path) -> None:
    for name in ("dog", "cat", "goat"):
        write_video(tmp_path / name, name, [mask(1)])
        for kind in ("JPEGImages", "Annotations"):
            (tmp_path / kind).mkdir(exist_ok=True)
            (tmp_path / name / kind / name).rename(tmp_path / kind / name)
    assert [video.name for video in davis_videos(tmp_path)] == ["cat", "dog", "goat"]
    assert [video.name for video in davis_videos(tmp_path, ["goat", "cat"])] == ["goat", "cat"]
    with pytest.raises(InputError, match=r'"cow"; it has cat, dog, goat'):
        davis_videos(tmp_path, ["cow"])


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ([mask(255, 0, 255), mask(0, 0, 0)], [[1, 0, 1], [0, 0, 0]]),  # DAVIS 2016
        ([mask(1, 2, 255), mask(0, 255, 255)], [[1, 2, 0], [0, 0, 0]]),  # DAVIS 2017: 255 is void
        ([mask(3, 0, 1)], [[3, 0, 1]]),
    ],
)
def test_255_is_the_object_or_void(
    tmp_path: Path, stored: list[np.ndarray], expected: list[list[int]]
) -> None:
    write_video(tmp_path, "dog", list(stored))
    labels = davis_videos(tmp_path)[0].read_labels()
    assert [array[0, :3].tolist() for array in labels if array is not None] == expected


def test_boxes_enclose_the_objects(tmp_path: Path) -> None:
    write_video(tmp_path, "dog", [mask(0, 2, 2), None, mask(0, 0, 0, 0, 5)])
    boxes = boxes_of_labels(davis_videos(tmp_path)[0].read_labels())
    assert list(boxes) == [2, 5]
    assert boxes[2].tolist() == [[1, 0, 2, 1], ABSENT, ABSENT]
    assert boxes[5].tolist() == [ABSENT, ABSENT, [4, 0, 1, 1]]


def test_what_is_missing_or_does_not_fit_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="JPEGImages: no such folder"):
        davis_videos(tmp_path)
    write_video(tmp_path / "none", "dog", [None])
    with pytest.raises(InputError, match=r"Annotations/dog: holds no mask .*00000\.png"):
        davis_videos(tmp_path / "none")
    write_video(tmp_path / "size", "dog", [np.zeros((7, 7), np.uint8)])
    with pytest.raises(InputError, match=r"00000\.png: mask is 7 x 7, the frames are 6 x 5"):
        davis_videos(tmp_path / "size")[0].read_labels()


def test_a_video_may_bring_its_boxes(tmp_path: Path) -> None:
    write_video(tmp_path, "", [mask(1), mask(1)])
    (tmp_path / "boxes.txt").write_text("1,1,3,3\n1,1,2,2\n")
    folders = tmp_path / "JPEGImages", tmp_path / "Annotations"
    boxes = labelled_video("dog", *folders, tmp_path / "boxes.txt").boxes
    assert boxes is not None and boxes[1].tolist() == [[1, 1, 3, 3], [1, 1, 2, 2]]
    assert labelled_video("dog", *folders).boxes is None
