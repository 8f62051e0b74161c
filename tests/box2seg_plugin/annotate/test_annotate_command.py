"""``box2seg annotate`` as a user runs it: what it leaves, what it skips, what it refuses."""

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from box2seg_plugin.annotate import annotator
from box2seg_plugin.annotate.output import AnnotationFolder
from box2seg_plugin.cli import main
from box2seg_plugin.segmenter import VideoSegmenter
from ltr.data.mask_io import VOID, read_mask
from ltr.dataset.mask_quality import read_quality

MakeVideo = Callable[..., Path]
Annotate = Callable[..., int]
Tree = Callable[..., dict[str, bytes]]


def masks_in(folder: Path) -> dict[str, np.ndarray]:
    return {path.name: read_mask(path) for path in sorted(folder.iterdir())}


def state(out: Path, video: str) -> dict[str, object]:
    return dict(json.loads(AnnotationFolder(out, "masks").state_of(video).read_text()))


def expected_masks(folder: Path, model: Path, boxes: np.ndarray) -> list[np.ndarray]:
    frames = [np.array(Image.open(path)) for path in sorted(folder.glob("*.png"))]
    return list(VideoSegmenter(model, 3, 1, device="cpu")(frames, boxes))


def test_a_folder_of_videos(tmp_path: Path, make_video: MakeVideo, annotate: Annotate, model: Path) -> None:
    folders = {name: make_video(name, frames) for name, frames in (("a", 4), ("b", 2))}
    assert annotate("out", "--report") == 0
    out = AnnotationFolder(tmp_path / "out", "masks")
    assert sorted(path.name for path in out.masks.iterdir()) == ["a", "b"]
    for name, folder in folders.items():
        masks = masks_in(out.masks_of(name))
        boxes = np.loadtxt(folder / "groundtruth.txt", delimiter=",")
        assert list(masks) == [f"{frame:05d}.png" for frame in range(len(boxes))]
        np.testing.assert_equal([*masks.values()], expected_masks(folder, model, boxes))
        records = list(read_quality(out.quality_of(name)))
        assert [(r.video, f"{r.frame}.png", r.object) for r in records] == [(name, f, 1) for f in masks]
    assert state(out.out, "a").items() >= {"status": "done", "frames": 4, "masks": 4, "records": 4}.items()
    records = list(read_quality(out.quality))
    assert [record.video for record in records] == ["a"] * 4 + ["b"] * 2
    manifest = json.loads(out.manifest.read_text())
    assert manifest["settings"].items() >= {"frames": 3, "interval": 1, "device": "cpu", "threads": 1}.items()
    assert manifest["dataset"] == "folder" and manifest["model"]["name"] == "tiny.safetensors"
    assert set(manifest["versions"]) >= {"box2seg", "torch", "numpy", "opencv"}
    assert out.report.is_file()


def test_got10k_by_its_protocol(
    tmp_path: Path,
    root: Path,
    make_video: MakeVideo,
    annotate: Annotate,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Every frame, called 00000001.png whatever the frames are called, below got10k_masks."""
    caplog.set_level(logging.INFO)
    as_got10k(root, make_video("second"), make_video("first"))
    assert annotate("out", dataset="got10k") == 0
    for name in ("first", "second"):
        masks = masks_in(tmp_path / "out" / "got10k_masks" / name)
        assert list(masks) == [f"{frame:08d}.png" for frame in (1, 2, 3)]
    assert (tmp_path / "out" / "got10k_masks.info" / "manifest.json").is_file()
    monkeypatch.setenv("LTR_GOT10K_DIR", str(root))  # in place of --root
    options = ["--frames", "3", "--interval", "1", "--threads", "1", "--device", "cpu", "--no-report"]
    command = ["annotate", "got10k", "--out", str(tmp_path / "out"), "--model", str(model), *options]
    assert main(command) == 0 and "2 done before" in caplog.messages[-1]


def as_got10k(root: Path, *folders: Path) -> None:
    """Move videos to where the training set of GOT-10k has them."""
    (root / "train").mkdir()
    for folder in folders:
        folder.rename(root / "train" / folder.name)
    (root / "train" / "list.txt").write_text("".join(f"{folder.name}\n" for folder in folders))


def test_every_few_frames_up_to_a_number(tmp_path: Path, make_video: MakeVideo, annotate: Annotate) -> None:
    make_video("a", 9)
    assert annotate("out", "--every", 2, "--max-masks", 3) == 0
    assert list(masks_in(tmp_path / "out/masks/a")) == ["00000.png", "00002.png", "00004.png"]
    assert state(tmp_path / "out", "a").items() >= {"frames": 9, "masks": 3}.items()


def test_boxes_that_show_nothing_count_as_absent(
    tmp_path: Path, root: Path, make_video: MakeVideo, annotate: Annotate
) -> None:
    """And all but those that say so are listed."""
    inside, absent = [4.5, 6, 24, 22.5], [-1, -1, -1, -1]
    as_got10k(root, make_video("a", 5, [inside, absent, [500, 6, 24, 22], [4, 6, 0, 22], inside]))
    assert annotate("out", dataset="got10k") == 0
    out = AnnotationFolder(tmp_path / "out", "got10k_masks")
    filled = [bool(mask.any()) for mask in masks_in(out.masks_of("a")).values()]
    assert filled == [True, False, False, False, True]
    made = json.loads(out.state_of("a").read_text())
    assert made["absent"] == 3 and made["refused"] == [["00000003", 1], ["00000004", 1]]
    assert made.items() >= {"masks": 5, "records": 2}.items()


def test_some_of_the_objects(tmp_path: Path, make_video: MakeVideo, annotate: Annotate) -> None:
    for name, ids in (("both", (2, 5)), ("neither", (1, 3))):
        folder = make_video(name)
        (folder / "groundtruth.txt").unlink()
        rows = [f"{frame},{i},{3 + 4 * i},6,20,22" for frame in range(3) for i in ids]
        (folder / "boxes.csv").write_text("\n".join(["frame,object,x,y,w,h", *rows]))
    assert annotate("out", "--objects", 5, 9) == 1
    masks = masks_in(tmp_path / "out/masks/both")
    assert all(set(np.unique(mask)) == {0, 5} for mask in masks.values())
    assert "its objects are 1, 3" in str(state(tmp_path / "out", "neither")["reason"])


def test_objects_that_are_numbered_anew_are_told(
    tmp_path: Path, make_video: MakeVideo, annotate: Annotate
) -> None:
    folder = make_video("a", 2)
    (folder / "groundtruth.txt").unlink()
    rows = [f"{frame},{track},{x},6,20,22,1,1,1" for frame in (1, 2) for track, x in ((4, 3), (9, 24))]
    (folder / "boxes.txt").write_text("\n".join(rows))
    assert annotate("out", "--objects", 2) == 0
    assert state(tmp_path / "out", "a").items() >= {"objects": [2], "tracks": [[2, 9, ""]]}.items()


def test_masks_of_low_score_are_left_out(tmp_path: Path, make_video: MakeVideo, annotate: Annotate) -> None:
    folder = make_video("a", 4)
    (folder / "groundtruth.txt").unlink()
    rows = [f"{frame},{i},{1 + 9 * i},6,24,22" for frame in range(4) for i in (1, 2)]
    (folder / "boxes.csv").write_text("\n".join(["frame,object,x,y,w,h", *rows, "3,1,-1,-1,-1,-1"][:-2]))
    assert annotate("all") == 0
    scores = {(r.frame, r.object): r.score for r in read_quality(tmp_path / "all/masks.info/quality.csv")}
    (lowest, *_, middle, _, _) = sorted(scores.values())
    for name, limit in (("most", np.nextafter(lowest, 2)), ("few", middle)):
        assert annotate(name, "--min-quality", limit) == 0
        kept = {key for key, score in scores.items() if score >= limit}
        records = list(read_quality(tmp_path / name / "masks.info/quality.csv"))
        assert {(r.frame, r.object) for r in records if r.kept} == kept
        for frame in {frame for frame, _ in scores}:
            path = tmp_path / name / "masks/a" / f"{frame}.png"
            here, there = ({i for f, i in some if f == frame} for some in (kept, scores))
            assert path.exists() == bool(here)
            if here:
                whole = read_mask(tmp_path / "all/masks/a" / path.name)
                for i in there:
                    expected = i if i in here else VOID
                    assert (read_mask(path)[whole == i] == expected).all()
        made = state(tmp_path / name, "a")
        assert made["left_out"] == len(scores) - len(kept)
        assert made["masks"] == len(list((tmp_path / name / "masks/a").iterdir()))


def test_workers_and_shards_leave_the_same_bytes(
    make_video: MakeVideo, annotate: Annotate, tree: Tree
) -> None:
    for name in ("a", "b", "c"):
        make_video(name)
    assert annotate("one", "--report") == 0
    assert annotate("workers", "--report", "--workers", 2) == 0
    for shard in ("2/2", "1/2"):
        assert annotate("shards", "--report", "--shard", shard) == 0
    assert tree("one") == tree("workers") == tree("shards")


def test_shards_are_interleaved(tmp_path: Path, make_video: MakeVideo, annotate: Annotate) -> None:
    for name in "abcde":
        make_video(name, 1)
    assert annotate("out", "--shard", "2/3") == 0
    assert sorted(path.name for path in (tmp_path / "out/masks").iterdir()) == ["b", "e"]
    assert annotate("out", "--videos", "d", "a", "b", "--shard", "2/2") == 0
    assert sorted(path.name for path in (tmp_path / "out/masks").iterdir()) == ["b", "e"]
    assert annotate("out", "--videos", "d", "a", "b", "--shard", "9/9") == 0  # has nothing to do


def test_what_is_done_is_skipped(
    tmp_path: Path, make_video: MakeVideo, annotate: Annotate, caplog: pytest.LogCaptureFixture
) -> None:
    make_video("a"), make_video("b")
    assert annotate("out", "--videos", "a") == 0
    mine = tmp_path / "out/masks/a/00000.png"
    mine.write_bytes(b"mine")
    with caplog.at_level(logging.INFO):
        assert annotate() == 0
    assert "videos: 1 done, 1 done before, 0 failed" in caplog.messages[-1]
    assert mine.read_bytes() == b"mine"
    assert [r.video for r in read_quality(tmp_path / "out/masks.info/quality.csv")] == ["a"] * 3 + ["b"] * 3
    shutil.rmtree(mine.parent)
    assert annotate() == 0 and len(masks_in(mine.parent)) == 3  # somebody removed them
    mine.write_bytes(b"mine")
    assert annotate("out", "--force") == 0 and mine.read_bytes() != b"mine"


def spoil_image(folder: Path) -> None:
    (folder / "00001.png").write_bytes(b"\x89PNG\r\n\x1a\n and nothing more")


def cut_jpeg(folder: Path) -> None:
    """Cut off in its last third, where other readers fill in grey."""
    file = folder / "00001.png"
    Image.open(file).save(folder / "00001.jpg", quality=95)
    file.unlink()
    data = (folder / "00001.jpg").read_bytes()
    (folder / "00001.jpg").write_bytes(data[: len(data) * 2 // 3])


def resize_image(folder: Path) -> None:
    Image.new("RGB", (20, 10)).save(folder / "00001.png")


def spoil_box(folder: Path) -> None:
    (folder / "groundtruth.txt").write_text("1,2,3,4\n1,2,three,4\n1,2,3,4\n")


def lose_box(folder: Path) -> None:
    (folder / "groundtruth.txt").write_text("1,2,3,4\n")


def lose_boxes(folder: Path) -> None:
    (folder / "groundtruth.txt").unlink()


SPOILT = {
    "image": (spoil_image, "00001.png"),
    "jpeg": (cut_jpeg, "00001.jpg: the JPEG is cut off"),
    "size": (resize_image, "00001.png: frame is 20 x 10, the first one 56 x 40"),
    "boxes": (spoil_box, "groundtruth.txt:2: "),
    "truth": (lose_boxes, "truth: holds no file of boxes"),
    "count": (lose_box, "number of boxes is 1, number of frames"),
}
"""Name of a video -> what is done to it, and what is said of it."""


def test_videos_fail_alone_and_are_tried_again(
    tmp_path: Path,
    make_video: MakeVideo,
    annotate: Annotate,
    tree: Tree,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folders = {name: make_video(name) for name in ("a", *SPOILT, "z")}
    assert annotate("well") == 0
    shutil.copytree(tmp_path / "videos", tmp_path / "kept")
    for name, (spoil, _) in SPOILT.items():
        spoil(folders[name])
    assert annotate("out", "--report") == 1
    assert f"{len(SPOILT)} of {len(folders)} videos failed" in caplog.messages[-1]
    failed = (tmp_path / "out/masks.info/report/failed.html").read_text()
    for name, (_, reason) in SPOILT.items():
        assert f"{name} failed: " in caplog.text and reason in caplog.text
        assert reason in str(state(tmp_path / "out", name)["reason"])
        assert reason.partition(":")[0] in failed
    assert sorted(path.name for path in (tmp_path / "out/masks").iterdir()) == ["a", "z"]
    assert [r.video for r in read_quality(tmp_path / "out/masks.info/quality.csv")] == ["a"] * 3 + ["z"] * 3
    shutil.rmtree(tmp_path / "videos")
    shutil.move(tmp_path / "kept", tmp_path / "videos")
    shutil.rmtree(tmp_path / "out/masks.info/report")
    assert annotate() == 0
    assert tree() == tree("well")


def test_other_settings_are_refused(
    tmp_path: Path,
    make_video: MakeVideo,
    annotate: Annotate,
    tree: Tree,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in "ab":
        make_video(name, 2)
    assert annotate() == 0 and annotate("new", "--flip", "--every", 2) == 0
    before = tree()
    capsys.readouterr()
    assert annotate("out", "--flip", "--every", 2) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert "settings.every: 1 -> 2; settings.flip: false -> true" in line and "--force" in line
    monkeypatch.setattr(np, "__version__", "9.9")
    assert annotate() == 2
    assert f"versions.numpy: {monkeypatch._setattr[-1][2]} -> 9.9" in capsys.readouterr().err
    monkeypatch.undo()
    assert tree() == before
    assert annotate("out", "--flip", "--every", 2, "--videos", "b", "--force") == 0
    assert "1 videos, made otherwise, are removed" in caplog.text or "2 videos" in caplog.text
    assert not (tmp_path / "out/masks/a").exists()
    assert annotate("out", "--flip", "--every", 2) == 0
    assert tree() == tree("new")


def test_threads_stay_what_they_were(
    tmp_path: Path, make_video: MakeVideo, root: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sums depend on them: a run that goes on elsewhere computes with as many."""
    make_video("a"), make_video("b")
    command = ["annotate", "folder", "--root", str(root), "--out", str(tmp_path / "out"), "--quiet"]
    command += ["--model", str(model), "--device", "cpu", "--no-report"]
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert main([*command, "--videos", "a"]) == 0
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert main(command) == 0
    assert main([*command, "--threads", "3"]) == 2


def test_masks_of_others_are_not_replaced(
    tmp_path: Path,
    make_video: MakeVideo,
    annotate: Annotate,
    tree: Tree,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_video("a"), make_video("b")
    theirs = tmp_path / "out/masks/b/00000.png"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"theirs")
    assert annotate() == 2
    assert "masks/b is there" in capsys.readouterr().err
    assert theirs.read_bytes() == b"theirs" and not (tmp_path / "out/masks/a").exists()
    assert annotate("out", "--videos", "a") == 0
    (theirs.parent / "notes.txt").write_text("precious")
    assert annotate("out", "--force") == 1
    assert (theirs.parent / "notes.txt").exists() and theirs.read_bytes() == b"theirs"
    (theirs.parent / "notes.txt").unlink()
    assert annotate("out", "--force") == 0
    assert len(masks_in(theirs.parent)) == 3
    (theirs.parent / "notes.txt").write_text("precious")
    before = tree()
    assert annotate("out", "--flip", "--force") == 2
    assert "b is for masks and holds notes.txt: move it" in capsys.readouterr().err
    assert tree() == before


def test_frames_are_never_in_the_way(
    tmp_path: Path,
    root: Path,
    make_video: MakeVideo,
    annotate: Annotate,
    tree: Tree,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With --out and a name of the folder of videos that make frames and masks one folder."""
    folder = make_video("a")
    shutil.move(folder / "groundtruth.txt", tmp_path / "boxes.txt")
    shutil.move(root, tmp_path / "masks")
    videos = tmp_path / "masks"
    before = {path: path.read_bytes() for path in videos.rglob("*.png")}
    command = ["--boxes", tmp_path / "boxes.txt", "--root", videos / "a"]
    for out in (".", "masks/a"):
        assert annotate(out, *command, "--force") == 2
        assert "folder of the frames" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in (tmp_path / "masks").rglob("*.png")} == before


def test_an_interrupt_leaves_nothing_half(
    tmp_path: Path,
    make_video: MakeVideo,
    annotate: Annotate,
    tree: Tree,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in "ab":
        make_video(name)
    written = annotator.write_mask

    def interrupted(path: Path, mask: np.ndarray) -> None:
        if "b.part" in str(path) and path.stem == "00001":
            raise KeyboardInterrupt
        written(path, mask)

    with monkeypatch.context() as patch:
        patch.setattr(annotator, "write_mask", interrupted)
        assert annotate() == 130
    assert capsys.readouterr().err.splitlines()[-1] == "box2seg annotate: interrupted"
    assert not [name for name in tree() if "b" in Path(name).parts[1]]
    assert annotate() == 0 and annotate("well") == 0
    assert tree() == tree("well")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--frames 4", "frames of a window is 4: must be odd"),
        ("--every 0", "--every is 0: must be at least 1"),
        ("--threads 0", "--threads is 0: must be at least 1"),
        ("--workers 0", "--workers is 0: must be from 1"),
        ("--min-quality 1.5", "--min-quality is 1.5: must be from 0 to 1"),
        ("--shard 3/2", '--shard is "3/2": must be I/N with 1 <= I <= N'),
        ("--shard two", '--shard is "two"'),
        ("--videos a aa", 'there is no video "aa" among 1'),
        ("--split val", '"folder" has no splits'),
        ("--address auto", "--address is that of a Ray cluster: give --ray"),
        ("--root nowhere", "nowhere is no folder"),
        ("--model nowhere", 'unknown model (no such file either) "nowhere"'),
        ("--out videos/a/00000.png", "00000.png"),
        ("--out videos/a", "which is in the folder of the frames"),
    ],
)
def test_bad_input_is_told_in_one_line(
    options: str,
    message: str,
    tmp_path: Path,
    make_video: MakeVideo,
    annotate: Annotate,
    tree: Tree,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_video("a")
    monkeypatch.chdir(tmp_path)
    before = sorted((tmp_path / "videos").rglob("*"))
    assert annotate("out", *options.split()) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("box2seg annotate: error: ") and message in line
    assert sorted((tmp_path / "videos").rglob("*")) == before
    assert not [name for name in tree() if name.endswith(".png")]


def test_help_names_the_defaults_of_each_set(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["annotate", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "lasot 5" in text and "lasot 200" in text and "got10k 15" in text and "example: box2seg" in text


def test_a_video_without_any_box(tmp_path: Path, make_video: MakeVideo, annotate: Annotate) -> None:
    make_video("a", 3, [[-1, -1, -1, -1]] * 3)
    assert annotate("out", "--report") == 0
    assert [mask.any() for mask in masks_in(tmp_path / "out/masks/a").values()] == [False] * 3
    assert state(tmp_path / "out", "a").items() >= {"masks": 3, "absent": 3, "records": 0}.items()
