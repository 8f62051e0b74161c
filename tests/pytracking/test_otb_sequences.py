"""OTB-100: names of targets, and the frames that the benchmark takes of each video."""

from pathlib import Path

import pytest

from ltr.errors import InputError
from pytracking.analysis.ground_truth import read_otb
from pytracking.evaluation.datasets import load_sequences


def write_video(root: Path, name: str, frames: range, boxes: int, *files: str) -> None:
    """Empty frames, and boxes whose x is the number of their line."""
    (root / name / "img").mkdir(parents=True)
    for number in frames:
        (root / name / "img" / f"{number:04d}.jpg").touch()
    lines = "".join(f"{line}\t2\t3\t4\n" for line in range(1, boxes + 1))
    for file in files or ("groundtruth_rect.txt",):
        (root / name / file).write_text(lines)


def test_several_targets_of_a_video(tmp_path: Path) -> None:
    two = ("groundtruth_rect.1.txt", "groundtruth_rect.2.txt")
    write_video(tmp_path, "Jogging", range(1, 4), 3, *two)
    write_video(tmp_path, "Human4", range(1, 4), 3, *two)
    (tmp_path / "Human4" / two[0]).write_text("")  # no target of the benchmark
    write_video(tmp_path, "Crossing", range(1, 4), 3)
    (tmp_path / "Jogging" / two[1]).write_text("9,9,9,9\n" * 3)
    sequences = load_sequences("otb", tmp_path)
    names = [sequence.name for sequence in sequences]
    assert names == ["Crossing", "Human4-2", "Jogging-1", "Jogging-2"]
    assert names == [truth.name for truth in read_otb(tmp_path)]
    assert [sequence.start_boxes[0][1][0] for sequence in sequences[2:]] == [1, 9]
    assert sequences[2].files == sequences[3].files


@pytest.mark.parametrize(
    ("name", "there", "first", "last"),
    [
        ("David", range(1, 771), 300, 770),
        ("David", range(300, 771), 300, 770),
        ("Football1", range(1, 76), 1, 74),
        ("Freeman3", range(1, 465), 1, 460),
        ("Freeman4", range(1, 300), 1, 283),
        ("Diving", range(1, 232), 1, 215),
        ("BlurCar1", range(1, 989), 247, 988),
        ("BlurCar3", range(3, 360), 3, 359),
        ("BlurCar4", range(18, 398), 18, 397),
    ],
)
def test_frames_of_the_protocol(tmp_path: Path, name: str, there: range, first: int, last: int) -> None:
    write_video(tmp_path, name, there, last + 1 - first)
    (sequence,) = load_sequences("otb", tmp_path)
    assert len(sequence) == last + 1 - first
    assert (sequence.frame_names[0], sequence.frame_names[-1]) == (f"{first:04d}", f"{last:04d}")


def test_a_cut_copy_may_count_from_1(tmp_path: Path) -> None:
    write_video(tmp_path, "David", range(1, 472), 471)
    assert len(load_sequences("otb", tmp_path)[0]) == 471


def test_tiger1_starts_in_its_sixth_frame(tmp_path: Path) -> None:
    write_video(tmp_path, "Tiger1", range(1, 355), 354)
    (sequence,), (truth,) = load_sequences("otb", tmp_path), read_otb(tmp_path)
    assert sequence.frame_names[0] == "0006" and sequence.start_boxes[0][1][0] == 6
    assert len(sequence) == len(truth.boxes) == 349


@pytest.mark.parametrize("count", [2, 4])
def test_missing_and_extra_frames(tmp_path: Path, count: int) -> None:
    write_video(tmp_path, "Dog", range(1, count + 1), 3)
    with pytest.raises(
        InputError, match=rf"groundtruth_rect\.txt: number of boxes is 3, number of frames in .* is {count}"
    ):
        load_sequences("otb", tmp_path)


def test_bad_boxes(tmp_path: Path) -> None:
    write_video(tmp_path, "Tiger1", range(1, 8), 7)
    path = tmp_path / "Tiger1" / "groundtruth_rect.txt"
    path.write_text("1,2,3,4\n" * 5 + "1,2,0,4\n1,2,3,4\n")
    with pytest.raises(
        InputError, match=r"groundtruth_rect\.txt:6: box \(1, 2, 0, 4\) cannot start a tracker"
    ):
        load_sequences("otb", tmp_path)
    path.write_text("1,2,3,4\n1,2,3\n")
    with pytest.raises(InputError, match=r"groundtruth_rect\.txt:2: '1,2,3' holds 3 numbers"):
        load_sequences("otb", tmp_path)
    path.unlink()
    with pytest.raises(InputError, match=r"no truth at .*: expected .*groundtruth_rect"):
        load_sequences("otb", tmp_path)


def test_one_bad_video_does_not_keep_from_the_others(tmp_path: Path) -> None:
    write_video(tmp_path, "Dog", range(1, 3), 3)
    write_video(tmp_path, "Toy", range(1, 4), 3)
    assert [sequence.name for sequence in load_sequences("otb", tmp_path, only=["Toy"])] == ["Toy"]


def test_the_reference_video(shared_dir: Path) -> None:
    sequences = load_sequences("otb", shared_dir / "data" / "video_boxes")
    (crossing,) = [sequence for sequence in sequences if sequence.name == "otb_crossing"]
    assert len(crossing) == 120 and crossing.image(0).shape == (240, 360, 3)
    assert crossing.targets(0)[1].box.tolist() == [205, 151, 17, 50]  # as in the file, which counts from 1
