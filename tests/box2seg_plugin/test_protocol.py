"""The protocols of the data sets: which frames get masks, and what these are called."""

from pathlib import Path

import numpy as np
import pytest

from box2seg_plugin.annotate.protocol import PROTOCOLS, Protocol, wanted_frames
from box2seg_plugin.annotate.sources import source_names
from ltr.errors import InputError


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # masks, T, interval, every, max_masks, numbered
        ("got10k", ("got10k_masks", 5, 15, 1, None, True)),
        ("lasot", ("lasot_masks", 5, 15, 5, 200, True)),
        ("trackingnet", ("trackingnet_masks", 5, 15, 1, None, False)),
        ("youtube_vos", ("youtube_vos_masks", 5, 3, 1, None, False)),
        ("folder", ("masks", 5, 5, 1, None, False)),
    ],
)
def test_the_papers_settings(name: str, expected: tuple[object, ...]) -> None:
    assert PROTOCOLS[name] == Protocol(*expected)  # type: ignore[arg-type]


def test_every_source_has_a_protocol_and_a_folder_of_its_own() -> None:
    assert list(PROTOCOLS) == source_names()
    assert len({protocol.masks_name for protocol in PROTOCOLS.values()}) == len(PROTOCOLS)


def test_names_of_masks() -> None:
    files = [Path("a/7.jpg"), Path("a/img 8.JPG"), Path("a/9.tar.png")]
    assert PROTOCOLS["got10k"].mask_names(files) == ("00000001", "00000002", "00000003")
    assert PROTOCOLS["folder"].mask_names(files) == ("7", "img 8", "9.tar")
    standard = [Path(f"img/{number:08d}.jpg") for number in (1, 2, 3)]
    assert PROTOCOLS["lasot"].mask_names(standard) == tuple(file.stem for file in standard)


@pytest.mark.parametrize(
    ("present", "every", "max_masks", "wanted"),
    [
        ("111111", 1, None, "111111"),
        ("010010", 1, None, "111111"),
        ("111111", 5, None, "100001"),
        ("111111", 9, None, "100000"),
        ("111111", 1, 2, "110000"),
        ("111111", 2, 2, "101000"),
        ("111111", 2, 3, "101010"),
        ("111111", 2, 9, "101010"),
        ("011111", 2, 2, "101010"),  # the first, without a box, does not count
        ("110010", 2, 2, "101010"),
        ("110010", 2, 1, "100000"),
        ("110000", 1, 2, "110000"),
        ("110000", 1, 3, "111111"),
        ("010101", 2, 1, "101010"),
        ("000000", 3, 1, "100100"),
        ("", 3, 1, ""),
    ],
)
def test_wanted_frames(present: str, every: int, max_masks: int | None, wanted: str) -> None:
    result = wanted_frames(np.array([c == "1" for c in present], dtype=bool), every, max_masks)
    assert result.dtype == bool
    assert "".join("1" if value else "0" for value in result) == wanted


def test_wanted_frames_of_a_long_lasot_video() -> None:
    """The 200th mask is that of the 996th frame; one absence later it is the 1001st."""
    present = np.ones(3000, bool)
    assert np.flatnonzero(wanted_frames(present, 5, 200)).tolist() == list(range(0, 1000, 5))
    present[10] = present[12] = False
    assert np.flatnonzero(wanted_frames(present, 5, 200)).tolist() == list(range(0, 1001, 5))


@pytest.mark.parametrize(
    ("every", "max_masks", "message"),
    [
        (0, None, r"--every is 0: must be at least 1"),
        (-5, 3, r"--every is -5"),
        (1, 0, r"--max-masks is 0: must be at least 1"),
    ],
)
def test_numbers_below_one(every: int, max_masks: int | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        wanted_frames(np.ones(3, bool), every, max_masks)
