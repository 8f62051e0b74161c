"""COCO's run-length encoding: against encoders written here, and strings that COCO's own mask API wrote."""

import sys
import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ltr.data.rle import compress_runs, decode_rle, encode_rle
from ltr.errors import InputError

OF_COCO: list[tuple[tuple[int, int], Callable[[np.ndarray, np.ndarray], np.ndarray], str]] = [
    ((4, 6), lambda r, c: r < 0, "h0"),
    ((4, 6), lambda r, c: r >= 0, "0h0"),
    ((1, 1), lambda r, c: r >= 0, "01"),
    ((3, 5), lambda r, c: r + c == 0, "01>"),
    ((3, 5), lambda r, c: r + c == 6, ">1"),
    ((5, 4), lambda r, c: (r + c) % 2 == 1, "11100000000000000000"),
    ((7, 9), lambda r, c: (r * r + 7 * c) % 11 < 4, "0230OOO0100021N02ON1OO40L22N012"),
    (
        (12, 20),
        lambda r, c: (r == 0) | (c == 0) | (r == 11) | (c == 19),
        "0=:E000000000000000000000000000000000;",
    ),
    ((2000, 3), lambda r, c: c == 1, "`n1`n1`n1"),
    (
        (1080, 1920),
        lambda r, c: (r >= 200) & (r < 700) & (c >= 300) & (c < 305),
        "Xcl9d?Tb00000000PTWe1",
    ),
    (
        (90, 160),
        lambda r, c: (r - 44) ** 2 + (c - 70) ** 2 < 1600,
        "Zh2a0U28I6K4L4L4M2N2M4M2N2N2N2N2N2O0O2N2N2O0O2O0O2O0O2O000O2O00000O2O000000000000000000000000000"
        "00001N1000001N10001N101N101N101N2N2N101N2N2N2N2N2N3L3N2N3L4L4L5J7Hd[4",
    ),
]
"""Size, mask, and what pycocotools 2.0.11 makes of it."""


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


@pytest.mark.parametrize(("size", "inside", "text"), OF_COCO)
def test_encoder_writes_what_cocos_own_writes(
    size: tuple[int, int], inside: Callable[[np.ndarray, np.ndarray], np.ndarray], text: str
) -> None:
    mask = inside(*np.mgrid[: size[0], : size[1]])
    assert compress_runs(encode_rle(mask)) == text
    np.testing.assert_array_equal(decode_rle(text, *size), mask)


MASKS = arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.integers(0, 2))


@settings(max_examples=30, deadline=None)
@given(MASKS, st.integers(1, 9))
def test_encoding_and_decoding_give_back_the_mask(mask: np.ndarray, scale: int) -> None:
    mask = np.kron(mask, np.ones((scale, 1), np.uint8))
    runs = encode_rle(mask)
    assert runs == runs_of(mask > 0) and all(type(run) is int for run in runs)
    text = compress_runs(runs)
    assert text == text_of(runs)
    for counts in (runs, text, text.encode()):
        np.testing.assert_array_equal(decode_rle(counts, *mask.shape), mask > 0)


@settings(max_examples=30, deadline=None)
@given(MASKS)
def test_pycocotools_says_the_same(mask: np.ndarray) -> None:
    coco = pytest.importorskip("pycocotools.mask", reason="pycocotools is not installed")
    theirs = coco.encode(np.asfortranarray((mask > 0).astype(np.uint8)))
    text = compress_runs(encode_rle(mask))
    assert text.encode() == theirs["counts"]
    np.testing.assert_array_equal(coco.decode({"size": list(mask.shape), "counts": text}), mask > 0)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32])
def test_any_type_is_encoded_and_anything_but_0_is_mask(dtype: type) -> None:
    assert encode_rle(np.array([[0, 1], [3, 0]]).astype(dtype)) == [1, 2, 1]


@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (4,), (1, 2, 3)])
def test_what_is_no_mask_is_not_encoded(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="must be H x W, not empty"):
        encode_rle(np.zeros(shape))


def test_a_number_without_end_is_refused_at_once() -> None:
    started = time.perf_counter()
    with pytest.raises(InputError, match="too large"):
        decode_rle("o" * 3_000_000, 4, 5, "dog")
    assert time.perf_counter() - started < 2
    with pytest.raises(InputError, match="covers"):
        decode_rle([sys.maxsize, sys.maxsize], 4, 5, "dog")


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([3, 4], "covers 7 pixels"),
        ([15, -2, 7], "negative run"),
        (text_of([100, 20])[:-1], "middle of a number"),
        ("\x01", "byte 1"),
        ("é0", "byte"),
        ("\ud8000", "byte"),
        ([3.5, 16.5], "whole numbers"),
        (["20"], "whole numbers"),
        ([None, 20], "whole numbers"),
        ([[20]], "whole numbers"),
    ],
)
def test_damaged_encodings_are_refused(counts: list | str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        decode_rle(counts, 4, 5, "dog")
