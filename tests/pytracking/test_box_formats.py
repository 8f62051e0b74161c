"""Boxes in the formats of data sets and tools: the same boxes from each, one clear line for what is wrong."""

import json
import logging
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ltr.data.boxes import ABSENT
from ltr.errors import InputError
from pytracking.evaluation.box_formats import limited_file, youtube_vis
from pytracking.evaluation.box_formats.catalog import (
    FORMATS,
    detect_format,
    format_names,
    read_boxes_as,
    read_tracks,
)

NAMES = ["00000001", "00000002", "00000003"]
GONE = list(ABSENT)
ONE = {1: [[1, 2, 3, 4], [5.5, 6, 7, 8], GONE]}
TWO = {1: [[1, 2, 3, 4], [5.5, 6, 7, 8], GONE], 2: [GONE, [0, 0, 9, 9], [1, 1, 1, 1]]}

LINES = "1,2,3,4\n5.5,6,7,8\n-1,-1,-1,-1\n"
CSV = (
    "frame,object,x,y,w,h\n00000001,1,1,2,3,4\n00000002,1,5.5,6,7,8\n00000002,2,0,0,9,9\n00000003,2,1,1,1,1\n"
)
MOT = "1,1,1,2,3,4,1,1,1\n2,1,5.5,6,7,8,1,1,0.3\n3,1,7,7,7,7,0,1,0\n2,2,0,0,9,9,1,1,1\n3,2,1,1,1,1,1,1,1\n"
CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><labels><label><name>dog</name></label></labels></task></meta>
  <track id="0" label="dog" source="manual">
    <box frame="0" outside="0" occluded="0" keyframe="1" xtl="1.0" ytl="2.0" xbr="4.0" ybr="6.0" z_order="0">
      <attribute name="age">3</attribute>
    </box>
    <box frame="1" outside="0" occluded="1" keyframe="0" xtl="5.5" ytl="6" xbr="12.5" ybr="14"/>
    <box frame="2" outside="1" occluded="0" keyframe="1" xtl="5.5" ytl="6" xbr="12.5" ybr="14"/>
  </track>
  <track id="1" label="cat">
    <box frame="1" outside="0" xtl="0" ytl="0" xbr="9" ybr="9"/>
    <box frame="2" xtl="1" ytl="1" xbr="2" ybr="2"/>
  </track>
</annotations>
"""


def vis(
    boxes: dict[int, Any], names: list[str] = NAMES, categories: dict[int, str] | None = None
) -> dict[str, Any]:
    """A file of one video; annotation id -> bboxes."""
    return {
        "videos": [{"id": 1, "file_names": [f"dog/{name}.jpg" for name in names], "length": len(names)}],
        "annotations": [
            {"id": i, "video_id": 1, "category_id": 5, "bboxes": value} for i, value in boxes.items()
        ],
        "categories": [{"id": 5, "name": "dog"}],
    }


VIS = json.dumps(vis({31: [[1, 2, 3, 4], [5.5, 6, 7, 8], None], 40: [None, [0, 0, 9, 9], [1, 1, 1, 1]]}))


def write(folder: Path, content: str | bytes, name: str = "boxes.dat") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(
    path: Path, format_name: str = "auto", names: list[str] = NAMES, video: str = "dog"
) -> dict[int, Any]:
    boxes = read_boxes_as(format_name, path, names, video)
    assert all(array.shape == (len(names), 4) and array.dtype == np.float64 for array in boxes.values())
    return {object_id: array.tolist() for object_id, array in boxes.items()}


@pytest.mark.parametrize(
    ("format_name", "content", "expected"),
    [
        ("lines", LINES, ONE),
        ("lines", LINES.replace(",", "\t"), ONE),
        ("lines", LINES.replace(",", "  "), ONE),
        ("csv", CSV, TWO),
        ("csv", CSV.replace("frame,object", '"frame","object"'), TWO),
        ("csv", CSV.replace(",", "\t"), TWO),
        ("mot", MOT, TWO),
        ("mot", MOT.replace(",", ", ").replace("\n", "\r\n"), TWO),
        ("mot", "1,1,1,2,3,4\n2,1,5.5,6,7,8\n", ONE),
        ("mot", "2,7,5.5,6,7,8,-1,-1,-1,-1\n1,7,1,2,3,4,-1,-1,-1,-1\n", ONE),
        ("cvat", CVAT, TWO),
        ("cvat", "\n" + CVAT.partition("\n")[2], TWO),
        ("cvat", b"\xef\xbb\xbf" + CVAT.encode(), TWO),
        ("youtube_vis", VIS, TWO),
        ("youtube_vis", "\n  " + VIS, TWO),
    ],
)
def test_every_format_by_its_name_and_by_its_looks(
    format_name: str, content: str | bytes, expected: dict[int, Any], tmp_path: Path
) -> None:
    path = write(tmp_path, content)
    assert read(path, format_name) == expected
    assert detect_format(path) == format_name and read(path) == expected


@pytest.mark.parametrize(
    ("content", "format_name"),
    [
        ("1,2,3,4\n", "lines"),
        ("1,2,3,4,5,6,7,8\n", "lines"),  # a polygon, whose reader says so
        ("1,2,3,4,5,6,7\n", "mot"),
        ("a b c d e f\n", "lines"),
        ("", "lines"),
        ("\n", "lines"),
        (b"\xff\xfe\x00", "lines"),
        ("[1]", "youtube_vis"),
        ("<x/>", "cvat"),
        ("x,y,w,h,Frame\n", "csv"),
    ],
)
def test_looks(content: str | bytes, format_name: str, tmp_path: Path) -> None:
    assert detect_format(write(tmp_path, content)) == format_name


def test_unknown_format_and_missing_file(tmp_path: Path) -> None:
    assert format_names() == ["auto", "lines", "csv", "mot", "cvat", "youtube_vis"]
    with pytest.raises(InputError, match=r'unknown format of boxes "voc"; known: auto, lines, csv, mot'):
        read_boxes_as("voc", write(tmp_path, LINES), NAMES)
    for name in format_names():
        with pytest.raises(InputError, match="nowhere"):
            read_boxes_as(name, tmp_path / "nowhere", NAMES)
        with pytest.raises(InputError, match=str(tmp_path)):
            read_boxes_as(name, tmp_path, NAMES)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01\x02", b"\x89PNG\r\n\x1a\n\xff", b"-", b"{", b"<a>", b"[[["]
)
def test_what_is_no_file_of_boxes(name: str, content: bytes, tmp_path: Path) -> None:
    path = write(tmp_path, content)
    with pytest.raises(InputError, match=r"boxes\.dat") as caught:
        read_boxes_as(name, path, NAMES)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "content",
    [
        "5,6,-2,4\n-1,-1,-1,-1\n-1,-1,-1,-1\n",
        "frame,x,y,w,h\n0,5,6,-2,4\n",
        "1,7,5,6,-2,4\n",
        '<annotations><track id="1"><box frame="0" xtl="5" ytl="6" xbr="3" ybr="10"/></track></annotations>',
        json.dumps(vis({1: [[5, 6, -2, 4], None, None]})),
    ],
    ids=[*FORMATS],
)
def test_a_box_without_area_stays_as_it_is(content: str, tmp_path: Path) -> None:
    """So that a mistake can be told from what says that the target is absent."""
    assert read(write(tmp_path, content)) == {1: [[5, 6, -2, 4], GONE, GONE]}


@pytest.mark.parametrize("name", ["auto", "cvat", "youtube_vis"])
def test_a_pipe_is_not_waited_for(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe: a pipe, and boxes are read more than once"):
        read_boxes_as(name, tmp_path / "pipe", NAMES)


@pytest.mark.parametrize(("name", "content"), [("cvat", CVAT), ("youtube_vis", VIS)])
def test_files_without_end(name: str, content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, content)
    monkeypatch.setattr(limited_file, "MAX_FILE_BYTES", len(content) - 1)
    with pytest.raises(InputError, match="too large"):
        read_boxes_as(name, path, NAMES)


# MOT


def test_mot_ids_are_numbered_anew_and_the_old_ones_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path, "1,900,1,1,1,1\n1,0,2,2,2,2\n3,17,3,3,3,3\n")
    with caplog.at_level(logging.INFO):
        tracks = read_tracks("mot", path, NAMES)
    assert tracks.ids == {1: 0, 2: 17, 3: 900} and tracks.labels == {}
    assert [float(boxes.max()) for boxes in tracks.boxes.values()] == [2, 3, 1]
    assert "0 is 1, 17 is 2, 900 is 3" in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1,1,1,2,3\n", r":1: '1,1,1,2,3' is no row of MOT challenge: must be frame,id,x,y,w,h,conf"),
        ("1,1,1,2,3,4,1,1,1,1,1\n", r":1: .* is no row of MOT challenge"),
        ("1,1,1,2,3,4,1\n2,1,1,2,3,4\n", r":2: '2,1,1,2,3,4' holds 6 numbers: must be 7"),
        ("1,1,1,2,3,4\n\n2,1,1,2,3,4\n", r":2: an empty line"),
        ("1,1,1,2,x,4\n", r":1: 'x' is not a number"),
        ("1,1,1,2,inf,4\n", r":1: 'inf' is not a number"),
        ("1,1,1,2,nan,4\n", r":1: box .* must be finite"),
        ("1,1,1,2,1e9,4\n", r":1: box .* must be finite and within \+-1e\+07"),
        ("0,1,1,2,3,4\n", r":1: frame 0: must be from 1 to 3, the number of frames"),
        ("1,1,1,2,3,4\n4,1,1,2,3,4\n", r":2: frame 4: must be from 1 to 3"),
        ("1.5,1,1,2,3,4\n", r":1: frame 1\.5 must be a whole number"),
        ("nan,1,1,2,3,4\n", r":1: frame nan must be a whole number"),
        ("1,1e300,1,2,3,4\n", r":1: id 1e\+300 must be a whole number of at most"),
        ("1,-1,1,2,3,4\n", r":1: id -1: detections without identity"),
        ("1,1,1,2,3,4\n1,1,1,2,3,4\n", r":2: track 1 already has a box in this frame"),
        ("1,1,1,2,3,4,0\n2,1,1,2,3,4,0\n", r"boxes\.dat: holds no track of boxes"),
        ("".join(f"1,{i},1,2,3,4\n" for i in range(1, 256)), r":255: more than 254 objects"),
        ("1,1,1,2,3,4,1,Pedestrian,1\n", r":1: 'Pedestrian' is not a number"),
    ],
)
def test_bad_mot(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(write(tmp_path, content), "mot")
    assert str(caught.value).startswith(str(tmp_path)) and len(str(caught.value)) < 400


def test_mot_of_254_objects(tmp_path: Path) -> None:
    path = write(tmp_path, "".join(f"1,{i},1,2,3,4\n" for i in range(1, 255)))
    assert list(read(path, "mot")) == list(range(1, 255))


# CVAT


def cvat(*elements: str, root: str = "annotations") -> str:
    """One element a line, from the second line on."""
    return "\n".join([f"<{root}>", *elements, f"</{root}>"])


def box(frame: str = "0", corners: str = "1 2 4 6", more: str = "") -> str:
    xtl, ytl, xbr, ybr = corners.split()
    return f'<box frame="{frame}" xtl="{xtl}" ytl="{ytl}" xbr="{xbr}" ybr="{ybr}" {more}/>'


def test_cvat_labels_and_ids(tmp_path: Path) -> None:
    tracks = read_tracks("cvat", write(tmp_path, CVAT), NAMES)
    assert tracks.ids == {1: 0, 2: 1} and tracks.labels == {1: "dog", 2: "cat"}
    assert tracks.called() == [(1, 0, "dog"), (2, 1, "cat")]
    path = write(
        tmp_path, cvat('<track id="7">', box(), "</track>", '<track id="3" label="a">', box(), "</track>")
    )
    tracks = read_tracks("cvat", path, NAMES)
    assert tracks.called() == [(1, 3, "a"), (2, 7, "")]
    assert not read_tracks("csv", write(tmp_path, CSV), NAMES).called()


def test_cvat_frames_as_it_exports_them(tmp_path: Path) -> None:
    """A task with a step of 5 frames: the numbers are those of the source video."""
    path = write(tmp_path, cvat('<track id="1">', box("5"), box("10"), "</track>"))
    names = ["frame_000000", "frame_000005", "frame_000010"]
    assert read(path, names=names) == {1: [GONE, [1, 2, 3, 4], [1, 2, 3, 4]]}
    with pytest.raises(InputError, match=r":3: there is no frame 5: the 3 frames are 0 to 2"):
        read(path, names=NAMES)


def task(size: str, start: str = "0", step: str = "") -> str:
    """What the export says of its task, on one line."""
    numbers = {"size": size, "start_frame": start, "frame_filter": step}
    return f"<meta><task>{''.join(f'<{key}>{text}</{key}>' for key, text in numbers.items())}</task></meta>"


def test_cvat_numbers_are_those_of_the_source_of_the_task(tmp_path: Path) -> None:
    names = ["a", "b", "c"]

    def read_task(meta: str, frame: str, names: list[str] = names) -> list[int]:
        boxes = read(write(tmp_path, cvat(meta, '<track id="1">', box(frame), "</track>")), names=names)[1]
        return [index for index, values in enumerate(boxes) if values != GONE]

    assert read_task(task("3", "5", "step=10"), "25") == [2]
    assert read_task(task("3", "1"), "1") == [0]
    with pytest.raises(InputError, match=r":4: there is no frame 10: the 3 frames are 5 to 25"):
        read_task(task("3", "5", "step=10"), "10")
    ffmpeg = ["frame_000001", "frame_000002", "frame_000003"]
    assert read_task(task("3"), "1", ffmpeg) == [1]  # of a task made of these images
    assert read_task("<meta/>", "1", ffmpeg) == [0]
    assert read_task(task("2", "1"), "1") == [1]  # of the video, not of the task


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        (task("x"), "size is 'x': must be a whole number"),
        (task("3", "-1"), "start_frame is '-1': must be a whole number"),
        (task("3", "0", "step=0"), "frame_filter is 'step=0': must be step=N"),
        (task("3", "0", "every 5th"), "frame_filter is 'every 5th'"),
        (task("9" * 5000), "size is '9999.*: must be a whole number"),
    ],
)
def test_cvat_tasks_that_cannot_be(meta: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(write(tmp_path, cvat(meta, '<track id="1">', box(), "</track>")))
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("corners", "rotation", "expected"),
    [
        ("1 2 4 6", "0.0", [1, 2, 3, 4]),
        ("10 20 30 26", "180", [10, 20, 20, 6]),
        ("10 20 30 26", "90", [17, 13, 6, 20]),
        ("10 20 30 26", "270", [17, 13, 6, 20]),
        ("0 0 10 10", "45", [5 - 50**0.5, 5 - 50**0.5, 200**0.5, 200**0.5]),
    ],
)
def test_cvat_box_around_a_turned_one(
    corners: str, rotation: str, expected: list[float], tmp_path: Path
) -> None:
    content = cvat('<track id="1">', box("0", corners, f'rotation="{rotation}"'), "</track>")
    np.testing.assert_allclose(read(write(tmp_path, content))[1][0], expected, atol=1e-12)


def test_cvat_says_what_it_leaves_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def logged(*elements: str) -> str:
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            read(write(tmp_path, cvat(*elements)))
        return caplog.text

    polygon = '<polygon frame="0" outside="0" points="1,1;2,2;3,1"/>'
    seen = ('<track id="1">', box(), "</track>")
    assert not logged(*seen)
    assert "shapes that are no boxes: track 9" in logged(*seen, '<track id="9">', polygon, "</track>")
    key_frames_alone = ('<track id="4">', box("0"), box("2"), "</track>")
    assert "frames between boxes are not listed" in logged(*key_frames_alone)
    was_outside = ('<track id="4">', box("0", more='outside="1"'), box("2"), "</track>")
    assert not logged(*was_outside)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (cvat('<track id="1">', box(corners="1 2 x 6"), "</track>"), r":3: xbr='x' must be a number"),
        (cvat('<track id="1">', box(corners="1 2 nan 6"), "</track>"), r":3: xbr='nan' must be a number"),
        (
            cvat('<track id="1">', box(corners="1 2 1e9 6"), "</track>"),
            r":3: box .* must be finite and within",
        ),
        (cvat('<track id="1">', box(more='rotation="x"'), "</track>"), r":3: rotation='x' must be a number"),
        (cvat('<track id="1">', box("-1"), "</track>"), r":3: frame='-1' must be a whole number"),
        (cvat('<track id="1">', box("1.0"), "</track>"), r":3: frame='1\.0' must be a whole number"),
        (cvat('<track id="1">', box("3"), "</track>"), r":3: there is no frame 3: the 3 frames are 0 to 2"),
        (cvat('<track id="1">', '<box frame="0"/>', "</track>"), r":3: lacks xtl="),
        (cvat('<track id="1">', "<box/>", "</track>"), r":3: lacks frame="),
        (cvat("<track>", box(), "</track>"), r":2: lacks id="),
        (cvat('<track id="1">', box(), box(), "</track>"), r":4: track 1 already has a box in this frame"),
        (
            cvat('<track id="1">', box(), "</track>", '<track id="1">', box("1"), "</track>"),
            r":6: track 1 is there twice",
        ),
        (cvat('<track id="1">', "</track>"), r"boxes\.dat: holds no track of boxes"),
        (cvat(box()), r"boxes\.dat: holds no track of boxes"),
        (cvat('<image id="0" name="a.jpg">', box(), "</image>"), r':2: an export "CVAT for images"'),
        (cvat(root="annotation"), r":1: <annotation> is not CVAT's: must be <annotations>"),
        ("<annotations>\n<track>", r":2: lacks id="),
        ("<annotations>\n<meta>\n", r":3: not well-formed XML \(no element found\)"),
        ("<annotations>\n</meta>\n", r":2: not well-formed XML \(mismatched tag\)"),
        (
            '<?xml version="1.0" encoding="klingon"?><a/>',
            r":1: not well-formed XML \('unknown encoding: klingon'\)",
        ),
    ],
)
def test_bad_cvat(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(write(tmp_path, content), "cvat")
    assert str(caught.value).startswith(str(tmp_path)) and len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;">]>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a SYSTEM "http://localhost/a.dtd">',
        '<!DOCTYPE a [<!ENTITY % b SYSTEM "file:///etc/passwd"> %b;]>',
        "<!DOCTYPE annotations>",
    ],
)
def test_xml_with_entities_is_refused(declared: str, tmp_path: Path) -> None:
    path = write(tmp_path, f'<?xml version="1.0"?>\n{declared}\n<annotations>&b;</annotations>')
    with pytest.raises(InputError, match=r":2: document types and entities .* are not read"):
        read(path)


def test_xml_of_great_depth(tmp_path: Path) -> None:
    """Which takes time that grows with its square in readers that know where they are."""
    depth = 200_000
    path = write(tmp_path, "<annotations>" + "<a>" * depth + "</a>" * depth + "</annotations>")
    with pytest.raises(InputError, match=r":1: more than 100 elements within each other"):
        read(path)


# YouTube-VIS


def test_youtube_vis_chooses_the_video(tmp_path: Path) -> None:
    content = {
        "videos": [
            {"id": 5, "file_names": ["JPEGImages/dog/00000001.jpg"]},
            {"id": 6, "file_names": ["00000002.jpg", "00000003.jpg"], "name": "cat"},
            {"id": 7, "file_names": ["00000002.jpg"]},
        ],
        "annotations": [
            {"id": 3, "video_id": 6, "bboxes": [[1, 1, 1, 1], None]},
            {"id": 2, "video_id": 6, "bboxes": [None, [2, 2, 2, 0]]},
            {"id": 9, "video_id": 6, "bboxes": [None, [2, 2, 2, 2]], "iscrowd": 1},
            {"id": 1, "video_id": 5, "bboxes": [[4, 4, 4, 4]], "category_id": 1},
        ],
    }
    path = write(tmp_path, json.dumps(content))
    assert youtube_vis.video_names(path) == ["dog", "cat", "7"]
    assert read(path, video="dog") == {1: [[4, 4, 4, 4], GONE, GONE]}
    assert read(path, video="cat") == {1: [GONE, GONE, [2, 2, 2, 0]], 2: [GONE, [1, 1, 1, 1], GONE]}
    with pytest.raises(InputError, match='has no video "elk": it has 3, such as "dog"'):
        read(path, video="elk")
    with pytest.raises(InputError, match="holds no track of boxes"):
        read(path, video="7")


def test_youtube_vis_of_one_video_is_of_any_name(tmp_path: Path) -> None:
    tracks = read_tracks("youtube_vis", write(tmp_path, VIS), NAMES, "elsewhere")
    assert tracks.ids == {1: 31, 2: 40} and tracks.labels == {1: "dog", 2: "dog"}


def test_youtube_vis_file_that_changes_is_read_again(tmp_path: Path) -> None:
    assert list(read(write(tmp_path, VIS))) == [1, 2]
    assert list(read(write(tmp_path, json.dumps(vis({1: [[1, 1, 1, 1], None, None]}))))) == [1]


BOX_LIST: list[Any] = [[1, 2, 3, 4], None, None]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read as JSON"),
        (b'{"videos": "\xff"}', "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ('{"videos": ' + "9" * 5000 + "}", "cannot be read as JSON"),
        ([], r"\[\] must be an object"),
        ("7", "7 must be an object"),
        ({}, "names no video: must have videos and annotations"),
        ({"videos": []}, "names no video"),
        ({"videos": {}}, r"videos is \{\}: must be a list"),
        ({"videos": [1]}, r"videos\[0\]: 1 must be an object"),
        ({"videos": [{"id": 1}]}, r"videos\[0\]: file_names is None: must be a list"),
        (
            {"videos": [{"id": 1, "file_names": "a.jpg"}]},
            r"videos\[0\]: file_names is 'a.jpg': must be a list",
        ),
        ({"videos": [{"id": 1, "file_names": [1]}]}, r"videos\[0\]: file_names has 1: must be names"),
        ({"videos": [{"id": 1, "file_names": []}]}, r"videos\[0\]: file_names must name at least one frame"),
        ({"videos": [{"id": 1, "file_names": ["a/0.jpg", "a/0.png"]}]}, "none twice"),
        (
            {"videos": [{"id": "1", "file_names": ["a/0.jpg"]}]},
            r"videos\[0\]: id is '1': must be a whole number",
        ),
        ({"videos": [{"id": True, "file_names": ["a/0.jpg"]}]}, r"id is True: must be a whole number"),
        ({"videos": [{"id": 10**4000, "file_names": ["a/0.jpg"]}]}, r"id is 1000.*: must be a whole number"),
        ({"videos": [{"file_names": ["0.jpg"], "name": [1]}]}, r"videos\[0\]: id is None"),
        ({"videos": [{"id": i, "file_names": ["a/0.jpg"]} for i in (1, 2)]}, 'there are two videos "a"'),
        ({"videos": [{"id": 1, "file_names": [f"{n}/0.jpg"]} for n in "ab"]}, "two videos with id 1"),
        (vis({}) | {"annotations": None}, r"annotations is None: must be a list"),
        (vis({}) | {"annotations": [[]]}, r"annotations\[0\]: \[\] must be an object"),
        (vis({}) | {"annotations": [{"id": 1, "video_id": 2, "bboxes": []}]}, "there is no video 2"),
        (vis({}) | {"annotations": [{"video_id": 1, "bboxes": []}]}, r"annotations\[0\]: id is None"),
        (vis({}) | {"annotations": [{"id": 1, "video_id": 1}]}, r"annotations\[0\]: bboxes is None"),
        (vis({1: BOX_LIST}) | {"categories": [[]]}, r"categories\[0\]: \[\] must be an object"),
        (vis({1: BOX_LIST}) | {"categories": [{"name": "dog"}]}, r"categories\[0\]: id is None"),
        (vis({}), "holds no track of boxes"),
        (vis({1: [[1, 2, 3, 4]]}), r"annotation 1: number of bboxes is 1, number of file_names 3"),
        (
            vis({1: [[1, 2, 3], None, None]}),
            r"annotation 1, frame 00000001: box \[1, 2, 3\] must be four numbers",
        ),
        (
            vis({1: ["1234", None, None]}),
            r"annotation 1, frame 00000001: '1234' must be a box \[x, y, w, h\]",
        ),
        (vis({1: [{}, None, None]}), r"\{\} must be a box"),
        (vis({1: [["1", 2, 3, 4], None, None]}), r"'1' is not a number"),
        (vis({1: [[True, 2, 3, 4], None, None]}), r"True is not a number"),
        (vis({1: [[None, 2, 3, 4], None, None]}), r"None is not a number"),
        (vis({1: [[[1], 2, 3, 4], None, None]}), r"\[1\] is not a number"),
        (vis({1: [[float("nan"), 2, 3, 4], None, None]}), r"must be finite and within"),
        (vis({1: [[10**4000, 2, 3, 4], None, None]}), r"must be finite and within"),
        (vis({1: [[1e300, 2, 3, 4], None, None]}), r"must be finite and within"),
        (
            vis({1: BOX_LIST}, ["a", "b", "c"]),
            r'frame "a" of video "dog" has no file; .* 00000001 \.\.\. 00000003',
        ),
    ],
)
def test_bad_youtube_vis(content: object, message: str, tmp_path: Path) -> None:
    path = write(tmp_path, content if isinstance(content, str | bytes) else json.dumps(content))
    with pytest.raises(InputError, match=message) as caught:
        read(path, "youtube_vis")
    assert str(caught.value).startswith(str(path)) and len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


def test_odd_values_that_do_not_matter(tmp_path: Path) -> None:
    content = vis({1: BOX_LIST}) | {"info": [], "categories": [{"id": 5, "name": 7}, {"id": 5}]}
    content["annotations"][0] |= {"segmentations": "x", "category_id": [1]}
    tracks = read_tracks("auto", write(tmp_path, json.dumps(content)), NAMES)
    assert tracks.boxes[1].tolist() == [[1, 2, 3, 4], GONE, GONE] and tracks.labels == {}
