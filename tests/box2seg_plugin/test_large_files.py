"""Files that are larger than the memory may be: JSON and text are read in pieces, and written so."""

from __future__ import annotations

import json
import tempfile
import tracemalloc
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from box2seg_plugin.formats import json_reader, text_lines
from box2seg_plugin.formats.catalog import FORMATS
from box2seg_plugin.formats.json_reader import read_again, read_elements
from box2seg_plugin.formats.losses import Losses
from box2seg_plugin.formats.mask_video import MaskVideo, Reading
from box2seg_plugin.formats.text_lines import TextLines
from ltr.errors import InputError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["a", "b", "ü"]) | st.text(), st.lists(JSON, max_size=4), max_size=4),
    JSON,
    st.booleans(),
    st.sampled_from([None, 0, 3]),
    st.integers(1, 40),
    st.sampled_from([b"", b"\xef\xbb\xbf", b" \n\t"]),
)
def test_elements_are_those_that_pythons_reader_finds(
    content: dict[str, list], other: Any, ascii_only: bool, indent: int | None, chunk: int, start: bytes
) -> None:
    """With pieces so small that every element lies on a boundary."""
    content = {**content, "other": other}
    text = start + json.dumps(content, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "replace")
    wanted = set(content) & {"a", "ü"}
    expected = json.loads(text.decode("utf-8-sig"))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_reader, "_CHUNK", chunk)
        path = Path(folder) / "x.json"
        path.write_bytes(text)
        found = list(read_elements(path, wanted))
        assert {key: [e.value for e in found if e.array == key] for key in wanted} == {
            key: expected[key] for key in wanted
        }
        for element in found:
            assert json.loads(text[element.start : element.start + element.length]) == element.value
        objects = [e for e in found if isinstance(e.value, dict)]
        assert read_again(path, [(e.start, e.length) for e in objects]) == [e.value for e in objects]


def test_an_element_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_reader, "MAX_ELEMENT_BYTES", 1000)
    monkeypatch.setattr(json_reader, "_CHUNK", 100)
    path = tmp_path / "x.json"
    path.write_text('{"a": ["' + "x" * 10_000 + '"]}')
    with pytest.raises(InputError, match="a part of more than"):
        list(read_elements(path, {"a"}))


def test_a_file_that_changed_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"a": [{"b": 1}]}')
    (element,) = read_elements(path, {"a"})
    path.write_text('{"a": [7, 8, 9, 10]}')
    with pytest.raises(InputError, match="has changed"):
        read_again(path, [(element.start, element.length)])


FRAMES, SIDE = 3, 64


def noise(video: int, frame: int) -> np.ndarray:
    """A label map that compresses badly: 4 kB of text."""
    return np.random.default_rng([video, frame]).integers(0, 3, (SIDE, SIDE), np.uint8)


def noisy_videos(count: int) -> Iterator[MaskVideo]:
    images = tuple(f"{frame:05d}.jpg" for frame in range(FRAMES))
    for video in range(count):
        yield MaskVideo(f"video{video:02d}", (SIDE, SIDE), images, partial(noise, video), "a test")


def peak_memory(form: str, path: Path, videos: int) -> int:
    """Of writing a file of so many videos and of reading a frame of each, bytes."""
    tracemalloc.start()
    try:
        with FORMATS[form].write(path, Losses()) as write:
            for video in noisy_videos(videos):
                write(video)
        for number, load in enumerate(FORMATS[form].find(path, Reading()).values()):
            np.testing.assert_array_equal(load().read(1), noise(number, 1))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("form", ["coco", "youtube_vis"])
def test_memory_does_not_grow_with_the_file(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_reader, "_CHUNK", 1 << 12)
    peak_memory(form, tmp_path / "first.json", 1)  # what is imported and set up once
    few = peak_memory(form, tmp_path / "few.json", 4)
    many = peak_memory(form, tmp_path / "many.json", 24)
    grown = (tmp_path / "many.json").stat().st_size - (tmp_path / "few.json").stat().st_size
    assert grown > 200_000
    assert many - few < grown / 8


def test_lines_are_read_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"\xef\xbb\xbfa\r\n\n b,c \nlast\xff\n\n \n")
    lines = TextLines(path)
    assert [len(lines), lines[0], lines[1], lines[2]] == [4, "a", "", "b,c"]
    with pytest.raises(InputError, match=r"x\.txt:4: not text"):
        lines[3]
    monkeypatch.setattr(text_lines, "MAX_LINE_BYTES", 3)
    with pytest.raises(InputError, match=r"x\.txt:1: too long"):
        TextLines(path)
