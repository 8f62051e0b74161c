"""COCO's run-length encoding: against encoders written here, and strings that COCO's own mask API wrote."""

import numpy as np
import pytest

from ltr.data.rle import decode_rle
from ltr.errors import InputError


def runs_of(mask: np.ndarray) -> list[int]:
    """Runs down the columns, counted one pixel at a time."""
    runs, value, length = [], 0, 0
    for pixel in mask.T.ravel():
        if pixel != value:
            runs.append(length)
            value, length = pixel, 0
        length += 1
    return [*runs, length]


def text_of(runs: list[int]) -> str:
    """The compressed form, bit by bit."""
    text = ""
    for i, run in enumerate(runs):
        value = run - runs[i - 2] if i > 2 else run
        more = True
        while more:
            bits = value & 31
            value >>= 5
            more = value != (-1 if bits & 16 else 0)
            text += chr(48 + bits + (32 if more else 0))
    return text


@pytest.mark.parametrize("seed", range(20))
def test_both_forms_give_back_the_mask(seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 60, 2)
    mask = (rng.random((height, width)) < rng.random()).astype(np.uint8)
    if seed % 2:
        mask = np.kron(mask, np.ones((7, 5), np.uint8))  # long runs: numbers of several letters
    runs = runs_of(mask)
    for counts in (runs, text_of(runs), text_of(runs).encode()):
        decoded = decode_rle(counts, *mask.shape)
        assert decoded.dtype == np.uint8
        np.testing.assert_array_equal(decoded, mask)


def test_strings_of_cocos_own_encoder() -> None:
    ring = np.zeros((5, 7), np.uint8)
    ring[1:4, 2:6] = 1
    ring[2, 3] = 0
    np.testing.assert_array_equal(decode_rle(";32NO012004", 5, 7), ring)
    rows, columns = np.mgrid[:40, :60]
    disc = ((rows - 18) / 12) ** 2 + ((columns - 33) / 21) ** 2 < 1
    text = "g`07o04M2N2O0O2O0O2O0O2O000O2O00000000000000000000000000000001N10001N101N101N101N2N3LS7"
    np.testing.assert_array_equal(decode_rle(text, 40, 60), disc)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([3, 4], "covers 7 pixels"),
        ([15, -2, 7], "negative run"),
        (text_of([100, 20])[:-1], "middle of a number"),
        ("\x01", "byte 1"),
        ("é0", "byte"),
    ],
)
def test_damaged_encodings_are_refused(counts: list[int] | str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        decode_rle(counts, 4, 5, "dog")
