"""``box2seg convert`` as a user runs it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from box2seg_plugin.cli import main
from box2seg_plugin.formats.catalog import FORMATS, detect_format
from box2seg_plugin.formats.mask_video import Reading
from ltr.data.mask_io import read_mask, write_mask
from ltr.dataset.coco_objects import CocoObjects
from ltr.dataset.youtube_vos import YoutubeVos
from ltr.errors import InputError
from pytracking.analysis.vot_regions import paint_region
from pytracking.bundled import bundled_clip, bundled_names
from pytracking.evaluation.vot_sequences import find_vot

KEPT = 5
"""Of the bundled clips' frames."""

SQUARE = np.zeros((6, 8), np.uint8)
SQUARE[2:4, 3:6] = 1


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first frames of the bundled clips, with one and two objects: masks/ and images/ of each."""
    root = tmp_path_factory.mktemp("clips")
    for name in bundled_names():
        clip = bundled_clip(name)
        for kind, folder in (("masks", clip.masks), ("images", clip.frames)):
            (root / kind / name).mkdir(parents=True)
            for path in sorted(folder.iterdir())[:KEPT]:
                shutil.copy(path, root / kind / name)
    return root


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    """Two small videos, a and b, of two frames each."""
    root = tmp_path / "masks"
    for name in "ab":
        (root / name).mkdir(parents=True)
        for frame in range(2):
            write_mask(root / name / f"{frame}.png", SQUARE)
    return root


def convert(*arguments: object) -> int:
    return main(["convert", *map(str, arguments), "--quiet"])


def out_of(form: str, folder: Path) -> Path:
    return folder / ("masks.json" if FORMATS[form].is_file else form)


def contents(path: Path) -> dict[str, bytes]:
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


def refused(capsys: pytest.CaptureFixture[str], message: str, *arguments: object) -> None:
    """Exit code 2 and one line on stderr."""
    capsys.readouterr()
    assert convert(*arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("box2seg convert: error: ") and error.count("\n") == 1
    assert re.search(message, error), error


def test_real_masks_survive_a_walk_through_all_formats(clips: Path, tmp_path: Path) -> None:
    order = ["png", "coco", "vot", "youtube_vis", "cvat", "youtube_vos", "png"]
    places = [clips / "masks", *(out_of(form, tmp_path / str(n)) for n, form in enumerate(order[1:]))]
    for (before, after), form in zip(pairwise(places), order[1:], strict=True):
        assert convert(before, "--to", form, "--out", after, "--images", clips / "images") == 0
    for original in sorted((clips / "masks").rglob("*.png")):
        found = read_mask(places[-1] / original.relative_to(clips / "masks"))
        np.testing.assert_array_equal(found, read_mask(original))
    assert len(list(places[-1].rglob("*.png"))) == KEPT * len(bundled_names())


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_command_writes_the_same_bytes_and_its_format_is_found(
    form: str, masks: Path, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        assert convert(masks, "--to", form, "--out", out_of(form, tmp_path / name)) == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two") != {}
    assert not list(tmp_path.rglob(".*"))
    found = detect_format(out_of(form, tmp_path / "one"))
    assert found == form
    assert convert(out_of(form, tmp_path / "one"), "--to", "png", "--out", tmp_path / "back") == 0
    for name in "ab":
        assert len(list((tmp_path / "back" / name).iterdir())) == 2


@pytest.mark.parametrize(
    ("content", "form"),
    [
        ('{"images": [{"id": 1}], "annotations": []}', "coco"),
        ('{"videos": [{"id": 1}], "annotations": []}', "youtube_vis"),
        ('{"annotations": [{"image_id": 1}], "images": [], "videos": []}', "coco"),
        ('{"annotations": [{"segmentations": []}]}', "youtube_vis"),
        ('{"licenses": [1]}', None),
        ("[]", None),
    ],
)
def test_json_is_told_by_what_comes_first(tmp_path: Path, content: str, form: str | None) -> None:
    path = tmp_path / "masks.json"
    path.write_text(content)
    if form:
        assert detect_format(path) == form
    else:
        with pytest.raises(InputError):
            detect_format(path)


def test_the_projects_own_readers_read_what_was_written(clips: Path, tmp_path: Path) -> None:
    options = ("--images", clips / "images")
    for form in ("youtube_vos", "coco", "vot"):
        assert convert(clips / "masks", "--to", form, "--out", out_of(form, tmp_path), *options) == 0
    truth = read_mask(clips / "masks" / "ponies" / "00002.png")

    (tmp_path / "youtube_vos" / "JPEGImages").symlink_to(clips / "images")
    vos = YoutubeVos(tmp_path, split="youtube_vos")
    tracks = [(vos.sequence(i), vos.object_id(i)) for i in range(len(vos))]
    assert tracks == [("goat", 1), ("ponies", 1), ("ponies", 2)]
    np.testing.assert_array_equal(vos.read(2, [2]).masks[0], truth == 2)

    (tmp_path / "coco").mkdir()
    (tmp_path / "masks.json").rename(tmp_path / "coco" / "annotations.json")
    (tmp_path / "coco" / "images").symlink_to(clips / "images")
    coco = CocoObjects(tmp_path / "coco", min_area=0)
    names = [coco.picture(i) for i in range(len(coco))]
    index = names.index("ponies/00002.jpg") + 1
    np.testing.assert_array_equal(coco[index][1], truth == 2)

    (tmp_path / "vot").rename(tmp_path / "sequences")
    for name in bundled_names():
        (tmp_path / "sequences" / name / "color").symlink_to(clips / "images" / name)
    loaders = find_vot(tmp_path)
    assert list(loaders) == bundled_names()
    region = loaders["goat"]().start_masks[0][1]
    goat = read_mask(clips / "masks" / "goat" / "00000.png")
    np.testing.assert_array_equal(paint_region(region, 0, 0, *goat.shape[::-1]), goat)


def test_images_number_the_frames_of_cvat(masks: Path, tmp_path: Path) -> None:
    """With every fifth frame annotated, the second mask belongs to the sixth image, not to the second."""
    (masks / "a" / "1.png").rename(masks / "a" / "5.png")
    (tmp_path / "images").mkdir()
    for frame in range(8):
        Image.new("RGB", (8, 6)).save(tmp_path / "images" / f"{frame}.jpg")
    images = ("--images", tmp_path / "images")
    assert convert(masks / "a", "--to", "cvat", "--out", tmp_path / "cvat", *images) == 0
    text = (tmp_path / "cvat" / "a.xml").read_text()
    assert re.findall(r'frame="(\d+)" keyframe="1" outside="0"', text) == ["0", "5"]
    assert convert(tmp_path / "cvat", "--to", "png", "--out", tmp_path / "back", *images) == 0
    assert contents(tmp_path / "back" / "a") == contents(masks / "a")


def test_images_of_one_video_are_not_taken_for_several(
    masks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Frames that are numbered fit any images."""
    images = tmp_path / "images"
    images.mkdir()
    for frame in range(2):
        Image.new("RGB", (8, 6)).save(images / f"{frame}.jpg")
    assert convert(masks, "--to", "cvat", "--out", tmp_path / "cvat") == 0
    back = (tmp_path / "cvat", "--to", "png", "--out", tmp_path / "back", "--images", images)
    refused(capsys, 'no folder of those of "a": it must hold a folder for each of the 2 videos', *back)
    assert convert(*back, "--videos", "b") == 0


def test_a_folder_may_be_called_as_a_file(masks: Path, tmp_path: Path) -> None:
    (masks / "b").rename(masks / "b.png")
    assert convert(masks, "--to", "png", "--out", tmp_path / "out") == 0
    assert contents(tmp_path / "out") == contents(masks)


def test_videos_are_chosen_and_a_single_one_is_named(
    masks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert(masks, "--to", "png", "--out", tmp_path / "b", "--videos", "b", "b", "--name", "犬 2") == 0
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["犬 2"]
    arguments = (masks, "--to", "png", "--out", tmp_path / "x")
    refused(capsys, 'has no video "c"; it has 2: a, b', *arguments, "--videos", "a", "c")
    refused(capsys, "--name is for one video", *arguments, "--name", "z")
    refused(capsys, "must have no slash", *arguments, "--videos", "a", "--name", "../z")
    assert not (tmp_path / "x").exists() and not (tmp_path / "z").exists()


def test_void_and_overlaps_are_told(masks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for frame in range(2):
        write_mask(masks / "a" / f"{frame}.png", SQUARE * np.uint8(255))
    assert convert(masks, "--to", "coco", "--out", tmp_path / "out.json") == 0
    error = capsys.readouterr().err
    assert "12 void pixels (255) became background" in error and "2 frames hold void (255) alone" in error
    assert convert(masks, "--to", "coco", "--out", tmp_path / "binary.json", "--binary") == 0
    assert capsys.readouterr().err == ""
    content = json.loads((tmp_path / "binary.json").read_text())
    assert [entry["area"] for entry in content["annotations"]] == [6, 6, 6, 6]
    wide = {**content["annotations"][0], "track_id": 2, "id": 9}
    wide["segmentation"] = {"size": [6, 8], "counts": [0, 48]}
    content["annotations"].append(wide)
    (tmp_path / "overlap.json").write_text(json.dumps(content))
    assert convert(tmp_path / "overlap.json", "--to", "png", "--out", tmp_path / "out") == 0
    assert "6 pixels of 1 frames were claimed by several objects" in capsys.readouterr().err
    np.testing.assert_array_equal(read_mask(tmp_path / "out" / "a" / "0.png"), 2 - SQUARE)


def test_a_broken_video_ends_the_conversion_or_is_left_out(
    masks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (masks / "b" / "1.png").write_bytes(b"\x89PNG")
    for form in FORMATS:
        out = out_of(form, tmp_path / form)
        refused(capsys, r"b/1\.png", masks, "--to", form, "--out", out)
        assert not list((tmp_path / form).iterdir())
        assert convert(masks, "--to", form, "--out", out, "--skip-broken") == 1
        assert 'video "b" is left out' in capsys.readouterr().err
        assert list(FORMATS[form].find(out, Reading())) == ["a"]
    assert convert(masks, "--to", "png", "--out", tmp_path / "x", "--videos", "b", "--skip-broken") == 2
    assert "none of the 1 videos" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("form", FORMATS)
def test_an_interruption_leaves_nothing(
    form: str, masks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of the second video."""
    left = 3

    def interrupt(path: Path) -> np.ndarray:
        nonlocal left
        if not left:
            raise KeyboardInterrupt
        left -= 1
        return read_mask(path)

    monkeypatch.setattr("box2seg_plugin.formats.png_tree.read_mask", interrupt)
    (tmp_path / "new").mkdir()
    assert convert(masks, "--to", form, "--out", out_of(form, tmp_path / "new")) == 130
    assert not left and not list((tmp_path / "new").iterdir())


PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "masks": (lambda _: None, "is there already"),
    "masks/a/new": (lambda _: None, "lies within .*masks"),
    "masks/a/0.png": (lambda _: None, "is there already"),
    "link/new": (lambda root: (root / "link").symlink_to("masks"), "lies within .*masks"),
    "file": (lambda root: (root / "file").write_text("mine"), "is there already"),
    "dangling": (lambda root: (root / "dangling").symlink_to("nowhere"), "is there already"),
    "full": (lambda root: (root / "full" / "x").mkdir(parents=True), "is there already"),
    "file/new": (lambda root: (root / "file").write_text("mine"), "cannot be written"),
    "images/new": (lambda root: (root / "images").mkdir(), "lies within --images"),
    "n" * 300: (lambda _: None, "too long"),
}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place[:20])
@pytest.mark.parametrize("form", ["png", "coco"])
def test_what_is_there_is_never_touched(
    form: str, place: str, masks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare, message = PLACES[place]
    prepare(tmp_path)
    images = ("--images", tmp_path / "images") if "images" in place else ()
    before = contents(tmp_path)
    refused(capsys, message, masks, "--to", form, "--out", tmp_path / place, *images)
    assert contents(tmp_path) == before


def test_an_empty_folder_can_be_written_to(masks: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert convert(masks, "--to", "png", "--out", tmp_path / "empty") == 0
    assert contents(tmp_path / "empty") == contents(masks)


def test_a_folder_that_takes_no_files_is_told(
    masks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As when the disk is full, which a test cannot make."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("box2seg_plugin.formats.json_writer.to_json", full)
    refused(capsys, "No space left", masks, "--to", "coco", "--out", tmp_path / "out.json")
    assert [path.name for path in tmp_path.iterdir()] == ["masks"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing", "--to", "png", "--out", "x"], "nothing: no such file or folder"),
        (["notes.txt", "--to", "png", "--out", "x"], "not known what this is"),
        (["masks", "--to", "avi", "--out", "x"], "invalid choice"),
        (["masks", "--out", "x"], "--to"),
        (["masks", "--to", "png", "--out", ""], "is empty"),
        (["masks", "--to", "png", "--out", "x", "--from", "coco"], "masks: is no file"),
        (["masks", "--to", "png", "--out", "x", "--images", "gone"], "gone"),
    ],
)
def test_wrong_arguments_are_told_in_a_line(
    masks: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    arguments: list[str], message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(masks.parent)
    Path("notes.txt").write_text("masks")
    try:
        assert convert(*arguments) == 2
    except SystemExit as stopped:
        assert stopped.code == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not Path("x").exists()


def test_the_commands_of_the_page_run(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (repository / "docs" / "formats.md").read_text(encoding="utf-8")
    block = re.search(r"```bash\n(.*?)```", page, re.DOTALL)
    assert block
    (tmp_path / "pytracking").symlink_to(repository / "pytracking")
    monkeypatch.chdir(tmp_path)
    commands = [shlex.split(line) for line in block[1].splitlines()]
    assert {command[command.index("--to") + 1] for command in commands} == set(FORMATS)
    for command in commands:
        assert command[0] == "box2seg" and main([*command[1:], "--quiet"]) == 0, command
    assert contents(tmp_path / "corrected") == contents(tmp_path / "masks")


def test_the_page_and_the_help_name_all_formats(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (repository / "docs" / "formats.md").read_text(encoding="utf-8")
    with pytest.raises(SystemExit):
        main(["convert", "--help"])
    printed = capsys.readouterr().out
    for name in FORMATS:
        assert f"| `{name}` |" in page and f"\n**{name}**: " in page
        assert f"{name}:" in printed
    assert "Void" in printed and "smallest" in " ".join(printed.split())
