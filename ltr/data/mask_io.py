"""Mask files: PNGs whose pixel values are object ids, written with the DAVIS palette."""

import os
import threading
from os import PathLike
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from ltr.data.image_io import MAX_PIXELS
from ltr.errors import InputError

ObjectMask = npt.NDArray[np.uint8]

VOID = 255
"""The label of pixels that count as no object, in data sets that have such."""

MAX_OBJECT_ID = 254
"""Ids are stored in 8 bits, of which 255 is void and 0 the background."""

_INDEX_MODES = ("P", "L", "1")


def _voc_colour_map() -> npt.NDArray[np.uint8]:
    """The colour map of PASCAL VOC, which DAVIS took over, from the bits of the index.

    Bits 0, 1, 2 of the index are the highest bits of red, green, blue, bits 3, 4, 5 the next ones, and so on.
    """
    index = np.arange(256)[:, None]
    colours = np.zeros((256, 3), dtype=np.int64)
    for level in range(8):
        bits = (index >> (3 * level + np.arange(3))) & 1
        colours |= bits << (7 - level)
    return colours.astype(np.uint8)


DAVIS_PALETTE: npt.NDArray[np.uint8] = _voc_colour_map()
"""(256, 3) uint8 RGB, the colour of each object id."""
DAVIS_PALETTE.setflags(write=False)


def write_mask(path: str | PathLike[str], mask: npt.NDArray[np.uint8]) -> None:
    """Writes object ids as a palette PNG (mode P, DAVIS colours); the file is there whole or not at all.

    Args:
        path: the file; its folder must exist. What stood there is replaced.
        mask: (H, W) uint8 object ids, 0 background.

    Raises:
        ValueError: the mask is not an H x W uint8 array with at least one pixel.
        InputError: the file cannot be written.
    """
    path = Path(path)
    if mask.ndim != 2 or mask.dtype != np.uint8 or mask.size == 0:
        raise ValueError(
            f"{path}: mask is {mask.dtype} of shape {mask.shape}: must be uint8, H x W, not empty"
        )
    image = Image.fromarray(np.ascontiguousarray(mask))
    image.putpalette(DAVIS_PALETTE.tobytes())
    # In the same folder, so that the replacement does not cross file systems and is one step.
    # Not named after the mask, whose name may already be as long as names can be.
    temporary = path.with_name(f".{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        image.save(temporary, format="PNG")
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot write the mask ({error.strerror or error})") from None
    finally:
        temporary.unlink(missing_ok=True)


def read_mask(path: str | PathLike[str]) -> ObjectMask:
    """Reads a mask file: palette indices, grey values or bits as they are (a 0/255 mask stays 0/255).

    A colour image is taken when it is grey all over, as some tools save grey masks; alpha is ignored.
    Grey values of 16 bits are refused: Pillow would keep the upper eight, in which no id is.

    Returns:
        (H, W) uint8.

    Raises:
        InputError: no such file, not an image, too large, or a colour image, whose colours say no ids.
    """
    path = Path(path)
    try:
        with Image.open(path) as image:
            if image.width * image.height > MAX_PIXELS:
                raise InputError(
                    f"{path}: {image.width} x {image.height} pixels: at most {MAX_PIXELS:,} are read"
                )
            if image.mode in _INDEX_MODES:
                return np.array(image).astype(np.uint8, copy=False)
            return _grey_values(image, path)
    except FileNotFoundError:
        raise InputError(f"{path}: no such mask file") from None
    except InputError:
        raise
    except Exception as error:  # IndexError, struct.error ...: Pillow does not check what it is given
        raise InputError(f"{path}: cannot be read as a mask ({error})") from None


def _grey_values(image: ImageFile.ImageFile, path: Path) -> ObjectMask:
    """The one channel of an image that is stored in colours but is grey all over."""
    if any(";16" in str(tile[3]) for tile in image.tile):  # how its values are stored, such as RGB;16B
        raise InputError(f"{path}: mask of 16 bits: must be a palette, grey (8 bit) or 1-bit image")
    if image.mode in ("LA", "La"):
        return np.array(image)[..., 0]
    if image.mode not in ("RGB", "RGBA"):
        raise InputError(f"{path}: mask in mode {image.mode}: must be a palette, grey (8 bit) or 1-bit image")
    red, green, blue = np.moveaxis(np.array(image)[..., :3], -1, 0)
    if not (np.array_equal(red, green) and np.array_equal(red, blue)):
        raise InputError(f"{path}: colour image: a mask holds object ids, as palette indices or grey values")
    return red
