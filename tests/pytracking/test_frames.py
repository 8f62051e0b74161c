"""Frames of folders and videos: order, names, colours, and what is said of a bad one."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from ltr.errors import InputError
from pytracking.evaluation import frames as frames_module
from pytracking.evaluation.frames import open_frames


def write_image(path: Path, value: int, size: tuple[int, int] = (32, 24)) -> None:
    """An image that is (value, 100, 200) in RGB all over."""
    image = np.full((size[1], size[0], 3), (200, 100, value), dtype=np.uint8)
    assert cv2.imwrite(str(path), image)


def write_video(path: Path, values: list[int], size: tuple[int, int] = (64, 48), fps: float = 25) -> None:
    """A Motion JPEG video of frames that are (value, 100, 200) in RGB all over."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, size)
    for value in values:
        writer.write(np.full((size[1], size[0], 3), (200, 100, value), dtype=np.uint8))
    writer.release()


def test_folder_is_read_in_natural_order_in_rgb(tmp_path: Path) -> None:
    for name, value in [("10.png", 40), ("2.JPG", 20), ("1.webp", 10), ("9b.bmp", 30), ("200.jpeg", 50)]:
        write_image(tmp_path / name, value)
    (tmp_path / "._1.jpg").write_text("resource fork")
    (tmp_path / "boxes.txt").write_text("1,2,3,4")
    (tmp_path / "sub.png").mkdir()
    source = open_frames(tmp_path)
    source.check()
    assert source.names == ["1", "2", "9b", "10", "200"]
    assert len(source) == 5
    assert source.size == (32, 24)
    for _ in range(2):  # as often as one likes
        frames = list(source)
        assert [frame.shape for frame in frames] == [(24, 32, 3)] * 5
        assert all(frame.dtype == np.uint8 for frame in frames)
        colours = np.array([frame.mean(axis=(0, 1)) for frame in frames])
        np.testing.assert_allclose(colours, [(v, 100, 200) for v in (10, 20, 30, 40, 50)], atol=4)


def test_frames_are_read_only_when_they_are_asked_for(tmp_path: Path) -> None:
    for index in range(3):
        write_image(tmp_path / f"{index}.png", index)
    frames = iter(open_frames(tmp_path))
    next(frames)
    (tmp_path / "1.png").unlink()
    with pytest.raises(InputError, match=r"1\.png"):
        next(frames)


def test_a_single_image_is_a_video_of_one_frame(tmp_path: Path) -> None:
    for index in range(2):
        write_image(tmp_path / f"img{index}.png", index)
    source = open_frames(tmp_path / "img0.png")
    assert (len(source), source.names, len(list(source))) == (1, ["img0"], 1)


def test_a_frame_of_another_size_is_named_before_and_while_reading(tmp_path: Path) -> None:
    write_image(tmp_path / "0.png", 0)
    write_image(tmp_path / "1.png", 0, (24, 32))
    source = open_frames(tmp_path)
    message = r"1\.png: frame is 24 x 32, the first one is 32 x 24"
    with pytest.raises(InputError, match=message):
        source.check()
    frames = iter(source)
    next(frames)
    with pytest.raises(InputError, match=message):
        next(frames)


def test_an_unreadable_frame_is_named(tmp_path: Path) -> None:
    write_image(tmp_path / "0.png", 0)
    (tmp_path / "1.png").write_bytes((tmp_path / "0.png").read_bytes()[:60])
    (tmp_path / "2.png").write_text("no image")
    source = open_frames(tmp_path)
    with pytest.raises(InputError, match=r"2\.png"):
        source.check()
    with pytest.raises(InputError, match=r"1\.png"):
        list(source)


@pytest.mark.parametrize("kind", ["link to nowhere", "pipe"])
def test_a_frame_that_is_no_file_is_not_left_out(tmp_path: Path, kind: str) -> None:
    """The frames after it would be taken for earlier ones."""
    write_image(tmp_path / "0.png", 0)
    write_image(tmp_path / "2.png", 0)
    if kind == "pipe":
        os.mkfifo(tmp_path / "1.png")
    else:
        (tmp_path / "1.png").symlink_to("gone.png")
    with pytest.raises(InputError, match=r"1\.png: no file that can be read"):
        open_frames(tmp_path)


def test_pipes_are_not_waited_for(tmp_path: Path) -> None:
    for name in ("video.mp4", "image.png"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(InputError, match=f"{name}: neither a folder nor a file"):
            open_frames(tmp_path / name)


def test_folders_that_are_no_video(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere: no such folder of images or video file"):
        open_frames(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"holds no images \(\.jpg \.jpeg \.png"):
        open_frames(tmp_path)
    write_image(tmp_path / "0.png", 0)
    write_image(tmp_path / "0.jpg", 0)
    with pytest.raises(InputError, match=r"0\.jpg and 0\.png are one frame"):
        open_frames(tmp_path)


def test_video_is_read_in_order_in_rgb(tmp_path: Path) -> None:
    values = list(range(0, 250, 25))
    write_video(tmp_path / "video7.avi", values)
    source = open_frames(tmp_path / "video7.avi")
    source.check()
    assert source.names == [f"{index:05d}" for index in range(10)]
    assert (len(source), source.size) == (10, (64, 48))
    for _ in range(2):
        colours = np.array([frame.mean(axis=(0, 1)) for frame in source])
        np.testing.assert_allclose(colours, [(value, 100, 200) for value in values], atol=6)


@pytest.mark.parametrize("fps", [0.5, 24000 / 1001, 120])
def test_the_speed_of_a_video(tmp_path: Path, fps: float) -> None:
    write_video(tmp_path / "video.avi", [10, 20], fps=fps)
    assert open_frames(tmp_path / "video.avi").fps == pytest.approx(fps, rel=1e-3)


def test_a_speed_that_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_image(tmp_path / "0.png", 0)
    assert open_frames(tmp_path).fps is None
    write_video(tmp_path / "ticks.avi", [10, 20], fps=120)
    monkeypatch.setattr(frames_module, "MAX_FPS", 100)
    assert open_frames(tmp_path / "ticks.avi").fps is None


@pytest.mark.parametrize("name", ["12:30.avi", "pipe:0", "frame%03d.avi", "no suffix"])
def test_names_of_videos_have_no_meaning(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """FFmpeg takes what precedes a colon for a protocol, and a % for a series of images."""
    write_video(tmp_path / "video.avi", [10, 20])
    (tmp_path / "video.avi").rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert len(list(open_frames(name))) == 2


def test_a_video_whose_name_is_no_text(tmp_path: Path) -> None:
    """OpenCV crashes on it."""
    path = tmp_path / "\udcff.avi"
    path.write_bytes(b"anything")
    with pytest.raises(InputError, match="not valid UTF-8"):
        open_frames(path)


def test_a_video_of_absurd_size_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_video(tmp_path / "video.avi", [10])
    monkeypatch.setattr(frames_module, "MAX_PIXELS", 1000)
    with pytest.raises(InputError, match=r"video\.avi: 64 x 48 pixels: at most 1,000 are read"):
        open_frames(tmp_path / "video.avi")


def test_a_video_cut_off_counts_the_frames_that_can_be_decoded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "video.avi"
    write_video(path, [100] * 40, (320, 240))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    source = open_frames(path)
    assert 10 < len(source) < 30
    assert len(list(source)) == len(source)
    assert "claims" in caplog.text


@pytest.mark.parametrize("content", [b"", b"just text", bytes(range(256)) * 40])
def test_a_file_that_is_no_video_gives_one_line(
    tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "video1.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"video1\.mp4: not a video"):
        open_frames(path)
    assert "WARN" not in capfd.readouterr().err
