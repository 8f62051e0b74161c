"""Mask files of other programs: sound ones are read as meant, damaged and hostile ones are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from PIL import Image

from box2seg_plugin.formats.catalog import FORMATS
from box2seg_plugin.formats.losses import Losses
from box2seg_plugin.formats.mask_video import LabelMap, MaskVideo, Reading
from ltr.data.mask_io import VOID
from ltr.data.rle import compress_runs, encode_rle
from ltr.errors import InputError

SIZE = (9, 6)
FIRST, SECOND = np.zeros((2, 6, 9), np.uint8)
FIRST[1:4, 2:5] = 3
FIRST[2, 3] = 0
FIRST[4:, 7:] = 1
SECOND[0, 0] = 3


def read(form: str, path: Path, **options: Any) -> dict[str, MaskVideo]:
    return {name: load() for name, load in FORMATS[form].find(path, Reading(**options)).items()}


def use(form: str, path: Path) -> None:
    """Read everything."""
    for video in read(form, path).values():
        labels_of(video)


def labels_of(video: MaskVideo) -> dict[str, LabelMap | None]:
    return {video.frames[index]: labels for index, labels in video.label_maps()}


def rle(mask: np.ndarray, compressed: bool = True) -> dict[str, Any]:
    runs = encode_rle(mask)
    return {"size": list(mask.shape), "counts": compress_runs(runs) if compressed else runs}


def coco_file(**changes: Any) -> dict[str, Any]:
    content = {
        "images": [{"id": 7, "file_name": "a/b/clip/x.png", "width": 9, "height": 6}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 4, "segmentation": rle(FIRST == 3), "iscrowd": 0},
            {"id": 2, "image_id": 7, "category_id": 5, "segmentation": rle(FIRST == 1, False)},
        ],
        "categories": [{"id": 4, "name": "cat"}, {"id": 5, "name": "dog"}],
    }
    return {**content, **changes}


def write_json(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_coco_without_tracks_numbers_the_annotations_of_an_image(tmp_path: Path) -> None:
    content = coco_file()
    square = {"id": 3, "image_id": 7, "category_id": 4, "segmentation": [[0, 0, 2, 0, 2, 1, 0, 1]]}
    crowd = {"id": 4, "image_id": 7, "category_id": 4, "iscrowd": 1, "segmentation": rle(np.ones((6, 9)))}
    content["annotations"] += [square, crowd]
    reordered = dict(reversed(content.items()))  # annotations before images, too
    for number, form in enumerate((content, reordered)):
        (video,) = read("coco", write_json(tmp_path / f"{number}.json", form)).values()
        assert (video.name, video.images, dict(video.categories)) == (
            "clip", ("x.png",), {1: "cat", 2: "dog", 3: "cat", 4: "cat"},
        )  # fmt: skip
        expected = np.full((6, 9), VOID)
        expected[FIRST == 3], expected[FIRST == 1], expected[0, :2] = 1, 2, 3
        np.testing.assert_array_equal(labels_of(video)["x"], expected)


def test_coco_images_without_folder_are_one_video(tmp_path: Path) -> None:
    images = [{"id": n, "file_name": f"{n:03d}.jpg", "width": 9, "height": 6} for n in (7, 3)]
    (video,) = read("coco", write_json(tmp_path / "flat.json", coco_file(images=images))).values()
    assert video.name == "flat" and video.frames == ("007", "003")


def test_youtube_vis_as_the_data_set_has_it(tmp_path: Path) -> None:
    content = {
        "videos": [{"id": 5, "width": 9, "height": 6, "length": 2, "file_names": ["v/0.jpg", "v/5.jpg"]}],
        "annotations": [
            {"id": 90, "video_id": 5, "category_id": 1, "segmentations": [rle(FIRST == 3, False), None]},
            {"id": 80, "video_id": 5, "category_id": 1, "segmentations": [rle(FIRST == 1), rle(SECOND)]},
        ],
        "categories": [{"id": 1, "name": "cat"}],
    }
    (video,) = read("youtube_vis", write_json(tmp_path / "a.json", content)).values()
    first = np.where(FIRST == 3, 1, np.where(FIRST == 1, 2, 0))
    labels = labels_of(video)
    assert list(labels) == ["0", "5"]
    np.testing.assert_array_equal(labels["0"], first)
    np.testing.assert_array_equal(labels["5"], np.where(SECOND, 2, 0))
    assert dict(video.categories) == {1: "cat", 2: "cat"}


def test_vot_as_the_toolkit_has_it(tmp_path: Path) -> None:
    folder = tmp_path / "car"
    (folder / "color").mkdir(parents=True)
    Image.new("RGB", SIZE).save(folder / "color" / "00000001.jpg")
    # A mask whose last run is left out, a rectangle, a code, a mask half outside; one object is shorter.
    (folder / "groundtruth_left.txt").write_text("m2,1,3,3,0,2\n1,1,2.4,2\n0\nm-1,4,3,2,0,6\n\n")
    (folder / "groundtruth_right.txt").write_text("m7,4,2,2,0,4\r\n0\r\n0\r\n")
    (video,) = read("vot", tmp_path).values()
    assert video.size == SIZE and not video.named
    expected = np.zeros((4, 6, 9), np.uint8)
    expected[0, 1, 2:4], expected[0, 4:, 7:], expected[1, 1:3, 1:3], expected[3, 4:, :2] = 1, 2, 1, 1
    labels = labels_of(video)
    assert list(labels) == [f"{n:08d}" for n in range(1, 5)] and labels.pop("00000003") is None
    np.testing.assert_array_equal(list(labels.values()), expected[[0, 1, 3]])


CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version>
<meta><{kind}><id>5</id><name>a task</name><size>3</size><mode>interpolation</mode>
<labels><label><name>dog</name><size>77</size></label></labels>
<original_size><width>9</width><height>6</height></original_size></{kind}><dumped>now</dumped></meta>
{tracks}</annotations>
"""
PIXEL = '<mask frame="{}" outside="{}" occluded="0" rle="0, 1" left="{}" top="0" width="1" height="1"/>'


def cvat_file(folder: Path, *tracks: str, kind: str = "task") -> Path:
    path = folder / "clip.xml"
    path.write_text(CVAT.format(kind=kind, tracks="\n".join(tracks)), encoding="utf-8")
    return path


def track(number: int, *masks: tuple[int, int, int], **attributes: object) -> str:
    """masks: frame, outside, left."""
    more = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f'<track id="{number}"{more}>{"".join(PIXEL.format(*mask) for mask in masks)}</track>'


@pytest.mark.parametrize(
    ("tracks", "expected", "categories"),
    [
        # masks that were drawn one by one in CVAT: only the label tells
        (
            [track(0, (0, 0, 4), (1, 1, 4), label="dog"), track(1, (1, 0, 5), (2, 1, 5), label="dog")],
            {0: {4: 1}, 1: {5: 1}},
            {1: "dog"},
        ),
        # groups keep their numbers, where these can be ids
        ([track(0, (0, 0, 4), label="dog", group_id=7), track(1, (0, 0, 5), label="dog", group_id=2)],
         {0: {4: 7, 5: 2}}, {7: "dog", 2: "dog"}),
        ([track(0, (0, 0, 4), group_id=900), track(1, (1, 0, 5), group_id=1)], {0: {4: 2}, 1: {5: 1}}, {}),
        # tracks of several masks are objects of their own
        ([track(4, (0, 0, 4), (1, 0, 5), label="dog"), track(9, (0, 0, 6), (1, 0, 7), label="dog")],
         {0: {4: 1, 6: 2}, 1: {5: 1, 7: 2}}, {1: "dog", 2: "dog"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["task", "job"])
def test_cvat_tells_objects_by_what_there_is(
    tmp_path: Path, tracks: list[str], expected: dict[int, dict[int, int]], categories: dict, kind: str
) -> None:
    (video,) = read("cvat", cvat_file(tmp_path, *tracks, kind=kind)).values()
    assert len(video) == 3 and video.size == SIZE and dict(video.categories) == categories
    for frame, labels in video.label_maps():
        found = {} if labels is None else {int(x): int(labels[0, x]) for x in np.flatnonzero(labels[0])}
        assert found == expected.get(frame, {})
        assert labels is None or not labels[1:].any()


SOURCE = "<size>3</size><start_frame>5</start_frame><frame_filter>step=10</frame_filter>"
"""Frames 5, 15 and 25 of a video."""


@pytest.mark.parametrize(
    ("images", "names", "where"),
    [
        (0, ["00005", "00015", "00025"], 1),
        (3, ["00005", "00015", "00025"], 1),
        (30, [f"{number:05d}" for number in range(16)], 15),
    ],
)
def test_cvat_numbers_frames_as_the_source_of_the_task(
    tmp_path: Path, images: int, names: list[str], where: int
) -> None:
    """Those of the task, unless the images are all of the source."""
    path = cvat_file(tmp_path, track(0, (15, 0, 4)))
    path.write_text(path.read_text().replace("<size>3</size>", SOURCE, 1))
    (tmp_path / "images").mkdir()
    for number in range(images):
        Image.new("RGB", SIZE).save(tmp_path / "images" / f"{number}.jpg")
    (video,) = read("cvat", path, images=tmp_path / "images" if images else None).values()
    assert list(video.frames) == names and not video.named
    assert [index for index, labels in video.label_maps() if labels is not None] == [where]


def test_cvat_frames_that_are_none_of_the_task_are_refused(tmp_path: Path) -> None:
    path = cvat_file(tmp_path, track(0, (10, 0, 4)))
    path.write_text(path.read_text().replace("<size>3</size>", SOURCE, 1))
    with pytest.raises(InputError, match=r"no frame 10: the 3 frames of the task are 5, 15 \.\.\."):
        read("cvat", path)


def test_images_are_found_by_the_name_that_a_video_gets(tmp_path: Path) -> None:
    """What CVAT exports is called annotations.xml, and says no size where the task is of images."""
    path = cvat_file(tmp_path, track(0, (0, 0, 4)))
    path.write_text(path.read_text().replace("original_size", "other_size"))
    (tmp_path / "images" / "dog").mkdir(parents=True)
    for number in range(3):
        Image.new("RGB", SIZE).save(tmp_path / "images" / "dog" / f"{number}.jpg")
    (video,) = read("cvat", path, images=tmp_path / "images", name="dog").values()
    assert video.size == SIZE
    with pytest.raises(InputError, match="clip: no such folder of images"):
        read("cvat", path, images=tmp_path / "images")


def test_youtube_vis_objects_without_number(tmp_path: Path) -> None:
    content = vis_file()
    content["annotations"][0]["track_id"] = None
    (video,) = read("youtube_vis", write_json(tmp_path / "vis.json", content)).values()
    assert 1 in np.unique(video.read(0))


def test_other_shapes_of_cvat_are_counted(tmp_path: Path) -> None:
    box = '<track id="5" label="a"><box frame="0" xtl="1"/><box frame="1" xtl="1"/></track>'
    losses = Losses()
    read("cvat", cvat_file(tmp_path, box, track(0, (0, 0, 4))), losses=losses)
    assert losses.other_shapes == 2 and "2 shapes" in losses.warnings()[0]


# Damage


def annotation(**changes: Any) -> dict[str, Any]:
    return coco_file(annotations=[{**coco_file()["annotations"][0], **changes}])


def image(**changes: Any) -> dict[str, Any]:
    return coco_file(images=[{**coco_file()["images"][0], **changes}])


def more_images(entry: dict[str, Any]) -> dict[str, Any]:
    return coco_file(images=[*coco_file()["images"], entry])


BAD_COCO: dict[str, tuple[Any, str]] = {
    "empty file": ("", "the file ends too early"),
    "cut off": (json.dumps(coco_file())[:-30], "not the JSON"),
    "a list": ([coco_file()], r"'\[' where '{' should be"),
    "two objects": ("{} {}", "text after the end"),
    "NaN": ('{"images": [NaN]}', "not the JSON"),
    "deep": ('{"images": [' + "[" * 100_000, "not the JSON"),
    "digits": ('{"images": [' + "9" * 100_000 + "]}", "not the JSON"),
    "key twice": ('{"images": [], "images": []}', "comes twice"),
    "no images": (coco_file(images=[]), "holds no images"),
    "images as object": (coco_file(images={"1": 2}), r"where '\[' should be"),
    "image is a number": (coco_file(images=[4]), "an element of images: is 4"),
    "annotation is null": (coco_file(annotations=[None]), "must be an object"),
    "image twice": (coco_file(images=coco_file()["images"] * 2), "two images have the id 7"),
    "frame twice": (
        more_images({**coco_file()["images"][0], "id": 8}),
        'two frames are called "x"',
    ),
    "sizes differ": (
        more_images({"id": 8, "file_name": "a/b/clip/y.jpg", "width": 8, "height": 6}),
        "image 8: is 8 x 6, others of its video are 9 x 6",
    ),
    "one name, two folders": (
        more_images({"id": 8, "file_name": "c/clip/y.jpg", "width": 9, "height": 6}),
        'another video "clip"',
    ),
    "no id": (coco_file(images=[{"file_name": "a/b.jpg", "width": 9, "height": 6}]), "id is None"),
    "huge id": (image(id=2**70), "id is 1180"),
    "true as id": (image(id=True), "id is True"),
    "negative size": (image(width=-9), "size is -9 x 6"),
    "no size": (image(height=None), "size is 9 x None"),
    "bomb": (image(width=10**6, height=10**6), "at most 80,000,000 pixels"),
    "unknown image": (annotation(image_id=8), "is of image 8, which is not there"),
    "unknown category": (annotation(category_id=99), "category 99"),
    "category twice": (coco_file(categories=[{"id": 4, "name": "a"}] * 2), "two categories have the id 4"),
    "category no text": (coco_file(categories=[{"id": 4, "name": 4}]), "category 4: the name is 4"),
    "object 0": (annotation(track_id=0), "annotation 1: object id is 0: must be a whole number from 1"),
    "object 255": (annotation(track_id=255), "object id is 255"),
    "object 1.5": (annotation(track_id=1.5), "object id is 1.5"),
    "object twice": (
        coco_file(annotations=[{**entry, "track_id": 3} for entry in coco_file()["annotations"]]),
        "annotation 2: object 3 has two masks in image 7",
    ),
    "no segmentation": (annotation(segmentation=None), "annotation 1: the segmentation is None"),
    "counts missing": (annotation(segmentation={"size": [6, 9]}), "must have counts and size"),
    "size is text": (annotation(segmentation={"size": "6", "counts": "0"}), "must have counts and size"),
    "other size": (annotation(segmentation=rle(np.ones((3, 3)))), r"annotation 1 is for \[3, 3\]"),
    "runs too short": (annotation(segmentation={"size": [6, 9], "counts": [50]}), "covers 50 pixels"),
    "runs no numbers": (annotation(segmentation={"size": [6, 9], "counts": ["54"]}), "whole numbers"),
    "text damaged": (annotation(segmentation={"size": [6, 9], "counts": "\x01"}), "byte 1"),
    "polygon of text": (annotation(segmentation=["abc"]), "must have counts and size, or be polygons"),
    "polygon too far": (annotation(segmentation=[[0, 0, 1e300, 0, 0, 5]]), "or be polygons"),
    "polygon of digits": (annotation(segmentation=[[0, 0, 10**400, 0, 0, 5]]), "or be polygons"),
    "runs of digits": (annotation(segmentation={"size": [6, 9], "counts": [10**4000]}), "more than 10.18"),
    "negative runs": (annotation(segmentation={"size": [6, 9], "counts": [-(10**4000), 9]}), "negative run"),
    "size of many": (annotation(segmentation={"size": [6] * 10**4, "counts": [54]}), "counts and size"),
    "size of digits": (image(width=10**4000), "at most 80,000,000 pixels"),
    "polygon too short": (annotation(segmentation=[[0, 0, 1, 1]]), "expected x and y of 3 or more points"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "message"), BAD_COCO.values(), ids=BAD_COCO)
def test_damaged_coco_files_are_refused(tmp_path: Path, content: Any, message: str) -> None:
    path = write_json(tmp_path / "bad.json", content)
    with pytest.raises(InputError, match=message) as raised:
        use("coco", path)
    assert str(path) in str(raised.value) and len(str(raised.value)) < 600


def vis_file(**changes: Any) -> dict[str, Any]:
    content = {
        "videos": [{"id": 5, "width": 9, "height": 6, "file_names": ["v/0.jpg", "v/5.jpg"]}],
        "annotations": [{"id": 9, "video_id": 5, "category_id": 1, "segmentations": [rle(FIRST == 3), None]}],
    }
    return {**content, **changes}


def vis_video(**changes: Any) -> dict[str, Any]:
    return vis_file(videos=[{**vis_file()["videos"][0], **changes}])


def vis_track(**changes: Any) -> dict[str, Any]:
    return vis_file(annotations=[{**vis_file()["annotations"][0], **changes}])


BAD_VIS: dict[str, tuple[Any, str]] = {
    "no videos": (vis_file(videos=[]), "holds no videos"),
    "video twice": (vis_file(videos=vis_file()["videos"] * 2), "two videos have the id 5"),
    "name twice": (
        vis_file(videos=[*vis_file()["videos"], {**vis_file()["videos"][0], "id": 6}]),
        'two videos are called "v"',
    ),
    "no file names": (vis_video(file_names=None), "has no list file_names"),
    "number as name": (vis_video(file_names=[5]), "the file name is 5"),
    "two folders": (vis_video(file_names=["v/0.jpg", "w/5.jpg"]), "must be in one folder"),
    "no folder": (vis_video(file_names=["0.jpg"]), "must be in one folder"),
    "frame twice": (vis_video(file_names=["v/0.jpg", "v/0.png"]), 'two frames are called "0"'),
    "negative": (vis_video(height=-6), "size is 9 x -6"),
    "unknown video": (vis_track(video_id=6), "of video 6, which is not there"),
    "too few masks": (vis_track(segmentations=[None]), "annotation 9: its segmentations are 1, .* 2 frames"),
    "no masks": (vis_track(segmentations=None), "its segmentations are no list"),
    "object 0": (vis_track(track_id=0), "object id is 0"),
    "object twice": (
        vis_file(annotations=[{**vis_file()["annotations"][0], "id": n, "track_id": 2} for n in (1, 2)]),
        'object 2 of video "v" is there twice',
    ),
    "mask of text": (vis_track(segmentations=["a", None]), "annotation 9, frame 0.jpg: the segm.* is 'a'"),
    "runs": (
        vis_track(segmentations=[{"size": [6, 9], "counts": [60, -6]}, None]),
        "annotation 9, frame 0.jpg has a negative run",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "message"), BAD_VIS.values(), ids=BAD_VIS)
def test_damaged_youtube_vis_files_are_refused(tmp_path: Path, content: Any, message: str) -> None:
    path = write_json(tmp_path / "bad.json", content)
    with pytest.raises(InputError, match=message) as raised:
        use("youtube_vis", path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("form", ["coco", "youtube_vis"])
def test_more_objects_than_ids_are_refused(tmp_path: Path, form: str) -> None:
    content = coco_file() if form == "coco" else vis_file()
    (entry, *_) = content["annotations"]
    content["annotations"] = [{**entry, "id": number, "category_id": 4} for number in range(255)]
    with pytest.raises(InputError, match="object id is 255"):
        use(form, write_json(tmp_path / "many.json", content))


BAD_NAMES = [
    "../evil/x.jpg", "clip/../../x.jpg", "/etc/x.jpg", "clip//x.jpg", "clip/", "", ".", "..", "clip/.x.jpg",
    "clip\\..\\x.jpg", "clip/a\0b.jpg", "clip/a\nb.jpg", "clip/\x1b[31m.jpg", "clip/\ud800.jpg",
    "clip/a\u2028b.jpg", "clip/" + "n" * 251, "ü" * 126 + "/x.jpg", 5, None, ["clip/x.jpg"],
]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES, ids=lambda name: ascii(name)[:30])
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: Any) -> None:
    for form, content in {"coco": image(file_name=name), "youtube_vis": vis_video(file_names=[name])}.items():
        path = write_json(tmp_path / f"{form}.json", content)
        with pytest.raises(InputError) as raised:
            use(form, path)
        assert str(path) in str(raised.value) and len(str(raised.value)) < 400
    if isinstance(name, str):
        folder = tmp_path / "tree"
        (folder / "Annotations").mkdir(parents=True)
        write_json(folder / "meta.json", {"videos": {name: {"objects": {"1": {"frames": ["0"]}}}}})
        with pytest.raises(InputError):
            use("youtube_vos", folder)
        with pytest.raises(InputError):
            MaskVideo(name, SIZE, ("0.jpg",), lambda _: FIRST, "a test")


BAD_VOT: dict[str, tuple[dict[str, str], str]] = {
    "empty": ({"groundtruth.txt": ""}, "no object has a line"),
    "runs too long": ({"groundtruth.txt": "0\nm0,0,2,2,0,5\n"}, r"groundtruth.txt:2: the .* runs cover 5"),
    "negative box": ({"groundtruth.txt": "m0,0,-2,-2,4\n"}, "a region of -2 x -2 pixels"),
    "bomb": ({"groundtruth.txt": "m0,0,100000,100000,4\n"}, "a region of 100000 x 100000 pixels"),
    "words": ({"groundtruth.txt": "mask\n"}, "is no mask"),
    "bytes": ({"groundtruth.txt": "m0,0,1,1,0,\udcff1\n"}, "groundtruth.txt:1: not text"),
    "object 0": ({"groundtruth_0.txt": "0\n"}, "object id is 0"),
    "object 255": ({"groundtruth_255.txt": "0\n"}, "object id is 255"),
    "object twice": ({"groundtruth_1.txt": "0\n", "groundtruth_01.txt": "0\n"}, "are of one object"),
    "size": ({"groundtruth.txt": "m0,0,1,1,0,1\n", "sequence": "width=-9\nheight=6\n"}, "width is '-9'"),
    "no size": ({"groundtruth.txt": "m0,0,1,1,0,1\n", "sequence": "fps=30\n"}, "--images"),
    "names": ({"groundtruth.txt": "m0,0,1,1,0,1\n", "frames.txt": "a\nb\n"}, r"of names is 2, .* masks 1"),
    "bad name": ({"groundtruth.txt": "m0,0,1,1,0,1\n", "frames.txt": "../a\n"}, "cannot be a file's"),
}  # fmt: skip


@pytest.mark.parametrize(("files", "message"), BAD_VOT.values(), ids=BAD_VOT)
def test_damaged_vot_sequences_are_refused(tmp_path: Path, files: dict[str, str], message: str) -> None:
    folder = tmp_path / "car"
    folder.mkdir()
    for name, text in {"sequence": "width=9\nheight=6\n", **files}.items():
        (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=message) as raised:
        use("vot", tmp_path)
    assert str(folder) in str(raised.value)


def mask_with(**changes: object) -> str:
    fields = {"frame": 0, "rle": "0, 1", "left": 0, "top": 0, "width": 1, "height": 1, **changes}
    text = " ".join(f'{key}="{value}"' for key, value in fields.items() if value is not None)
    return f'<track id="0" label="dog"><mask {text}/></track>'


BILLION = '<!DOCTYPE a [<!ENTITY b "lol"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
BAD_CVAT: dict[str, tuple[str, str]] = {
    "empty": ("", "not well-formed"),
    "cut off": (CVAT.format(kind="task", tracks=mask_with())[:-20], "not well-formed"),
    "page": ("<html></html>", "'html' is not CVAT's"),
    "document type": (f"<?xml version='1.0'?>{BILLION}<annotations>&c;</annotations>", ":1: document types"),
    "file": ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotations/>', "document types"),
    "entity": ("<annotations>&lol;</annotations>", "not well-formed"),
    "encoding": ("<?xml version='1.0' encoding='no-such'?><annotations/>", "not well-formed"),
    "images": ("<annotations><image id='0'/></annotations>", 'export as "CVAT for video 1.1"'),
    "project": ("<annotations><meta><project/></meta></annotations>", "an export of a project"),
    "nothing": ("<annotations></annotations>", "neither meta nor tracks"),
    "no size": (f"<annotations>{mask_with()}</annotations>", "has no original_size"),
    "no id": (CVAT.format(kind="task", tracks="<track/>"), ":6: id is missing"),
    "group": (CVAT.format(kind="task", tracks="<track id='0' group_id='-1'/>"), "group_id is '-1'"),
    "same object": (
        CVAT.format(kind="task", tracks=mask_with() + mask_with()),
        "frame 0 has two masks of label dog",
    ),
    **{
        name: (CVAT.format(kind="task", tracks=mask_with(**changes)), message)
        for name, (changes, message) in {
            "no rle": ({"rle": None}, ":6: rle is missing"),
            "rle too short": ({"rle": "0", "width": 2}, "runs cover 0 pixels, its rectangle has 2 x 1"),
            "rle too long": ({"rle": "0, 5"}, "runs cover 5 pixels"),
            "rle of digits": ({"rle": ",".join(["9" * 4300] * 2)}, "runs cover more than 10.18 pixels"),
            "size of digits": ({"width": "9" * 9, "height": "9" * 9}, "a region of 999999999 x 999999999"),
            "rle of words": ({"rle": "a"}, "is no mask"),
            "rle empty": ({"rle": ""}, "is no mask"),
            "negative": ({"left": -1}, "left is '-1'"),
            "outside the frame": ({"left": 9}, "leaves the frame of 9 x 6"),
            "bomb": ({"width": 10**8, "height": 10**8}, "pixels cannot be"),
            "frame": ({"frame": 10**8}, "at most 1,000,000 frames"),
            "frame of digits": ({"frame": "9" * 5000}, "frame is '999"),
        }.items()
    },
    "deep": ("<annotations>" + "<a>" * 10**6, "more than 100 elements within each other"),
    "long text": ("<annotations><meta><task><size>" + "\n" * 10**6 + "7" * 10**6, "not well-formed"),
    "step": (
        "<annotations><meta><task><frame_filter>3</frame_filter></task></meta></annotations>",
        "frame_filter is '3': must be step=N",
    ),
    "object id": (
        CVAT.format(
            kind="task",
            tracks=mask_with().replace("/></", "><attribute name='object'>0</attribute></mask></"),
        ),
        "object id is 0",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BAD_CVAT.values(), ids=BAD_CVAT)
def test_damaged_cvat_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "clip.xml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as raised:
        use("cvat", path)
    assert str(path) in str(raised.value) and len(str(raised.value)) < 400


def png_of(labels: LabelMap) -> Callable[[Path], None]:
    return lambda path: Image.fromarray(labels).save(path)


BAD_TREES: dict[str, tuple[dict[str, Callable[[Path], Any]], str]] = {
    "no folder": ({}, "cannot be read"),
    "empty": ({"clip/notes.txt": Path.touch}, "no PNGs in it"),
    "a level too high": ({"masks/clip/0.png": png_of(FIRST)}, "expected VIDEO/FRAME.png; .*masks has that"),
    "no image": ({"clip/0.png": lambda path: path.write_text("png")}, "0.png"),
    "sizes differ": (
        {"clip/0.png": png_of(FIRST), "clip/1.png": png_of(FIRST[1:])},
        "frame 1 is 9 x 5, the video is 9 x 6",
    ),
    "colour": ({"clip/0.png": png_of(np.full((6, 9, 3), (0, 1, 2), np.uint8))}, "colour image"),
    "link to nowhere": ({"clip/0.png": lambda path: path.symlink_to("gone.png")}, "link to nowhere"),
    "ring of links": ({"clip/0.png": lambda path: path.symlink_to("0.png")}, "link to nowhere"),
    "photographs": ({"clip/0.png": png_of(FIRST), "clip/1.jpg": png_of(FIRST)}, "among masks"),
    "two levels": ({"0.png": png_of(FIRST), "clip/0.png": png_of(FIRST)}, "name the folder to read"),
    "frame twice": ({"clip/0.png": png_of(FIRST), "clip/0.PNG": png_of(FIRST)}, "one frame by their name"),
    "control character": ({"cl\nip/0.png": png_of(FIRST)}, "which no name can hold"),
    "no text": ({"cl\udcffip/0.png": png_of(FIRST)}, "which no name can hold"),
}  # fmt: skip


@pytest.mark.parametrize(("files", "message"), BAD_TREES.values(), ids=BAD_TREES)
def test_damaged_trees_are_refused(
    tmp_path: Path, files: dict[str, Callable[[Path], Any]], message: str
) -> None:
    root = tmp_path / "masks"
    for name, make in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)
    with pytest.raises(InputError, match=message):
        use("png", root)


BAD_META: dict[str, tuple[Any, str]] = {
    "no JSON": ("{", "not a meta file"),
    "other": ({"images": []}, "not a meta file"),
    "none": ({"videos": {}}, "names no video"),
    "object 0": ({"videos": {"clip": {"objects": {"0": {"frames": []}}}}}, "object id 0"),
    "object 255": ({"videos": {"clip": {"objects": {"255": {"frames": []}}}}}, "object id 255"),
    "category": (
        {"videos": {"clip": {"objects": {"1": {"frames": [], "category": ["a"]}}}}},
        r"the category is \['a'\]",
    ),
    "unlisted folder": ({"videos": {"other": {"objects": {}}}}, 'video "clip" of .* is not in it'),
}  # fmt: skip


@pytest.mark.parametrize(("content", "message"), BAD_META.values(), ids=BAD_META)
def test_damaged_meta_files_are_refused(tmp_path: Path, content: Any, message: str) -> None:
    (tmp_path / "Annotations" / "clip").mkdir(parents=True)
    Image.fromarray(FIRST).save(tmp_path / "Annotations" / "clip" / "0.png")
    write_json(tmp_path / "meta.json", content)
    with pytest.raises(InputError, match=message):
        use("youtube_vos", tmp_path)


def damaged(content: bytes, random: Random) -> bytes:
    """The content with one to three bytes changed, left out or repeated."""
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 3))):
        place = random.randrange(len(changed))
        how = random.choice(("digit", "any", "drop", "repeat", "cut"))
        if how == "digit":
            changed[place] = random.choice(b"0123456789-,. ")
        elif how == "any":
            changed[place] = random.randrange(256)
        elif how == "cut" and place:
            del changed[place:]
        else:
            changed[place : place + 1] = changed[place : place + 1] * (0 if how == "drop" else 2)
        changed = changed or bytearray(b" ")
    return bytes(changed)


@pytest.mark.parametrize("form", FORMATS)
def test_whatever_the_damage_it_is_read_or_refused(form: str, tmp_path: Path) -> None:
    random = Random(form)
    out = tmp_path / ("out.json" if FORMATS[form].is_file else "out")
    images = ("a.jpg", "b.jpg")
    with FORMATS[form].write(out, Losses()) as write:
        write(MaskVideo("clip", SIZE, images, (FIRST, SECOND).__getitem__, "a test", {1: "Bär"}))
    files = [out] if out.is_file() else sorted(path for path in out.rglob("*") if path.is_file())
    refused = 0
    for _ in range(60):
        path = random.choice(files)
        content = path.read_bytes()
        path.write_bytes(damaged(content, random))
        try:
            use(form, out)
        except InputError as error:
            refused += 1
            assert str(out) in str(error) and len(str(error)) < 1000
        path.write_bytes(content)
    use(form, out)
    assert refused > 10


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_not_there_or_no_file_is_refused(form: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing.*"):
        use(form, tmp_path / "nothing")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError):
        use(form, tmp_path / "folder")
