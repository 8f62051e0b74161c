"""Data sets by name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ltr.dataset.catalog import CATALOG, register_datasets
from ltr.dataset.interface import VideoDataset
from ltr.environment import environment
from ltr.errors import InputError
from ltr.registry import DATASETS


@pytest.fixture(autouse=True)
def _leave_the_registry_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(DATASETS, "_factories", dict(DATASETS._factories))
    return


def test_all_data_sets_are_registered_once() -> None:
    register_datasets()
    register_datasets()
    assert set(CATALOG) <= set(DATASETS.names())


def test_what_a_plugin_registered_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DATASETS, "_factories", {})

    def mine() -> None: ...

    DATASETS.register("davis2016", mine)
    register_datasets()
    assert DATASETS.get("davis2016") is mine


def test_the_built_in_clips_need_no_environment() -> None:
    register_datasets()
    clips = DATASETS.get("procedural")(environment(), sequences=2, seed=5)
    assert isinstance(clips, VideoDataset)
    assert len(clips) == 4


PLACES_OF = {
    "davis2016": ["davis"],
    "davis2017": ["davis"],
    "got10k_masks": ["got10k", "pregenerated_masks"],
    "lasot_masks": ["lasot", "pregenerated_masks"],
    "pseudo_masks": ["pseudo_frames", "pseudo_masks"],
}
"""Where the files of a data set are that are not in the place of its own name."""


@pytest.mark.parametrize("name", sorted(set(CATALOG) - {"procedural"}))
def test_an_unconfigured_or_empty_folder_is_one_clear_line(name: str, tmp_path: Path) -> None:
    register_datasets()
    keys = PLACES_OF.get(name, [name])
    for i, key in enumerate(keys):
        with pytest.raises(InputError, match=f"LTR_{key.upper()}_DIR"):
            DATASETS.get(name)(environment(dict.fromkeys(keys[:i], tmp_path)))
    with pytest.raises(InputError) as caught:
        DATASETS.get(name)(environment(dict.fromkeys(keys, tmp_path)))
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)
