"""Regions as VOT writes them: one a line, as a run-length encoded mask, a rectangle, or a code.

``m x,y,w,h,run,run,...`` (written without the blank) is a mask: the box it fills, then the runs of its pixels
row by row, background first; what the runs leave over is background. ``x,y,w,h`` is a rectangle. A single
number is a code (1: the tracker was started here, 2: it failed) and, like an empty mask, no region at all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ltr.data.boxes import mask_to_box
from ltr.data.image_io import MAX_PIXELS
from ltr.data.rle import alternating_runs, count_text
from ltr.errors import InputError
from pytracking.analysis.number_files import read_text

_SHOWN = 60


@dataclass(frozen=True)
class Region:
    """Pixels of an image, or beyond it.

    Attributes:
        x, y: where the mask's upper left pixel lies in the image.
        mask: (h, w) bool; 0 x 0 when there is no region.
    """

    x: int
    y: int
    mask: npt.NDArray[np.bool_]

    @property
    def is_empty(self) -> bool:
        """Whether no pixel belongs to it."""
        return not self.mask.any()


def empty_region() -> Region:
    """The region without pixels."""
    return Region(0, 0, np.zeros((0, 0), dtype=bool))


def region_overlap(first: Region, second: Region, width: int, height: int) -> float:
    """Intersection over union of two regions within an image.

    Args:
        first, second: any two.
        width, height: of the image; pixels outside count neither way.

    Returns:
        in [0, 1]; 1 when both are empty, 0 when none has a pixel inside the image.
    """
    if first.is_empty and second.is_empty:
        return 1.0
    left, top = max(0, min(first.x, second.x)), max(0, min(first.y, second.y))
    right = min(width, max(region.x + region.mask.shape[1] for region in (first, second)))
    bottom = min(height, max(region.y + region.mask.shape[0] for region in (first, second)))
    if left >= right or top >= bottom:
        return 0.0
    a, b = (paint_region(region, left, top, right, bottom) for region in (first, second))
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 0.0


def paint_region(region: Region, left: int, top: int, right: int, bottom: int) -> npt.NDArray[np.bool_]:
    """What of a region lies in a window of the image, (bottom - top, right - left) bool."""
    window = np.zeros((bottom - top, right - left), dtype=bool)
    height, width = region.mask.shape
    x0, y0 = max(left, region.x), max(top, region.y)
    x1, y1 = min(right, region.x + width), min(bottom, region.y + height)
    if x0 < x1 and y0 < y1:
        part = region.mask[y0 - region.y : y1 - region.y, x0 - region.x : x1 - region.x]
        window[y0 - top : y1 - top, x0 - left : x1 - left] = part
    return window


def read_regions(path: Path) -> list[Region]:
    """Reads a file of regions, one a line.

    Raises:
        InputError: the file cannot be read, is empty, or a line is no region ("file:line: ...").
    """
    lines = read_text(path).rstrip().splitlines()
    if not lines:
        raise InputError(f"{path}: empty: must hold one region a line")
    # Trackers that stand still, and the toolkit's own baselines, repeat a line of thousands of numbers.
    known: dict[str, Region] = {}
    for n, line in enumerate(lines, start=1):
        if line not in known:
            known[line] = parse_region(line, f"{path}:{n}")
    return [known[line] for line in lines]


def write_regions(path: Path, regions: Iterable[Region]) -> None:
    """Writes regions as masks, one a line.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        path.write_text("".join(format_region(region) + "\n" for region in regions), encoding="ascii")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from None


def parse_region(text: str, place: str = "region") -> Region:
    """Reads one region (see the module's docstring).

    A rectangle covers whole pixels: its corner and its size are rounded (half to even), its size at least to
    1.

    Args:
        text: the line.
        place: where it stands, for messages.

    Raises:
        InputError: it is none of the three forms, or a polygon, which VOT 2020 has no more.
    """
    stripped = text.strip()
    if stripped.startswith("m"):
        return _parse_mask(_whole_numbers(stripped[1:], place), place)
    fields = [_number(field, place) for field in stripped.split(",")]
    if len(fields) == 1:
        return empty_region()
    if len(fields) != 4:
        hint = ": polygons are not read, give masks" if len(fields) >= 6 else ""
        raise InputError(f"{place}: {_shorten(text)} is neither a mask, x,y,w,h, nor a code{hint}")
    x, y, w, h = (round(value) for value in fields)
    if fields[2] <= 0 or fields[3] <= 0:
        return empty_region()
    _check_size(max(w, 1), max(h, 1), place)
    return Region(x, y, np.ones((max(h, 1), max(w, 1)), dtype=bool))


def format_region(region: Region) -> str:
    """The region as a line of VOT: a mask, cut to the box around its pixels."""
    x, y, w, h = (int(value) for value in mask_to_box(region.mask))
    if w <= 0:
        return "m0,0,0,0,0"
    runs = alternating_runs(region.mask[y : y + h, x : x + w].ravel())
    return "m" + ",".join(str(value) for value in (region.x + x, region.y + y, w, h, *runs))


def _parse_mask(numbers: list[int], place: str) -> Region:
    if len(numbers) < 4:
        raise InputError(f"{place}: a mask starts with the four numbers of its box, here are {len(numbers)}")
    x, y, w, h, *runs = numbers
    _check_size(w, h, place)
    if min(runs, default=0) < 0 or sum(runs) > w * h:
        raise InputError(
            f"{place}: the mask's runs cover {count_text(sum(runs))} pixels, its box has {w} x {h}"
        )
    pixels = np.zeros(w * h, dtype=bool)
    covered = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    pixels[: covered.size] = covered
    return Region(x, y, pixels.reshape(h, w))


def _check_size(width: int, height: int, place: str) -> None:
    if width < 0 or height < 0 or width * height > MAX_PIXELS:
        raise InputError(f"{place}: a region of {count_text(width)} x {count_text(height)} pixels cannot be")


def _whole_numbers(text: str, place: str) -> list[int]:
    try:
        return [int(field) for field in text.split(",")]
    except ValueError:
        raise InputError(f"{place}: {_shorten('m' + text)} is no mask: m, then whole numbers") from None


def _number(text: str, place: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise InputError(f"{place}: {_shorten(text)} is not a number")
    return value


def _shorten(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")
