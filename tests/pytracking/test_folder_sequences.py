"""Anybody's folders of frames with boxes, and the clips that come with the package."""

import logging
from pathlib import Path

import numpy as np
import pytest

from ltr.data.boxes import box_iou, mask_to_box
from ltr.data.mask_io import read_mask
from ltr.dataset.video_folders import FRAME_FOLDERS
from ltr.errors import InputError
from pytracking.bundled import bundled_clip, bundled_names
from pytracking.evaluation.datasets import load_sequences
from pytracking.evaluation.folder_sequences import BOX_FILES

BOXES = "1,2,3,4\n5,6,7,8\n-1,-1,-1,-1\n"


def write_video(folder: Path, boxes: str | None = BOXES, file: str = "boxes.txt", below: str = "") -> Path:
    """Three empty frames a0, a1, a2."""
    (folder / below).mkdir(parents=True)
    for number in range(3):
        (folder / below / f"a{number}.png").touch()
    if boxes is not None:
        (folder / file).write_text(boxes)
    return folder


@pytest.mark.parametrize("file", [name for name in BOX_FILES if name.endswith(".txt")])
@pytest.mark.parametrize("below", ["", *FRAME_FOLDERS])
def test_a_folder_of_frames(tmp_path: Path, file: str, below: str) -> None:
    (sequence,) = load_sequences("folder", write_video(tmp_path / "dog", BOXES, file, below))
    assert sequence.name == "dog" and sequence.frame_names == ("a0", "a1", "a2")
    assert sequence.object_ids == (1,) and sequence.targets(0)[1].box.tolist() == [1, 2, 3, 4]
    assert sequence.targets(1) == {}


def test_a_folder_of_folders(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("dog", "cat"):
        write_video(tmp_path / name)
    write_video(tmp_path / "no boxes", None)
    write_video(tmp_path / ".hidden")
    with caplog.at_level(logging.WARNING):
        names = [sequence.name for sequence in load_sequences("folder", tmp_path)]
    assert names == ["cat", "dog"]
    assert caplog.text.rstrip().endswith("left out, no file of boxes: no boxes")


def test_the_first_box_alone(tmp_path: Path) -> None:
    (sequence,) = load_sequences("folder", write_video(tmp_path / "dog", "1 2 3 4\n"))
    assert len(sequence) == 3 and sequence.targets(0)[1].box.tolist() == [1, 2, 3, 4]


def test_the_folder_in_which_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write_video(tmp_path / "dog"))
    assert [sequence.name for sequence in load_sequences("folder", Path())] == ["dog"]


def test_objects_of_a_csv_start_with_their_first_boxes(tmp_path: Path) -> None:
    rows = "frame,object,x,y,w,h\na2,1,1,1,1,1\na1,7,2,2,2,2\na2,7,3,3,3,3\na0,5,0,0,0,0\na1,5,4,4,4,4\n"
    (sequence,) = load_sequences("folder", write_video(tmp_path / "dog", rows, "boxes.csv"))
    assert sequence.object_ids == (1, 5, 7) and sequence.first_frame == 1
    found = [{i: target.box[0] for i, target in sequence.targets(frame).items()} for frame in range(3)]
    assert found == [{}, {5: 4, 7: 2}, {1: 1}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1,2,3,4\n1,2,3,4\n", "number of boxes is 2, number of frames is 3"),
        ("1,2,3,4\n1,2,3,4\n" * 2, "number of boxes is 4, number of frames is 3"),
        ("1,2,3,4\n1,2,3\n1,2,3,4\n", r"boxes\.txt:2: '1 2 3' is not a box"),
        ("10,10,0,5\n1,2,3,4\n1,2,3,4\n", r"boxes\.txt:1: box cannot start a tracker: width and height"),
        ("10,10,0,5\n", r"boxes\.txt:1: box cannot start a tracker"),
        ("frame,x,y,w,h\n", "holds a header and no box"),
        ("frame,x,y,w,h\na0,1,2,0,4\n", "object 1 has no box with width and height > 0"),
        ("frame,x,y,w,h,id\na0,1,2,3,4,255\n", "object id '255' must be a whole number from 1 to 254"),
        ("frame,x,y,w,h\na9,1,2,3,4\n", r"boxes\.txt:2: frame 'a9'"),
        ("", "empty"),
    ],
)
def test_bad_boxes(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load_sequences("folder", write_video(tmp_path / "dog", content))
    assert str(caught.value).startswith(str(tmp_path / "dog" / "boxes.txt"))


def test_folders_that_hold_no_video(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{tmp_path}: neither it nor a folder in it holds boxes"):
        load_sequences("folder", tmp_path)
    (tmp_path / "boxes.txt").write_text(BOXES)
    with pytest.raises(InputError, match="holds no images"):
        load_sequences("folder", tmp_path)
    write_video(tmp_path / "dog", file="boxes.csv")
    (tmp_path / "dog" / "boxes.txt").write_text(BOXES)
    with pytest.raises(InputError, match=r"dog: boxes\.txt and boxes\.csv: keep one"):
        load_sequences("folder", tmp_path / "dog")


def test_a_root_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'no folder is named for data set "folder": name one \(--root\)'):
        load_sequences("folder")
    with pytest.raises(InputError, match=r"nowhere is no folder .*groundtruth\.txt"):
        load_sequences("folder", tmp_path / "nowhere")


def test_bundled_clips_start_from_boxes_without_any_environment() -> None:
    sequences = load_sequences()
    assert [sequence.name for sequence in sequences] == bundled_names()
    for sequence in sequences:
        clip = bundled_clip(sequence.name)
        labels = read_mask(clip.masks / "00000.png")
        targets = sequence.targets(0)
        assert sequence.object_ids == tuple(targets) == tuple(i for i in np.unique(labels) if i)
        for object_id, target in targets.items():
            assert target.mask is None
            assert box_iou(target.box, mask_to_box(labels == object_id)) == 1
        assert sequence.image(0).shape[:2] == labels.shape


def test_bundled_clips_have_no_other_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='"bundled" comes with the package; "folder" reads a folder'):
        load_sequences("bundled", tmp_path)


def test_the_reference_video(shared_dir: Path) -> None:
    (sequence,) = load_sequences("folder", shared_dir / "data" / "video_boxes" / "otb_crossing")
    assert sequence.name == "otb_crossing" and len(sequence) == 120
    assert sequence.targets(0)[1].box.tolist() == [205, 151, 17, 50]
