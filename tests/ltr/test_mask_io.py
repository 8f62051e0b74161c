"""Mask files: what goes in comes out, others read the same ids, and a bad file is named."""

import contextlib
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from ltr.data.mask_io import DAVIS_PALETTE, read_mask, write_mask
from ltr.errors import InputError


@pytest.fixture
def mask() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (13, 17), dtype=np.uint8)


def test_palette_is_the_published_one() -> None:
    # The first colours of the VOC and DAVIS development kits.
    published = [
        (0, 0, 0),
        (128, 0, 0),
        (0, 128, 0),
        (128, 128, 0),
        (0, 0, 128),
        (128, 0, 128),
        (0, 128, 128),
    ]
    published += [(128, 128, 128), (64, 0, 0), (192, 0, 0), (64, 128, 0)]
    assert DAVIS_PALETTE[: len(published)].tolist() == [list(colour) for colour in published]
    assert DAVIS_PALETTE[255].tolist() == [224, 224, 192]
    assert len(np.unique(DAVIS_PALETTE, axis=0)) == 256


def test_written_mask_comes_back_and_shows_the_palette(tmp_path: Path, mask: np.ndarray) -> None:
    path = tmp_path / "00000.png"
    write_mask(path, mask[:, ::-1])
    with Image.open(path) as image:
        assert image.mode == "P" and image.format == "PNG"
        np.testing.assert_array_equal(np.array(image), mask[:, ::-1])
    np.testing.assert_array_equal(read_mask(path), mask[:, ::-1])
    shown = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert shown is not None
    np.testing.assert_array_equal(shown[..., ::-1], DAVIS_PALETTE[mask[:, ::-1]])
    assert [entry.name for entry in tmp_path.iterdir()] == ["00000.png"]


def test_writing_replaces_and_a_failure_leaves_nothing_behind(tmp_path: Path, mask: np.ndarray) -> None:
    path = tmp_path / "mask.png"
    write_mask(path, mask)
    write_mask(path, np.zeros_like(mask))
    assert not read_mask(path).any()
    with pytest.raises(InputError, match=r"absent.*mask\.png"):
        write_mask(tmp_path / "absent" / "mask.png", mask)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InputError, match=r"folder\.png"):
        write_mask(tmp_path / "folder.png", mask)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["folder.png", "mask.png"]


def test_a_name_may_be_as_long_as_names_can_be(tmp_path: Path, mask: np.ndarray) -> None:
    path = tmp_path / f"{'n' * 251}.png"
    write_mask(path, mask)
    np.testing.assert_array_equal(read_mask(path), mask)


@pytest.mark.parametrize(
    "bad",
    [np.zeros((4, 4)), np.zeros((4, 4, 1), np.uint8), np.zeros((0, 4), np.uint8), np.zeros((4, 4), bool)],
)
def test_only_uint8_planes_are_written(tmp_path: Path, bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="must be uint8, H x W"):
        write_mask(tmp_path / "mask.png", bad)
    assert not list(tmp_path.iterdir())


def test_masks_of_other_tools_are_read(tmp_path: Path, mask: np.ndarray) -> None:
    binary = np.where(mask > 128, 255, 0).astype(np.uint8)
    images = {
        "grey": (Image.fromarray(binary), binary),
        "rgb": (Image.fromarray(np.repeat(binary[..., None], 3, axis=2)), binary),
        "rgba": (Image.fromarray(np.dstack([binary] * 3 + [np.full_like(binary, 9)])), binary),
        "grey_alpha": (Image.fromarray(binary).convert("LA"), binary),
        "bits": (Image.fromarray(binary).convert("1"), binary // 255),
        "few_colours": (Image.fromarray(mask % 3), mask % 3),
    }
    images["few_colours"][0].putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    for name, (image, expected) in images.items():
        path = tmp_path / f"{name}.png"
        image.save(path)
        read = read_mask(path)
        assert read.dtype == np.uint8, name
        np.testing.assert_array_equal(read, expected, err_msg=name)


def test_a_bad_mask_file_is_named(tmp_path: Path, mask: np.ndarray) -> None:
    colour, deep, text = tmp_path / "colour.png", tmp_path / "deep.png", tmp_path / "text.png"
    Image.fromarray(np.dstack([mask, mask, mask // 2])).save(colour)
    Image.fromarray(mask.astype(np.uint16) * 200).save(deep)
    text.write_text("not an image")
    cut = tmp_path / "cut.png"
    write_mask(cut, mask)
    cut.write_bytes(cut.read_bytes()[:-60])
    for path in (colour, deep, text, cut, tmp_path, tmp_path / "absent.png"):
        with pytest.raises(InputError, match=path.name):
            read_mask(path)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize(("colour_type", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_values_of_16_bits_are_refused(tmp_path: Path, colour_type: int, channels: int) -> None:
    """Pillow keeps the upper eight: no small id would be left."""
    row = b"\0" + struct.pack(">H", 3) * channels * 5
    header = struct.pack(">IIBBBBB", 5, 1, 16, colour_type, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(row)), (b"IEND", b""))
    path = tmp_path / "deep.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks))
    with pytest.raises(InputError, match=r"deep\.png: mask (of 16 bits|in mode I;16): must be"):
        read_mask(path)


@pytest.mark.filterwarnings("ignore:Invalid APNG")
@pytest.mark.parametrize("kind", [b"iCCP", b"gAMA", b"cHRM", b"pHYs", b"tRNS", b"eXIf", b"acTL", b"PLTE"])
@pytest.mark.parametrize("data", [b"", b"\0", b"\xff" * 5])
def test_chunks_that_are_too_short_raise_nothing_else(
    tmp_path: Path, mask: np.ndarray, kind: bytes, data: bytes
) -> None:
    path = tmp_path / "mask.png"
    write_mask(path, mask)
    whole = path.read_bytes()
    for place in (33, whole.index(b"IDAT") - 4, len(whole) - 12):
        path.write_bytes(whole[:place] + png_chunk(kind, data) + whole[place:])
        with contextlib.suppress(InputError):
            np.testing.assert_array_equal(read_mask(path), mask)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_an_absurdly_large_mask_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (40_000, 4_000)).save(path)
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match=r"bomb\.png: 40000 x 4000"):
        read_mask(path)


def test_damaged_files_raise_nothing_else(tmp_path: Path, mask: np.ndarray) -> None:
    path = tmp_path / "mask.png"
    write_mask(path, mask)
    whole = path.read_bytes()
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for position in rng.integers(0, len(whole), 3):
            damaged[position] = rng.integers(256)
        path.write_bytes(bytes(damaged))
        try:
            read_mask(path)
        except InputError as error:
            assert "mask.png" in str(error) and "\n" not in str(error)
            refused += 1
    assert refused > 30
