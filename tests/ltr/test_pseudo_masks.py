"""Data sets of made masks: which frames are trained on, with and without records of the masks' quality."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest

from ltr.data.mask_io import write_mask
from ltr.data.sampler import VideoClips
from ltr.dataset import mask_folders
from ltr.dataset.clip_style import ClipStyle
from ltr.dataset.got10k_masks import got10k_masks
from ltr.dataset.interface import VideoDataset
from ltr.dataset.lasot_masks import lasot_masks
from ltr.dataset.mask_quality import COLUMNS, MaskQuality, write_quality
from ltr.dataset.pseudo_masks import PseudoMasks
from ltr.dataset.video_folders import FRAME_FOLDERS, VideoFolders
from ltr.environment import environment
from ltr.errors import InputError
from ltr.train_settings.clip_data import ClipData

SIZE = (32, 48)

Squares = Mapping[int, tuple[int, int]]
"""Pixel value -> row and column of a 6 x 8 block."""


def write_frames(folder: Path, names: Iterable[str]) -> None:
    """Grey pictures: frame i has the brightness 10 i, so that one sees which was read."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, name in enumerate(names):
        cv2.imwrite(str(folder / f"{name}.png"), np.full((*SIZE, 3), 10 * i, np.uint8))


def write_masks(folder: Path, squares: Mapping[str, Squares]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, blocks in squares.items():
        mask = np.zeros(SIZE, np.uint8)
        for value, (row, column) in blocks.items():
            mask[row : row + 6, column : column + 8] = value
        write_mask(folder / f"{name}.png", mask)


def record(video: str, frame: str, object_id: int, score: float, kept: bool = True) -> MaskQuality:
    """A record in which all that is measured is 0.5."""
    known = {"video": video, "frame": frame, "object": object_id, "index": 0, "fallback": False}
    known |= {"score": score, "kept": kept}
    return MaskQuality(**dict.fromkeys(COLUMNS, 0.5) | known)


def write_records(masks: Path, video: str, records: Iterable[MaskQuality]) -> None:
    folder = masks.with_name(f"{masks.name}.info") / "quality"
    folder.mkdir(parents=True, exist_ok=True)
    write_quality(folder / f"{video}.csv", records)


def numbers(count: int) -> list[str]:
    return [f"{number:08d}" for number in range(1, count + 1)]


def tracks(dataset: PseudoMasks) -> list[tuple[str, int, list[int]]]:
    return [
        (dataset.sequence(i), dataset.object_id(i), dataset.visible_frames(i).tolist())
        for i in range(len(dataset))
    ]


# any annotated folder


@pytest.fixture
def folder(tmp_path: Path) -> tuple[Path, Path]:
    """Frames and masks of "cats" (objects 1 and 3, of which 3 was left out in frame b and both in c) and
    "dog" (frames in img/, one object)."""
    frames, masks = tmp_path / "videos", tmp_path / "out" / "masks"
    write_frames(frames / "cats", "abcd")
    write_masks(
        masks / "cats",
        {"a": {1: (0, 0), 3: (10, 10)}, "b": {1: (0, 5), 255: (10, 10)}, "d": {3: (12, 30)}},
    )
    write_frames(frames / "dog" / "img", ["8", "9", "10"])
    write_masks(masks / "dog", {"8": {1: (1, 1)}, "10": {1: (3, 3)}})
    return frames, masks


def with_records(masks: Path) -> None:
    cats = [
        record("cats", "a", 1, 0.9),
        record("cats", "a", 3, 0.4),
        record("cats", "b", 1, 0.6),
        record("cats", "b", 3, 0.1, kept=False),
        record("cats", "c", 1, 0.2, kept=False),
        record("cats", "c", 3, 0.2, kept=False),
        record("cats", "d", 3, 0.8),
    ]
    write_records(masks, "cats", cats)
    write_records(masks, "dog", [record("dog", "8", 1, 0.5), record("dog", "10", 1, 0.3)])


def test_records_say_what_is_visible(folder: tuple[Path, Path]) -> None:
    with_records(folder[1])
    dataset = PseudoMasks(*folder)
    assert isinstance(dataset, VideoDataset)
    assert tracks(dataset) == [("cats", 1, [0, 1]), ("cats", 3, [0, 3]), ("dog", 1, [0, 2])]
    assert dataset.visible_frames(0).dtype == np.int64
    dataset.visible_frames(0)[:] = 7
    assert tracks(dataset)[0] == ("cats", 1, [0, 1])


def test_masks_below_min_quality_are_left_out(folder: tuple[Path, Path]) -> None:
    with_records(folder[1])
    assert tracks(PseudoMasks(*folder, min_quality=0.5)) == [
        ("cats", 1, [0, 1]),
        ("cats", 3, [3]),
        ("dog", 1, [0]),
    ]
    dataset = PseudoMasks(*folder, min_quality=0.85)
    assert tracks(dataset) == [("cats", 1, [0])]
    assert dataset.name == "pseudo_masks>=0.85"
    with pytest.raises(InputError, match=r"2 sequences none has a mask .*good enough"):
        PseudoMasks(*folder, min_quality=0.95)


def test_without_records_files_are_believed(folder: tuple[Path, Path]) -> None:
    dataset = PseudoMasks(*folder)
    assert tracks(dataset) == [("cats", 1, [0, 1, 3]), ("cats", 3, [0, 1, 3]), ("dog", 1, [0, 2])]
    clip = dataset.read(1, [1])  # object 3 was left out there, its pixels are void
    assert not clip.masks[0].any()
    assert clip.boxes.tolist() == [[-1, -1, -1, -1]]
    source = VideoClips(dataset)
    for seed in range(30):
        assert all(mask.any() for mask in source.sample(np.random.default_rng(seed), 2).masks)


def test_clips_hold_one_object_and_boxes_around_it(folder: tuple[Path, Path]) -> None:
    with_records(folder[1])
    clip = PseudoMasks(*folder).read(1, [3, 0])
    assert [int(image[0, 0, 0]) for image in clip.images] == [30, 0]
    assert [np.unique(mask).tolist() for mask in clip.masks] == [[0, 1]] * 2
    assert all(mask.dtype == np.uint8 and mask.sum() == 48 for mask in clip.masks)
    assert clip.boxes.tolist() == [[30, 12, 8, 6], [10, 10, 8, 6]]
    assert clip.name == "pseudo_masks/cats:3"


def test_void_is_no_object_and_hides_none(folder: tuple[Path, Path]) -> None:
    with_records(folder[1])
    clip = PseudoMasks(*folder).read(0, [1])
    assert clip.boxes.tolist() == [[5, 0, 8, 6]]
    assert all(object_id < 255 for _, object_id, _ in tracks(PseudoMasks(*folder)))


def test_frames_are_counted_in_natural_order(folder: tuple[Path, Path]) -> None:
    clip = PseudoMasks(*folder, sequences=["dog"]).read(0, [2, 0])
    assert [int(image[0, 0, 0]) for image in clip.images] == [20, 0]
    assert clip.boxes.tolist() == [[3, 3, 8, 6], [1, 1, 8, 6]]


@pytest.mark.parametrize("below", FRAME_FOLDERS)
def test_frames_are_where_the_annotator_finds_them(folder: tuple[Path, Path], below: str) -> None:
    """Files that some systems hide in every folder are no frames."""
    dog = folder[0] / "dog"
    (dog / "img").rename(dog / below)
    (dog / "._8.png").write_bytes(b"no image")
    assert len(PseudoMasks(*folder, sequences=["dog"]).read(0, [0, 2]).images) == 2


def test_no_mask_is_read_before_a_clip(folder: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    with_records(folder[1])
    monkeypatch.setattr(mask_folders, "read_mask", None)
    assert len(tracks(PseudoMasks(*folder))) == 3


def test_unfinished_sequences_are_left_out_and_told(
    folder: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    """A mask without a record may be one of a sequence that is being annotated."""
    write_records(folder[1], "dog", [record("dog", "8", 1, 0.5)])
    with caplog.at_level(logging.WARNING):
        assert tracks(PseudoMasks(*folder)) == [("dog", 1, [0])]
    assert "1 sequences have no record in" in caplog.text
    assert "cats" in caplog.text


def test_masks_without_frames_are_left_out_and_told(
    folder: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    write_masks(folder[1] / "bird", {"a": {1: (0, 0)}})
    write_masks(folder[1] / ".half", {"a": {1: (0, 0)}})
    with caplog.at_level(logging.WARNING):
        assert {name for name, _, _ in tracks(PseudoMasks(*folder))} == {"cats", "dog"}
    assert "1 sequences have no frames in" in caplog.text
    assert "bird" in caplog.text


def test_sequences_are_chosen_by_name_and_by_file(
    folder: tuple[Path, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("dog\nemu\n")
    with caplog.at_level(logging.WARNING):
        assert [name for name, _, _ in tracks(PseudoMasks(*folder, sequences=listed))] == ["dog"]
    assert "1 sequences of the wanted ones have no masks" in caplog.text
    assert "emu" in caplog.text
    assert [name for name, _, _ in tracks(PseudoMasks(*folder, exclude=listed))] == ["cats", "cats"]
    assert [name for name, _, _ in tracks(PseudoMasks(*folder, exclude=["cats"]))] == ["dog"]
    for choice in ({"sequences": ["emu"]}, {"exclude": ["cats", "dog"]}):
        with pytest.raises(InputError, match="no sequence is left"):
            PseudoMasks(*folder, **choice)
    with pytest.raises(InputError, match="cannot read the list"):
        PseudoMasks(*folder, exclude=tmp_path / "none.txt")


def test_foreign_masks_of_0_and_255_and_empty_ones(tmp_path: Path) -> None:
    write_frames(tmp_path / "frames" / "a", "xyz")
    write_frames(tmp_path / "frames" / "b", "x")
    write_masks(tmp_path / "masks" / "a", {"x": {}, "y": {255: (2, 2)}})
    write_masks(tmp_path / "masks" / "b", {"x": {}})
    dataset = PseudoMasks(tmp_path / "frames", tmp_path / "masks")
    assert tracks(dataset) == [("a", 1, [0, 1])]
    clip = dataset.read(0, [0, 1])
    assert [int(mask.max()) for mask in clip.masks] == [0, 1]
    assert clip.boxes.tolist() == [[-1, -1, -1, -1], [2, 2, 8, 6]]


@pytest.mark.parametrize(
    ("quality", "reason"), [(1.5, "must be from 0 to 1"), (0.5, r"expected .*masks\.info")]
)
def test_a_quality_that_cannot_be_had(folder: tuple[Path, Path], quality: float, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        PseudoMasks(*folder, min_quality=quality)
    assert "\n" not in str(caught.value)


def test_what_is_missing_is_named(folder: tuple[Path, Path], tmp_path: Path) -> None:
    frames, masks = folder
    with pytest.raises(InputError, match=r"no masks at .*nowhere"):
        PseudoMasks(frames, tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"no frames at .*nowhere"):
        PseudoMasks(tmp_path / "nowhere", masks)
    (frames / "cats" / "d.png").unlink()
    with pytest.raises(InputError, match=r"cats: mask 'd' belongs to none of the 3 frames"):
        PseudoMasks(frames, masks)
    with_records(masks)
    with pytest.raises(InputError, match=r"cats: mask 'd' belongs to none of the 3 frames"):
        PseudoMasks(frames, masks)
    (masks / "dog" / "8.png").unlink()
    with pytest.raises(InputError, match=r"8\.png: no such mask file"):
        PseudoMasks(frames, masks, sequences=["dog"]).read(0, [0])
    for file in (frames / "dog" / "img").iterdir():
        file.unlink()
    with pytest.raises(InputError, match=r"dog holds no frames"):
        PseudoMasks(frames, masks, sequences=["dog"])


def test_a_broken_record_names_its_line(folder: tuple[Path, Path]) -> None:
    with_records(folder[1])
    path = folder[1].parent / "masks.info" / "quality" / "cats.csv"
    path.write_text(path.read_text().replace("0.9000", "good"))
    with pytest.raises(InputError, match=r"cats\.csv:2: .*good"):
        PseudoMasks(*folder)


def test_only_the_frames_of_some_videos_are_remembered(
    folder: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ltr.dataset.video_folders.REMEMBERED", 1)
    videos = VideoFolders(*folder)
    for _ in range(2):
        assert [path.stem for path in videos.frames("dog")] == ["8", "9", "10"]
        assert len(videos.frames("cats")) == 4
        assert len(videos._frame_cache) == 1


# GOT-10k and LaSOT


@pytest.fixture
def tracking_sets(tmp_path: Path) -> dict[str, Path]:
    """Three sequences of GOT-10k, of which two have masks, and two of LaSOT, one below its class; named by
    their keys."""
    got10k, lasot, masks = tmp_path / "GOT-10k", tmp_path / "LaSOT", tmp_path / "masks"
    for number in (1, 2, 3):
        write_frames(got10k / "train" / f"GOT-10k_Train_{number:06d}", numbers(4))
        (got10k / "train" / f"GOT-10k_Train_{number:06d}" / "groundtruth.txt").write_text("1,1,2,2\n" * 4)
    names = "".join(f"GOT-10k_Train_{number:06d}\n" for number in (1, 2, 3))
    (got10k / "train" / "list.txt").write_text(names)
    for number in (1, 3):
        squares = {name: {1: (number, i)} for i, name in enumerate(numbers(3))}
        write_masks(masks / "got10k_masks" / f"GOT-10k_Train_{number:06d}", squares)
    for path in ("cat/cat-2", "dog-10"):
        write_frames(lasot / path / "img", numbers(12))
        squares = {name: {1: (2, i)} for i, name in enumerate(numbers(12)[::5])}
        write_masks(masks / "lasot_masks" / Path(path).name, squares)
    return {"got10k": got10k, "lasot": lasot, "pregenerated_masks": masks}


def test_got10k_as_pytracking_has_it(tracking_sets: dict[str, Path]) -> None:
    dataset = got10k_masks(tracking_sets["got10k"], tracking_sets["pregenerated_masks"])
    assert tracks(dataset) == [
        ("GOT-10k_Train_000001", 1, [0, 1, 2]),
        ("GOT-10k_Train_000003", 1, [0, 1, 2]),
    ]
    clip = dataset.read(1, [2, 1])
    assert [int(image[0, 0, 0]) for image in clip.images] == [20, 10]
    assert clip.boxes.tolist() == [[2, 3, 8, 6], [1, 3, 8, 6]]
    assert clip.name == "got10k_masks/GOT-10k_Train_000003:1"


def test_got10k_with_records_is_known_before_any_file_is_read(
    tracking_sets: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    masks = tracking_sets["pregenerated_masks"] / "got10k_masks"
    for number in (1, 3):
        name = f"GOT-10k_Train_{number:06d}"
        scores = zip(numbers(3), (0.2, 0.9, 0.8), (True, True, False), strict=True)
        write_records(masks, name, [record(name, frame, 1, *rest) for frame, *rest in scores])
    with monkeypatch.context() as patch:
        patch.setattr("ltr.dataset.pseudo_masks.read_quality", None)
        dataset = got10k_masks(tracking_sets["got10k"], masks.parent, min_quality=0.5)
        assert len(dataset) == 2
    assert tracks(dataset) == [("GOT-10k_Train_000001", 1, [1]), ("GOT-10k_Train_000003", 1, [1])]
    assert dataset.name == "got10k_masks>=0.5"


@pytest.mark.parametrize(
    ("content", "taken"),
    [("GOT-10k_Train_000003\n", [3]), ("0\n1\n2\n", [1, 3]), ("2\n", [3])],
)
def test_lists_of_got10k_hold_names_or_numbers(
    content: str, taken: list[int], tracking_sets: dict[str, Path], tmp_path: Path
) -> None:
    listed = tmp_path / "split.txt"
    listed.write_text(content)
    dataset = got10k_masks(tracking_sets["got10k"], tracking_sets["pregenerated_masks"], sequences=listed)
    assert [name for name, _, _ in tracks(dataset)] == [f"GOT-10k_Train_{number:06d}" for number in taken]


def test_a_number_beyond_the_list_is_told(tracking_sets: dict[str, Path], tmp_path: Path) -> None:
    listed = tmp_path / "split.txt"
    listed.write_text("0\n3\n")
    with pytest.raises(InputError, match=r"split\.txt: 3 is no line of .*list\.txt"):
        got10k_masks(tracking_sets["got10k"], tracking_sets["pregenerated_masks"], sequences=listed)


def test_got10k_without_those_that_vot_has_too(tracking_sets: dict[str, Path], tmp_path: Path) -> None:
    listed = tmp_path / "got10k_vot_exclude.txt"
    listed.write_text("GOT-10k_Train_000001\nGOT-10k_Train_000002\n")
    dataset = got10k_masks(tracking_sets["got10k"], tracking_sets["pregenerated_masks"], exclude=listed)
    assert [name for name, _, _ in tracks(dataset)] == ["GOT-10k_Train_000003"]


def test_lasot_has_masks_of_some_frames(tracking_sets: dict[str, Path]) -> None:
    dataset = lasot_masks(tracking_sets["lasot"], tracking_sets["pregenerated_masks"])
    assert tracks(dataset) == [("cat-2", 1, [0, 5, 10]), ("dog-10", 1, [0, 5, 10])]
    clip = dataset.read(0, [10, 0])
    assert [int(image[0, 0, 0]) for image in clip.images] == [100, 0]
    assert clip.boxes.tolist() == [[2, 2, 8, 6], [0, 2, 8, 6]]


def test_masks_of_tracking_sets_are_called_by_number_whatever_frames_are_called(tmp_path: Path) -> None:
    write_frames(tmp_path / "LaSOT" / "cat-1" / "img", ["7", "8", "9"])
    write_masks(tmp_path / "lasot_masks" / "cat-1", {"00000003": {1: (0, 0)}})
    dataset = lasot_masks(tmp_path / "LaSOT", tmp_path)
    assert tracks(dataset) == [("cat-1", 1, [2])]
    assert int(dataset.read(0, [2]).images[0][0, 0, 0]) == 20


@pytest.mark.parametrize(("value", "label"), [(1, 1), (255, 1)])
def test_tracking_sets_without_records_take_all_that_is_labelled(
    value: int, label: int, tracking_sets: dict[str, Path]
) -> None:
    folder = tracking_sets["pregenerated_masks"] / "got10k_masks" / "GOT-10k_Train_000001"
    write_masks(folder, {"00000002": {value: (4, 4)}, "00000001": {}})
    clip = got10k_masks(folder.parents[2] / "GOT-10k", folder.parents[1]).read(0, [0, 1])
    assert [int(mask.max()) for mask in clip.masks] == [0, label]
    assert clip.boxes.tolist() == [[-1, -1, -1, -1], [4, 4, 8, 6]]


# in training


def test_sources_by_name_and_quality(tracking_sets: dict[str, Path], folder: tuple[Path, Path]) -> None:
    with_records(folder[1])
    places = environment({**tracking_sets, "pseudo_frames": folder[0], "pseudo_masks": folder[1]})
    wanted = (("got10k_masks", 6.0), ("lasot_masks", 6.0), ("pseudo_masks>=0.5", 1.0))
    source = ClipData(places).source(wanted, ClipStyle())
    assert source.name == "got10k_masks + lasot_masks + pseudo_masks>=0.5"
    seen = {source.sample(np.random.default_rng(seed), 2).name.partition("/")[0] for seed in range(60)}
    assert seen == {"got10k_masks", "lasot_masks", "pseudo_masks>=0.5"}


def test_made_masks_are_no_part_of_any(tracking_sets: dict[str, Path]) -> None:
    assert ClipData(environment(tracking_sets)).source((("any", 1.0),), ClipStyle()).name == "procedural"


@pytest.mark.parametrize("name", ["davis>=0.5", "got10k_mask", "stills>=0.1"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(ValueError, match=r"known are .*got10k_masks, lasot_masks, pseudo_masks"):
        ClipData(environment()).source(((name, 1.0),), ClipStyle())


@pytest.mark.parametrize(
    ("source", "places", "key", "variable", "layout"),
    [
        ("got10k_masks", {}, "got10k", "LTR_GOT10K_DIR", "train/"),
        (
            "got10k_masks",
            {"got10k": "GOT-10k"},
            "pregenerated_masks",
            "LTR_PREGENERATED_MASKS_DIR",
            "got10k_masks/",
        ),
        (
            "got10k_masks",
            {"got10k": "masks", "pregenerated_masks": "masks"},
            "got10k",
            "LTR_GOT10K_DIR",
            "train/GOT-10k_Train_000001/",
        ),
        (
            "got10k_masks",
            {"got10k": "GOT-10k", "pregenerated_masks": "LaSOT"},
            "pregenerated_masks",
            "LTR_PREGENERATED_MASKS_DIR",
            "got10k_masks/GOT-10k_Train_000001/00000001.png",
        ),
        (
            "lasot_masks",
            {"lasot": "LaSOT", "pregenerated_masks": "GOT-10k"},
            "pregenerated_masks",
            "LTR_PREGENERATED_MASKS_DIR",
            "lasot_masks/airplane-1/00000001.png",
        ),
        ("pseudo_masks", {}, "pseudo_frames", "LTR_PSEUDO_FRAMES_DIR", "<video>/<frame>.jpg"),
    ],
)  # fmt: skip
def test_a_wrong_layout_is_one_line_with_key_variable_and_layout(
    source: str,
    places: dict[str, str],
    key: str,
    variable: str,
    layout: str,
    tracking_sets: dict[str, Path],
) -> None:
    root = tracking_sets["got10k"].parent
    configured = environment({place: root / name for place, name in places.items()})
    with pytest.raises(InputError) as caught:
        ClipData(configured).source(((source, 1.0),), ClipStyle())
    message = str(caught.value)
    assert "\n" not in message
    for part in (f'"{key}"', variable, layout):
        assert part in message


def test_frames_of_another_set_are_told(
    tracking_sets: dict[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(InputError, match="no sequence is left") as caught:
        lasot_masks(tracking_sets["got10k"], tracking_sets["pregenerated_masks"])
    assert str(tracking_sets["got10k"]) in str(caught.value)
    assert "have no frames in" in caplog.text
