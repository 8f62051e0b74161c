"""The table of data sets for trackers: names, roots, and which sequences are loaded."""

import re
from pathlib import Path

import pytest

from ltr.environment import PLACES
from ltr.errors import InputError
from pytracking.analysis.datasets import DATASETS as SCORED
from pytracking.evaluation.datasets import DATASETS, DEFAULT, dataset_names, load_sequences


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """Three videos of one frame; b has no frames."""
    for name in ("c", "a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "boxes.txt").write_text("1,2,3,4\n")
        (tmp_path / name / "0.png").touch()
    (tmp_path / "b" / "0.png").unlink()
    return tmp_path


def test_what_is_scored_can_be_run() -> None:
    unsupervised = {"davis2017_val_unsupervised"}  # other results for the same sequences
    assert set(SCORED) - unsupervised <= set(dataset_names())
    assert {name: SCORED[name].place for name in DATASETS if name in SCORED} == {
        name: row.place for name, row in DATASETS.items() if name in SCORED
    }
    assert dataset_names()[0] == DEFAULT and len(set(dataset_names())) == len(DATASETS) + 1


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(
        InputError, match=r'unknown data set "lasto"; known: .*did you mean "lasot"'
    ) as caught:
        load_sequences("lasto")
    assert all(name in str(caught.value) for name in dataset_names())


@pytest.mark.parametrize("name", [name for name, row in DATASETS.items() if row.place])
def test_a_missing_root_is_one_line_with_key_variable_and_layout(name: str, tmp_path: Path) -> None:
    place = PLACES[DATASETS[name].place or ""]
    for root in (None, tmp_path / "nowhere"):
        with pytest.raises(InputError) as caught:
            load_sequences(name, root)
        message = str(caught.value)
        assert f'"{place.key}"' in message and place.variable in message and place.layout in message
        assert "\n" not in message


def test_a_configured_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Dog" / "img").mkdir(parents=True)
    (tmp_path / "Dog" / "img" / "0001.jpg").touch()
    (tmp_path / "Dog" / "groundtruth_rect.txt").write_text("1,2,3,4\n")
    monkeypatch.setenv("LTR_OTB_DIR", str(tmp_path))
    assert [sequence.name for sequence in load_sequences("otb")] == ["Dog"]


def test_chosen_sequences_alone_are_loaded(videos: Path) -> None:
    assert [sequence.name for sequence in load_sequences("folder", videos, only=["c", "a", "c"])] == [
        "c",
        "a",
    ]
    with pytest.raises(InputError, match="b: holds no images"):
        load_sequences("folder", videos)
    with pytest.raises(InputError, match='data set folder has no sequence "x"; it has 3: a, b, c'):
        load_sequences("folder", videos, only=["a", "x"])
    with pytest.raises(InputError, match="no sequence of data set folder is chosen"):
        load_sequences("folder", videos, only=[])


def test_a_list_of_sequences(videos: Path) -> None:
    listed = videos / "list.txt"
    listed.write_text("c\n\na\n")
    assert [sequence.name for sequence in load_sequences("folder", videos, listed)] == ["c", "a"]
    assert [sequence.name for sequence in load_sequences("folder", videos, listed, only=["a"])] == ["a"]
    with pytest.raises(InputError, match=re.escape(f'{listed} has no sequence "b"; it has 2: c, a')):
        load_sequences("folder", videos, listed, only=["b"])
    with pytest.raises(InputError, match="cannot read the list of sequences"):
        load_sequences("folder", videos, videos / "nowhere.txt")
