"""DAVIS for trackers: which objects start, which frames must be there, and agreement with the scorer."""

from pathlib import Path

import numpy as np
import pytest

from ltr.data.mask_io import write_mask
from ltr.errors import InputError
from pytracking.analysis.__main__ import main
from pytracking.analysis.davis_folder import read_davis_folder
from pytracking.analysis.ground_truth import read_davis
from pytracking.evaluation.datasets import load_sequences


def write_video(root: Path, name: str, values: list[list[int]], below: str = "480p") -> Path:
    """Frames (empty files: none is to be opened) and masks with these labels; returns the masks' folder."""
    images, masks = root / "JPEGImages" / below / name, root / "Annotations" / below / name
    images.mkdir(parents=True)
    masks.mkdir(parents=True)
    for index, labels in enumerate(values):
        (images / f"{index:05d}.jpg").touch()
        write_mask(masks / f"{index:05d}.png", np.array([[0, *labels]], np.uint8))
    return masks


def write_list(root: Path, year: int, subset: str, *names: str) -> None:
    path = root / "ImageSets" / str(year) / f"{subset}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(names) + "\n")


def test_2016_has_one_object_whatever_its_label(tmp_path: Path) -> None:
    for name in ("goat", "dog", "bear"):
        write_video(tmp_path, name, [[255, 255], [0, 0]])
    write_list(tmp_path, 2016, "val", "goat", "dog")
    sequences = load_sequences("davis2016_val", tmp_path)
    assert [sequence.name for sequence in sequences] == ["goat", "dog"]
    assert [truth.name for truth in read_davis(tmp_path, 2016)] == ["goat", "dog"]
    assert sequences[0].object_ids == (1,) and sequences[0].first_frame == 0
    (target,) = sequences[0].targets(0).values()
    assert target.mask is not None and target.mask.tolist() == [[False, True, True]]


def test_2017_has_the_objects_of_the_first_mask(tmp_path: Path) -> None:
    write_video(tmp_path, "dogs", [[3, 255, 1], [2, 2, 2]])
    write_list(tmp_path, 2017, "val", "dogs")
    (sequence,) = load_sequences("davis2017_val", tmp_path)
    assert sequence.object_ids == (1, 3) and list(sequence.targets(0)) == [1, 3]
    assert sequence.targets(1) == {}


def test_2017_without_an_object(tmp_path: Path) -> None:
    write_video(tmp_path, "dog", [[255]])
    with pytest.raises(InputError, match=r"dog/00000\.png: no object is labelled \(255 is void"):
        load_sequences("davis2017_val", tmp_path)


def test_frames_and_masks_must_be_the_same(tmp_path: Path) -> None:
    masks = write_video(tmp_path, "dog", [[1]] * 4)
    images = tmp_path / "JPEGImages" / "480p" / "dog"
    (images / "00002.jpg").rename(tmp_path / "kept.jpg")
    with pytest.raises(InputError, match=r"frame 00002 is missing, its mask is .*dog/00002\.png \(1 such\)"):
        load_sequences("davis2017_val", tmp_path)
    (tmp_path / "kept.jpg").rename(images / "00002.jpg")
    (images / "00004.jpg").touch()
    with pytest.raises(
        InputError, match=r"number of masks is 4, number of frames in .* is 5: 00004 has no mask"
    ):
        load_sequences("davis2017_val", tmp_path)
    (images / "00004.jpg").unlink()
    (masks / "._00000.png").touch()  # as some systems leave beside each file
    assert len(load_sequences("davis2017_val", tmp_path)[0]) == 4


def test_missing_folders(tmp_path: Path) -> None:
    write_video(tmp_path, "dog", [[1]])
    write_list(tmp_path, 2017, "val", "dog", "cat")
    with pytest.raises(InputError, match="cat: no masks"):
        load_sequences("davis2017_val", tmp_path)
    (tmp_path / "JPEGImages" / "480p" / "dog").rename(tmp_path / "JPEGImages" / "480p" / "cat")
    write_list(tmp_path, 2017, "val", "dog")
    with pytest.raises(InputError, match="JPEGImages/480p/dog: no such folder"):
        load_sequences("davis2017_val", tmp_path)


def test_the_test_set_has_the_first_mask_alone(tmp_path: Path) -> None:
    masks = write_video(tmp_path, "dog", [[1, 2], [1, 2]])
    (masks / "00001.png").unlink()
    write_list(tmp_path, 2017, "test-dev", "dog")
    (sequence,) = load_sequences("davis2017_test_dev", tmp_path)
    assert len(sequence) == 2 and sequence.object_ids == (1, 2)
    (masks / "00000.png").rename(masks / "00001.png")
    with pytest.raises(InputError, match=r"dog/00000\.png: no such mask: objects start in the first frame"):
        load_sequences("davis2017_test_dev", tmp_path)


@pytest.mark.parametrize(
    ("labels", "ids", "started"),
    [
        ([255, 0], (1,), [1, 0]),
        ([7, 0], (1,), [1, 0]),
        ([1, 0], (1,), [1, 0]),
        ([1, 255], (1,), [1, 0]),
        ([2, 255], (2,), [1, 0]),
        ([2, 4], (2, 4), [1, 0]),
    ],
)
def test_any_folder_of_the_layout(
    tmp_path: Path, labels: list[int], ids: tuple[int, ...], started: list[int]
) -> None:
    write_video(tmp_path, "dog", [labels, labels])
    write_list(tmp_path, 2017, "val", "another")
    (sequence,) = load_sequences("davis", tmp_path)
    assert sequence.object_ids == ids
    mask = sequence.targets(0)[ids[0]].mask
    assert mask is not None and mask.astype(int).tolist() == [[0, *started]]
    (truth,) = read_davis_folder(tmp_path)
    assert (truth.name, list(truth.frames)) == (sequence.name, list(sequence.frame_names))
    assert ((truth.mask("00000") == ids[0]) == mask).all()


def test_perfect_masks_of_any_folder_score_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_video(tmp_path, "dog", [[255, 255, 0]] * 3)
    write_video(tmp_path, "girls", [[1, 2, 255]] * 3)
    results = tmp_path / "results" / "lwl" / "default"
    for sequence in load_sequences("davis", tmp_path):
        (results / sequence.name).mkdir(parents=True)
        labels = np.zeros((1, 4), np.uint8)
        for object_id, target in sequence.targets(0).items():
            labels[target.mask] = object_id
        for frame in sequence.frame_names:
            write_mask(results / sequence.name / f"{frame}.png", labels)
    places = {"--root": tmp_path, "--results": tmp_path / "results", "--out": tmp_path / "out"}
    options = [text for option, path in places.items() for text in (option, str(path))]
    assert main(["lwl/default", "--dataset", "davis", *options]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:3] == ["lwl/default", "1.000", "1.000"]


def test_a_folder_without_an_object_in_the_first_mask(tmp_path: Path) -> None:
    write_video(tmp_path, "dog", [[0, 0], [1, 1]])
    with pytest.raises(InputError, match=r"dog/00000\.png: no object is labelled"):
        load_sequences("davis", tmp_path)
    with pytest.raises(InputError, match=r"dog/00000\.png: no object is labelled"):
        read_davis_folder(tmp_path)


def test_frames_run_in_natural_order(tmp_path: Path) -> None:
    write_video(tmp_path, "dog", [[1]], below="")
    images = tmp_path / "JPEGImages" / "dog"
    for name in ("2", "10"):
        (images / f"{name}.jpg").touch()
    (images / "00000.jpg").rename(images / "1.jpg")
    (tmp_path / "Annotations" / "dog" / "00000.png").rename(tmp_path / "Annotations" / "dog" / "1.png")
    (sequence,) = load_sequences("davis", tmp_path)
    assert sequence.frame_names == ("1", "2", "10")


def test_the_reference_videos(shared_dir: Path) -> None:
    videos = shared_dir / "data" / "video_masks"
    sequences = load_sequences("davis", videos / "davis_dev")
    assert {sequence.name: len(sequence) for sequence in sequences} == {
        "car-roundabout": 75, "dance-twirl": 90, "dog": 60, "goat": 90, "kite-surf": 50,
    }  # fmt: skip
    assert {sequence.object_ids for sequence in sequences} == {(1,)}
    target = sequences[2].targets(0)[1]
    assert target.mask is not None and target.mask.shape == sequences[2].image(0).shape[:2] == (480, 854)
    (girls,) = load_sequences("davis", videos / "schoolgirls")
    assert girls.name == "schoolgirls" and len(girls) == 80
    assert girls.object_ids == tuple(girls.targets(0)) == tuple(range(1, 8))
