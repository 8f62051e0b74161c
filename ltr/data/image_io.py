"""Reads image files into RGB arrays, JPEG the fast way where this machine has one.

JPEG goes through libturbojpeg (jpeg4py) when that really works; everything else, and every JPEG that
libturbojpeg refuses (truncated, CMYK), through OpenCV. Both give the pixels as they are stored: an EXIF
orientation is ignored, so that boxes and masks drawn on the stored pixels fit.
"""

import contextlib
import functools
import logging
import zlib
from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ltr.data.opencv import quiet_opencv
from ltr.errors import InputError

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
"""How the names of images end, in lower case."""

MAX_PIXELS = 80_000_000  # more than two 8K frames; what claims to be larger is broken or hostile

_JPEG_START = b"\xff\xd8\xff"
_JPEG_SCAN = b"\xff\xda"
_JPEG_END = b"\xff\xd9"
_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"IEND"
_DECODE_FLAGS = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION

RgbImage = NDArray[np.uint8]

logger = logging.getLogger(__name__)


def read_image(path: str | PathLike[str], whole: bool = False) -> RgbImage:
    """Read an image file of any format that OpenCV knows; its content decides the format, not its name.

    Grey images are repeated over three channels, alpha is dropped, 16 bits become 8, EXIF orientation is
    ignored. Of a truncated JPEG the missing part is grey, with a warning in the log.

    Args:
        path: the file.
        whole: refuse a truncated JPEG.

    Returns:
        H x W x 3 uint8, RGB, contiguous.

    Raises:
        InputError: the file is absent or unreadable, is no image, or has more than ``MAX_PIXELS`` pixels.
    """
    path = Path(path)
    with _open(path) as file:
        _header_size(file, path)
        file.seek(0)
        data = file.read()

    if data.startswith(_PNG_START):
        _check_png(data, path)
    if data.startswith(_JPEG_START) and data.rfind(_JPEG_END) < data.rfind(_JPEG_SCAN):
        if whole:
            raise InputError(f"{path}: the JPEG is cut off")
        logger.warning("%s: the file is cut off, what is missing becomes grey", path)
    decode_jpeg = _turbojpeg_decoder()
    if decode_jpeg is not None and data.startswith(_JPEG_START):
        try:
            return decode_jpeg(data)
        except Exception as error:  # jpeg4py raises classes of its own, and for mere warnings too
            logger.warning("%s: libturbojpeg gave up (%s), OpenCV takes over", path, error)
    return _decode_opencv(data, path)


def image_size(path: str | PathLike[str]) -> tuple[int, int]:
    """Read (width, height) in pixels, as stored, from an image file's header without decoding the pixels.

    Raises:
        InputError: the file is absent or unreadable, is no image, or has more than ``MAX_PIXELS`` pixels.
    """
    path = Path(path)
    with _open(path) as file:
        size = _header_size(file, path)
    if size is None:  # perhaps a format that OpenCV knows and Pillow does not
        height, width = read_image(path).shape[:2]
        return width, height
    return size


def jpeg_backend() -> str:
    """What JPEG files are read with on this machine: "jpeg4py" or "opencv"."""
    return "opencv" if _turbojpeg_decoder() is None else "jpeg4py"


@functools.cache
def _turbojpeg_decoder() -> Callable[[bytes], RgbImage] | None:
    """The libturbojpeg decoder, tried once on a JPEG in memory; None when any part of it does not work."""
    try:
        import jpeg4py
        from jpeg4py._cffi import initialize

        initialize()  # raises without the library, where JPEG() would also complain on stderr when collected

        def decode(data: bytes) -> RgbImage:
            return jpeg4py.JPEG(np.frombuffer(data, np.uint8)).decode()

        _probe(decode)
    except Exception as error:  # no jpeg4py, no libturbojpeg, one of another ABI: each fails in its own way
        logger.info("JPEG files are read with OpenCV (libturbojpeg: %s)", error)
        return None
    logger.info("JPEG files are read with libturbojpeg")
    return decode


def _probe(decode: Callable[[bytes], RgbImage]) -> None:
    """Raise unless ``decode`` gives back a plain image in RGB order."""
    orange = np.full((16, 24, 3), (240, 120, 20), np.uint8)
    _, encoded = cv2.imencode(".jpg", orange[..., ::-1])
    decoded = decode(encoded.tobytes())
    if decoded.shape != orange.shape or np.abs(decoded.astype(int) - orange).max() > 16:
        raise RuntimeError("it decodes a plain image wrongly")


@contextlib.contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise InputError(f"{path}: no such image file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def _header_size(file: BinaryIO, path: Path) -> tuple[int, int] | None:
    """(width, height) that the header claims; None when Pillow makes nothing of it.

    Raises:
        InputError: the image has more than ``MAX_PIXELS`` pixels.
    """
    try:
        width, height = Image.open(file).size
    except Image.DecompressionBombError as error:
        raise InputError(f"{path}: {error}") from None
    except Exception:  # Pillow does not check what it is given; the decoder has the last word
        return None
    if width * height > MAX_PIXELS:
        raise InputError(f"{path}: {width} x {height} pixels: at most {MAX_PIXELS:,} are read")
    return width, height


def _check_png(data: bytes, path: Path) -> None:
    """Refuse a PNG that is not as it was written; libpng would print a line of its own.

    What no decoder needs may be damaged: of such chunks the names begin in lower case.

    Raises:
        InputError: it is cut off, or a checksum is wrong.
    """
    view, position = memoryview(data), len(_PNG_START)
    kind = b""
    while kind != _PNG_END:
        head = data[position : position + 8]
        kind, end = head[4:], position + 12 + int.from_bytes(head[:4])
        if len(head) < 8 or end > len(data):
            raise InputError(f"{path}: the PNG is cut off")
        spoilt = zlib.crc32(view[position + 4 : end - 4]) != int.from_bytes(data[end - 4 : end])
        if not kind.isalpha() or (spoilt and kind[:1].isupper()):
            raise InputError(f"{path}: the PNG is damaged: the checksum of {ascii(kind)[1:]} is wrong")
        position = end


def _decode_opencv(data: bytes, path: Path) -> RgbImage:
    if not data:
        raise InputError(f"{path}: the file is empty")
    if data.startswith(_JPEG_START):
        data += _JPEG_END  # where a truncated file ends: without it imdecode gives up, though imread does not
    try:
        with quiet_opencv():
            bgr = cv2.imdecode(np.frombuffer(data, np.uint8), _DECODE_FLAGS)
    except cv2.error as error:
        raise InputError(f"{path}: OpenCV cannot read this image ({error.err or error})") from None
    if bgr is None:
        raise InputError(f"{path}: not an image, or a broken one")
    return np.ascontiguousarray(bgr[..., ::-1], dtype=np.uint8)
