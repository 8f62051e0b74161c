"""The formats of masks: what they write, against independent readers, and round trips."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from box2seg_plugin.formats.catalog import FORMATS
from box2seg_plugin.formats.images import with_images
from box2seg_plugin.formats.label_painter import LabelPainter
from box2seg_plugin.formats.losses import Losses
from box2seg_plugin.formats.mask_video import LabelMap, MaskVideo, Reading
from box2seg_plugin.formats.names import MAX_NAME_BYTES
from ltr.data.boxes import mask_to_box
from ltr.data.mask_io import DAVIS_PALETTE, VOID
from ltr.data.rle import compress_runs, encode_rle
from ltr.dataset.youtube_vos import read_meta
from ltr.errors import InputError
from pytracking.analysis.vot_regions import paint_region, read_regions

KEEP_VOID = ("png", "youtube_vos")
KEEP_CATEGORIES = ("youtube_vos", "coco", "youtube_vis", "cvat")

SIZE = (9, 6)
FIRST, SECOND = np.zeros((2, 6, 9), np.uint8)
FIRST[1:4, 2:5] = 3
FIRST[2, 3] = 0
FIRST[4:, 7:] = 1
SECOND[0, :2] = 3  # one pixel alone is nothing to the VOT toolkit
FRAMES = {"00005": FIRST, "00010": None, "00015": SECOND}
CATEGORIES = {1: "dog", 3: "Tschüß & <\"'>"}


def video_of(
    frames: Mapping[str, LabelMap | None],
    name: str = "clip",
    categories: Mapping[int, str] | None = None,
    size: tuple[int, int] = SIZE,
) -> MaskVideo:
    labels = list(frames.values())
    images = tuple(f"{frame}.jpg" for frame in frames)
    return MaskVideo(name, size, images, labels.__getitem__, "a test", categories or {})


def write(form: str, out: Path, *videos: MaskVideo) -> Losses:
    losses = Losses()
    with FORMATS[form].write(out, losses) as add:
        for video in videos:
            add(video)
    return losses


def place(form: str, folder: Path) -> Path:
    return folder / ("out.json" if FORMATS[form].is_file else "out")


def read(form: str, path: Path, **options: Any) -> dict[str, MaskVideo]:
    return {name: load() for name, load in FORMATS[form].find(path, Reading(**options)).items()}


def labels_of(video: MaskVideo) -> dict[str, LabelMap | None]:
    return {video.frames[index]: labels for index, labels in video.label_maps()}


def assert_same(found: Mapping[str, LabelMap | None], expected: Mapping[str, LabelMap | None]) -> None:
    assert list(found) == list(expected)
    for frame, labels in expected.items():
        if labels is None:
            assert found[frame] is None, frame
        else:
            assert found[frame].dtype == np.uint8
            np.testing.assert_array_equal(found[frame], labels, frame)


def kept(form: str, frames: Mapping[str, LabelMap | None]) -> dict[str, LabelMap | None]:
    """What docs/formats.md says that a format keeps of a video's frames."""
    if form not in KEEP_VOID:
        frames = {
            name: None if labels is None else np.where(labels == VOID, 0, labels).astype(np.uint8)
            for name, labels in frames.items()
        }
    if form == "cvat":
        unknown = {f"{n:05d}": labels for n, labels in enumerate(frames.values())}
        return {n: None if labels is None or not labels.any() else labels for n, labels in unknown.items()}
    return {name: labels for name, labels in frames.items() if form == "vot" or labels is not None}


FRAME_NAMES = st.text("0159ab ä犬.-", min_size=1, max_size=4).filter(lambda name: name[0] != ".")


@st.composite
def videos(draw: st.DrawFn, name: str = "clip") -> tuple[MaskVideo, dict[str, LabelMap | None]]:
    """A video in which objects come and go, overlap nothing, and frames may not be annotated."""
    width, height = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    ids = st.sampled_from([0, 0, 0, 1, 2, 7, 254, VOID])
    count = draw(st.integers(1, 4))
    frames: dict[str, LabelMap | None] = {}
    for index in range(count):
        annotated = index == 0 or draw(st.booleans())
        labels = draw(arrays(np.uint8, (height, width), elements=ids)) if annotated else None
        frames[f"{index}{draw(FRAME_NAMES)}"] = labels
    if not any(labels is not None and ((labels > 0) & (labels < VOID)).any() for labels in frames.values()):
        frames["9"] = np.ones((height, width), np.uint8)
    return video_of(frames, name, size=(width, height)), frames


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=12, deadline=None)
@given(videos("clip"), videos("Bär im Wald 犬"))
def test_masks_survive_writing_and_reading(form: str, first: Any, second: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = place(form, Path(folder))
        visible = [v for v in (first, second) if any(x is not None for x in kept(form, v[1]).values())]
        losses = write(form, out, *(video for video, _ in visible))
        found = read(form, out)
        assert sorted(found) == sorted(video.name for video, _ in visible)
        for video, frames in visible:
            assert found[video.name].size == video.size
            expected, labels = kept(form, frames), labels_of(found[video.name])
            if form in KEEP_VOID:  # whose frames are in the natural order of their names
                expected, labels = dict(sorted(expected.items())), dict(sorted(labels.items()))
            assert_same(labels, expected)
        void = sum(np.count_nonzero(x == VOID) for _, f in visible for x in f.values() if x is not None)
        assert losses.void_pixels == (0 if form in KEEP_VOID else void)
        assert losses.overlap_pixels == 0


@pytest.mark.parametrize("form", KEEP_CATEGORIES)
def test_categories_survive(form: str, tmp_path: Path) -> None:
    write(form, place(form, tmp_path), video_of(FRAMES, categories=CATEGORIES))
    assert dict(read(form, place(form, tmp_path))["clip"].categories) == CATEGORIES


def test_png_is_a_palette_png_as_davis_has_it(tmp_path: Path) -> None:
    write("png", tmp_path / "out", video_of(FRAMES))
    assert sorted(path.name for path in (tmp_path / "out" / "clip").iterdir()) == ["00005.png", "00015.png"]
    with Image.open(tmp_path / "out" / "clip" / "00005.png") as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(np.array(image), FIRST)
        assert image.getpalette() == DAVIS_PALETTE.ravel().tolist()


def test_youtube_vos_lists_the_frames_in_which_objects_are_seen(tmp_path: Path) -> None:
    write("youtube_vos", tmp_path / "out", video_of(FRAMES, categories=CATEGORIES), video_of(FRAMES, "b"))
    meta = json.loads((tmp_path / "out" / "meta.json").read_text())
    assert meta["videos"]["clip"] == {
        "objects": {
            "1": {"category": "dog", "frames": ["00005"]},
            "3": {"category": CATEGORIES[3], "frames": ["00005", "00015"]},
        }
    }
    assert (
        list(meta["videos"]) == ["clip", "b"] and meta["videos"]["b"]["objects"]["1"]["category"] == "object"
    )
    assert read_meta(tmp_path / "out" / "meta.json")["clip"][3].frames == ("00005", "00015")
    with Image.open(tmp_path / "out" / "Annotations" / "clip" / "00005.png") as image:
        np.testing.assert_array_equal(np.array(image), FIRST)


def test_coco_is_what_its_description_says(tmp_path: Path) -> None:
    write("coco", tmp_path / "out.json", video_of(FRAMES, categories=CATEGORIES))
    content = json.loads((tmp_path / "out.json").read_text())
    assert content["images"] == [
        {"id": 1, "file_name": "clip/00005.jpg", "width": 9, "height": 6},
        {"id": 2, "file_name": "clip/00015.jpg", "width": 9, "height": 6},
    ]
    assert content["categories"] == [
        {"id": 1, "name": "dog", "supercategory": "object"},
        {"id": 2, "name": CATEGORIES[3], "supercategory": "object"},
    ]
    masks = [(1, 1, 1, FIRST == 1), (1, 3, 2, FIRST == 3), (2, 3, 2, SECOND == 3)]
    assert content["annotations"] == [
        {
            "id": number,
            "image_id": image,
            "category_id": category,
            "track_id": track,
            "segmentation": {"size": [6, 9], "counts": compress_runs(encode_rle(mask))},
            "area": int(mask.sum()),
            "bbox": mask_to_box(mask).tolist(),
            "iscrowd": 0,
        }
        for number, (image, track, category, mask) in enumerate(masks, start=1)
    ]


@settings(max_examples=12, deadline=None)
@given(videos())
def test_pycocotools_reads_coco(drawn: Any) -> None:
    pytest.importorskip("pycocotools", reason="pycocotools is not installed")
    from pycocotools import mask as coco_mask
    from pycocotools.coco import COCO

    video, frames = drawn
    with tempfile.TemporaryDirectory() as folder:
        write("coco", Path(folder) / "out.json", video)
        coco = COCO(str(Path(folder) / "out.json"))
    for image in coco.loadImgs(coco.getImgIds()):
        labels = frames[Path(image["file_name"]).stem]
        annotations = coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]]))
        assert [entry["track_id"] for entry in annotations] == sorted({*np.unique(labels)} - {0, VOID})
        for entry in annotations:
            np.testing.assert_array_equal(coco.annToMask(entry), labels == entry["track_id"])
            assert entry["area"] == coco_mask.area(entry["segmentation"])
            assert entry["bbox"] == coco_mask.toBbox(entry["segmentation"]).tolist()


def test_youtube_vis_has_a_list_entry_for_each_frame(tmp_path: Path) -> None:
    write("youtube_vis", tmp_path / "out.json", video_of(FRAMES), video_of(FRAMES, "b"))
    content = json.loads((tmp_path / "out.json").read_text())
    assert [video["file_names"] for video in content["videos"]] == [
        ["clip/00005.jpg", "clip/00015.jpg"],
        ["b/00005.jpg", "b/00015.jpg"],
    ]
    assert [video["id"] for video in content["videos"]] == [1, 2]
    assert all((v["width"], v["height"], v["length"]) == (9, 6, 2) for v in content["videos"])
    assert [entry["video_id"] for entry in content["annotations"]] == [1, 1, 2, 2]
    assert [entry["id"] for entry in content["annotations"]] == [1, 2, 3, 4]
    dog = content["annotations"][0]
    assert dog["segmentations"] == [
        {"size": [6, 9], "counts": compress_runs(encode_rle(FIRST == 1))},
        None,
    ]
    assert dog["bboxes"] == [[7, 4, 2, 2], None] and dog["areas"] == [4, None] and dog["iscrowd"] == 0
    assert {entry["category_id"] for entry in content["annotations"]} == {1}
    assert content["categories"][0]["name"] == "object"


def test_vot_is_what_pytracking_reads(tmp_path: Path) -> None:
    write(
        "vot",
        tmp_path / "out",
        video_of(FRAMES),
        video_of({"00000001": (FIRST == 1) * np.uint8(1)}, "single"),
    )
    folder = tmp_path / "out" / "clip"
    assert sorted(path.name for path in folder.iterdir()) == [
        "frames.txt", "groundtruth_1.txt", "groundtruth_3.txt", "sequence",
    ]  # fmt: skip
    for object_id in (1, 3):
        regions = read_regions(folder / f"groundtruth_{object_id}.txt")
        for region, labels in zip(regions, FRAMES.values(), strict=True):
            expected = np.zeros((6, 9), bool) if labels is None else labels == object_id
            np.testing.assert_array_equal(paint_region(region, 0, 0, *SIZE), expected)
    assert (folder / "groundtruth_1.txt").read_text() == "m7,4,2,2,0,4\n0\nm0,0,0,0,0\n"
    assert sorted(path.name for path in (tmp_path / "out" / "single").iterdir()) == [
        "groundtruth.txt",
        "sequence",
    ]
    assert (tmp_path / "out" / "list.txt").read_text() == "clip\nsingle\n"
    properties = dict(line.split("=") for line in (folder / "sequence").read_text().splitlines())
    assert properties["width"] == "9" and properties["height"] == "6" and properties["length"] == "3"
    assert properties["channels.color"] == "color/%08d.jpg" and properties["channel.default"] == "color"


READ_BY_THE_TOOLKIT = """
import json, sys
from vot.dataset.common import read_sequence
sequence = read_sequence(sys.argv[1])
assert sequence.size == (9, 6), sequence.size
print(json.dumps({
    name: [sequence.frame(i).object(name).rasterize((0, 0, 8, 5)).tolist() if i != 1 else None
           for i in range(len(sequence))]
    for name in sequence.objects()
}))
"""


def test_the_vot_toolkit_reads_vot(tmp_path: Path) -> None:
    """Where it is installed: see tests/pytracking/test_vot_toolkit.py."""
    environment = os.environ.get("BOX2SEG_VOT_ENV")
    if not environment:
        pytest.skip("BOX2SEG_VOT_ENV names no environment with the VOT toolkit")
    write("vot", tmp_path / "out", video_of(FRAMES))
    command = [Path(environment) / "bin" / "python", "-c", READ_BY_THE_TOOLKIT, tmp_path / "out" / "clip"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert found.keys() == {"1", "3"}
    for name, masks in found.items():
        assert masks[1] is None  # not annotated: a code, which is no mask
        np.testing.assert_array_equal(np.array(masks[0]) > 0, int(name) == FIRST)
        np.testing.assert_array_equal(np.array(masks[2]) > 0, int(name) == SECOND)


def test_cvat_has_a_track_for_each_mask(tmp_path: Path) -> None:
    write("cvat", tmp_path / "out", video_of(FRAMES, categories=CATEGORIES))
    root = ElementTree.parse(tmp_path / "out" / "clip.xml").getroot()
    task = root.find("meta/task")
    assert task.findtext("size") == "3" and task.findtext("stop_frame") == "2"
    assert task.findtext("original_size/width") == "9" and task.findtext("original_size/height") == "6"
    assert [label.text for label in task.findall("labels/label/name")] == list(CATEGORIES.values())
    seen = []
    for number, track in enumerate(root.findall("track")):
        assert track.get("id") == str(number)
        mask, *end = track.findall("mask")
        frame, object_id = int(mask.get("frame")), int(track.get("group_id"))
        assert track.get("label") == CATEGORIES[object_id] and mask.get("outside") == "0"
        assert mask.findtext("attribute[@name='object']") == str(object_id)
        assert [(e.get("outside"), e.get("frame")) for e in end] == ([("1", "1")] if frame == 0 else [])
        x, y, width, height = (int(mask.get(key)) for key in ("left", "top", "width", "height"))
        pixels, value = [], 0
        for run in mask.get("rle").split(", "):
            pixels += [value] * int(run)
            value = 1 - value
        canvas = np.zeros((6, 9), bool)
        canvas[y : y + height, x : x + width] = np.reshape(pixels, (height, width))
        np.testing.assert_array_equal(canvas, list(FRAMES.values())[frame] == object_id)
        assert mask_to_box(canvas).tolist() == [x, y, width, height]
        seen.append((frame, object_id))
    assert seen == [(0, 1), (0, 3), (2, 3)]


# Overlaps


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_the_smallest_mask_is_on_top_whatever_the_order(order: Sequence[int]) -> None:
    line = np.arange(12).reshape(2, 6)
    masks = [(5, line < 6), (2, (line >= 4) & (line < 8)), (9, (line >= 5) & (line < 9))]  # 6, 4 and 4 pixels
    losses = Losses()
    painter = LabelPainter((6, 2), losses)
    for index in order:
        painter.add(*masks[index])
    np.testing.assert_array_equal(painter.labels, [[5, 5, 5, 5, 2, 2], [2, 2, 9, 0, 0, 0]])
    # Pixels 4, 6 and 7 are claimed twice, pixel 5 three times.
    assert losses.overlap_frames == 1 and losses.overlap_pixels == 5
    assert "5 pixels of 1 frames" in losses.warnings()[0]


def test_void_gives_way_to_objects() -> None:
    losses = Losses()
    painter = LabelPainter((3, 1), losses)
    painter.add(1, np.array([[1, 0, 0]]))
    painter.add_void(np.array([[1, 1, 1]]))
    painter.add(2, np.array([[0, 0, 1]]))
    assert painter.labels.tolist() == [[1, VOID, 2]] and losses.overlap_pixels == 0


# Images


def images_at(folder: Path, names: Sequence[str], size: tuple[int, int] = SIZE) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        Image.new("RGB", size).save(folder / name)
    return folder


def test_images_name_frames_and_say_which_are_not_annotated(tmp_path: Path) -> None:
    images_at(tmp_path / "clip", ["00000.jpg", "00005.png", "00010.jpg", "00015.jpg"])
    video = with_images(video_of(FRAMES), tmp_path)
    assert video.images == ("00000.jpg", "00005.png", "00010.jpg", "00015.jpg")
    assert_same(labels_of(video), {"00000": None, **FRAMES})


def test_images_go_by_number_where_frames_have_no_names(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    images_at(tmp_path / "images", ["a2.jpg", "a10.jpg", "a1.jpg"])
    write("cvat", tmp_path / "out", video_of({"x": np.zeros_like(FIRST), "y": FIRST}))
    (video,) = read("cvat", tmp_path / "out", images=tmp_path / "images").values()
    labels = labels_of(with_images(video, tmp_path / "images"))
    assert_same(labels, {"a1": None, "a2": FIRST, "a10": None})
    assert "counts 2 frames" in caplog.text and "3 images: its frames are taken for the first" in caplog.text


@pytest.mark.parametrize(
    ("names", "size", "message"),
    [
        (["00005.jpg", "00010.jpg"], SIZE, "frame 00015 has no image"),
        (["00005.jpg"], (8, 6), "masks are 9 x 6, the image .* is 8 x 6"),
        (["notes.txt"], SIZE, "no such folder of images"),
    ],
)
def test_images_that_do_not_fit_are_refused(
    tmp_path: Path, names: list[str], size: tuple[int, int], message: str
) -> None:
    folder = tmp_path / "images"
    images_at(folder, [name for name in names if name.endswith("jpg")], size)
    with pytest.raises(InputError, match=message):
        with_images(video_of(FRAMES), folder)


def test_fewer_images_than_numbered_frames_are_refused(tmp_path: Path) -> None:
    images_at(tmp_path / "images", ["1.jpg", "2.jpg"])
    write("cvat", tmp_path / "out", video_of({"x": FIRST, "y": FIRST, "z": FIRST}))
    (video,) = read("cvat", tmp_path / "out").values()
    with pytest.raises(InputError, match=r"has 3 frames, .* has 2 images"):
        with_images(video, tmp_path / "images")


# Writing


def test_odd_names_that_are_fine_stay(tmp_path: Path) -> None:
    names = ["con", "a b", "50%", "a=b", "#1", "&amp;<x>", "n" * MAX_NAME_BYTES, "ü" * (MAX_NAME_BYTES // 2)]
    for form in FORMATS:
        out = place(form, tmp_path / form)
        write(form, out, *(video_of({"x": FIRST}, name=name) for name in names))
        found = read(form, out)
        assert sorted(found) == sorted(names)
        for video in found.values():
            np.testing.assert_array_equal(next(video.annotated())[1], FIRST)


@pytest.mark.parametrize("form", FORMATS)
def test_a_video_that_cannot_be_read_leaves_no_trace(form: str, tmp_path: Path) -> None:
    """Not in what is written of the others, nor in the folder while it is written."""

    def broken(index: int) -> LabelMap:
        if index:
            raise InputError("no such frame")
        return FIRST

    out, alone = place(form, tmp_path), place(form, tmp_path / "alone")
    first, last = video_of(FRAMES, "a"), video_of(FRAMES, "z")
    with FORMATS[form].write(out, Losses()) as add:
        add(first)
        with pytest.raises(InputError, match="no such frame"):
            add(MaskVideo("broken", SIZE, ("0.jpg", "1.jpg"), broken, "a test"))
        add(last)
    write(form, alone, first, last)
    assert contents(out) == contents(alone)


@pytest.mark.parametrize("form", FORMATS)
def test_an_error_leaves_nothing(form: str, tmp_path: Path) -> None:
    out = place(form, tmp_path / "new")
    with pytest.raises(InputError, match="stop"), FORMATS[form].write(out, Losses()) as add:
        add(video_of(FRAMES))
        raise InputError("stop")
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("form", FORMATS)
def test_a_video_without_masks_is_refused(form: str, tmp_path: Path) -> None:
    with FORMATS[form].write(place(form, tmp_path), Losses()) as add:
        with pytest.raises(InputError, match="no frame has masks"):
            add(video_of({"a": None}))
        add(video_of(FRAMES))
    assert list(read(form, place(form, tmp_path))) == ["clip"]


def contents(path: Path) -> dict[str, bytes]:
    """All files of a folder, or the file itself."""
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    return {str(file.relative_to(path)): file.read_bytes() for file in files}
