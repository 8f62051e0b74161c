"""The videos of the data sets: names found without looking at videos, boxes as the files and labels say."""

import logging
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from box2seg_plugin.annotate.box_video import BoxVideo
from box2seg_plugin.annotate.frame_bounds import without_outside
from box2seg_plugin.annotate.sources import find_videos, source_names
from ltr.data.boxes import ABSENT, is_absent
from ltr.data.mask_io import write_mask
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


# Each writes one video of three frames with BOXES and returns (folder of its frames, its boxes).


def write_got10k(root: Path, name: str = "GOT-10k_Train_000001", split: str = "train") -> tuple[Path, Path]:
    write(root / split / "list.txt", f"{name}\n")
    folder = write_frames(root / split / name)
    return folder, write(folder / "groundtruth.txt", BOXES)


def write_lasot(root: Path, name: str = "airplane-2", below: str = "airplane") -> tuple[Path, Path]:
    folder = root / below / name
    for labels in ("full_occlusion.txt", "out_of_view.txt"):
        write(folder / labels, "0,0,0")
    return write_frames(folder / "img"), write(folder / "groundtruth.txt", BOXES)


def write_trackingnet(root: Path, name: str = "-x_0", part: str = "TRAIN_0") -> tuple[Path, Path]:
    frames = write_frames(root / part / "frames" / name, "0 1 2")
    return frames, write(root / part / "anno" / f"{name}.txt", BOXES)


def write_folder(root: Path) -> tuple[Path, Path]:
    return write_frames(root / "dog" / "img"), write(root / "dog" / "groundtruth.txt", BOXES)


WRITERS: dict[str, Callable[[Path], tuple[Path, Path]]] = {
    "got10k": write_got10k,
    "lasot": write_lasot,
    "trackingnet": write_trackingnet,
    "folder": write_folder,
}
every_set_with_lines = pytest.mark.parametrize("name", WRITERS)


@every_set_with_lines
def test_frames_and_boxes(name: str, tmp_path: Path) -> None:
    frames, _ = WRITERS[name](tmp_path)
    ((found, load),) = find_videos(name, tmp_path).items()
    video = load()
    assert found == video.name and found in str(frames)
    assert video.files == tuple(sorted(frames.glob("*.jpg"))) and len(video) == 3
    assert video.names == tuple(file.stem for file in video.files)
    assert list(video.boxes) == [1] and rows(video) == ROWS and video.boxes[1].dtype == np.float64


@every_set_with_lines
def test_loaders_can_be_pickled(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path)
    (load,) = pickle.loads(pickle.dumps(list(find_videos(name, tmp_path).values())))
    assert rows(load()) == ROWS


@every_set_with_lines
def test_what_is_wrong_with_a_video_fails_it_alone(name: str, tmp_path: Path) -> None:
    frames, boxes = WRITERS[name](tmp_path)
    load = next(iter(find_videos(name, tmp_path).values()))

    boxes.write_text("1,2,3,4\n5,6,x,8\n1,2,3,4\n")
    with pytest.raises(InputError, match=f"{boxes}:2: 'x' is not a number"):
        load()
    boxes.write_text("1,2,3,4\n5,6,7\n1,2,3,4\n")
    with pytest.raises(InputError, match=f"{boxes}:2: "):
        load()
    boxes.write_text("1,2,3,4\n5,6,7,8\n")
    with pytest.raises(InputError, match=f"{boxes}: number of boxes is 2, number of frames .*is 3"):
        load()
    boxes.write_text("1,2,3,4\n")
    with pytest.raises(InputError, match=f"{boxes}: number of boxes is 1, number of frames .*is 3"):
        load()
    boxes.write_text("")
    with pytest.raises(InputError, match=f"{boxes}: empty"):
        load()
    boxes.write_text(BOXES)
    (frames / "00000004.jpg").touch()
    with pytest.raises(InputError, match=f"{boxes}: number of boxes is 3, number of frames .*is 4"):
        load()
    for file in frames.glob("*.jpg"):
        file.unlink()
    with pytest.raises(InputError, match=f"{frames}: holds no images"):
        load()


@pytest.mark.parametrize("name", ["got10k", "lasot", "trackingnet"])
def test_missing_files_of_a_video(name: str, tmp_path: Path) -> None:
    frames, boxes = WRITERS[name](tmp_path)
    load = next(iter(find_videos(name, tmp_path).values()))
    boxes.unlink()
    with pytest.raises(InputError, match=f"{boxes}: no such file"):
        load()
    boxes.write_text(BOXES)
    frames.rename(frames.with_name("elsewhere"))
    (frames.parent / "elsewhere" / "groundtruth.txt").unlink(missing_ok=True)
    boxes.parent.mkdir(exist_ok=True)
    boxes.write_text(BOXES)
    with pytest.raises(InputError, match=str(frames)):
        load()


@pytest.mark.parametrize("name", ["got10k", "lasot", "trackingnet"])
def test_rows_that_are_no_box_reach_the_one_who_records_them(name: str, tmp_path: Path) -> None:
    _, boxes = WRITERS[name](tmp_path)
    boxes.write_text("1,2,0,4\nnan,nan,nan,nan\n500,2,3,4\n")
    video = next(iter(find_videos(name, tmp_path).values()))()
    np.testing.assert_array_equal(rows(video), [[1, 2, 0, 4], [np.nan] * 4, [500, 2, 3, 4]])
    kept, replaced = without_outside(video.boxes, 100, 100)
    assert kept[1].tolist() == [GONE, GONE, GONE] and replaced == [(0, 1), (1, 1), (2, 1)]


# GOT-10k


@pytest.mark.parametrize(
    ("absence", "cover", "hidden"),
    [
        (None, None, []),
        ("0\n1\n0\n", None, [1]),
        (None, "8\n8\n0\n", [2]),
        ("1\n0\n0\n", "8\n8\n0\n", [0, 2]),
        ("0\n0\n0\n", "8\n1\n8\n", []),
    ],
)
def test_got10k_labels_hide_frames(
    absence: str | None, cover: str | None, hidden: list[int], tmp_path: Path
) -> None:
    folder, _ = write_got10k(tmp_path)
    for file, text in (("absence.label", absence), ("cover.label", cover)):
        if text is not None:
            write(folder / file, text)
    video = find_videos("got10k", tmp_path)[folder.name]()
    assert rows(video) == [GONE if frame in hidden else row for frame, row in enumerate(ROWS)]


@pytest.mark.parametrize("file", ["absence.label", "cover.label"])
def test_got10k_labels_that_do_not_fit(file: str, tmp_path: Path) -> None:
    folder, _ = write_got10k(tmp_path)
    load = find_videos("got10k", tmp_path)[folder.name]
    write(folder / file, "1\n1\n")
    with pytest.raises(InputError, match=rf"{file}: number of labels is 2, number of boxes is 3"):
        load()
    write(folder / file, "1\nno\n1\n")
    with pytest.raises(InputError, match=rf"{file}:2: 'no' is not a number"):
        load()


def test_got10k_splits_and_their_order(tmp_path: Path) -> None:
    write_got10k(tmp_path, "GOT-10k_Val_000002", "val")
    write(tmp_path / "val" / "list.txt", "GOT-10k_Val_000002\nGOT-10k_Val_000001\n")
    assert list(find_videos("got10k", tmp_path, "val")) == ["GOT-10k_Val_000002", "GOT-10k_Val_000001"]
    with pytest.raises(InputError, match=r"cannot read the list of sequences .*train/list\.txt"):
        find_videos("got10k", tmp_path)
    with pytest.raises(
        InputError, match=r'split "test" of got10k has the truth of first frames only.*: train, val'
    ):
        find_videos("got10k", tmp_path, "test")
    with pytest.raises(
        InputError, match='unknown split of got10k "vall"; known: train, val; did you mean "val"'
    ):
        find_videos("got10k", tmp_path, "vall")


def test_got10k_masks_are_numbered_whatever_the_frames_are_called(tmp_path: Path) -> None:
    folder, _ = write_got10k(tmp_path)
    for number, file in enumerate(sorted(folder.glob("*.jpg"))):
        file.rename(folder / f"frame{number}.png")
    assert find_videos("got10k", tmp_path)[folder.name]().names == ("00000001", "00000002", "00000003")


def test_ten_thousand_names_cost_nothing_but_their_list(tmp_path: Path) -> None:
    """None of the videos' folders is there."""
    write(tmp_path / "train" / "list.txt", "".join(f"GOT-10k_Train_{n:06d}\n" for n in range(10_000)))
    videos = find_videos("got10k", tmp_path)
    assert len(videos) == 10_000
    with pytest.raises(InputError, match=r"GOT-10k_Train_000007/groundtruth\.txt: no such file"):
        videos["GOT-10k_Train_000007"]()


def test_names_that_would_lead_elsewhere(tmp_path: Path) -> None:
    write(tmp_path / "train" / "list.txt", "good\n..\n")
    with pytest.raises(InputError, match=r"sequence name '\.\.'"):
        find_videos("got10k", tmp_path)


def test_what_the_file_system_refuses_is_an_input_error(tmp_path: Path) -> None:
    name = "a" * 300
    write(tmp_path / "train" / "list.txt", f"{name}\n")
    with pytest.raises(InputError, match="cannot be read"):
        find_videos("got10k", tmp_path)[name]()


def test_a_real_layout(shared_dir: Path, tmp_path: Path) -> None:
    source = shared_dir / "evalcases" / "got10k_layout_lasot" / "val"
    names = (source / "list.txt").read_text().split()
    write(tmp_path / "val" / "list.txt", "\n".join(names))
    for name in names:
        truth = np.loadtxt(source / name / "groundtruth.txt", delimiter=",")
        for file in ("groundtruth.txt", "absence.label", "cover.label"):
            write(tmp_path / "val" / name / file, (source / name / file).read_text())
        for number in range(1, len(truth) + 1):
            (tmp_path / "val" / name / f"{number:08d}.jpg").touch()
    videos = find_videos("got10k", tmp_path, "val")
    assert list(videos) == names and len(names) == 12
    for name, load in videos.items():
        video = load()
        truth = np.loadtxt(source / name / "groundtruth.txt", delimiter=",")
        absent = np.loadtxt(source / name / "absence.label") == 1
        np.testing.assert_array_equal(is_absent(video.boxes[1]), absent | is_absent(truth))
        np.testing.assert_array_equal(video.boxes[1][~absent], truth[~absent])
        assert video.names[::599] == ("00000001", "00000600")


# LaSOT


def test_lasot_labels_hide_frames(tmp_path: Path) -> None:
    folder = write_lasot(tmp_path)[0].parent
    write(folder / "full_occlusion.txt", "0,1,0\n")
    write(folder / "out_of_view.txt", "1\n0\n0\n")
    load = find_videos("lasot", tmp_path)["airplane-2"]
    assert rows(load()) == [GONE, GONE, ROWS[2]]
    write(folder / "out_of_view.txt", "1,0")
    with pytest.raises(InputError, match=r"out_of_view\.txt: number of labels is 2, number of boxes is 3"):
        load()
    (folder / "full_occlusion.txt").unlink()
    with pytest.raises(InputError, match=r"full_occlusion\.txt: no such file"):
        load()


def test_lasot_splits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_lasot(tmp_path, "airplane-2")
    write_lasot(tmp_path, "airplane-1")
    write_lasot(tmp_path, "zebra-10", below="")
    with caplog.at_level(logging.WARNING):
        assert list(find_videos("lasot", tmp_path)) == ["airplane-1", "airplane-2", "zebra-10"]
    assert "all 3 sequences are taken as the training set" in caplog.text
    write(tmp_path / "testing_set.txt", "airplane-1\nswing-3\n")
    caplog.clear()
    assert list(find_videos("lasot", tmp_path)) == ["airplane-2", "zebra-10"] and not caplog.text
    assert list(find_videos("lasot", tmp_path, "test")) == ["airplane-1", "swing-3"]
    write(tmp_path / "training_set.txt", "zebra-10\nairplane-7\n")
    videos = find_videos("lasot", tmp_path, "train")
    assert list(videos) == ["zebra-10", "airplane-7"] and rows(videos["zebra-10"]()) == ROWS
    with pytest.raises(InputError, match=r"airplane/airplane-7/groundtruth\.txt: no such file"):
        videos["airplane-7"]()


def test_lasot_that_lost_its_truth(tmp_path: Path) -> None:
    write_lasot(tmp_path, "airplane-1")[1].unlink()
    write_lasot(tmp_path, "airplane-2")
    videos = find_videos("lasot", tmp_path)
    assert list(videos) == ["airplane-1", "airplane-2"] and rows(videos["airplane-2"]()) == ROWS
    with pytest.raises(InputError, match=r"airplane-1/groundtruth\.txt: no such file"):
        videos["airplane-1"]()


def test_lasot_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected <class>/<sequence>/groundtruth\.txt of LaSOT"):
        find_videos("lasot", tmp_path)


# TrackingNet


def test_trackingnet_parts(tmp_path: Path) -> None:
    write_trackingnet(tmp_path, "b_1", "TRAIN_0")
    write_trackingnet(tmp_path, "a_1", "TRAIN_10")
    write_trackingnet(tmp_path, "c_1", "TRAIN_2")
    write_trackingnet(tmp_path, "t_1", "TEST")
    write(tmp_path / "TRAIN_0" / "anno" / "._b_1.txt")  # as macOS leaves in archives
    videos = find_videos("trackingnet", tmp_path)
    assert list(videos) == ["b_1", "c_1", "a_1"]
    assert videos["a_1"]().names == ("0", "1", "2")
    assert list(find_videos("trackingnet", tmp_path, "TRAIN_10")) == ["a_1"]


def test_trackingnet_frames_in_natural_order(tmp_path: Path) -> None:
    frames, boxes = write_trackingnet(tmp_path)
    write_frames(frames, " ".join(map(str, range(12))))
    boxes.write_text("".join(f"{n},0,1,1\n" for n in range(12)))
    video = find_videos("trackingnet", tmp_path)["-x_0"]()
    assert video.names == tuple(map(str, range(12)))
    assert [file.name for file in video.files] == [f"{n}.jpg" for n in range(12)]


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("TEST", 'split "TEST" of trackingnet has the truth of first frames only'),
        ("test", 'split "test" of trackingnet has the truth of first frames only'),
        ("TRAIN_3", r"TRAIN_3/anno: must hold <sequence>\.txt, a box for each frame"),
        ("TRAIN_12", 'unknown split of trackingnet "TRAIN_12"'),
        ("../x", "unknown split of trackingnet"),
    ],
)
def test_trackingnet_splits_that_are_not_there(split: str, message: str, tmp_path: Path) -> None:
    write_trackingnet(tmp_path)
    with pytest.raises(InputError, match=message):
        find_videos("trackingnet", tmp_path, split)


def test_trackingnet_name_in_two_parts(tmp_path: Path) -> None:
    write_trackingnet(tmp_path, "a_1", "TRAIN_0")
    write_trackingnet(tmp_path, "a_1", "TRAIN_1")
    with pytest.raises(InputError, match=r'TRAIN_1/anno/a_1\.txt: sequence "a_1" is in .*TRAIN_0/anno/a_1'):
        find_videos("trackingnet", tmp_path)


# YouTube-VOS


def write_youtube_vos(root: Path, labels: Mapping[str, Mapping[int, tuple[slice, slice]]]) -> Path:
    """A video "cat" of the frames 00000, 00005, 00010 of 20 x 10 pixels; frame -> object -> its pixels."""
    (root / "train" / "JPEGImages" / "cat").mkdir(parents=True)
    masks = root / "train" / "Annotations" / "cat"
    masks.mkdir(parents=True)
    for frame in ("00000", "00005", "00010"):
        write_mask(root / "train" / "JPEGImages" / "cat" / f"{frame}.png", np.zeros((10, 20), np.uint8))
    for frame, objects in labels.items():
        mask = np.zeros((10, 20), np.uint8)
        for object_id, pixels in objects.items():
            mask[pixels] = object_id
        write_mask(masks / f"{frame}.png", mask)
    write(root / "train" / "meta.json", '{"videos": {"cat": {"objects": {"3": {"frames": ["00000"]}}}}}')
    return masks


def test_youtube_vos_boxes_are_those_of_the_masks(tmp_path: Path) -> None:
    write_youtube_vos(
        tmp_path,
        {
            "00000": {3: np.s_[2:5, 4:10], 7: np.s_[6:7, 0:20], 255: np.s_[0:1, 0:1]},
            "00010": {7: np.s_[0:10, 19:20]},
        },
    )
    video = find_videos("youtube_vos", tmp_path)["cat"]()
    assert video.names == ("00000", "00005", "00010") and list(video.boxes) == [3, 7]
    assert rows(video, 3) == [[4, 2, 6, 3], GONE, GONE]
    assert rows(video, 7) == [[0, 6, 20, 1], GONE, [19, 0, 1, 10]]


def test_youtube_vos_videos_that_fail(tmp_path: Path) -> None:
    masks = write_youtube_vos(tmp_path, {"00000": {3: np.s_[2:5, 4:10]}})
    load = find_videos("youtube_vos", tmp_path)["cat"]
    write_mask(masks / "00001.png", np.ones((10, 20), np.uint8))
    with pytest.raises(InputError, match="frame 00001 is missing, its mask is"):
        load()
    (masks / "00001.png").unlink()
    write_mask(masks / "00000.png", np.ones((10, 19), np.uint8))
    with pytest.raises(InputError, match=r"00000\.png: mask is 19 x 10, the frames are 20 x 10"):
        load()
    write_mask(masks / "00000.png", np.zeros((10, 20), np.uint8))
    with pytest.raises(InputError, match="no mask shows an object"):
        load()
    write(masks / "00000.png", "broken")
    with pytest.raises(InputError, match="cannot be read as a mask"):
        load()
    (masks / "00000.png").unlink()
    with pytest.raises(InputError, match="holds no masks"):
        load()


def test_youtube_vos_sets_that_fail(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*meta\.json"):
        find_videos("youtube_vos", tmp_path)
    write(tmp_path / "train" / "meta.json", '{"videos": {}}')
    with pytest.raises(InputError, match="names no video"):
        find_videos("youtube_vos", tmp_path)
    with pytest.raises(InputError, match='split "valid" of youtube_vos has the truth of first frames only'):
        find_videos("youtube_vos", tmp_path, "valid")


# Which set


def test_roots_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_got10k(tmp_path)
    with pytest.raises(InputError, match='no folder is configured for "got10k": set LTR_GOT10K_DIR'):
        find_videos("got10k")
    monkeypatch.setenv("LTR_GOT10K_DIR", str(tmp_path))
    assert list(find_videos("got10k")) == ["GOT-10k_Train_000001"]


def test_sets_and_options_that_are_not_there(tmp_path: Path) -> None:
    assert source_names() == ["got10k", "lasot", "trackingnet", "youtube_vos", "folder"]
    with pytest.raises(InputError, match=r'unknown data set "got10"; known: .*; did you mean "got10k"'):
        find_videos("got10", tmp_path)
    with pytest.raises(
        InputError, match=r"the command line gives .*nowhere for \"lasot\", which is no folder"
    ):
        find_videos("lasot", tmp_path / "nowhere")
    with pytest.raises(InputError, match=r'no folder is named for "folder": name one \(--root\)'):
        find_videos("folder")
    with pytest.raises(InputError, match=r"nowhere is no folder for .*groundtruth\.txt.*gt/gt\.txt"):
        find_videos("folder", tmp_path / "nowhere")
    with pytest.raises(InputError, match='--split train: "folder" has no splits'):
        find_videos("folder", tmp_path, "train")
    with pytest.raises(InputError, match='--boxes is for "folder": data set "got10k" has boxes of its own'):
        find_videos("got10k", tmp_path, boxes=tmp_path / "a.txt")
    with pytest.raises(InputError, match='--boxes-format is for "folder"'):
        find_videos("got10k", tmp_path, boxes_format="mot")
