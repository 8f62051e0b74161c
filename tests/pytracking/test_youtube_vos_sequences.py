"""YouTube-VOS for trackers: objects start where meta.json says, from labels of that frame."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ltr.data.mask_io import write_mask
from ltr.errors import InputError
from pytracking.analysis.ground_truth import read_youtube_vos
from pytracking.evaluation.datasets import load_sequences

FRAMES = ("00000", "00005", "00010")


def write_video(
    split: Path,
    name: str,
    starts: dict[int, str],
    images: str = "JPEGImages",
    frames: tuple[str, ...] = FRAMES,
) -> None:
    """A video whose objects are labelled in the frames in which they start, and its entry in meta.json."""
    (split / images / name).mkdir(parents=True)
    (split / "Annotations" / name).mkdir(parents=True)
    for frame in frames:
        (split / images / name / f"{frame}.jpg").touch()
    for frame in set(starts.values()):
        ids = [object_id for object_id, start in starts.items() if start == frame]
        write_mask(split / "Annotations" / name / f"{frame}.png", np.array([[0, *ids]], np.uint8))
    meta = split / "meta.json"
    videos: dict[str, Any] = json.loads(meta.read_text())["videos"] if meta.exists() else {}
    objects = {
        str(i): {"category": "ape", "frames": [frame for frame in frames if frame >= start]}
        for i, start in starts.items()
    }
    meta.write_text(json.dumps({"videos": {**videos, name: {"objects": objects}}}))


def test_objects_start_where_the_meta_file_says(tmp_path: Path) -> None:
    write_video(tmp_path / "valid", "b1", {1: "00000", 2: "00010", 4: "00010"})
    write_video(tmp_path / "valid", "a1", {1: "00005"})
    later, sequence = load_sequences("youtube_vos_2018_valid", tmp_path)
    assert (later.name, later.first_frame) == ("a1", 1)
    assert sequence.name == "b1" and sequence.frame_names == FRAMES and sequence.object_ids == (1, 2, 4)
    assert [list(sequence.targets(frame)) for frame in range(3)] == [[1], [], [2, 4]]
    target = sequence.targets(2)[4]
    assert target.mask is not None and target.mask.tolist() == [[False, False, True]]


def test_held_out_videos_of_the_training_set(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_video(tmp_path / "train", name, {1: "00000"})
    listed = tmp_path / "held_out.txt"
    listed.write_text("# not trained on\nc\na\n")
    assert [s.name for s in load_sequences("youtube_vos_train", tmp_path, listed)] == ["c", "a"]
    everything = [s.name for s in load_sequences("youtube_vos_train", tmp_path)]
    assert everything == [truth.name for truth in read_youtube_vos(tmp_path)] == ["a", "b", "c"]
    listed.write_text("a\nd\n")
    with pytest.raises(InputError, match=r'held_out\.txt: .*youtube_vos_train has no sequence "d"; it has 3'):
        load_sequences("youtube_vos_train", tmp_path, listed)


def test_years_may_lie_side_by_side(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for year in (2018, 2019):
        write_video(tmp_path / str(year) / "valid", f"of{year}", {1: "00000"})
    with caplog.at_level(logging.WARNING):
        (sequence,) = load_sequences("youtube_vos_2019_valid", tmp_path)
    assert sequence.name == "of2019"
    assert "has 1 sequences, the validation set of YouTube-VOS 2019 has 507" in caplog.text


def test_every_frame_where_there_are_no_fifths(tmp_path: Path) -> None:
    write_video(tmp_path / "valid", "a", {1: "00005"}, images="elsewhere", frames=("00005",))
    folder = tmp_path / "valid_all_frames" / "JPEGImages" / "a"
    folder.mkdir(parents=True)
    for index in range(8):
        (folder / f"{index:05d}.jpg").touch()
    (sequence,) = load_sequences("youtube_vos_2019_valid", tmp_path)
    assert len(sequence) == 8 and sequence.first_frame == 5
    (tmp_path / "valid" / "elsewhere").rename(tmp_path / "valid" / "JPEGImages")
    (sequence,) = load_sequences("youtube_vos_2019_valid", tmp_path)
    assert len(sequence) == 1 and sequence.first_frame == 0


@pytest.mark.parametrize("lost", ["JPEGImages/a/00005.jpg", "Annotations/a/00005.png"])
def test_a_start_without_frame_or_mask(tmp_path: Path, lost: str) -> None:
    write_video(tmp_path / "train", "a", {1: "00000", 3: "00005"})
    (tmp_path / "train" / lost).unlink()
    with pytest.raises(InputError, match="00005") as caught:
        load_sequences("youtube_vos_train", tmp_path)
    assert "missing" in str(caught.value)


def test_a_start_in_a_frame_that_nothing_knows(tmp_path: Path) -> None:
    write_video(tmp_path / "train", "a", {1: "00000"})
    meta = tmp_path / "train" / "meta.json"
    meta.write_text(meta.read_text().replace("00000", "00003"))
    with pytest.raises(InputError, match=r"a/00003: missing: .*meta\.json has object 1 start there"):
        load_sequences("youtube_vos_train", tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read .*meta.json"),
        ("{", "is not a meta file"),
        ('{"videos": {"a": {"objects": {"1": "00000"}}}}', "is not a meta file"),
        ("[]", "is not a meta file"),
        ("[" * 100_000, "is not a meta file"),
        ('{"videos": {"a": {"objects": {"1": {"frames": []}}}}}', 'sequence "a" must have objects'),
        ('{"videos": {"a": {"objects": {"one": {"frames": ["00000"]}}}}}', "is not a meta file"),
        ('{"videos": {}}', "names no video"),
        ('{"videos": {"a": {"objects": {}}}}', 'sequence "a" must have objects'),
        (
            '{"videos": {"a": {"objects": {"255": {"frames": ["00000"]}}}}}',
            "object id 255: must be from 1",
        ),
        ('{"videos": {"../a": {"objects": {"1": {"frames": ["00000"]}}}}}', r"sequence name '\.\./a'"),
    ],
)
def test_bad_meta_files(tmp_path: Path, content: str | None, message: str) -> None:
    (tmp_path / "train").mkdir()
    if content is not None:
        (tmp_path / "train" / "meta.json").write_text(content)
    with pytest.raises(InputError, match=message):
        load_sequences("youtube_vos_train", tmp_path)
