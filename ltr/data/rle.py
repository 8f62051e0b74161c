"""COCO's run-length encoding of masks.

A mask is read column by column, top to bottom; the runs alternate between 0 and 1 and start with a run of 0,
which may be empty. The compressed form writes the runs as text: from the fourth run on as the difference to
the run two before, in groups of five bits, lowest first, with the sign in the last group, bit 5 for "more to
come", plus 48.
Source: the COCO data format, https://cocodataset.org/#format-data, and the file format used by its mask API.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ltr.errors import InputError


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
        InputError: a run is negative, the runs do not add up to height * width, or the text is cut short.
    """
    runs = _parse_text(counts, name) if isinstance(counts, str | bytes) else [int(count) for count in counts]
    if any(run < 0 for run in runs):
        raise InputError(
            f"run-length encoding of {name} has a negative run ({min(runs)}): the file is damaged"
        )
    if sum(runs) != height * width:
        raise InputError(
            f"run-length encoding of {name} covers {sum(runs)} pixels, its size is {width} x {height}: "
            "the file is damaged"
        )
    values = np.arange(len(runs), dtype=np.uint8) % 2
    return np.ascontiguousarray(np.repeat(values, runs).reshape(width, height).T)


def _parse_text(text: str | bytes, name: str) -> list[int]:
    """The runs that compressed text stands for."""
    symbols = text.encode("utf-8") if isinstance(text, str) else text
    runs: list[int] = []
    value = shift = 0
    for symbol in symbols:
        bits = symbol - 48
        if not 0 <= bits < 64:
            raise InputError(f"run-length encoding of {name} holds the byte {symbol}: the file is damaged")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    if shift:
        raise InputError(f"run-length encoding of {name} ends in the middle of a number: the file is damaged")
    return runs
