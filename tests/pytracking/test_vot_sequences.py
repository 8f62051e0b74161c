"""Workspaces of VOT: masks start as masks, rectangles and polygons as boxes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ltr.errors import InputError
from pytracking.evaluation.datasets import load_sequences

MASK = "m1,0,3,2,1,2,1,2"


def write_workspace(root: Path, truth: str, frames: int = 2) -> Path:
    folder = root / "sequences" / "ants"
    (folder / "color").mkdir(parents=True)
    (root / "sequences" / "list.txt").write_text("ants\n")
    for number in range(1, frames + 1):
        Image.new("RGB", (5, 3)).save(folder / "color" / f"{number:08d}.jpg")
    (folder / "groundtruth.txt").write_text(truth)
    return folder


def test_a_mask_starts_as_a_mask(tmp_path: Path) -> None:
    write_workspace(tmp_path, f"{MASK}\nm0,0,0,0,0\n")
    (sequence,) = load_sequences("vot2020", tmp_path)
    assert sequence.name == "ants" and sequence.frame_names == ("00000001", "00000002")
    target = sequence.targets(0)[1]
    assert target.mask is not None
    expected = [[0, 0, 1, 1, 0], [0, 0, 1, 1, 0], [0] * 5]
    assert np.array_equal(target.mask, np.array(expected, bool))
    assert target.box.tolist() == [2, 0, 2, 2]


@pytest.mark.parametrize(
    ("line", "box"),
    [
        ("1.25,0.5,3,2", [1.25, 0.5, 3, 2]),
        ("2,0,4,1,3,2.5,1,2", [1, 0, 3, 2.5]),
        ("0,0,4,0,2,3", [0, 0, 4, 3]),
    ],
)
def test_rectangles_and_polygons_start_as_boxes(tmp_path: Path, line: str, box: list[float]) -> None:
    write_workspace(tmp_path, f"{line}\n{line}\n")
    (sequence,) = load_sequences("vot2020", tmp_path)
    target = sequence.targets(0)[1]
    assert target.box.tolist() == box and target.mask is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("m0,0,0,0,0", "the mask is empty"),
        ("m0,0,2,2,9", "the mask's runs cover 9 pixels"),
        ("1", "'1' is no mask, no rectangle"),
        ("1,2,3,4,5", "'1,2,3,4,5' is no mask"),
        ("", "'' is no mask"),
        ("1,2,3,x", "'x' is not a number"),
        ("1,2,0,4", r"box \(1, 2, 0, 4\) cannot start a tracker"),
        ("1,1,1,2,1,3", r"box \(1, 1, 0, 2\) cannot start a tracker"),
        ("nan,nan,nan,nan", "cannot start a tracker"),
    ],
)
def test_first_lines_that_start_nothing(tmp_path: Path, line: str, message: str) -> None:
    folder = write_workspace(tmp_path, f"{line}\n{MASK}\n")
    with pytest.raises(InputError, match=rf"groundtruth\.txt:1: .*{message}") as caught:
        load_sequences("vot2020", tmp_path)
    assert str(caught.value).startswith(str(folder))


@pytest.mark.parametrize("frames", [1, 3])
def test_missing_and_extra_frames(tmp_path: Path, frames: int) -> None:
    write_workspace(tmp_path, f"{MASK}\n{MASK}\n", frames)
    with pytest.raises(InputError, match=f"number of boxes is 2, number of frames in .*color is {frames}"):
        load_sequences("vot2020", tmp_path)


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"sequences/list\.txt"):
        load_sequences("vot2020", tmp_path)
    folder = write_workspace(tmp_path, "")
    with pytest.raises(InputError, match="number of boxes is 0"):
        load_sequences("vot2020", tmp_path)
    (folder / "groundtruth.txt").unlink()
    with pytest.raises(InputError, match=r"groundtruth\.txt: no such file"):
        load_sequences("vot2020", tmp_path)
