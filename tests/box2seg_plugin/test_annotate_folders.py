"""Anybody's folders of frames and boxes, as the annotator finds them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from box2seg_plugin.annotate.box_video import BoxVideo
from box2seg_plugin.annotate.frame_bounds import outside_frame
from box2seg_plugin.annotate.sources import find_videos
from ltr.data.boxes import ABSENT
from ltr.data.image_io import read_image
from ltr.errors import InputError

BOXES = "1,2,3,4\n5,6,7,8\n9,10,11,12\n"
ROWS = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]
GONE = list(ABSENT)


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def write_frames(folder: Path, names: str = "00000001 00000002 00000003", suffix: str = "jpg") -> Path:
    """Empty files: no image is to be opened."""
    for name in names.split():
        write(folder / f"{name}.{suffix}")
    return folder


def rows(video: BoxVideo, object_id: int = 1) -> list[list[float]]:
    return video.boxes[object_id].tolist()


MOT = "1,4,1,2,3,4,1,1,1\n2,4,5,6,7,8,1,1,1\n1,9,0,0,5,5,1,1,1\n3,9,9,9,9,9,0,1,1\n"
CVAT = (
    '<annotations><track id="0" label="dog"><box frame="1" outside="0" xtl="1" ytl="2" xbr="4" ybr="6"/>'
    "</track></annotations>"
)


@pytest.mark.parametrize(
    ("below", "file", "content", "expected"),
    [
        ("", "groundtruth.txt", BOXES, {1: ROWS}),
        ("img", "groundtruth_rect.txt", BOXES.replace(",", "\t"), {1: ROWS}),
        ("frames", "boxes.csv", "frame,id,x,y,w,h\n0,7,1,2,3,4\n", {7: [[1, 2, 3, 4], GONE, GONE]}),
        ("img1", "gt/gt.txt", MOT, {1: [[1, 2, 3, 4], [5, 6, 7, 8], GONE], 2: [[0, 0, 5, 5], GONE, GONE]}),
        ("images", "annotations.xml", CVAT, {1: [GONE, [1, 2, 3, 4], GONE]}),
        ("", "boxes.txt", MOT, {1: [[1, 2, 3, 4], [5, 6, 7, 8], GONE], 2: [[0, 0, 5, 5], GONE, GONE]}),
    ],
)
def test_a_folder_with_its_boxes(
    below: str, file: str, content: str, expected: Mapping[int, list[list[float]]], tmp_path: Path
) -> None:
    write_frames(tmp_path / "dog" / below, "a1 a2 a10", "png")
    write(tmp_path / "dog" / file, content)
    for root in (tmp_path, tmp_path / "dog"):
        videos = find_videos("folder", root)
        assert list(videos) == ["dog"]
        video = videos["dog"]()
        assert video.names == ("a1", "a2", "a10")
        assert {object_id: rows(video, object_id) for object_id in video.boxes} == expected


def test_lost_boxes_are_missed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder of frames without boxes fails when it is loaded; one without frames is none of ours."""
    write_frames(tmp_path / "dog")
    write(tmp_path / "dog" / "boxes.txt", BOXES)
    write_frames(tmp_path / "cat" / "img")
    write(tmp_path / "notes" / "about.txt")
    videos = find_videos("folder", tmp_path)
    assert list(videos) == ["cat", "dog"] and caplog.messages == [
        f"{tmp_path}: left out, no file of boxes: notes"
    ]
    with pytest.raises(InputError, match=r"cat: holds no file of boxes \(groundtruth\.txt, "):
        videos["cat"]()


def test_a_file_of_boxes_elsewhere(tmp_path: Path) -> None:
    write_frames(tmp_path / "dog" / "img")
    video = find_videos("folder", tmp_path / "dog", boxes=write(tmp_path / "there.txt", BOXES))["dog"]()
    assert rows(video) == ROWS
    mot = write(tmp_path / "mot.dat", MOT)
    video = find_videos("folder", tmp_path / "dog", boxes=mot, boxes_format="mot")["dog"]()
    assert list(video.boxes) == [1, 2]
    load = find_videos("folder", tmp_path / "dog", boxes=mot, boxes_format="lines")["dog"]
    with pytest.raises(InputError, match=r"mot\.dat:1: .* is not a box"):
        load()


def test_one_file_for_many_videos(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("cat", "dog", "zebra"):
        write_frames(tmp_path / "videos" / name, "0 1")
    content = (
        '{"videos": [{"id": 8, "file_names": ["dog/0.jpg", "dog/1.jpg"]},'
        ' {"id": 9, "file_names": ["cat/1.jpg"]}, {"id": 10, "file_names": ["elk/0.jpg"]}],'
        ' "annotations": [{"id": 1, "video_id": 8, "bboxes": [null, [1, 2, 3, 4]]},'
        ' {"id": 2, "video_id": 9, "bboxes": [[5, 6, 7, 8]]}]}'
    )
    boxes = write(tmp_path / "instances.json", content)
    videos = find_videos("folder", tmp_path / "videos", boxes=boxes)
    assert list(videos) == ["cat", "dog"]
    assert "names 3 videos" in caplog.text and "has 3 folders: 2 are both" in caplog.text
    assert rows(videos["cat"]()) == [GONE, [5, 6, 7, 8]] and rows(videos["dog"]()) == [GONE, [1, 2, 3, 4]]
    assert rows(find_videos("folder", tmp_path / "videos" / "cat", boxes=boxes)["cat"]()) == [
        GONE,
        [5, 6, 7, 8],
    ]

    boxes.write_text('{"videos": [{"id": 10, "file_names": ["elk/0.jpg"]}], "annotations": []}')
    with pytest.raises(
        InputError, match=r"holds no folder of the videos that .*instances\.json names, .*elk"
    ):
        find_videos("folder", tmp_path / "videos", boxes=boxes)


def test_folders_that_cannot_be_taken(tmp_path: Path) -> None:
    write_frames(tmp_path / "videos" / "dog")
    boxes = write(tmp_path / "boxes.txt", BOXES)
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        InputError, match=r"boxes\.txt is of one video, .*videos holds 1 folders and no frames"
    ):
        find_videos("folder", tmp_path / "videos", boxes=boxes)
    with pytest.raises(InputError, match="empty: holds neither frames nor folders of frames"):
        find_videos("folder", tmp_path / "empty", boxes=boxes)
    with pytest.raises(InputError, match="nowhere: no such box file"):
        find_videos("folder", tmp_path / "videos", boxes=tmp_path / "nowhere")
    with pytest.raises(InputError, match="neither it nor a folder in it holds boxes"):
        find_videos("folder", tmp_path / "videos")
    with pytest.raises(
        InputError, match=r'unknown format of boxes "mott"; known: auto, .*did you mean "mot"'
    ):
        find_videos("folder", tmp_path / "videos", boxes=boxes, boxes_format="mott")
    write(tmp_path / "videos" / "dog" / "gt" / "gt.txt", MOT)
    write(tmp_path / "videos" / "dog" / "boxes.txt", BOXES)
    with pytest.raises(InputError, match=r"dog: boxes\.txt and gt/gt\.txt: keep one"):
        find_videos("folder", tmp_path / "videos")["dog"]()


def test_the_reference_video(shared_dir: Path) -> None:
    root = shared_dir / "data" / "video_boxes" / "otb_crossing"
    video = find_videos("folder", root)["otb_crossing"]()
    np.testing.assert_array_equal(video.boxes[1], np.loadtxt(root / "groundtruth_rect.txt"))
    height, width = read_image(video.files[0]).shape[:2]
    assert not outside_frame(video.boxes[1], width, height).any()
