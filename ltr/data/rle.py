"""COCO's run-length encoding of masks.

A mask is read column by column, top to bottom; the runs alternate between 0 and 1 and start with a run of 0,
which may be empty. The compressed form writes the runs as text: from the fourth run on as the difference to
the run two before, in groups of five bits, lowest first, with the sign in the last group, bit 5 for "more to
come", plus 48.
Source: the COCO data format, https://cocodataset.org/#format-data, and the file format used by its mask API.
"""

from collections.abc import Sequence
from operator import index

import numpy as np
import numpy.typing as npt

from ltr.errors import InputError

_MAX_SHIFT = 60
"""Numbers of more bits than this are in no picture; without the limit a long one would take forever."""


def encode_rle(mask: npt.NDArray[np.generic]) -> list[int]:
    """Turn a mask into its runs, down the columns; all but the first are longer than 0.

    Args:
        mask: (H, W), any dtype; what is not 0 is the mask.

    Returns:
        lengths in pixels, of 0 and 1 in turn; they add up to H * W.

    Raises:
        ValueError: the mask is not H x W, or has no pixels.
    """
    if mask.ndim != 2 or mask.size == 0:
        raise ValueError(f"mask has the shape {mask.shape}: must be H x W, not empty")
    height, width = mask.shape
    columns = np.flatnonzero(mask.any(axis=0))
    if columns.size == 0:
        return [mask.size]
    first, end = int(columns[0]), int(columns[-1]) + 1
    runs = alternating_runs(mask[:, first:end].T.ravel() != 0)  # beside these columns all is background
    runs[0] += first * height
    if len(runs) % 2:
        runs[-1] += (width - end) * height
    elif end < width:
        runs.append((width - end) * height)
    return runs


def alternating_runs(pixels: npt.NDArray[np.bool_]) -> list[int]:
    """The lengths of a line's runs, of False and True in turn.

    Args:
        pixels: (N,) bool, N > 0.
    """
    changes = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    runs = np.diff(changes, prepend=0, append=pixels.size).tolist()
    return [0, *runs] if pixels[0] else runs


def compress_runs(runs: Sequence[int]) -> str:
    """The compressed form of runs: ASCII text, as ``"counts"`` holds it in COCO's files."""
    symbols = bytearray()
    for i, run in enumerate(runs):
        rest = run - runs[i - 2] if i > 2 else run
        while not -16 <= rest < 16:  # does not fit five bits, one of which is the sign
            symbols.append(48 + 32 + (rest & 31))
            rest >>= 5
        symbols.append(48 + (rest & 31))
    return symbols.decode("ascii")


def count_text(number: int) -> str:
    """A number of pixels for messages, however many digits it has: Python writes no more than 4,300."""
    return str(number) if abs(number) < 10**18 else f"{'-' if number < 0 else ''}more than 10^18"


def decode_rle(
    counts: str | bytes | Sequence[int], height: int, width: int, name: str = "mask"
) -> npt.NDArray[np.uint8]:
    """Turn the runs of one mask into pixels.

    Args:
        counts: the runs, as numbers or as compressed text.
        height, width: size of the mask, pixels.
        name: whose mask it is, for messages.

    Returns:
        (height, width) uint8 with values 0 and 1.

    Raises:
        InputError: a run is negative or no whole number, the runs do not add up to height * width, or the
            text is damaged.
    """
    runs = _parse_text(counts, name) if isinstance(counts, str | bytes) else _whole_numbers(counts, name)
    if any(run < 0 for run in runs):
        raise InputError(
            f"run-length encoding of {name} has a negative run ({count_text(min(runs))}): the file is damaged"
        )
    if sum(runs) != height * width:
        raise InputError(
            f"run-length encoding of {name} covers {count_text(sum(runs))} pixels, its size is {width} x "
            f"{height}: the file is damaged"
        )
    values = np.arange(len(runs), dtype=np.uint8) % 2
    return np.ascontiguousarray(np.repeat(values, runs).reshape(width, height).T)


def _whole_numbers(counts: Sequence[int], name: str) -> list[int]:
    try:
        return [index(count) for count in counts]
    except TypeError:
        raise InputError(
            f"run-length encoding of {name} holds something else than whole numbers: the file is damaged"
        ) from None


def _parse_text(text: str | bytes, name: str) -> list[int]:
    """The runs that compressed text stands for."""
    symbols = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    runs: list[int] = []
    value = shift = 0
    for symbol in symbols:
        bits = symbol - 48
        if not 0 <= bits < 64:
            raise InputError(f"run-length encoding of {name} holds the byte {symbol}: the file is damaged")
        value |= (bits & 0x1F) << shift
        shift += 5
        if shift > _MAX_SHIFT:
            raise InputError(f"run-length encoding of {name} holds a number too large: the file is damaged")
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    if shift:
        raise InputError(f"run-length encoding of {name} ends in the middle of a number: the file is damaged")
    return runs
