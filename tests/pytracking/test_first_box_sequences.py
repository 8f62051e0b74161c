"""GOT-10k, LaSOT and TrackingNet: one target that starts from the first line of a file of boxes."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from ltr.errors import InputError
from pytracking.analysis.ground_truth import read_lasot
from pytracking.evaluation.datasets import load_sequences

BOXES = "12.5,8,30,40\n13,8,30,40\n0,0,0,0\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def write_frames(folder: Path, first: int = 1, count: int = 3, digits: int = 8) -> Path:
    """Empty files: no image is to be opened."""
    folder.mkdir(parents=True)
    for number in range(first, first + count):
        (folder / f"{number:0{digits}d}.jpg").touch()
    return folder


# Each writes one sequence of three frames and returns (its frames, its boxes).


def write_got10k(root: Path, subset: str, name: str = "GOT-10k_000001") -> tuple[Path, Path]:
    with (root / "list.txt").open("a") as file:
        file.write(f"{name}\n")
    (root / subset).mkdir(exist_ok=True)
    (root / "list.txt").rename(root / subset / "list.txt")
    folder = write_frames(root / subset / name)
    return folder, write(folder / "groundtruth.txt", BOXES)


def write_lasot(root: Path, name: str = "airplane-1", within_class: bool = True) -> tuple[Path, Path]:
    with (root / "testing_set.txt").open("a") as file:
        file.write(f"{name}\n")
    folder = root / name.rpartition("-")[0] / name if within_class else root / name
    return write_frames(folder / "img"), write(folder / "groundtruth.txt", BOXES)


def write_trackingnet(root: Path, name: str = "-a_0") -> tuple[Path, Path]:
    frames = write_frames(root / "TEST" / "frames" / name, first=0, digits=1)
    return frames, write(root / "TEST" / "anno" / f"{name}.txt", BOXES)


WRITERS: dict[str, Callable[[Path], tuple[Path, Path]]] = {
    "got10k_val": lambda root: write_got10k(root, "val"),
    "got10k_test": lambda root: write_got10k(root, "test"),
    "lasot": write_lasot,
    "trackingnet": write_trackingnet,
}
FIRST_BOX_ALONE = ("got10k_test", "trackingnet")
every_set = pytest.mark.parametrize("name", WRITERS)


@every_set
def test_the_first_box_starts_the_target(name: str, tmp_path: Path) -> None:
    frames, _ = WRITERS[name](tmp_path)
    (sequence,) = load_sequences(name, tmp_path)
    assert sequence.name in str(frames)
    assert sequence.files == tuple(sorted(frames.glob("*.jpg"))) and len(sequence) == 3
    assert sequence.object_ids == (1,) and sequence.first_frame == 0
    (target,) = sequence.targets(0).values()
    assert target.box.tolist() == [12.5, 8, 30, 40] and target.mask is None


@every_set
def test_missing_and_extra_frames(name: str, tmp_path: Path) -> None:
    frames, boxes = WRITERS[name](tmp_path)
    (frames / "extra4.jpg").touch()
    counts = f"{boxes}: number of boxes is 3, number of frames in {frames} is 4"
    with pytest.raises(InputError, match=counts):
        load_sequences(name, tmp_path)
    for path in list(frames.glob("*.jpg"))[:2]:
        path.unlink()
    with pytest.raises(InputError, match=f"number of boxes is 3, number of frames in {frames} is 2"):
        load_sequences(name, tmp_path)
    for path in frames.glob("*.jpg"):
        path.unlink()
    with pytest.raises(InputError, match=f"{frames}: holds no images"):
        load_sequences(name, tmp_path)


@every_set
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1,2,3,4\n1,2,3\n1,2,3,4\n", ":2: '1,2,3' holds 3 numbers: must be 4"),
        ("1,2,3,4\n1,2,3,4\n1,2,3,four\n", ":3: 'four' is not a number"),
        ("", ": empty"),
        ("10,10,0,5\n1,2,3,4\n1,2,3,4\n", r":1: box \(10, 10, 0, 5\) cannot start a tracker: width and h"),
        ("-1,-1,-1,-1\n1,2,3,4\n1,2,3,4\n", r":1: box \(-1, -1, -1, -1\) cannot start a tracker"),
        ("nan,nan,nan,nan\n1,2,3,4\n1,2,3,4\n", ":1: box .* cannot start a tracker"),
    ],
)
def test_bad_boxes(name: str, tmp_path: Path, content: str, message: str) -> None:
    _, boxes = WRITERS[name](tmp_path)
    boxes.write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        load_sequences(name, tmp_path)
    assert str(caught.value).startswith(str(boxes))


@every_set
def test_test_sets_tell_the_first_box_alone(name: str, tmp_path: Path) -> None:
    _, boxes = WRITERS[name](tmp_path)
    boxes.write_text("12.5,8,30,40\n")
    if name in FIRST_BOX_ALONE:
        (sequence,) = load_sequences(name, tmp_path)
        assert len(sequence) == 3 and sequence.targets(0)[1].box.tolist() == [12.5, 8, 30, 40]
    else:
        with pytest.raises(InputError, match="number of boxes is 1"):
            load_sequences(name, tmp_path)


@every_set
def test_an_empty_root(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=str(tmp_path)):
        load_sequences(name, tmp_path)


def test_frames_of_trackingnet_run_in_natural_order(tmp_path: Path) -> None:
    frames, boxes = write_trackingnet(tmp_path)
    for number in range(3, 12):
        (frames / f"{number}.jpg").touch()
    boxes.write_text("1,2,3,4\n")
    (sequence,) = load_sequences("trackingnet", tmp_path)
    assert sequence.frame_names == tuple(str(number) for number in range(12))


def test_lasot_with_and_without_its_list(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_lasot(tmp_path, "zebra-2")
    write_lasot(tmp_path, "dog-1", within_class=False)
    assert [sequence.name for sequence in load_sequences("lasot", tmp_path)] == ["zebra-2", "dog-1"]
    (tmp_path / "testing_set.txt").unlink()
    with caplog.at_level(logging.WARNING):
        names = [sequence.name for sequence in load_sequences("lasot", tmp_path)]
    assert names == ["dog-1", "zebra-2"] and "all 2 sequences are taken" in caplog.text
    for folder in (tmp_path / "zebra" / "zebra-2", tmp_path / "dog-1"):
        write(folder / "full_occlusion.txt", "0,0,0")
        write(folder / "out_of_view.txt", "0,0,0")
    assert [truth.name for truth in read_lasot(tmp_path)] == names


@pytest.mark.parametrize("name", ["got10k_val", "lasot"])
def test_a_listed_sequence_that_is_not_there(name: str, tmp_path: Path) -> None:
    _, boxes = WRITERS[name](tmp_path)
    boxes.unlink()
    with pytest.raises(InputError, match=f"{boxes}: no such file"):
        load_sequences(name, tmp_path)


@pytest.mark.parametrize("name", ["..", "../secret", "a\\b"])
def test_a_list_that_leads_elsewhere(name: str, tmp_path: Path) -> None:
    write(tmp_path / "val" / "list.txt", f"{name}\n")
    with pytest.raises(InputError, match="sequence name"):
        load_sequences("got10k_val", tmp_path)
