"""Box files: the formats of the real sets, and one clear line for what is no box."""

from pathlib import Path

import numpy as np
import pytest

from ltr.data.boxes import ABSENT, is_absent
from ltr.errors import InputError
from pytracking.evaluation.box_files import check_boxes, parse_box, read_boxes

NAMES = ["00000001", "00000002", "00000003"]
BOXES = [(205, 151, 17, 50), (202.5, 150, 19, 49), ABSENT]


def read(path: Path, content: str | bytes, names: list[str] = NAMES) -> dict[int, list[list[float]]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return {object_id: boxes.tolist() for object_id, boxes in read_boxes(path, names).items()}


@pytest.mark.parametrize(
    "content",
    [
        "205,151,17,50\n202.5,150,19,49\n-1,-1,-1,-1\n",  # LaSOT
        "205.0000,151.0000,17.0000,50.0000\n202.5000,150.0000,19.0000,49.0000\n0,0,0,0\n",  # GOT-10k
        "205\t151\t17\t50\n202.5\t150\t19\t49\n0\t0\t0\t0",  # OTB
        " 205 151  17 50\n+202.5 1.5e2 19. 49\n 0 0 0 0",  # OTB, spaces
        "205, 151, 17, 50\r\n202.5, 150, 19, 49\r\n-1,-1,-1,-1\r\n\r\n  \r\n",
        b"\xef\xbb\xbf205,151,17,50\n202.5,150,19,49\n-1,-1,-1,-1",
        "205,151,17,50\r202.5,150,19,49\r-1,-1,-1,-1\r",
        "frame,object,x,y,w,h\n0,1,205,151,17,50\n1,1,202.5,150,19,49\n",
        "h,w,y,x,frame\n49,19,150,202.5,1\n50,17,151,205,0\n",
        "Frame, X, Y, W, H, score\n00000002,202.5,150,19,49,0\n\n00000001,205,151,17,50,\n00000003,0,0,0,0,1",
        'frame\tid\tx\ty\tw\th\n00000001\t1\t205\t151\t17\t50\n00000002\t1\t202.5\t150\t19\t49\n',
        '"frame","x","y","w","h"\n"00000001",205,151,17,50\n"00000002",202.5,150,19,49\n',
    ],
)  # fmt: skip
def test_every_format_gives_the_same_boxes(tmp_path: Path, content: str | bytes) -> None:
    boxes = np.array(read(tmp_path / "boxes.txt", content)[1])
    np.testing.assert_array_equal(boxes[:2], BOXES[:2])
    assert boxes[2].tolist() in ([0.0] * 4, list(ABSENT))


@pytest.mark.parametrize("row", ["7,7,-3,8", "5,5,0,9", "0,0,0,0", "-1,-1,-1,-1"])
def test_a_box_without_area_stays_as_it_is(tmp_path: Path, row: str) -> None:
    """So that a mistake can be told from what says that the target is absent."""
    expected = {1: [[float(value) for value in row.split(",")]]}
    assert read(tmp_path / "boxes.txt", row, ["0"]) == expected
    assert read(tmp_path / "boxes.csv", f"frame,x,y,w,h\n0,{row}", ["0"]) == expected
    assert bool(is_absent(np.array(expected[1][0])))


def test_result_is_float64_of_one_row_a_frame(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1 2 3 4")
    boxes = read_boxes(tmp_path / "a.txt", ["0"])[1]
    assert boxes.shape == (1, 4) and boxes.dtype == np.float64


def test_otb_file_is_read_as_it_is(shared_dir: Path) -> None:
    folder = shared_dir / "data" / "video_boxes" / "otb_crossing"
    boxes = read_boxes(folder / "groundtruth_rect.txt", [f"{i:04d}" for i in range(1, 121)])[1]
    assert boxes.shape == (120, 4)
    np.testing.assert_array_equal(boxes, np.loadtxt(folder / "groundtruth_rect.txt"))


def test_csv_holds_several_objects_each_with_its_frames(tmp_path: Path) -> None:
    content = "frame,id,x,y,w,h\n2,254,1,2,3,4\n0,3,5,6,7,8\n2,3,9,9,9,9\n"
    assert read(tmp_path / "boxes.csv", content) == {
        3: [[5, 6, 7, 8], list(ABSENT), [9, 9, 9, 9]],
        254: [list(ABSENT), list(ABSENT), [1, 2, 3, 4]],
    }


def test_csv_frames_are_names_where_all_are_names_else_indices(tmp_path: Path) -> None:
    def frame_of(keys: list[str], names: list[str]) -> list[int]:
        content = "frame,x,y,w,h\n" + "".join(f"{key},{n + 1},1,1,1\n" for n, key in enumerate(keys))
        boxes = np.array(read(tmp_path / "boxes.csv", content, names)[1])
        return [int(np.flatnonzero(boxes[:, 0] == n + 1)[0]) for n in range(len(keys))]

    assert frame_of(["00000001", "00000003"], NAMES) == [0, 2]
    assert frame_of(["00000001.jpg", "00000003.PNG"], NAMES) == [0, 2]
    assert frame_of(["a.jpg"], ["a", "a.jpg"]) == [1]
    assert frame_of(["1", "2"], NAMES) == [1, 2]
    assert frame_of(["1", "2"], ["1", "2", "3"]) == [0, 1]
    assert frame_of(["0", "1", "2"], ["1", "2", "3"]) == [0, 1, 2]
    assert frame_of(["img b", "img a"], ["img a", "img b"]) == [1, 0]
    assert frame_of(["2", "00001"], ["00000", "00001", "00002"]) == [2, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "1,2,3,4\n1,2,nan,4\n1,2,3,4\n",
            r":2: nan is not a coordinate \(use -1,-1,-1,-1 for an absent target\)",
        ),
        ("NaN,NaN,NaN,NaN\n1,2,3,4\n1,2,3,4\n", r":1: NaN .*-1,-1,-1,-1"),
        ("1,2,3,4\n1,2,3,4\n1,2,-inf,4\n", r":3: -inf is not a coordinate"),
        ("1,2,3,4\n1,2,3\n1,2,3,4\n", r":2: '1 2 3' is not a box: must be four numbers"),
        ("1,2,3,4\n1,2,3,4\n1,2,3,4,5,6,7,8\n", r":3: .*polygon"),
        ("1,2,3,4\n\n1,2,3,4\n1,2,3,4\n", r":2: an empty line is not a box"),
        ("1,2,3,4\n1,2,3,4,\n1,2,3,4\n", r":2: .*not a box"),
        ("1,2,3,4\n1,2,,4\n1,2,3,4\n", r":2: '' is not a number"),
        ("1,2,3,4\n1,2,3_0,4\n1,2,3,4\n", r":2: '3_0' is not a number"),
        ("1,2,3,4\n1,2,0x3,4\n1,2,3,4\n", r":2: '0x3' is not a number"),
        ("1,2,3,4\n1,2,1e99,4\n1,2,3,4\n", r":2: '1e99' is beyond"),
        ("x,y,w,h\n1,2,3,4\n1,2,3,4\n", r":1: 'x' is not a number"),
        ("1,2,3,4\n1,2,3,4\n", r"number of boxes is 2, number of frames is 3"),
        ("1,2,3,4\n", r"number of boxes is 1, number of frames is 3.*first frame's box alone"),
        ("1,2,3,4\n" * 4, r"number of boxes is 4, number of frames is 3"),
        ("", r"boxes\.txt: empty"),
        ("\n  \n", r"boxes\.txt: empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe", r"boxes\.txt: not a text file"),
        (b"1,2,3,4\n\x00\x00", r"boxes\.txt: not a text file"),
        ("1,2,3,4\n".encode("utf-16"), r"boxes\.txt: not a text file in UTF-8"),
        ("1,2," + "9" * 100_000 + ",4\n", r":1: '9{57}\.\.\.' is beyond"),
    ],
)
def test_bad_text_is_named_by_its_line(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path / "boxes.txt", content)
    assert str(caught.value).startswith(str(tmp_path / "boxes.txt"))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            ["0,1,2,3,4,5", "3,1,2,3,4,5"],
            r":3: frame '3' is neither .* \(like 00000001\) nor an index from 0 to 2",
        ),
        (["-1,1,2,3,4,5"], r":2: frame '-1' is neither"),
        (["1.0,1,2,3,4,5"], r":2: frame '1.0' is neither"),
        (["dog,1,2,3,4,5"], r":2: frame 'dog' is neither"),
        (
            ["00000001,1,2,3,4,5", "1,2,2,3,4,5"],
            r":2: frame 00000001 is a frame's name, other rows give indices",
        ),
        (["0,0,2,3,4,5"], r":2: object id '0' must be a whole number from 1 to 254"),
        (["0,255,2,3,4,5"], r":2: object id '255'"),
        (["0,1.5,2,3,4,5"], r":2: object id '1.5'"),
        (["0,cat,2,3,4,5"], r":2: object id 'cat'"),
        (
            ["0,1,2,3,4,5", "0,2,2,3,4,5", "", "0,1,9,9,9,9"],
            r":5: frame 0, object 1 already has a box in line 2",
        ),
        (["0,1,2,3,4"], r":2: number of values is 5, the header names 6"),
        (["0,1,2,3,4,5,6"], r":2: number of values is 7, the header names 6"),
        (["0,1,2,3,nan,5"], r":2: nan is not a coordinate"),
        (["0,1,2,3,four,5"], r":2: 'four' is not a number"),
        ([], r"holds a header and no box"),
    ],
)
def test_bad_csv_is_named_by_its_line(tmp_path: Path, rows: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path / "boxes.csv", "\n".join(["frame,object,x,y,w,h", *rows]))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("frame,object,x,y,width,height", r":1: header .* lacks w, h"),
        ("frame,x,x,y,w,h", r":1: header .* names x twice"),
        ("frame,object,id,x,y,w,h", r":1: header .* names object twice"),
    ],
)
def test_bad_csv_header(tmp_path: Path, header: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path / "boxes.csv", f"{header}\n0,1,2,3,4,5\n")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such box file"):
        read_boxes(tmp_path / "absent.txt", NAMES)
    with pytest.raises(InputError, match="cannot be read"):
        read_boxes(tmp_path, NAMES)
    huge = tmp_path / "huge.txt"
    with huge.open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(InputError, match="too large for a file of boxes: at most 64 MiB"):
        read_boxes(huge, NAMES)
    with pytest.raises(InputError, match="too large"):
        read_boxes("/dev/zero", NAMES)  # whose size is said to be 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"1,2,3,4\n" * 500_000, r"number of boxes is 500000, number of frames is 3"),
        (b"1,2,3,4\n" * 3 + b"boxes end here\n", r"number of boxes is 4, number of frames is 3"),
        (b"1," * 500_000, r"a line of 1,000,000 characters"),
    ],
    ids=["lines", "a line too many", "values"],
)
def test_a_file_of_far_too_much_is_not_read_through(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path / "boxes.txt", content)


def test_parse_box() -> None:
    assert parse_box("1.5, 2,30,40").tolist() == [1.5, 2, 30, 40]
    assert parse_box("-3 4 5 6").tolist() == [-3, 4, 5, 6]
    for text in ("1,2,3", "1,2,3,x", "1,2,nan,4", "1,2,0,4", "1,2,3,-4", "-1,-1,-1,-1", "", "1,2,3,4,5"):
        with pytest.raises(InputError, match=r"^box '.*'"):
            parse_box(text)


def test_a_box_wholly_outside_is_named_with_its_frame() -> None:
    boxes = {2: np.array([(-5.0, -5, 6, 6), (639.5, 479.5, 9, 9), ABSENT])}
    check_boxes(boxes, 640, 480, "boxes.txt")
    boxes[2][2] = (640, 10, 5, 5)
    message = (
        r"^boxes\.txt: box \(640, 10, 5, 5\) of object 2 in frame 2 lies outside the frame, .* 640 x 480"
    )
    with pytest.raises(InputError, match=message):
        check_boxes(boxes, 640, 480, "boxes.txt")
    with pytest.raises(InputError, match="in frame 00000003 lies"):
        check_boxes(boxes, 640, 480, "boxes.txt", NAMES)
