"""Images as they are stored, whatever the file: against Pillow and against the pixels that were written."""

import logging
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ltr.data import image_io
from ltr.data.image_io import MAX_PIXELS, image_size, jpeg_backend, read_image
from ltr.errors import InputError

HEIGHT, WIDTH = 60, 90


@pytest.fixture
def picture() -> np.ndarray:
    """Smooth colours, no two channels alike, top unlike bottom and left unlike right."""
    row = np.linspace(0, 255, WIDTH)
    column = np.linspace(255, 20, HEIGHT)[:, None]
    red = np.broadcast_to(row, (HEIGHT, WIDTH))
    green = np.broadcast_to(column, (HEIGHT, WIDTH))
    return np.stack([red, green, (red + green) / 4], axis=-1).round().astype(np.uint8)


@pytest.fixture(autouse=True)
def _fresh_probe() -> Iterator[None]:
    """What the probe finds is remembered for the process: forget it around every test."""
    probe = image_io._turbojpeg_decoder
    probe.cache_clear()
    yield
    probe.cache_clear()


@pytest.fixture(params=["jpeg4py", "opencv"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """JPEG through one backend, then through the other."""
    if request.param == "opencv":
        monkeypatch.setattr(image_io, "_turbojpeg_decoder", lambda: None)
    elif jpeg_backend() != "jpeg4py":
        pytest.skip("libturbojpeg does not work on this machine")
    return str(request.param)


def grey_of(picture: np.ndarray) -> np.ndarray:
    return np.repeat(np.asarray(Image.fromarray(picture).convert("L"))[..., None], 3, axis=-1)


def difference(a: np.ndarray, b: np.ndarray) -> int:
    assert a.shape == b.shape
    return int(np.abs(a.astype(int) - b.astype(int)).max())


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".webp", ".tif"])
def test_lossless_formats_give_the_pixels_written(tmp_path: Path, picture: np.ndarray, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    Image.fromarray(picture).save(path, **({"lossless": True} if suffix == ".webp" else {}))
    image = read_image(path)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    np.testing.assert_array_equal(image, picture)
    assert image_size(str(path)) == (WIDTH, HEIGHT)


@pytest.mark.parametrize("subsampling", [0, 2])
def test_jpeg_is_close_to_what_pillow_decodes(
    tmp_path: Path, picture: np.ndarray, backend: str, subsampling: int
) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(picture).save(path, quality=95, subsampling=subsampling)
    image = read_image(path)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert difference(image, np.asarray(Image.open(path))) <= 4
    assert difference(image, picture) <= 12


@pytest.mark.parametrize(
    ("mode", "name"),
    [
        ("L", "grey.png"),
        ("LA", "grey_alpha.png"),
        ("RGBA", "alpha.png"),
        ("L", "grey.jpg"),
        ("CMYK", "c.jpg"),
    ],
)
def test_other_channels_become_rgb(
    tmp_path: Path, picture: np.ndarray, backend: str, mode: str, name: str
) -> None:
    Image.fromarray(picture).convert(mode).save(tmp_path / name)
    expected = grey_of(picture) if mode.startswith("L") else picture
    assert difference(read_image(tmp_path / name), expected) <= (12 if name.endswith(".jpg") else 0)


def test_palette_png_gives_its_colours(tmp_path: Path) -> None:
    ids = np.arange(6, dtype=np.uint8).reshape(2, 3)
    image = Image.fromarray(ids)
    image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0, 0, 0, 128, 128, 0, 128])
    image.save(tmp_path / "palette.png")
    assert image.mode == "P"
    assert read_image(tmp_path / "palette.png")[0, 1].tolist() == [128, 0, 0]
    assert read_image(tmp_path / "palette.png")[1, 1].tolist() == [0, 0, 128]


def test_sixteen_bits_become_the_upper_eight(tmp_path: Path, picture: np.ndarray) -> None:
    cv2.imwrite(str(tmp_path / "deep.png"), picture[..., ::-1].astype(np.uint16) * 256 + 17)
    np.testing.assert_array_equal(read_image(tmp_path / "deep.png"), picture)


@pytest.mark.parametrize("name", ["turned.jpg", "turned.png", "turned.webp"])
def test_exif_orientation_is_ignored(tmp_path: Path, picture: np.ndarray, backend: str, name: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn a quarter right": a viewer shows this picture 60 wide and 90 high
    Image.fromarray(picture).save(tmp_path / name, exif=exif, quality=95)
    assert difference(read_image(tmp_path / name), picture) <= 12
    assert image_size(tmp_path / name) == (WIDTH, HEIGHT)


def test_content_decides_not_the_name(tmp_path: Path, picture: np.ndarray, backend: str) -> None:
    Image.fromarray(picture).save(tmp_path / "png_called.jpg", format="png")
    Image.fromarray(picture).save(tmp_path / "jpeg_called.png", format="jpeg", quality=95)
    np.testing.assert_array_equal(read_image(tmp_path / "png_called.jpg"), picture)
    assert difference(read_image(tmp_path / "jpeg_called.png"), picture) <= 12


def test_name_outside_ascii(tmp_path: Path, picture: np.ndarray, backend: str) -> None:
    path = tmp_path / "Straße 四.jpg"
    Image.fromarray(picture).save(path, quality=95)
    assert difference(read_image(path), picture) <= 12


def test_truncated_jpeg_keeps_what_is_there(
    tmp_path: Path, picture: np.ndarray, backend: str, caplog: pytest.LogCaptureFixture
) -> None:
    Image.fromarray(picture).save(tmp_path / "whole.jpg", quality=95, subsampling=0)
    data = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "half.jpg").write_bytes(data[: len(data) * 3 // 4])
    whole, half = read_image(tmp_path / "whole.jpg"), read_image(tmp_path / "half.jpg")
    assert half.shape == whole.shape
    assert difference(half[:16], whole[:16]) <= 4
    assert difference(half[-8:], whole[-8:]) > 16
    assert "half.jpg: the file is cut off" in caplog.text
    assert "whole.jpg" not in caplog.text


def test_a_png_cut_off_is_told_by_the_exception_alone(
    tmp_path: Path, picture: np.ndarray, capfd: pytest.CaptureFixture[str]
) -> None:
    """libpng would print a line of its own."""
    path = tmp_path / "a.png"
    Image.fromarray(picture).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert image_size(path) == (WIDTH, HEIGHT)
    with pytest.raises(InputError, match=r"a\.png: the PNG is cut off"):
        read_image(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("chunk", [b"IHDR", b"IDAT"])
def test_a_spoilt_png_is_told_by_the_exception_alone(
    tmp_path: Path, picture: np.ndarray, capfd: pytest.CaptureFixture[str], chunk: bytes
) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(picture).save(path)
    data = bytearray(path.read_bytes())
    data[data.index(chunk) + 15] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=rf"a\.png: the PNG is damaged: the checksum of '{chunk.decode()}'"):
        read_image(path)
    assert capfd.readouterr().err == ""


def test_what_follows_the_end_of_a_png_does_no_harm(tmp_path: Path, picture: np.ndarray) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(picture).save(path)
    path.write_bytes(path.read_bytes() + b"more")
    np.testing.assert_array_equal(read_image(path), picture)


def test_a_spoilt_chunk_that_no_decoder_needs_does_no_harm(tmp_path: Path, picture: np.ndarray) -> None:
    path = tmp_path / "a.png"
    information = PngInfo()
    information.add_text("Comment", "hello")
    Image.fromarray(picture).save(path, pnginfo=information)
    path.write_bytes(path.read_bytes().replace(b"hello", b"jello"))
    np.testing.assert_array_equal(read_image(path), picture)


def test_jpeg_that_libturbojpeg_refuses_is_read_by_opencv(
    tmp_path: Path, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(data: bytes) -> np.ndarray:
        raise RuntimeError("no luck")

    monkeypatch.setattr(image_io, "_turbojpeg_decoder", lambda: refuse)
    Image.fromarray(picture).save(tmp_path / "a.jpg", quality=95)
    Image.fromarray(picture).save(tmp_path / "a.png")
    with caplog.at_level(logging.WARNING):
        assert difference(read_image(tmp_path / "a.jpg"), picture) <= 12
        assert "a.jpg" in caplog.text
        assert "no luck" in caplog.text
        caplog.clear()
        read_image(tmp_path / "a.png")  # this was never for libturbojpeg
        assert not caplog.records


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99))


@pytest.mark.parametrize("side", [9_000, 60_000])
def test_absurd_size_is_refused_before_decoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: int
) -> None:
    assert side**2 > MAX_PIXELS
    (tmp_path / "huge.png").write_bytes(png_header(side, side))
    monkeypatch.setattr(cv2, "imdecode", None)
    for read in (read_image, image_size):
        with pytest.raises(InputError, match=r"huge\.png: .*pixels"):
            read(tmp_path / "huge.png")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("absent.jpg", None, "no such image file"),
        ("empty.jpg", b"", "empty"),
        ("text.jpg", b"no picture at all", "not an image, or a broken one"),
        ("start.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF", "not an image, or a broken one"),
        ("half.png", png_header(40, 30), "the PNG is cut off"),
    ],
    ids=["absent", "empty", "text", "jpeg start", "png start"],
)
def test_what_cannot_be_read_is_named(
    tmp_path: Path, backend: str, name: str, content: bytes | None, expected: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as error:
        read_image(tmp_path / name)
    assert str(tmp_path / name) in str(error.value)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_folder_is_no_image(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_image(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        image_size(tmp_path)


def test_size_of_what_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_bytes(b"no picture at all")
    with pytest.raises(InputError, match=r"text\.jpg: not an image"):
        image_size(tmp_path / "text.jpg")


def fake_jpeg4py(initialize: object, image: np.ndarray | None = None) -> dict[str, ModuleType]:
    """Modules that stand in for jpeg4py; whatever it is given, it decodes to ``image``."""
    package, binding = ModuleType("jpeg4py"), ModuleType("jpeg4py._cffi")
    binding.initialize = initialize  # type: ignore[attr-defined]
    decoder = type("JPEG", (), {"__init__": lambda self, data: None, "decode": lambda self: image})
    package.JPEG = decoder  # type: ignore[attr-defined]
    return {"jpeg4py": package, "jpeg4py._cffi": binding}


def test_backend_without_library_is_opencv_and_logged_once(
    tmp_path: Path, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def initialize() -> None:
        raise OSError("Could not load libjpeg-turbo library")

    for name, module in fake_jpeg4py(initialize).items():
        monkeypatch.setitem(sys.modules, name, module)
    Image.fromarray(picture).save(tmp_path / "a.jpg", quality=95)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            assert difference(read_image(tmp_path / "a.jpg"), picture) <= 12
        assert jpeg_backend() == "opencv"
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 1
    assert "OpenCV" in messages[0]
    assert "libjpeg-turbo" in messages[0]


def test_backend_that_decodes_in_another_order_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    blue = np.full((16, 24, 3), (20, 120, 240), np.uint8)
    for name, module in fake_jpeg4py(lambda: None, blue).items():
        monkeypatch.setitem(sys.modules, name, module)
    assert jpeg_backend() == "opencv"


def test_backend_that_works_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    orange = np.full((16, 24, 3), (240, 120, 20), np.uint8)
    for name, module in fake_jpeg4py(lambda: None, orange).items():
        monkeypatch.setitem(sys.modules, name, module)
    assert jpeg_backend() == "jpeg4py"
