"""``box2seg segment`` as a user runs it: what it writes, and what it says of bad input."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from box2seg_plugin.cli import main
from box2seg_plugin.network import box2seg_small
from box2seg_plugin.segmenter import VideoSegmenter
from ltr.checkpoint import save_weights
from ltr.data.boxes import box_mask
from ltr.data.mask_io import DAVIS_PALETTE, read_mask
from pytracking.evaluation.frames import open_frames

HEIGHT, WIDTH, FRAMES = 45, 61, 7
LONG = "long" * 70
BOXES = np.array([[10.5 + i, 8, 30, 24.5] for i in range(FRAMES)])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a tiny network: random, so that its masks are odd, and quick."""
    torch.manual_seed(5)
    network = box2seg_small(input_size=(64, 64), test_steps=2)
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_weights(path, network.state_dict(), "box2seg", network.config.to_dict())
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of frames, 0.png to 6.png."""
    folder = tmp_path / "video"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(FRAMES):
        pixels = rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    return folder


@pytest.fixture
def boxes(tmp_path: Path) -> Path:
    return write_boxes(tmp_path / "boxes.txt", BOXES)


def write_boxes(path: Path, boxes: np.ndarray) -> Path:
    np.savetxt(path, boxes, delimiter=",", fmt="%.3f")
    return path


def write_video(path: Path, folder: Path, codec: str) -> None:
    """The frames of a folder as a video."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 10, (WIDTH, HEIGHT))
    for frame in frames_of(folder):
        writer.write(frame[..., ::-1])
    writer.release()


def segment(*arguments: object, model: Path) -> int:
    return main(["segment", *map(str, arguments), "--model", str(model), "--device", "cpu"])


def frames_of(folder: Path) -> Iterator[np.ndarray]:
    for path in sorted(folder.glob("*.png")):
        yield np.array(Image.open(path))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_one_palette_png_for_each_frame(tmp_path: Path, folder: Path, boxes: Path, model: Path) -> None:
    out = tmp_path / "new" / "masks"
    assert segment(folder, "--boxes", boxes, "--out", out, "--frames", 3, "--interval", 2, model=model) == 0
    assert names_in(out) == [f"{index}.png" for index in range(FRAMES)]
    segmenter = VideoSegmenter(model, 3, 2, device="cpu")
    for index, expected in enumerate(segmenter(frames_of(folder), BOXES)):
        with Image.open(out / f"{index}.png") as image:
            assert image.mode == "P"
            palette = image.getpalette()
            assert palette is not None and palette[:30] == DAVIS_PALETTE[:10].ravel().tolist()
            assert np.array_equal(np.array(image), expected)


def test_several_objects_from_a_csv(
    tmp_path: Path, folder: Path, model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = ["frame,object,x,y,w,h"]
    rows += [f"{i},{o},{5 + 4 * o},6,25,30" for i in range(FRAMES) for o in (2, 5) if (i, o) != (3, 5)]
    (tmp_path / "boxes.csv").write_text("\n".join(rows))
    out = tmp_path / "masks"
    with caplog.at_level("INFO"):
        assert segment(folder, "--boxes", tmp_path / "boxes.csv", "--out", out, model=model) == 0
    for index in range(FRAMES):
        mask = read_mask(tmp_path / "masks" / f"{index}.png")
        assert set(np.unique(mask)) - {0} == ({2} if index == 3 else {2, 5})
        for object_id in (2, 5):
            assert not (mask == object_id)[~box_mask((5 + 4 * object_id, 6, 25, 30), HEIGHT, WIDTH)].any()
    summary = caplog.records[-1].getMessage()
    assert f"{FRAMES} frames, {2 * FRAMES - 1} object masks" in summary
    assert "pixels claimed by several objects before merging" in summary and "frames/s" in summary


def test_a_frame_without_a_box_has_an_empty_mask(tmp_path: Path, folder: Path, model: Path) -> None:
    absent = BOXES.copy()
    absent[2] = -1
    write_boxes(tmp_path / "boxes.txt", absent)
    assert segment(folder, "--boxes", tmp_path / "boxes.txt", "--out", tmp_path / "masks", model=model) == 0
    filled = [bool(read_mask(tmp_path / "masks" / f"{index}.png").any()) for index in range(FRAMES)]
    assert filled == [True, True, False, True, True, True, True]


@pytest.mark.parametrize("box", ["10,8,30,24", "-5.5,8,30,24", "-.5,-3,30,24"])
def test_one_image_and_one_box(tmp_path: Path, folder: Path, model: Path, box: str) -> None:
    assert segment(folder / "3.png", "--box", box, "--out", tmp_path / "masks", model=model) == 0
    assert names_in(tmp_path / "masks") == ["3.png"]
    mask = read_mask(tmp_path / "masks" / "3.png")
    assert mask.any() and not mask[~box_mask([float(v) for v in box.split(",")], HEIGHT, WIDTH)].any()


def test_a_video_file_and_an_overlay(tmp_path: Path, folder: Path, boxes: Path, model: Path) -> None:
    video = tmp_path / "video.avi"
    write_video(video, folder, "MJPG")
    out = tmp_path / "masks"
    overlay = out / "overlay.mp4"
    assert segment(video, "--boxes", boxes, "--out", out, "--overlay", overlay, "--quiet", model=model) == 0
    assert names_in(out) == [*(f"{index:05d}.png" for index in range(FRAMES)), "overlay.mp4"]
    assert len(open_frames(overlay)) == FRAMES
    assert open_frames(overlay).fps == 10  # the video's own


@pytest.mark.parametrize(("options", "fps"), [([], 25), (["--fps", 7.5], 7.5)])
def test_the_speed_of_an_overlay_of_images(
    options: list[object], fps: float, tmp_path: Path, folder: Path, boxes: Path, model: Path
) -> None:
    overlay = tmp_path / "overlay.mp4"
    options = ["--boxes", boxes, "--out", tmp_path / "masks", "--overlay", overlay, *options]
    assert segment(folder, *options, model=model) == 0
    assert open_frames(overlay).fps == fps


def test_as_a_process(tmp_path: Path, folder: Path, model: Path) -> None:
    """Progress goes to stderr with its rate, nothing to stdout."""
    out = tmp_path / "masks"
    command = [sys.executable, "-m", "box2seg_plugin.cli", "segment", folder / "3.png", "--box", "10,8,30,24"]
    command += ["--out", out, "--model", model, "--device", "cpu"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and done.stdout == ""
    assert "frame/s" in done.stderr or "s/frame" in done.stderr
    assert f"masks are in {out}" in done.stderr
    assert "Traceback" not in done.stderr and "Warning" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="closes a POSIX descriptor")
def test_nobody_listens(tmp_path: Path, folder: Path, model: Path) -> None:
    """With stderr closed the masks come all the same."""
    options = f"--box 10,8,30,24 --out {tmp_path / 'masks'} --model {model} --device cpu"
    command = f"{sys.executable} -m box2seg_plugin.cli segment {folder / '3.png'} {options} 2>&-"
    assert subprocess.run(command, shell=True, check=False, timeout=300).returncode == 0
    assert names_in(tmp_path / "masks") == ["3.png"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("nowhere GOOD", "nowhere: no such folder of images or video file"),
        ("empty GOOD", "empty: holds no images"),
        ("text.mp4 GOOD", "text.mp4: not a video"),
        ("broken GOOD", "3.png"),
        ("sizes GOOD", "3.png: frame is 20 x 10, the first one is 61 x 45"),
        ("video --boxes none.txt --out out", "none.txt: no such box file"),
        ("video --boxes short.txt --out out", "short.txt: number of boxes is 6, number of frames is 7"),
        ("video --boxes nan.txt --out out", "nan.txt:2: nan"),
        ("video --boxes words.txt --out out", "words.txt:1: 'three' is not a number"),
        ("video --boxes outside.txt --out out", "outside.txt: box (70, 8, 30, 24) of object 1 in frame 6"),
        ("video --box 1,2,3,4 --out out", "--box is for one frame, video has 7"),
        ("video/1.png --box 1,2,3 --out out", "'1,2,3'"),
        ("video/1.png --box 1,2,0,4 --out out", "'1,2,0,4': width and height must be > 0"),
        ("video/1.png --box 100,2,5,4 --out out", "outside the frame, which is 61 x 45"),
        (
            "video --boxes boxes.txt --out text.mp4",
            "text.mp4 is there and is no folder",
        ),
        (
            "video --boxes boxes.txt --out text.mp4/out",
            "text.mp4/out (Not a directory): choose",
        ),
        ("video --boxes boxes.txt --out video", "video is the folder of the frames"),
        ("video/1.png --box 1,2,9,9 --out video", "video/1.png is read as input"),
        ("video GOOD --overlay o.avi", "o.avi: the name must end in .mp4"),
        ("video GOOD --overlay x/o.mp4", "there is no folder x"),
        ("video GOOD --overlay o.mp4 --fps 0", "--fps is 0: must be from 0.01 to 1000"),
        ("video GOOD --overlay o.mp4 --fps nan", "--fps is nan: must be"),
        ("video GOOD --fps 5", "--fps is the speed of the overlay: give --overlay as well"),
        ("video GOOD --frames 4", "is 4: must be odd"),
        ("video GOOD --frames 0", "is 0: must be odd"),
        ("video GOOD --interval 0", "is 0: must be at least 1"),
        ("video GOOD --refinements -1", "refinements is -1"),
        ("video GOOD --model smal", "known: box2seg_resnet50, box2seg_small"),
        ("video GOOD --model x.safetensors", "x.safetensors"),
        (f"{LONG} GOOD", "File name too long"),
        (f"video GOOD --out {LONG}", "File name too long"),
        (f"video GOOD --model {LONG}.pth", "File name too long"),
        (f"video GOOD --overlay {LONG}.mp4", "File name too long"),
        ("video GOOD --out loop", "loop"),
        ("video GOOD --overlay loop.mp4", "loop.mp4 is there and is no file"),
        ("video GOOD --overlay pipe.mp4", "pipe.mp4 is there and is no file"),
        ("video GOOD --overlay folder.mp4", "folder.mp4 is there and is no file"),
        ("video GOOD --out taken", "2.png is there and is no file"),
        pytest.param(
            "video GOOD --overlay /proc/o.mp4",
            "choose another folder with --overlay",
            marks=pytest.mark.skipif(
                not Path("/proc").is_dir(), reason="no folder that root cannot write to"
            ),
        ),
        ("film.mp4 GOOD --overlay second_name.mp4", "second_name.mp4 is read as input"),
        ("video GOOD --overlay \udcff.mp4", "the name is not valid UTF-8"),
        ("pipe.mp4 GOOD", "pipe.mp4: neither a folder nor a file"),
        ("new\x1bline GOOD", r"new\x1bline: no such folder"),
    ],
    ids=lambda value: value[:40].encode("unicode_escape").decode(),
)
def test_bad_input_is_one_line_and_writes_nothing(
    arguments: str,
    message: str,
    tmp_path: Path,
    folder: Path,
    boxes: Path,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    make_bad_inputs(tmp_path, folder)
    before = sorted(tmp_path.rglob("*"))
    given = arguments.replace("GOOD", "--boxes boxes.txt --out out").split()
    # argparse takes the last of a repeated option
    assert main(["segment", "--device", "cpu", "--model", str(model), *given]) == 2
    error = capsys.readouterr().err
    assert error.startswith("box2seg segment: error: ") and error.endswith("\n")
    assert error.count("\n") == 1
    assert message in error
    assert sorted(tmp_path.rglob("*")) == before


def make_bad_inputs(root: Path, folder: Path) -> None:
    (root / "empty").mkdir()
    (root / "text.mp4").write_text("not a video")
    os.mkfifo(root / "pipe.mp4")
    (root / "folder.mp4").mkdir()
    (root / "taken" / "2.png").mkdir(parents=True)
    for name in ("loop", "loop.mp4"):
        (root / name).symlink_to(name)
    write_video(root / "film.mp4", folder, "mp4v")
    (root / "second_name.mp4").hardlink_to(root / "film.mp4")
    for name in ("broken", "sizes"):
        (root / name).mkdir()
        for path in folder.iterdir():
            (root / name / path.name).write_bytes(path.read_bytes())
    (root / "broken" / "3.png").write_text("not an image")
    Image.new("RGB", (20, 10)).save(root / "sizes" / "3.png")
    write_boxes(root / "short.txt", BOXES[:-1])
    (root / "nan.txt").write_text("1,2,3,4\n1,nan,3,4\n")
    (root / "words.txt").write_text("one two\n".replace("one two", "1,2,three,4"))
    outside = BOXES.copy()
    outside[6] = 70, 8, 30, 24
    write_boxes(root / "outside.txt", outside)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["segment"],
        ["cut"],
        ["segment", "video", "--out", "out"],
        ["segment", "video", "--out", "out", "--boxes", "a", "--box", "1,2,3,4"],
        ["segment", "video", "--out", "out", "--boxes", "a", "--frames", "many"],
        ["segment", "video", "--out", "out", "--boxes", "a", "--device", "tpu"],
        ["segment", "video", "--out", "", "--boxes", "a"],
        ["segment", "video", "--out", "out", "--boxes", "a", "--model", ""],
        ["segment", "video", "--out", "out", "--boxes", "a", "--two\nlines"],
    ],
)
def test_a_wrong_command_line_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    assert exit_info.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "error: " in error and "--help" in error


@pytest.mark.parametrize("arguments", [["--help"], ["segment", "--help"], ["demo", "--help"]])
def test_help_has_an_example(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    assert exit_info.value.code == 0
    assert "example: box2seg " in capsys.readouterr().out


def test_a_frame_found_broken_midway_leaves_whole_masks(
    tmp_path: Path, folder: Path, boxes: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its header is fine, its pixels are not. T = 3, interval 1: masks up to two frames before are there."""
    damage(folder / "5.png")
    out = tmp_path / "masks"
    arguments = (folder, "--boxes", boxes, "--out", out, "--frames", 3, "--interval", 1, "--quiet")
    assert segment(*arguments, "--overlay", tmp_path / "overlay.mp4", model=model) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert str(folder / "5.png") in error and f"4 of 7 masks are in {out}" in error
    assert names_in(out) == ["0.png", "1.png", "2.png", "3.png"]
    assert all(read_mask(path).any() for path in out.iterdir())


def damage(path: Path) -> None:
    """Keep the header of a PNG and spoil its pixels."""
    data = bytearray(path.read_bytes())
    start = data.index(b"IDAT")
    data[start + 4 : start + 200] = bytes(196)
    path.write_bytes(bytes(data))


def test_interrupted(
    tmp_path: Path, folder: Path, boxes: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("box2seg_plugin.segment_command.write_mask", interrupt)
    assert segment(folder, "--boxes", boxes, "--out", tmp_path / "masks", model=model) == 130
