"""A video and what starts in it: boxes, labels and regions become targets; names stay within the results."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ltr.data.mask_io import write_mask
from ltr.errors import InputError
from pytracking.analysis.vot_regions import Region
from pytracking.evaluation.sequence import Sequence

FILES = tuple(Path(f"{index:05d}.jpg") for index in range(5))
BOX = np.array([1.5, 2, 3, 4])


def label_file(folder: Path, rows: list[list[int]]) -> Path:
    write_mask(folder / "00000.png", np.array(rows, np.uint8))
    return folder / "00000.png"


def test_a_box_starts_a_target_without_mask() -> None:
    sequence = Sequence("dog", FILES, start_boxes={3: {2: BOX}, 1: {5: BOX}})
    assert len(sequence) == 5 and sequence.frame_names[2] == "00002"
    assert sequence.first_frame == 1 and sequence.object_ids == (2, 5)
    assert sequence.targets(0) == {}
    (target,) = sequence.targets(3).values()
    assert target.box.tolist() == BOX.tolist() and target.mask is None


def test_labels_start_those_that_are_named(tmp_path: Path) -> None:
    path = label_file(tmp_path, [[0, 1, 1, 0], [3, 3, 0, 7]])
    sequence = Sequence("dog", FILES, start_masks={0: (path, (1, 3)), 2: (path, (7,))})
    assert sequence.object_ids == (1, 3, 7) and sequence.first_frame == 0
    targets = sequence.targets(0)
    assert {i: target.box.tolist() for i, target in targets.items()} == {1: [1, 0, 2, 1], 3: [0, 1, 2, 1]}
    assert targets[3].mask is not None
    assert targets[3].mask.tolist() == [[False] * 4, [True, True, False, False]]
    assert list(sequence.targets(2)) == [7]


def test_any_label_is_object_1_where_no_ids_are_named(tmp_path: Path) -> None:
    sequence = Sequence("dog", FILES, start_masks={0: (label_file(tmp_path, [[0, 255], [255, 255]]), None)})
    assert sequence.object_ids == (1,)
    (mask,) = [target.mask for target in sequence.targets(0).values()]
    assert mask is not None and mask.tolist() == [[False, True], [True, True]]


def test_an_object_that_is_not_labelled(tmp_path: Path) -> None:
    path = label_file(tmp_path, [[0, 1]])
    with pytest.raises(InputError, match=r"00000\.png: object 2, which starts there, has no pixel"):
        Sequence("dog", FILES, start_masks={0: (path, (1, 2))}).targets(0)
    with pytest.raises(InputError, match="no such mask file"):
        Sequence("dog", FILES, start_masks={0: (tmp_path / "none.png", (1,))}).targets(0)


def test_a_region_is_cut_at_the_frame(tmp_path: Path) -> None:
    Image.new("RGB", (4, 3)).save(tmp_path / "0.png")
    region = Region(-1, 1, np.array([[1, 1, 0], [0, 1, 1], [1, 1, 1]], bool))
    sequence = Sequence("dog", (tmp_path / "0.png",), start_masks={0: {2: region}})
    assert sequence.object_ids == (2,)
    target = sequence.targets(0)[2]
    assert target.mask is not None and target.mask.astype(int).tolist() == [
        [0] * 4,
        [1, 0, 0, 0],
        [1, 1, 0, 0],
    ]
    assert target.box.tolist() == [0, 1, 2, 2]
    outside = Sequence("dog", sequence.files, start_masks={0: {1: Region(4, 0, np.ones((3, 2), bool))}})
    with pytest.raises(InputError, match=r"0\.png: object 1, which starts there, has no pixel in it"):
        outside.targets(0)


@pytest.mark.parametrize("name", ["", ".", "..", "../dog", "/dog", "a/b", "a\\b", "dog\n", "dog\0"])
def test_names_that_lead_out_of_the_results(name: str) -> None:
    with pytest.raises(InputError, match=r"sequence name .*results cannot be called so") as caught:
        Sequence(name, FILES)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["-dQxYq_0", "GOT-10k_Val_000001", "...", "Straße 7", ".hidden"])
def test_names_that_are_taken(name: str) -> None:
    assert Sequence(name, FILES).name == name


@pytest.mark.parametrize("frame", [-1, 5])
def test_a_start_that_is_no_frame(frame: int) -> None:
    with pytest.raises(InputError, match=f'"dog": a target starts in frame {frame}, there are 5'):
        Sequence("dog", FILES, start_boxes={frame: {1: BOX}})


def test_it_travels_to_other_processes() -> None:
    sequence = Sequence("dog", FILES, {0: {1: BOX}}, {1: {2: Region(0, 0, np.ones((1, 1), bool))}})
    assert sequence.object_ids == (1, 2)
    copy = pickle.loads(pickle.dumps(sequence))
    assert copy.files == FILES and copy.object_ids == (1, 2)
