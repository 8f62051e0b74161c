"""MOT challenge: ``gt/gt.txt`` and results, lines ``frame,id,x,y,w,h,conf,class,visibility``.

Source: Milan et al., "MOT16: A Benchmark for Multi-Object Tracking" (2016), section 3. Frames count from 1.
Coordinates do too in these files; as everywhere they are taken as they are. A row whose conf is 0 is one that
the benchmark leaves out, and is left out here. What follows after ``h`` may be missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ltr.errors import InputError
from pytracking.analysis.number_files import Numbers, parse_rows, read_text
from pytracking.evaluation.box_formats.tracks import BoxTracks, TrackBuilder, checked_box

COLUMNS = "frame,id,x,y,w,h,conf,class,visibility"
MIN_COLUMNS, MAX_COLUMNS = 6, 10
"""MOT15 and results have ten: x, y, z of a place in the world stand where class and visibility were later."""

_CONF = 6  # its column
_MAX_NUMBER = 10**9


def read(path: Path, frame_names: Sequence[str], video: str) -> BoxTracks:
    """Read the tracks of a video.

    Args:
        path: the file.
        frame_names: the video's frames in order.
        video: not asked for: the file is of one video.

    Raises:
        InputError: the file cannot be read, a row is malformed ("file:line: ..."), names a frame that there
            is not, has no identity (-1, as detections have) or comes twice, or there is none that counts.
    """
    rows = _rows(path)
    builder = TrackBuilder(path, len(frame_names))
    for n, row in enumerate(rows, start=1):
        if len(row) > _CONF and row[_CONF] == 0:
            continue
        place = f"{path}:{n}"
        frame, track = _whole(row[0], "frame", place), _whole(row[1], "id", place)
        if not 1 <= frame <= len(frame_names):
            raise InputError(
                f"{place}: frame {frame}: must be from 1 to {len(frame_names)}, the number of frames"
            )
        if track < 0:
            raise InputError(f"{place}: id {track}: detections without identity; masks need tracks")
        if track not in builder:
            builder.open(track, None, place)
        builder.add(track, frame - 1, checked_box(row[2:6].tolist(), place), place)
    return builder.tracks()


def _rows(path: Path) -> Numbers:
    """(number of lines, columns)."""
    text = read_text(path)
    first = text.lstrip().partition("\n")[0]
    columns = len(first.replace(",", " ").split())
    if first and not MIN_COLUMNS <= columns <= MAX_COLUMNS:
        raise InputError(f"{path}:1: {first.strip()[:60]!r} is no row of MOT challenge: must be {COLUMNS}")
    return parse_rows(text, columns or MIN_COLUMNS, str(path))


def _whole(value: float, what: str, place: str) -> int:
    if not value.is_integer() or abs(value) > _MAX_NUMBER:
        raise InputError(f"{place}: {what} {value:g} must be a whole number of at most {_MAX_NUMBER}")
    return int(value)
