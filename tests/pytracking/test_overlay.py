"""Overlays, contact sheets and videos: pixels where they belong, colours as DAVIS has them."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from ltr.data.boxes import ABSENT
from ltr.data.mask_io import DAVIS_PALETTE
from ltr.errors import InputError
from pytracking.evaluation.frames import open_frames
from pytracking.visualization.contact_sheet import BACKGROUND, CAPTION_HEIGHT, GAP, contact_sheet
from pytracking.visualization.overlay import LINE_PALETTE, draw_overlay
from pytracking.visualization.video_writer import VideoWriter


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)


@pytest.fixture
def mask() -> np.ndarray:
    mask = np.zeros((120, 160), dtype=np.uint8)
    mask[20:60, 30:70] = 1
    mask[20:60, 70:110] = 2
    mask[100:, :30] = 9
    return mask


def test_fill_contour_and_background(image: np.ndarray, mask: np.ndarray) -> None:
    before = image.copy()
    drawn = draw_overlay(image, mask, alpha=0.5, show_ids=False)
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(drawn[mask == 0], image[mask == 0])
    for object_id, inner in ((1, np.s_[21:59, 31:69]), (2, np.s_[21:59, 71:109]), (9, np.s_[101:, :29])):
        mixed = (image[inner].astype(float) + DAVIS_PALETTE[object_id]) / 2
        np.testing.assert_allclose(drawn[inner], mixed, atol=0.51)
        contour = mask == object_id
        contour[inner] = False  # the image's own border is no contour
        assert contour.any()
        assert (drawn[contour] == LINE_PALETTE[object_id]).all()


def test_alpha_zero_leaves_the_inside(image: np.ndarray, mask: np.ndarray) -> None:
    drawn = draw_overlay(image, mask, alpha=0.0, show_ids=False)
    np.testing.assert_array_equal(drawn[22:58, 32:68], image[22:58, 32:68])
    np.testing.assert_array_equal(draw_overlay(image, np.zeros_like(mask)), image)


def test_boxes_are_lines_on_their_outermost_pixels(image: np.ndarray) -> None:
    empty = np.zeros(image.shape[:2], dtype=np.uint8)
    boxes = {3: (10, 20, 30, 40), 4: ABSENT, 5: (-50.0, -50.0, 1e7, 60.0)}
    drawn = draw_overlay(image, empty, boxes, show_ids=False)
    expected = image.copy()
    expected[20:60, 10:40] = LINE_PALETTE[3]
    expected[21:59, 11:39] = image[21:59, 11:39]
    expected[9, :] = LINE_PALETTE[5]
    np.testing.assert_array_equal(drawn, expected)


def test_ids_are_drawn_where_there_are_several_objects(image: np.ndarray, mask: np.ndarray) -> None:
    alone = np.where(mask == 1, mask, 0)
    np.testing.assert_array_equal(draw_overlay(image, alone), draw_overlay(image, alone, show_ids=False))
    assert (draw_overlay(image, alone, show_ids=True) != draw_overlay(image, alone)).any()
    assert (draw_overlay(image, mask) != draw_overlay(image, mask, show_ids=False)).any()
    draw_overlay(
        image[:3, :4], mask[20:23, 68:72], {1: (-9, -9, 12, 12), 2: (2, 1, 90, 90)}
    )  # no room for them


def test_arguments_of_an_overlay_are_checked(image: np.ndarray, mask: np.ndarray) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        draw_overlay(image, mask[:-1])
    with pytest.raises(ValueError, match=r"alpha is 1.5"):
        draw_overlay(image, mask, alpha=1.5)


def test_contact_sheet_places_frames_row_by_row() -> None:
    frames = [np.full((30, 40, 3), value, dtype=np.uint8) for value in (50, 100, 150)]
    sheet = contact_sheet(frames, columns=2, tile_width=40)
    assert sheet.shape == (2 * (30 + GAP) + GAP, 2 * (40 + GAP) + GAP, 3)
    for index, (row, column) in enumerate([(0, 0), (0, 1), (1, 0)]):
        y, x = GAP + row * (30 + GAP), GAP + column * (40 + GAP)
        np.testing.assert_array_equal(sheet[y : y + 30, x : x + 40], frames[index])
    assert (sheet[GAP + 30 + GAP :, GAP + 40 + GAP :] == BACKGROUND).all()


def test_contact_sheet_captions_and_frames_of_another_aspect() -> None:
    wide, tall = np.full((30, 40, 3), 200, dtype=np.uint8), np.full((60, 20, 3), 90, dtype=np.uint8)
    sheet = contact_sheet([wide, tall], columns=5, captions=["one", ""], tile_width=80)
    assert sheet.shape == (60 + CAPTION_HEIGHT + 2 * GAP, 2 * 80 + 3 * GAP, 3)
    caption = sheet[GAP : GAP + CAPTION_HEIGHT]
    assert caption[:, GAP : GAP + 80].max() > 200
    assert (caption[:, 2 * GAP + 80 :] == BACKGROUND).all()
    tile = sheet[GAP + CAPTION_HEIGHT : GAP + CAPTION_HEIGHT + 60, 2 * GAP + 80 : 2 * GAP + 160]
    assert (tile[:, 30:50] == 90).all()
    assert (tile[:, :30] == BACKGROUND).all() and (tile[:, 50:] == BACKGROUND).all()
    with pytest.raises(ValueError, match="1 captions for 2 frames"):
        contact_sheet([wide, tall], columns=2, captions=["one"])
    with pytest.raises(ValueError, match="0 frames"):
        contact_sheet([], columns=2)


@pytest.fixture(params=["opencv", "av"])
def encoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to write a video, the second where PyAV is installed."""
    if request.param == "av" and importlib.util.find_spec("av") is None:
        pytest.skip("PyAV is not installed")
    if request.param == "opencv":
        monkeypatch.setitem(sys.modules, "av", None)


@pytest.mark.usefixtures("encoder")
@pytest.mark.parametrize("size", [(64, 48), (65, 47)])
def test_written_video_comes_back(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "overlay.mp4"
    colours = [(200, 30, 40), (30, 180, 60), (20, 60, 210), (128, 128, 128)] * 3
    with VideoWriter(path, 12.5, size) as video:
        for colour in colours:
            video.write(np.full((size[1], size[0], 3), colour, dtype=np.uint8))
    source = open_frames(path)
    assert source.size == (size[0] + size[0] % 2, size[1] + size[1] % 2)
    shown = np.array([frame.mean(axis=(0, 1)) for frame in source])
    np.testing.assert_allclose(shown, colours, atol=16)


@pytest.mark.usefixtures("encoder")
def test_an_exception_leaves_the_frames_so_far(tmp_path: Path) -> None:
    path = tmp_path / "overlay.mp4"
    video = VideoWriter(path, 25, (64, 48))
    with pytest.raises(RuntimeError), video:
        for _ in range(5):
            video.write(np.zeros((48, 64, 3), dtype=np.uint8))
        raise RuntimeError
    assert len(open_frames(path)) == 5
    video.close()
    with pytest.raises(ValueError, match="is closed"):
        video.write(np.zeros((48, 64, 3), dtype=np.uint8))


@pytest.mark.usefixtures("encoder")
def test_a_video_without_frames_can_be_closed(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "overlay.mp4", 25, (64, 48)):
        pass


def test_a_video_that_is_not_whole_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a full disk: OpenCV says nothing. What went wrong before is not hidden behind it."""
    monkeypatch.setitem(sys.modules, "av", None)

    def write_and(error: Exception | None) -> None:
        with VideoWriter(tmp_path / "lost.mp4", 25, (64, 48)) as video:
            video.write(np.zeros((48, 64, 3), dtype=np.uint8))
            (tmp_path / "lost.mp4").unlink()
            if error is not None:
                raise error

    with pytest.raises(InputError, match=r"lost\.mp4: cannot write the video"):
        write_and(None)
    with pytest.raises(KeyError, match="first"):
        write_and(KeyError("first"))


@pytest.mark.usefixtures("encoder")
def test_names_of_videos_have_no_meaning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("12:30.mp4", "pipe:1.mp4", "%d.mp4"):
        with VideoWriter(name, 25, (64, 48)) as video:
            video.write(np.zeros((48, 64, 3), dtype=np.uint8))
        assert len(open_frames(tmp_path / name)) == 1


@pytest.mark.usefixtures("encoder")
def test_videos_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    for name in ("absent/a.mp4", "folder.mp4", "a.avi"):
        with pytest.raises(InputError, match=name):
            VideoWriter(tmp_path / name, 25, (64, 48))
    with pytest.raises(InputError, match="not valid UTF-8"):
        VideoWriter(tmp_path / "\udcff.mp4", 25, (64, 48))
    with pytest.raises(InputError, match="0 frames/s"):
        VideoWriter(tmp_path / "a.mp4", 0, (64, 48))
    with (
        VideoWriter(tmp_path / "a.mp4", 25, (64, 48)) as video,
        pytest.raises(ValueError, match="48 x 64 x 3"),
    ):
        video.write(np.zeros((64, 48, 3), dtype=np.uint8))
