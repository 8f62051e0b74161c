"""Reads files of boxes: the text files of GOT-10k, LaSOT, TrackingNet and OTB, and a CSV for several objects.

Text: one box a line, one line a frame, ``x,y,w,h``, separated by commas, tabs or spaces. One object, id 1.

CSV: a header that names the columns ``frame``, ``x``, ``y``, ``w``, ``h`` and, where there are several
objects, ``object`` (or ``id``, 1..254, 1 where the column is missing), in any order; other columns are
ignored. ``frame`` is the frame's file name, with or without suffix, when that holds for every row of the
file, else its index from 0. A frame without a row for an object has no box of it.

Coordinates are taken as they are, as the official toolkits do: nothing is shifted by one. A box with w <= 0
or h <= 0 means that the target is absent; it is kept as it was written, so that mistakes can be told from the
usual ways to say so.
"""

import re
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ltr.data.boxes import ABSENT, clip_box, is_absent
from ltr.data.image_io import IMAGE_SUFFIXES
from ltr.data.mask_io import MAX_OBJECT_ID
from ltr.errors import InputError

Boxes = npt.NDArray[np.float64]

MAX_FILE_BYTES = 64 * 2**20
MAX_LINE = 200_000  # characters; a longer one is that of a JSON file
MAX_COORDINATE = 1e7

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_COLUMNS = ("frame", "x", "y", "w", "h")
_ABSENT_REMEDY = "use -1,-1,-1,-1 for an absent target"


def read_boxes(path: str | PathLike[str], frame_names: Sequence[str]) -> dict[int, Boxes]:
    """Reads the boxes of a video, from a text file or a CSV (see the module's docstring).

    Args:
        path: the file, UTF-8 or ASCII.
        frame_names: the video's frames in order, file names without suffix.

    Returns:
        object id -> (number of frames, 4) float64 x, y, w, h in pixels, ids rising. Where a target is absent
        w or h is not positive: as the file has it, ``ABSENT`` where it has nothing.

    Raises:
        InputError: the file cannot be read, a line is not a box ("file:line: ..."), or the boxes do not fit
            the frames.
    """
    path = Path(path)
    lines = _read_lines(path)
    header = [name.strip().lower() for name in _fields(lines[0])]
    if "frame" in header:
        return _read_csv(path, lines, header, frame_names)
    return {1: _read_text(path, lines, len(frame_names))}


def parse_box(text: str) -> Boxes:
    """Reads one box as it is typed on a command line: ``x,y,w,h``.

    Returns:
        (4,) float64, w and h > 0.

    Raises:
        InputError: not four numbers, or w or h is not positive.
    """
    box = _parse_box(_fields(text), f"box {_shorten(text)}")
    if is_absent(box):
        raise InputError(f"box {_shorten(text)}: width and height must be > 0")
    return box


def check_boxes(
    boxes_by_object: Mapping[int, Boxes],
    width: int,
    height: int,
    source: str | PathLike[str],
    frame_names: Sequence[str] | None = None,
) -> None:
    """Refuses a box that shows nothing of the frame.

    Args:
        boxes_by_object: what ``read_boxes`` returns.
        width, height: the frames' size, pixels.
        source: where the boxes come from, for the message.
        frame_names: names for the message; frames are called by their index without them.

    Raises:
        InputError: a box lies wholly outside the frame.
    """
    for object_id, boxes in boxes_by_object.items():
        for index, box in enumerate(boxes):
            if is_absent(box) or not is_absent(clip_box(box, width, height)):
                continue
            frame = index if frame_names is None else frame_names[index]
            shown = ", ".join(f"{value:g}" for value in box)
            raise InputError(
                f"{source}: box ({shown}) of object {object_id} in frame {frame} lies outside the frame, "
                f"which is {width} x {height} ({_ABSENT_REMEDY})"
            )


def _read_lines(path: Path) -> list[str]:
    """The lines of a text file without those that are blank at its end; at least one."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)  # a device gives as much as one asks for
        if len(data) > MAX_FILE_BYTES:
            raise InputError(f"{path}: too large for a file of boxes: at most {MAX_FILE_BYTES >> 20} MiB")
        text = data.decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such box file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file in UTF-8: a box file holds lines x,y,w,h") from None
    if "\0" in text:
        raise InputError(f"{path}: not a text file: a box file holds lines x,y,w,h")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip().split("\n")
    if lines == [""]:
        raise InputError(f"{path}: empty: a box file holds one line x,y,w,h for each frame")
    if (longest := max(map(len, lines))) > MAX_LINE:
        raise InputError(f"{path}: a line of {longest:,} characters: a box file holds lines x,y,w,h")
    return lines


def _read_text(path: Path, lines: list[str], num_frames: int) -> Boxes:
    """One box a line, one line a frame."""
    needed = enumerate(lines[:num_frames], start=1)  # what is too much need not be read through
    boxes = np.array([_parse_box(_fields(line), f"{path}:{n}") for n, line in needed])
    if len(lines) == num_frames:
        return boxes
    remedy = f"one line for each frame, {_ABSENT_REMEDY}"
    if len(lines) == 1:
        remedy += (
            "; a file with the first frame's box alone can start a tracker, not place masks in every frame"
        )
    raise InputError(
        f"{path}: number of boxes is {len(lines)}, number of frames is {num_frames}: give {remedy}"
    )


def _read_csv(
    path: Path, lines: list[str], header: list[str], frame_names: Sequence[str]
) -> dict[int, Boxes]:
    """Rows in any order; what no row names is absent."""
    column = _csv_columns(header, f"{path}:1")
    rows: list[tuple[int, list[str]]] = []
    for n, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        fields = _fields(line)
        if len(fields) != len(header):
            raise InputError(f"{path}:{n}: number of values is {len(fields)}, the header names {len(header)}")
        rows.append((n, fields))
    if not rows:
        raise InputError(f"{path}: holds a header and no box")

    frames = _frame_indices([(n, fields[column["frame"]]) for n, fields in rows], frame_names, path)
    boxes_by_object: dict[int, Boxes] = {}
    seen: dict[tuple[int, int], int] = {}
    for (n, fields), frame in zip(rows, frames, strict=True):
        object_id = _object_id(fields[column["object"]], f"{path}:{n}") if "object" in column else 1
        if (earlier := seen.setdefault((frame, object_id), n)) != n:
            raise InputError(
                f"{path}:{n}: frame {fields[column['frame']]}, object {object_id} already has a box in line "
                f"{earlier}: remove one (several objects need a column object)"
            )
        box = _parse_box([fields[column[name]] for name in "xywh"], f"{path}:{n}")
        boxes = boxes_by_object.setdefault(object_id, np.tile(np.array(ABSENT), (len(frame_names), 1)))
        boxes[frame] = box
    return dict(sorted(boxes_by_object.items()))


def _csv_columns(header: list[str], place: str) -> dict[str, int]:
    """Column name -> position; ``id`` counts as ``object``."""
    names = ["object" if name == "id" else name for name in header]
    wanted = (*_COLUMNS, "object")
    missing = [name for name in _COLUMNS if name not in names]
    repeated = [name for name in wanted if names.count(name) > 1]
    if missing or repeated:
        wrong = f"lacks {', '.join(missing)}" if missing else f"names {', '.join(repeated)} twice"
        raise InputError(
            f"{place}: header {','.join(header)} {wrong}: must name frame,x,y,w,h, optionally object"
        )
    return {name: names.index(name) for name in wanted if name in names}


def _frame_indices(keys: list[tuple[int, str]], frame_names: Sequence[str], path: Path) -> list[int]:
    """(line, frame column) -> index of the frame: all rows give file names, or all give indices."""
    by_name = {name: index for index, name in enumerate(frame_names)}
    named = [by_name.get(key, by_name.get(_without_suffix(key))) for _, key in keys]
    if (found := [index for index in named if index is not None]) and len(found) == len(keys):
        return found
    indices: list[int] = []
    for n, key in keys:
        index = int(key) if re.fullmatch(r"[0-9]{1,9}", key) else -1
        if not 0 <= index < len(frame_names):
            raise InputError(
                f"{path}:{n}: frame {_shorten(key)} is neither a frame's name (like {frame_names[0]}) "
                f"nor an index from 0 to {len(frame_names) - 1}"
            )
        # 00000001 is the first frame's name in many sets: as an index it would be the second frame.
        if key.startswith("0") and by_name.get(key, index) != index:
            raise InputError(
                f"{path}:{n}: frame {key} is a frame's name, other rows give indices: give one or the other"
            )
        indices.append(index)
    return indices


def _without_suffix(file_name: str) -> str:
    stem, dot, suffix = file_name.rpartition(".")
    return stem if f"{dot}{suffix}".lower() in IMAGE_SUFFIXES else file_name


def _object_id(text: str, place: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= MAX_OBJECT_ID:
        raise InputError(
            f"{place}: object id {_shorten(text)} must be a whole number from 1 to {MAX_OBJECT_ID}"
        )
    return int(text)


def _fields(line: str) -> list[str]:
    """The values of a line, stripped: separated by commas where it has any, else by tabs or spaces."""
    if "," not in line:
        return line.split()
    return [field.strip().strip('"') for field in line.split(",")]


def _parse_box(fields: list[str], place: str) -> Boxes:
    """(4,) float64, as written."""
    if len(fields) != 4:
        hint = " (eight are a polygon: give the box around it)" if len(fields) == 8 else ""
        shown = _shorten(" ".join(fields)) if fields else "an empty line"
        raise InputError(f"{place}: {shown} is not a box: must be four numbers x,y,w,h{hint}")
    return np.array([_coordinate(field, place) for field in fields])


def _coordinate(text: str, place: str) -> float:
    if _NOT_FINITE.fullmatch(text):
        raise InputError(f"{place}: {text} is not a coordinate ({_ABSENT_REMEDY})")
    if not _NUMBER.fullmatch(text):
        raise InputError(f"{place}: {_shorten(text)} is not a number: a box is x,y,w,h")
    value = float(text)
    if abs(value) > MAX_COORDINATE:
        raise InputError(f"{place}: {_shorten(text)} is beyond +-{MAX_COORDINATE:g} pixels")
    return value


def _shorten(text: str) -> str:
    """The text in quotes, at most 60 characters of it, control characters escaped."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
