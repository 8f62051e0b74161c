"""Files of quality records: round trips, bytes, and what is said of rows that are no records."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from ltr.dataset.mask_quality import (
    COLUMNS,
    MaskQuality,
    join_quality,
    read_quality,
    rounded,
    write_quality,
)
from ltr.errors import InputError

RECORD = MaskQuality(
    video="dog",
    frame="00000001",
    object=2,
    index=7,
    **{field.name: 0.5 for field in fields(MaskQuality) if field.type == "float"},
    fallback=False,
    kept=True,
)


def random_records(count: int, seed: int = 0) -> list[MaskQuality]:
    """Records with numbers as :func:`rounded` leaves them."""
    rng = np.random.default_rng(seed)
    floats = [field.name for field in fields(MaskQuality) if field.type == "float"]
    return [
        MaskQuality(
            video=f"video {index // 10}",
            frame=f"{index:08d}",
            object=int(rng.integers(1, 255)),
            index=index,
            **{name: rounded(rng.random()) for name in floats},
            fallback=bool(rng.random() < 0.2),
            kept=bool(rng.random() < 0.8),
        )
        for index in range(count)
    ]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    records = random_records(200)
    write_quality(tmp_path / "quality.csv", records)
    assert list(read_quality(tmp_path / "quality.csv")) == records


def test_the_file_is_plain_csv_with_four_decimals(tmp_path: Path) -> None:
    write_quality(tmp_path / "quality.csv", [replace(RECORD, box_iou=1, area_jump=1.23456, score=2 / 3)])
    (row,) = csv.DictReader((tmp_path / "quality.csv").read_text().splitlines())
    assert list(row) == list(COLUMNS)
    assert (row["video"], row["frame"], row["object"], row["index"]) == ("dog", "00000001", "2", "7")
    assert (row["box_iou"], row["area_jump"], row["score"]) == ("1.0000", "1.2346", "0.6667")
    assert (row["fallback"], row["kept"]) == ("0", "1")


def test_numpy_numbers_make_the_same_bytes(tmp_path: Path) -> None:
    write_quality(tmp_path / "a.csv", [replace(RECORD, fill=0.75, fallback=True)])
    write_quality(
        tmp_path / "b.csv", [replace(RECORD, fill=np.float32(0.75), fallback=np.True_, index=np.int64(7))]
    )
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_reading_and_writing_again_changes_no_byte(tmp_path: Path) -> None:
    write_quality(tmp_path / "a.csv", (replace(r, score=r.score / 3) for r in random_records(50)))
    write_quality(tmp_path / "b.csv", read_quality(tmp_path / "a.csv"))
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@pytest.mark.parametrize(
    "name", ["a,b", 'say "hi"', "two\nlines", "naïve ☃", " spaces ", os.fsdecode(b"\xff")]
)
def test_any_name_of_a_file_survives(tmp_path: Path, name: str) -> None:
    records = [replace(RECORD, video=name), replace(RECORD, frame=name)]
    write_quality(tmp_path / "quality.csv", records)
    assert list(read_quality(tmp_path / "quality.csv")) == records


def test_rounding_leaves_no_negative_zero() -> None:
    assert str(rounded(-1e-9)) == "0.0" and rounded(0.12345678) == 0.1235


def test_no_records_make_a_file_that_has_none(tmp_path: Path) -> None:
    write_quality(tmp_path / "quality.csv", [])
    assert (tmp_path / "quality.csv").read_text() == ",".join(COLUMNS) + "\n"
    assert list(read_quality(tmp_path / "quality.csv")) == []


def test_joined_files_hold_the_records_of_all_in_order(tmp_path: Path) -> None:
    parts = [random_records(count, seed=count) for count in (3, 0, 5)]
    files = [tmp_path / f"{number}.csv" for number in range(len(parts))]
    for file, records in zip(files, parts, strict=True):
        write_quality(file, records)
    join_quality(tmp_path / "all.csv", files)
    assert list(read_quality(tmp_path / "all.csv")) == [record for part in parts for record in part]


def test_a_part_with_other_columns_is_not_joined(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("video,frame\n")
    with pytest.raises(InputError, match=r"old\.csv:1: must be video,frame,object"):
        join_quality(tmp_path / "all.csv", [tmp_path / "old.csv"])
    assert not (tmp_path / "all.csv").exists()


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    def failing() -> Iterator[MaskQuality]:
        yield RECORD
        raise KeyError("stop")

    path = tmp_path / "quality.csv"
    write_quality(path, [RECORD])
    before = path.read_bytes()
    with pytest.raises(KeyError):
        write_quality(path, failing())
    with pytest.raises(ValueError, match="score is nan"):
        write_quality(path, [replace(RECORD, score=float("nan"))])
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_records_are_read_one_by_one(tmp_path: Path) -> None:
    """A row that is broken later on does not matter until it is met."""
    path = tmp_path / "quality.csv"
    write_quality(path, [RECORD] * 3)
    path.write_text(path.read_text() + "broken\n")
    rows = read_quality(path)
    assert [next(rows) for _ in range(3)] == [RECORD] * 3
    with pytest.raises(InputError, match=r"quality\.csv:5: has 1 values"):
        next(rows)


def test_columns_may_come_in_any_order_and_others_are_left_out(tmp_path: Path) -> None:
    write_quality(tmp_path / "a.csv", [RECORD])
    header, row = list(csv.reader((tmp_path / "a.csv").read_text().splitlines()))
    lines = [",".join(["note", *header[::-1]]), ",".join(["x", *row[::-1]])]
    (tmp_path / "b.csv").write_text("\n".join(lines))
    assert list(read_quality(tmp_path / "b.csv")) == [RECORD]


def set_cell(column: str, value: str) -> Callable[[list[str], list[str]], None]:
    """Changes a value of the second record."""

    def change(header: list[str], row: list[str]) -> None:
        row[header.index(column)] = value

    return change


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("score", "1.5", "score is 1.5: must be at least 0 and at most 1"),
        ("score", "-0.1", "score is -0.1"),
        ("score", "nan", "score is nan"),
        ("confidence", "much", 'confidence is "much": must be a number'),
        ("confidence", "", 'confidence is "": must be a number'),
        ("area_jump", "inf", "area_jump is inf: must be at least 0 and finite"),
        ("object", "0", "object is 0: must be from 1 to 254"),
        ("object", "255", "object is 255: must be from 1 to 254"),
        ("index", "-1", 'index is "-1": must be a whole number from 0'),
        ("index", "1.0", 'index is "1.0"'),
        ("index", "9" * 5000, 'index is "999999999999999...": must be a whole number'),
        ("index", "٣", "must be a whole number"),
        ("kept", "True", 'kept is "True": must be 0 or 1'),
        ("video", "", "video is empty"),
    ],
)
def test_a_value_that_is_none_is_named_with_its_line(
    tmp_path: Path, column: str, value: str, message: str
) -> None:
    path = tmp_path / "quality.csv"
    write_quality(path, [RECORD, RECORD])
    rows = list(csv.reader(path.read_text().splitlines()))
    set_cell(column, value)(rows[0], rows[2])
    path.write_text("\n".join(",".join(row) for row in rows) + "\n")
    with pytest.raises(InputError) as caught:
        list(read_quality(path))
    assert str(caught.value).startswith(f"{path}:3: ") and message in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r'quality\.csv:1: must name the columns, each once; "video" is not'),
        (b"video,frame\n", r'quality\.csv:1: .*"object" is not'),
        (b"\x00\x01\x02\xff", r"quality\.csv:1: "),
        (b'video,"frame', r"quality\.csv:1: "),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "quality.csv").write_bytes(content)
    with pytest.raises(InputError, match=message):
        list(read_quality(tmp_path / "quality.csv"))


def test_a_column_named_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "quality.csv").write_text(",".join((*COLUMNS, "score")) + "\n")
    with pytest.raises(InputError, match='"score" is not'):
        list(read_quality(tmp_path / "quality.csv"))


def test_a_missing_file_and_a_missing_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        next(read_quality(tmp_path / "none.csv"))
    with pytest.raises(InputError, match="cannot be written"):
        write_quality(tmp_path / "none" / "quality.csv", [RECORD])
