"""Readers of truth and results: the layouts of the data sets, and one clear line for what is wrong there."""

import logging
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ltr.data.mask_io import write_mask
from ltr.errors import InputError
from pytracking.analysis.ground_truth import (
    read_davis,
    read_got10k,
    read_lasot,
    read_otb,
    read_trackingnet,
    read_youtube_vos,
)
from pytracking.analysis.number_files import read_rows, read_values
from pytracking.analysis.results import read_box_results, read_zipped_boxes
from pytracking.analysis.sequences import BoxTruth

TWO_FRAMES = "1,2,3,4\n5,6,7,8\n"
ROWS = [[1, 2, 3, 4], [5, 6, 7, 8]]


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def sequence(frames: int = 2, name: str = "a") -> BoxTruth:
    return BoxTruth(name, np.ones((frames, 4)))


@pytest.mark.parametrize(
    "content",
    [TWO_FRAMES, "1\t2\t3\t4\n5\t6\t7\t8", " 1 2 3 4\r\n5 6  7,8\r\n\r\n", "\ufeff1,2,3,4\n5,6,7,8"],
)
def test_separators(tmp_path: Path, content: str) -> None:
    assert read_rows(write(tmp_path / "a.txt", content), 4).tolist() == ROWS


def test_nan_stands_for_no_box(tmp_path: Path) -> None:
    rows = read_rows(write(tmp_path / "a.txt", "1,2,3,4\nNaN,NaN,NaN,NaN\n"), 4)
    assert np.isnan(rows[1]).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1,2,3,4\n1,2,3\n", ":2: '1,2,3' holds 3 numbers: must be 4"),
        ("1,2,3,4\n\n1,2,3,4\n", ":2: an empty line holds 0 numbers"),
        ("1,2,3,4\n1,2,3,four\n", ":2: 'four' is not a number"),
        ("1,2,3,inf\n", ":1: 'inf' is not a number"),
        ("1,2,3,1_0\n", ":1: '1_0' is not a number"),
        ("1,2,3,4\n1,2,3," + "9" * 999, ":2: '9+' is not a number"),
        ("", ": empty: must hold lines of 4 numbers"),
        (b"\x89PNG\xff", ": not a text file in UTF-8"),
    ],
)
def test_bad_boxes_are_named_by_their_line(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = write(tmp_path / "a.txt", content)
    with pytest.raises(InputError, match=message) as caught:
        read_box_results(tmp_path, [sequence()])
    assert str(caught.value).startswith(str(path)) and len(str(caught.value)) < 300


def test_numbers_on_one_line_or_many(tmp_path: Path) -> None:
    assert read_values(write(tmp_path / "a", "0,1,0\n")).tolist() == [0, 1, 0]
    assert read_values(write(tmp_path / "b", "0\n1\n0\n")).tolist() == [0, 1, 0]
    with pytest.raises(InputError, match="c:2: 'x' is not a number"):
        read_values(write(tmp_path / "c", "0\nx"))
    with pytest.raises(InputError, match="holds no numbers"):
        read_values(write(tmp_path / "d", "\n"))
    with pytest.raises(InputError, match="cannot be read"):
        read_values(tmp_path)
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(InputError, match="too large for a file of numbers: at most 64 MiB"):
        read_values(tmp_path / "huge")
    with pytest.raises(InputError, match="too large"):
        read_values("/dev/zero")  # whose size is said to be 0


def test_results_of_one_run_and_of_several(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", TWO_FRAMES)
    write(tmp_path / "a_time.txt", "0.1\n0.1\n")
    for run in (1, 2, 10):
        write(tmp_path / "b" / f"b_{run:03d}.txt", f"{run},0,1,1\n0,0,1,1\n")
    write(tmp_path / "b" / "b_time.txt", "0.1\n0.1\n")
    results = read_box_results(tmp_path, [sequence(), sequence(name="b")])
    assert [run.tolist() for run in results["a"]] == [ROWS]
    assert [run[0, 0] for run in results["b"]] == [1, 2, 10]


def test_missing_results_and_wrong_lengths(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", TWO_FRAMES)
    sequences = [sequence(name=name) for name in ("a", "b", "c")]
    with pytest.raises(
        InputError, match=r"2 of 3 sequences have no results, the first is b: expected b\.txt or b/b_001"
    ):
        read_box_results(tmp_path, sequences)
    with pytest.raises(InputError, match=r"a\.txt: 2 boxes, sequence a has 3 frames"):
        read_box_results(tmp_path, [sequence(frames=3)])
    with pytest.raises(InputError, match="no such folder of results"):
        read_box_results(tmp_path / "nobody", sequences)


def test_zip_of_boxes(tmp_path: Path) -> None:
    path = tmp_path / "submission.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("folder/a.txt", TWO_FRAMES)
        archive.writestr("__MACOSX/folder/._a.txt", b"\xff\x00")
        archive.writestr("readme.md", "no boxes")
    assert {name: rows.tolist() for name, rows in read_zipped_boxes(path).items()} == {"a": ROWS}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "1,2,3,4\n1,2,3\n")
    with pytest.raises(InputError, match=r"submission\.zip/a\.txt:2: '1,2,3' holds 3 numbers"):
        read_zipped_boxes(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", TWO_FRAMES)
    with pytest.raises(InputError, match=r"holds no <sequence>\.txt"):
        read_zipped_boxes(path)
    for broken in (b"", b"no zip at all"):
        with pytest.raises(InputError, match="cannot be read as a zip"):
            read_zipped_boxes(write(path, broken))


def test_damaged_zip(tmp_path: Path) -> None:
    path = tmp_path / "submission.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", TWO_FRAMES * 100)
    content = bytearray(path.read_bytes())
    content[40:60] = bytes(20)
    with pytest.raises(InputError, match="cannot be read as a zip"):
        read_zipped_boxes(write(path, bytes(content)))


# the truth


def test_got10k(tmp_path: Path) -> None:
    folder = tmp_path / "val" / "GOT-10k_Val_000001"
    write(tmp_path / "val" / "list.txt", "GOT-10k_Val_000001\n")
    write(folder / "groundtruth.txt", TWO_FRAMES)
    write(folder / "cover.label", "8\n0\n")
    write(folder / "meta_info.ini", "[METAINFO]\nurl: none\nresolution: (1280, 720)\n")
    (truth,) = read_got10k(tmp_path)
    assert truth.boxes.tolist() == ROWS and truth.frame_size == (1280, 720)
    assert truth.visible is not None and truth.visible.tolist() == [True, False]
    write(folder / "meta_info.ini", "resolution: unknown\n")
    with pytest.raises(InputError, match=r"meta_info\.ini: must hold the line resolution"):
        read_got10k(tmp_path)
    write(folder / "cover.label", "8\n")
    with pytest.raises(InputError, match=r"cover\.label: 1 labels, groundtruth\.txt has 2 boxes"):
        read_got10k(tmp_path)
    write(folder / "groundtruth.txt", "1,2,3,4\n1,2,x,4\n")
    with pytest.raises(InputError, match=r"groundtruth\.txt:2: 'x' is not a number"):
        read_got10k(tmp_path)


def test_lasot(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("cat-1", "cat-20", "dog-7"):
        folder = tmp_path / name.split("-")[0] / name
        write(folder / "groundtruth.txt", "1,2,3,4\n0,0,0,0\n5,6,7,8\n")
        write(folder / "full_occlusion.txt", "0,0,1\n")
        write(folder / "out_of_view.txt", "0,1,0\n")
    with caplog.at_level(logging.WARNING):
        assert [truth.name for truth in read_lasot(tmp_path)] == ["cat-1", "cat-20", "dog-7"]
    assert "testing_set.txt is missing: all 3 sequences" in caplog.text
    write(tmp_path / "testing_set.txt", "dog-7\ncat-20\n")
    truths = read_lasot(tmp_path)
    assert [truth.name for truth in truths] == ["dog-7", "cat-20"]
    assert truths[0].visible is not None and truths[0].visible.tolist() == [True, False, False]
    write(tmp_path / "testing_set.txt", "dog-7\nfox-1\n")
    with pytest.raises(InputError, match=r"fox/fox-1/groundtruth\.txt: no such file"):
        read_lasot(tmp_path)
    with pytest.raises(InputError, match=r"no truth at .*nowhere: expected .*groundtruth\.txt"):
        read_lasot(tmp_path / "nowhere")


def test_otb(tmp_path: Path) -> None:
    write(tmp_path / "Crossing" / "groundtruth_rect.txt", "1\t2\t3\t4\n5\t6\t7\t8\n")
    write(tmp_path / "Jogging" / "groundtruth_rect.1.txt", TWO_FRAMES)
    write(tmp_path / "Jogging" / "groundtruth_rect.2.txt", TWO_FRAMES)
    write(tmp_path / "Human4" / "groundtruth_rect.1.txt", "")
    write(tmp_path / "Human4" / "groundtruth_rect.2.txt", TWO_FRAMES)
    truths = read_otb(tmp_path)
    assert [truth.name for truth in truths] == ["Crossing", "Human4-2", "Jogging-1", "Jogging-2"]
    assert all(truth.boxes.tolist() == ROWS for truth in truths)


def test_otb_of_the_reference_data(shared_dir: Path) -> None:
    truth = {truth.name: truth for truth in read_otb(shared_dir / "data" / "video_boxes")}["otb_crossing"]
    assert truth.boxes.shape == (120, 4)


def test_trackingnet(tmp_path: Path) -> None:
    write(tmp_path / "TEST" / "anno" / "b_0.txt", TWO_FRAMES)
    write(tmp_path / "TEST" / "anno" / "a_0.txt", TWO_FRAMES)
    assert [truth.name for truth in read_trackingnet(tmp_path)] == ["a_0", "b_0"]
    for name in "ab":
        write(tmp_path / "TEST" / "anno" / f"{name}_0.txt", "1,2,3,4\n")
    with pytest.raises(InputError, match="first box of each sequence only: the server has the others"):
        read_trackingnet(tmp_path)


def write_masks(folder: Path, value: int, frames: int = 2) -> None:
    folder.mkdir(parents=True)
    for frame in range(frames):
        write_mask(folder / f"{frame:05d}.png", np.full((4, 5), value, np.uint8))


def test_davis(tmp_path: Path) -> None:
    for name in ("dog", "cat", "train-only"):
        write_masks(tmp_path / "Annotations" / "480p" / name, 255)
    assert [truth.name for truth in read_davis(tmp_path, 2017)] == ["cat", "dog", "train-only"]
    write(tmp_path / "ImageSets" / "2017" / "val.txt", "dog\n")
    write(tmp_path / "ImageSets" / "2016" / "val.txt", "dog\nfox\n")
    (dog,) = read_davis(tmp_path, 2017)
    assert dog.frames == ["00000", "00001"] and (dog.mask("00000") == 255).all()
    with pytest.raises(InputError, match="fox: no masks"):
        read_davis(tmp_path, 2016)
    write(tmp_path / "ImageSets" / "2016" / "val.txt", "dog\n")
    assert (read_davis(tmp_path, 2016)[0].mask("00001") == 1).all()


def test_davis_2016_has_lists_of_its_own(tmp_path: Path) -> None:
    for name in ("dog", "cat"):
        write_masks(tmp_path / "Annotations" / "480p" / name, 255)
    listed = "/JPEGImages/480p/cat/00000.jpg /Annotations/480p/cat/00000.png\n"
    write(tmp_path / "ImageSets" / "480p" / "val.txt", listed)
    assert [truth.name for truth in read_davis(tmp_path, 2016)] == ["cat"]
    with pytest.raises(InputError, match=r"2017/val\.txt"):
        read_davis(tmp_path, 2017)
    write(tmp_path / "ImageSets" / "2016" / "val.txt", "dog\n")
    assert [truth.name for truth in read_davis(tmp_path, 2016)] == ["dog"]


def test_youtube_vos(tmp_path: Path) -> None:
    write_masks(tmp_path / "train" / "Annotations" / "0043f083b5", 3)
    (truth,) = read_youtube_vos(tmp_path)
    assert truth.name == "0043f083b5" and (truth.mask("00001") == 3).all()
    with pytest.raises(InputError, match="must hold one folder for each sequence"):
        read_youtube_vos(tmp_path, "valid")
