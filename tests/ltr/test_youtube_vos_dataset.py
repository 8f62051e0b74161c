"""YouTube-VOS: tracks and visible frames come from the meta file, masks are read with the clip."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from ltr.data.mask_io import write_mask
from ltr.dataset.interface import VideoDataset
from ltr.dataset.youtube_vos import YoutubeVos
from ltr.errors import InputError

META = {
    "videos": {
        "0a": {
            "objects": {
                "1": {"category": "dog", "frames": ["00000", "00005", "00010"]},
                "2": {"category": "cat", "frames": ["00005", "00010"]},
            }
        },
        "9z": {"objects": {"10": {"category": "owl", "frames": ["00000"]}}},
    }
}


def write_set(root: Path) -> None:
    for video in META["videos"]:
        for folder in ("JPEGImages", "Annotations"):
            (root / "train" / folder / video).mkdir(parents=True)
        for i in range(0, 15, 5):
            image = np.full((20, 30, 3), 10 * i, np.uint8)
            cv2.imwrite(str(root / "train/JPEGImages" / video / f"{i:05d}.jpg"), image)
            mask = np.zeros((20, 30), np.uint8)
            mask[2:8, i : i + 5] = 1 if video == "0a" else 10
            if i == 5 and video == "0a":
                mask[10:14, 0:3] = 2
            write_mask(root / "train/Annotations" / video / f"{i:05d}.png", mask)
    (root / "train" / "meta.json").write_text(json.dumps(META))


def test_tracks_and_visible_frames_follow_the_meta_file(tmp_path: Path) -> None:
    write_set(tmp_path)
    dataset = YoutubeVos(tmp_path)
    assert isinstance(dataset, VideoDataset)
    tracks = [(dataset.sequence(i), dataset.object_id(i)) for i in range(len(dataset))]
    assert tracks == [("0a", 1), ("0a", 2), ("9z", 10)]
    assert [list(dataset.visible_frames(i)) for i in range(3)] == [[0, 1, 2], [1, 2], [0]]


def test_no_mask_is_read_before_a_clip(tmp_path: Path) -> None:
    write_set(tmp_path)
    for path in (tmp_path / "train/Annotations").glob("*/*.png"):
        path.write_bytes(b"not a mask")
    dataset = YoutubeVos(tmp_path)
    assert [len(dataset.visible_frames(i)) for i in range(len(dataset))] == [3, 2, 1]
    with pytest.raises(InputError, match=r"00000\.png"):
        dataset.read(0, [0])


def test_clips_hold_one_object(tmp_path: Path) -> None:
    write_set(tmp_path)
    clip = YoutubeVos(tmp_path).read(1, [1, 2])
    assert [int(image[0, 0, 0]) for image in clip.images] == [50, 100]
    assert clip.masks[0].sum() == 12
    # listed, yet empty: what the docstring of visible_frames promises
    assert clip.boxes.tolist() == [[0, 10, 3, 4], [-1, -1, -1, -1]]


def test_sequences_can_be_chosen_by_a_list_or_a_file(tmp_path: Path) -> None:
    write_set(tmp_path)
    chosen = tmp_path / "jjvalid.txt"
    chosen.write_text("9z\n")
    assert len(YoutubeVos(tmp_path, sequences=chosen)) == 1
    assert len(YoutubeVos(tmp_path, sequences=["0a"])) == 2
    chosen.write_text("9z\nnowhere\n")
    with pytest.raises(InputError, match=r'"nowhere" of .*jjvalid\.txt is not in .*meta\.json'):
        YoutubeVos(tmp_path, sequences=chosen)
    with pytest.raises(InputError, match="cannot read the list"):
        YoutubeVos(tmp_path, sequences=tmp_path / "absent.txt")


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no frames at .*train.JPEGImages"):
        YoutubeVos(tmp_path)
    write_set(tmp_path)
    meta = tmp_path / "train" / "meta.json"
    meta.write_text('{"videos": []}')
    with pytest.raises(InputError, match="not a meta file of YouTube-VOS"):
        YoutubeVos(tmp_path)
    meta.unlink()
    with pytest.raises(InputError, match=r"cannot read .*meta\.json"):
        YoutubeVos(tmp_path)
    meta.write_text(json.dumps({"videos": {"gone": META["videos"]["0a"]}}))
    with pytest.raises(InputError, match=r'"gone" of .* is missing'):
        YoutubeVos(tmp_path)


def test_a_listed_frame_without_a_file_is_named(tmp_path: Path) -> None:
    write_set(tmp_path)
    (tmp_path / "train/JPEGImages/0a/00010.jpg").unlink()
    with pytest.raises(InputError, match="frame '00010' of meta"):
        YoutubeVos(tmp_path).visible_frames(0)
