"""The HTML report of an annotation run: what it says, where its links lead, and that it is whole."""

import argparse
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import cv2
import numpy as np
import pytest
from PIL import Image

from box2seg_plugin import annotate_command
from box2seg_plugin.annotate.manifest import Manifest
from box2seg_plugin.annotate.output import AnnotationFolder
from box2seg_plugin.annotate.report import site, thumbnails, video_pages, write_report, writing
from box2seg_plugin.annotate.report.histogram import Histogram
from box2seg_plugin.annotate.report.provenance import reproducing_command
from box2seg_plugin.annotate.report.style import STYLE
from box2seg_plugin.annotate.video_state import DONE, FAILED, VideoState
from ltr.data.mask_io import read_mask, write_mask
from ltr.dataset.mask_quality import MaskQuality, write_quality
from ltr.errors import InputError

VOID_TAGS = {"meta", "link", "img", "br", "rect", "path", "polyline"}

MANIFEST = Manifest(
    dataset="got10k",
    settings={
        "frames": 5, "interval": 15, "every": 1, "max_masks": None, "objects": [1, 3], "windows": "exact",
        "refinements": 0, "flip": True, "min_quality": 0.25, "device": "cpu", "precision": "fp32", "batch": 1,
        "threads": 2,
    },
    model={"name": "box2seg_small", "weights": "14d1" * 16, "config": {"pixels": {"mean": [0.485, 0.5]}}},
    versions={"torch": "2.4.0"},
    score={"model": "box2seg_small", "bias": -4.2, "level": {"agreement": 0.2}, "change": {}, "about": {}},
)  # fmt: skip


# A run


def record(video: str, index: int, score: float, object_id: int = 1, **changes: object) -> MaskQuality:
    base = MaskQuality(
        video=video, frame=f"{index + 1:08d}", object=object_id, index=index, box_iou=0.9, confidence=0.8,
        expected_iou=0.85, inside=0.9, rim=0.1, stability=0.7, agreement=0.95, fill=0.5,
        area_jump=0.1, likeness=0.9,
        fallback=False, score=score, kept=True,
    )  # fmt: skip
    return replace(base, **changes)


def add_video(
    folder: AnnotationFolder, name: str, records: list[MaskQuality], masks: bool = False, **state: object
) -> None:
    write_quality(folder.quality_of(name), records)
    folder.masks_of(name).mkdir()
    for frame in {r.frame for r in records if r.kept} if masks else ():
        mask = np.zeros((48, 64), np.uint8)
        for r in records:
            if r.frame == frame:
                mask[10 * r.object : 10 * r.object + 8, 20:40] = r.object
        write_mask(folder.masks_of(name) / f"{frame}.png", mask)
    base = VideoState(name, DONE, MANIFEST.hash, frames=10, masks=len({r.frame for r in records if r.kept}))
    replace(base, records=len(records), **state).write(folder.state_of(name))


def fail_video(folder: AnnotationFolder, name: str, reason: str) -> None:
    VideoState(name, FAILED, MANIFEST.hash, reason).write(folder.state_of(name))


@pytest.fixture
def folder(tmp_path: Path) -> AnnotationFolder:
    """Of a run that has not done anything yet."""
    made = AnnotationFolder(tmp_path / "out", "got10k_masks")
    for place in (made.masks, made.state_of("x").parent, made.quality_of("x").parent):
        place.mkdir(parents=True)
    MANIFEST.write(made.manifest)
    return made


# Reading pages


@dataclass
class Page:
    """What stands in a page."""

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    alts: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


class Reader(HTMLParser):
    """Reads a page, and fails where tags are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.page, self.open = Page(), []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        page = self.page
        page.tags.append(tag)
        if tag not in VOID_TAGS:
            self.open.append(tag)
        if given.get("id"):
            assert given["id"] not in page.ids, "an id stands twice"
            page.ids.add(str(given["id"]))
        if tag == "a":
            page.links.append(str(given["href"]))
        elif "href" in given or "src" in given:
            page.sources.append(str(given.get("href") or given.get("src")))
        if tag == "img" or given.get("role") == "img":
            page.alts.append(str(given.get("alt") or given.get("aria-label") or ""))
        if tag == "tr":
            page.rows.append([])
        elif tag in ("td", "th"):
            page.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID_TAGS:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> after <{self.open[-1:]}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.page.words.append(data)
        if "tr" in self.open and self.page.rows[-1]:
            self.page.rows[-1][-1] += data


def read_page(path: Path) -> Page:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    assert not reader.open
    return reader.page


def read_pages(folder: AnnotationFolder) -> dict[str, Page]:
    return {path.name: read_page(path) for path in sorted(folder.report.parent.glob("*.html"))}


def check_links(folder: AnnotationFolder) -> None:
    """Every link and picture of every page is there, in the output folder, or a frame."""
    place, pages = folder.report.parent, read_pages(folder)
    for name, page in pages.items():
        for link in page.links + page.sources:
            parts = urlsplit(link)
            assert parts.scheme in ("", "file"), f"{name} needs {link}"
            target = Path(unquote(parts.path)) if parts.scheme else (place / unquote(parts.path)).resolve()
            if not parts.path:
                target = place / name
            assert target.exists(), f"{name}: {link} leads nowhere"
            if not parts.scheme:
                assert target.is_relative_to(folder.out)
            if parts.fragment:
                assert unquote(parts.fragment) in pages[target.name].ids, f"{name}: {link} has no such place"
        assert all(page.alts), f"{name}: a picture without a text"
        assert "script" not in page.tags
        assert page.tags.count("h1") == 1


def number_beside(page: Page, label: str) -> str:
    """What stands after a label on the first page."""
    found = re.search(rf"{re.escape(label)}\s+(\S+)", page.text)
    assert found, f"{label} is not there"
    return found.group(1)


def rows_of(page: Page) -> list[list[str]]:
    return [[" ".join(cell.split()) for cell in row] for row in page.rows]


def all_bytes(folder: AnnotationFolder) -> dict[str, bytes]:
    place = folder.report.parent
    return {str(p.relative_to(place)): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file()}


def make_example(folder: AnnotationFolder, order: int = 1) -> None:
    """Five videos, of which two failed; ``order`` -1 makes them in reverse."""

    def first() -> None:
        records = [record("walker", i, 0.9 - 0.02 * i) for i in range(5)]
        add_video(folder, "walker", records, True, absent=3, refused=[("00000009", 1), ("00000010", 1)])

    def second() -> None:
        records = [
            record("crowd", 0, 0.31), record("crowd", 0, 0.1, 2, kept=False),
            record("crowd", 1, 0.42, fallback=True), record("crowd", 1, 0.61, 2),
            record("crowd", 2, 0.05, kept=False, fallback=True),
        ]  # fmt: skip
        add_video(folder, "crowd", records, True)

    steps = [
        first,
        second,
        lambda: add_video(folder, "nobody", [], absent=10),
        lambda: fail_video(folder, "lost", "lost/groundtruth.txt: no such file"),
        lambda: fail_video(folder, "cut", "cut/00000003.jpg: not an image, or a broken one"),
    ]
    for step in steps[::order]:
        step()


# What is said


def test_counts_are_those_of_the_records(folder: AnnotationFolder) -> None:
    make_example(folder)
    index = write_report(folder)
    assert index == folder.report
    page = read_page(index)
    assert number_beside(page, "Videos done") == "3"
    assert "of 5 begun" in page.text
    assert number_beside(page, "Videos failed") == "2"
    assert number_beside(page, "Frames") == "30"
    assert number_beside(page, "Masks") == "8"
    assert "in 7 files" in page.text
    scores = [0.9, 0.88, 0.86, 0.84, 0.82, 0.31, 0.1, 0.42, 0.61, 0.05]
    assert number_beside(page, "Mean score") == f"{np.mean(scores):.3f}"
    assert number_beside(page, "Stand-ins") == "2"
    assert number_beside(page, "Left out") == "2"
    assert number_beside(page, "Boxes absent") == "13"
    assert "2 of them outside the frame or empty" in page.text
    assert "lost/groundtruth.txt: no such file" in page.text
    assert "0.485, 0.5" in page.text
    check_links(folder)


def test_charts_say_in_words_what_they_show(folder: AnnotationFolder) -> None:
    make_example(folder)
    write_report(folder)
    charts = [alt for alt in read_page(folder.report).alts if alt.startswith("Histogram")]
    assert len(charts) == 10
    assert charts[0].startswith("Histogram of Score of 10 masks: mean 0.58")
    assert charts[1].startswith("Histogram of Mean score of a video of 2 videos: mean 0.58")
    assert "20.0 % below 0.3, 30.0 % below 0.4, 40.0 % below 0.5" in read_page(folder.report).text


def test_table_has_worst_videos_first(folder: AnnotationFolder) -> None:
    make_example(folder)
    write_report(folder)
    header, *rows = rows_of(read_pages(folder)["videos.html"])
    assert header[:3] == ["Video", "Mean score", "Lowest"]
    assert rows[0] == ["crowd", "0.298", "0.050", "", "3", "2", "2", "0", "masks · records"]
    assert rows[1][:7] == ["walker", "0.860", "0.820", "", "5", "0", "0"]
    assert rows[1][7] == "32 unusableobject 1 in frame 00000009object 1 in frame 00000010"
    assert rows[2] == ["nobody", "-", "-", "", "0", "0", "0", "10", "masks · records"]


def test_gallery_has_written_masks_worst_first(folder: AnnotationFolder) -> None:
    make_example(folder)
    write_report(folder)
    page = read_pages(folder)["gallery.html"]
    pictures = [source for source in page.sources if source.startswith("thumbnails/")]
    assert len(pictures) == 8
    scores = [float(alt.rpartition(" ")[2]) for alt in page.alts]
    assert scores == [0.31, 0.42, 0.61, 0.82, 0.84, 0.86, 0.88, 0.9]
    assert page.alts[0] == "crowd, frame 00000001, object 1: score 0.310"
    assert page.text.count("stand-in") == 1
    assert "../../got10k_masks/crowd/00000001.png" in page.links


def test_gallery_points_out_what_is_odd(folder: AnnotationFolder) -> None:
    records = [record("walker", i, 0.5 + 0.001 * i, box_iou=0.8 + 0.001 * i) for i in range(60)]
    records[0] = replace(records[0], box_iou=0.12, area_jump=1.5)
    add_video(folder, "walker", records)
    write_report(folder)
    pointed_out = re.findall(
        r'<p class="odd">(.*?)</p>', (folder.report.parent / "gallery.html").read_text(encoding="utf-8")
    )
    # One in twenty of 60 has a low box IoU; the likeness is the same for all.
    assert pointed_out == ["box IoU 0.12, area jump 1.50", "box IoU 0.80", "box IoU 0.80"]


def test_no_video_fills_the_gallery_alone(folder: AnnotationFolder) -> None:
    for number in range(100):
        low = 0.0 if number == 7 else 0.5
        add_video(folder, f"v{number:03d}", [record(f"v{number:03d}", i, low + i / 100) for i in range(9)])
    write_report(folder)
    pages = [page for name, page in read_pages(folder).items() if name.startswith("gallery")]
    assert [page.text.count("Measures") for page in pages] == [40] * 5
    assert sum(page.text.count("v007") for page in pages) == 3  # the least that each video is granted


def test_long_lists_are_paged(folder: AnnotationFolder) -> None:
    scores = {f"video {number}": (number * 37 % 251) / 251 for number in range(251)}
    for name, score in scores.items():
        add_video(folder, name, [record(name, 0, score)])
    for number in range(101):
        fail_video(folder, f"failed {number}", f"reason {number}")
    write_report(folder)
    check_links(folder)
    pages = read_pages(folder)
    tables = [pages[name] for name in ("videos.html", "videos-2.html", "videos-3.html")]
    galleries = [page for name, page in pages.items() if name.startswith("gallery")]
    assert sum(page.text.count("Measures") for page in galleries) == 251
    shown = [row[0] for page in tables for row in rows_of(page)[1:]]
    assert shown == sorted(scores, key=lambda name: scores[name])
    assert [len(page.rows) - 1 for page in tables] == [100, 100, 51]
    assert "videos-4.html" not in pages
    assert [len(pages[name].rows) - 1 for name in ("failed.html", "failed-2.html")] == [100, 1]
    assert "352 videos" in pages["names.html"].text
    for name in scores:
        (place,) = (link for link in pages["names.html"].links if link == _place_of(name, shown))
        assert place


def test_every_page_of_many_is_reached_from_the_first(folder: AnnotationFolder, monkeypatch) -> None:
    monkeypatch.setattr(video_pages, "VIDEOS_A_PAGE", 1)
    monkeypatch.setattr(site, "VIDEOS_A_PAGE", 1)
    for number in range(50):
        add_video(folder, f"v{number}", [record(f"v{number}", 0, number / 50)])
    write_report(folder)
    pages = {name: page for name, page in read_pages(folder).items() if name.startswith("videos")}
    assert len(pages) == 50
    assert max(len(set(page.links) & set(pages)) for page in pages.values()) < 20
    reached, last = {"videos.html"}, set()
    while reached != last:
        last, reached = (
            reached,
            reached | {link for name in reached for link in pages[name].links} & set(pages),
        )
    assert reached == set(pages)
    check_links(folder)


def _place_of(name: str, order: list[str]) -> str:
    rank = order.index(name)
    page = "videos.html" if rank < 100 else f"videos-{rank // 100 + 1}.html"
    return f"{page}#v{rank + 1}"


def test_numbers_have_separators(folder: AnnotationFolder) -> None:
    add_video(folder, "long", [record("long", i, 0.5) for i in range(1234)], frames=1234567)
    write_report(folder)
    page = read_page(folder.report)
    assert number_beside(page, "Frames") == "1,234,567"
    assert number_beside(page, "Masks") == "1,234"


# Runs that went otherwise


def test_nothing_done(folder: AnnotationFolder) -> None:
    page = read_page(write_report(folder))
    assert number_beside(page, "Videos done") == "0"
    assert number_beside(page, "Mean score") == "-"
    check_links(folder)
    assert "No video was begun." in read_pages(folder)["names.html"].text


def test_all_failed(folder: AnnotationFolder) -> None:
    for name in ("a", "b", "c"):
        fail_video(folder, name, f"{name}: no frames")
    page = read_page(write_report(folder))
    assert number_beside(page, "Videos done") == "0"
    assert number_beside(page, "Videos failed") == "3"
    assert "b: no frames" in page.text
    check_links(folder)


def _cut(folder: AnnotationFolder) -> None:
    folder.state_of("odd").write_text('{"video": "odd", "sta')


def _of_other_settings(folder: AnnotationFolder) -> None:
    state = json.loads(folder.state_of("odd").read_text())
    folder.state_of("odd").write_text(json.dumps({**state, "settings": "abc"}))


def _unknown_status(folder: AnnotationFolder) -> None:
    state = json.loads(folder.state_of("odd").read_text())
    folder.state_of("odd").write_text(json.dumps({**state, "status": "halfway"}))


def _words_for_numbers(folder: AnnotationFolder) -> None:
    state = json.loads(folder.state_of("odd").read_text())
    folder.state_of("odd").write_text(json.dumps({**state, "absent": "many"}))


def _no_records(folder: AnnotationFolder) -> None:
    folder.quality_of("odd").unlink()


def _too_few_records(folder: AnnotationFolder) -> None:
    write_quality(folder.quality_of("odd"), [record("odd", 0, 0.5)])


def _another_videos_records(folder: AnnotationFolder) -> None:
    write_quality(folder.quality_of("odd"), [record("walker", i, 0.5) for i in range(2)])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_cut, "how the video ended"),
        (_of_other_settings, "other settings (abc)"),
        (_unknown_status, "halfway"),
        (_words_for_numbers, "no state of a video"),
        (_no_records, "no such file"),
        (_too_few_records, "holds 1 records"),
        (_another_videos_records, "records of another video"),
    ],
)
def test_broken_files_are_told_and_not_counted(folder: AnnotationFolder, damage, reason: str) -> None:
    make_example(folder)
    add_video(folder, "odd", [record("odd", i, 0.5) for i in range(2)])
    damage(folder)
    page = read_page(write_report(folder))
    assert number_beside(page, "Videos done") == "3"
    assert number_beside(page, "Videos failed") == "3"
    assert "1 with broken files" in page.text
    assert number_beside(page, "Masks") == "8"
    (row,) = (row for row in rows_of(read_pages(folder)["failed.html"]) if row[0] == "odd")
    assert reason in row[1]
    check_links(folder)


def test_without_a_run_there_is_no_report(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing was annotated"):
        write_report(AnnotationFolder(tmp_path, "masks"))


def test_broken_manifest(folder: AnnotationFolder) -> None:
    folder.manifest.write_text("{")
    with pytest.raises(InputError, match=r"manifest\.json: not JSON"):
        write_report(folder)
    assert not folder.report.parent.exists()


# Names


@pytest.mark.parametrize(
    "name",
    ["<script>", "a b#c%.", "\"quoted\" & 'so'", "?q=1", "%41", "grün €", "a;b:c", "tab\tname", "&amp;"],
)
def test_any_name_works(folder: AnnotationFolder, tmp_path: Path, name: str) -> None:
    frame = tmp_path / "frames" / name / f"{name}.png"
    frame.parent.mkdir(parents=True)
    write_mask(frame, np.full((48, 64), 3, np.uint8))
    add_video(folder, name, [record(name, 0, 0.5, frame=name)], True)
    fail_video(folder, f"{name} failed", f"<b>{name}</b>: is & was")
    write_report(folder, lambda _: {name: frame})
    check_links(folder)
    pages = read_pages(folder)
    shown = name.replace("\t", "\\t")
    assert [row[0] for row in rows_of(pages["videos.html"])[1:]] == [shown]
    assert rows_of(pages["failed.html"])[1] == [f"{shown} failed", f"<b>{shown}</b>: is & was"]
    assert pages["gallery.html"].alts == [f"{shown}, frame {shown}, object 1: score 0.500"]
    assert frame.as_uri() in pages["gallery.html"].links
    assert "b" not in pages["failed.html"].tags


# Pictures


def picture(folder: AnnotationFolder, number: int = 1) -> np.ndarray:
    path = folder.report.parent / "thumbnails" / f"{number:03d}.jpg"
    assert path.stat().st_size < 60_000
    with Image.open(path) as image:
        assert image.format == "JPEG"
        assert image.width <= thumbnails.WIDTH
        assert image.height <= thumbnails.HEIGHT
        return np.asarray(image).astype(int)


def write_frame(path: Path, colour: Iterable[int], size: tuple[int, int] = (48, 64)) -> Path:
    Image.fromarray(np.full((*size, 3), tuple(colour), np.uint8)).save(path)
    return path


def share_of(image: np.ndarray, colour: Iterable[int], tolerance: int = 12) -> float:
    return float((np.abs(image - tuple(colour)).max(axis=2) <= tolerance).mean())


def test_picture_shows_frame_mask_and_box(folder: AnnotationFolder, tmp_path: Path) -> None:
    add_video(folder, "walker", [record("walker", 4, 0.5)], True)  # the mask covers 20..40 x 10..18
    blue = write_frame(tmp_path / "blue.png", (20, 40, 200))
    boxes = np.full((10, 4), -1.0)
    boxes[4] = 16, 6, 30, 20
    write_report(folder, lambda _: {"00000005": blue}, lambda _: {1: boxes})
    image = picture(folder)
    height, width = image.shape[:2]
    assert (width, height) == (thumbnails.WIDTH, thumbnails.HEIGHT)
    # The frame is 64 x 48, and the smallest part shown 48 high: all of it. 5.625 pixels for one.
    zoom = width / 64
    inside = image[int(12 * zoom) : int(16 * zoom), int(23 * zoom) : int(37 * zoom)]
    assert share_of(inside, np.rint(0.6 * np.array((20, 40, 200)) + 0.4 * np.array((128, 0, 0)))) > 0.95
    outside = image[int(28 * zoom) :, :]
    assert share_of(outside, (20, 40, 200)) > 0.95
    left_side = image[int(8 * zoom) : int(24 * zoom), int(16 * zoom)]
    assert (left_side[:, 0] > 180).mean() > 0.8  # the box's line, red


def test_mask_is_shown_alone_where_there_is_no_frame(folder: AnnotationFolder, tmp_path: Path) -> None:
    grey = (thumbnails.GREY,) * 3
    add_video(folder, "walker", [record("walker", i, 0.5 + i / 10) for i in range(3)], True)
    other_size = write_frame(tmp_path / "other.png", (20, 200, 40), (20, 20))
    frames = {"00000001": tmp_path / "missing.jpg", "00000002": other_size}
    write_report(folder, lambda _: frames)
    for number in (1, 2, 3):
        assert 0.3 < share_of(picture(folder, number), grey) < 0.98
    check_links(folder)
    write_report(folder)
    assert 0.3 < share_of(picture(folder), grey) < 0.98


def test_sources_may_be_lost(folder: AnnotationFolder, caplog: pytest.LogCaptureFixture) -> None:
    def lost(video: str) -> Mapping:
        raise InputError(f"{video}/groundtruth.txt: no such file")

    add_video(folder, "walker", [record("walker", 0, 0.5)], True)
    write_report(folder, lost, lost)
    picture(folder)
    assert "walker/groundtruth.txt" in caplog.text


def test_lost_mask_is_said(folder: AnnotationFolder) -> None:
    add_video(folder, "walker", [record("walker", 0, 0.5)])
    write_report(folder)
    page = read_pages(folder)["gallery.html"]
    assert "neither mask nor frame can be read" in page.text
    check_links(folder)


def test_pictures_leave_other_objects_and_void_out(folder: AnnotationFolder) -> None:
    add_video(folder, "pair", [record("pair", 0, 0.2), record("pair", 0, 0.3, 2)], True)
    path = folder.masks_of("pair") / "00000001.png"
    mask = read_mask(path)
    mask[40:] = 255
    write_mask(path, mask)
    write_report(folder)
    first, second = picture(folder, 1), picture(folder, 2)
    red, green = first[..., 0] - first[..., 1], second[..., 1] - second[..., 0]
    for of_it, of_the_other in ((red > 40, red < -40), (green > 40, green < -40)):
        assert of_it.mean() > 0.04
        assert of_the_other.mean() < 0.002  # what JPEG makes at edges


@pytest.mark.parametrize(
    "box", [(0, 0, 3, 3), (50, 5, 200, 10), (300, 230, 30, 30), (-20, 10, 40, 60), (5, 5, 300, 220)]
)
def test_the_whole_visible_box_is_in_the_picture(box: tuple[int, int, int, int]) -> None:
    image = np.zeros((240, 320, 3), np.uint8)
    mask = np.zeros((240, 320), np.uint8)
    x, y, w, h = box
    mask[max(0, y) : y + h, max(0, x) : x + w] = 1
    drawn = thumbnails.draw_thumbnail(image, mask, None, 1)
    whole, shown = int(mask.sum()), drawn.any(axis=2)
    assert shown.any()
    zoom = np.sqrt(shown.sum() / whole)
    assert zoom == pytest.approx(_zoom(drawn, mask), rel=0.1)  # none of it is cut off


def _zoom(drawn: np.ndarray, mask: np.ndarray) -> float:
    """By how much the mask is enlarged, from the size of its picture's box."""
    *_, w, h = cv2.boundingRect(drawn.any(axis=2).astype(np.uint8))
    *_, width, height = cv2.boundingRect(mask)
    assert w / width == pytest.approx(h / height, rel=0.1)
    return float(np.sqrt(w * h / (width * height)))


# Files


def test_equal_runs_make_equal_bytes(tmp_path: Path, folder: AnnotationFolder) -> None:
    make_example(folder)
    frame = write_frame(tmp_path / "frame.png", (90, 120, 30))
    frames = {f"{i:08d}": frame for i in range(10)}
    write_report(folder, lambda _: frames)
    before = all_bytes(folder)
    write_report(folder, lambda _: frames)
    assert all_bytes(folder) == before
    again = AnnotationFolder(tmp_path / "elsewhere", folder.masks_name)
    for place in (again.masks, again.state_of("x").parent, again.quality_of("x").parent):
        place.mkdir(parents=True)
    MANIFEST.write(again.manifest)
    make_example(again, order=-1)
    write_report(again, lambda _: frames)
    assert all_bytes(again) == before


def test_new_report_replaces_the_old_one(folder: AnnotationFolder) -> None:
    make_example(folder)
    write_report(folder)
    (folder.report.parent / "videos-99.html").write_text("of a longer run")
    write_report(folder)
    assert not (folder.report.parent / "videos-99.html").exists()
    assert [p.name for p in folder.info.iterdir() if p.name.startswith(".")] == []


def test_old_report_stays_when_the_new_one_fails(
    folder: AnnotationFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_example(folder)
    write_report(folder)
    before = all_bytes(folder)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    fail_video(folder, "one more", "reason")
    monkeypatch.setattr(writing, "write_names", full)
    with pytest.raises(InputError, match=r"cannot be written \(No space left"):
        write_report(folder)
    assert all_bytes(folder) == before
    assert [p.name for p in folder.info.iterdir() if p.name.startswith(".")] == []


def test_what_a_killed_process_left_is_removed(folder: AnnotationFolder) -> None:
    (folder.info / ".report.part" / "thumbnails").mkdir(parents=True)
    (folder.info / ".report.old").mkdir()
    write_report(folder)
    assert [p.name for p in folder.info.iterdir() if p.name.startswith(".")] == []
    check_links(folder)


# Parts


def test_command_makes_the_same_settings() -> None:
    parser = argparse.ArgumentParser()
    annotate_command.add_arguments(parser)
    program, command, *rest = reproducing_command(MANIFEST.content()).split()
    assert (program, command) == ("box2seg", "annotate")
    args = vars(parser.parse_args(rest))
    assert args["dataset"] == "got10k"
    assert str(args["model"]) == "box2seg_small"
    assert {name: args[name] for name in MANIFEST.settings} == MANIFEST.settings


def test_histogram_counts_as_numpy_does() -> None:
    values = np.random.default_rng(0).random(5000).round(4)
    histogram = Histogram(0.0, 1.0, series=2)
    histogram.add(values[:4000], 0)
    histogram.add(values[4000:], 1)
    expected = [np.histogram(part, 20, (0, 1))[0].tolist() for part in (values[:4000], values[4000:])]
    edge_cases = np.isin(values, np.linspace(0, 1, 21).round(2)).sum()  # where rounding errors decide
    difference = np.abs(np.array(histogram.stacks()).T - expected).sum()
    assert difference <= 2 * edge_cases
    assert histogram.total == 5000
    assert histogram.mean == pytest.approx(values.mean())
    assert histogram.quantile(0.1) == pytest.approx(np.quantile(values, 0.1), abs=0.002)


def test_histogram_keeps_edges_and_outliers() -> None:
    histogram = Histogram(0.0, 1.0)
    histogram.add(np.array([0.15, 0.05 * 3, 0.1 + 0.2, 1.0, 7.0]))
    counts = [count for (count,) in histogram.stacks()]
    assert (counts[3], counts[6], counts[19], sum(counts)) == (2, 1, 2, 5)
    assert Histogram(0.0, 1.0).mean is None
    assert Histogram(0.0, 1.0).quantile(0.5) is None


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot((0.2126, 0.7152, 0.0722), linear))


def _contrast(a: str, b: str) -> float:
    dark, light = sorted((_luminance(a), _luminance(b)))
    return (light + 0.05) / (dark + 0.05)


def test_colours_can_be_read_in_light_and_dark() -> None:
    schemes = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in STYLE.split("@media")[:2]]
    assert len(schemes[0]) == len(schemes[1]) == 10
    for colours in schemes:
        for letters in ("text", "dim", "link", "bad"):
            for ground in ("page", "card"):
                assert _contrast(colours[letters], colours[ground]) >= 4.5, (letters, ground)
        assert _contrast(colours["bad"], colours["bad-card"]) >= 4.5
        for bar in ("bar", "bar-out"):
            assert _contrast(colours[bar], colours["card"]) >= 3
        assert _contrast(colours["bar"], colours["bar-out"]) > 1
