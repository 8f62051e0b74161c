"""From measures to records, and what becomes of masks that are left out."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from box2seg_plugin.annotate.quality import quality_records, without_dropped
from box2seg_plugin.annotate.quality_score import GENERIC_SCORE
from box2seg_plugin.annotate.track_measures import TrackMeasures, track_measures
from box2seg_plugin.mask_measures import SHAPE_SIDE, MaskMeasures
from ltr.dataset.mask_quality import MaskQuality, read_quality, rounded, write_quality

NAMES = [f"{index + 1:08d}" for index in range(10)]


def measures(box_iou: float, fill: float = 0.5, fallback: bool = False) -> MaskMeasures:
    return MaskMeasures(
        box_iou=box_iou,
        fill=fill,
        rim=0.12345678,
        confidence=0.9,
        inside=0.95,
        expected_iou=0.85,
        stability=0.7,
        agreement=0.95,
        fallback=fallback,
        shape=bytes([255]) * SHAPE_SIDE**2,
    )


MEASURED = {
    0: {1: measures(0.9), 3: measures(0.5)},
    4: {1: measures(0.8, fill=0.25)},
    9: {3: measures(0.4, fallback=True), 1: measures(0.7)},
}


class Ranks:
    """Scores a track's masks by what it is given."""

    def __init__(self, scores: list[float]) -> None:
        self.scores = scores
        self.tracks: list[TrackMeasures] = []

    def __call__(self, track: TrackMeasures) -> np.ndarray:
        self.tracks.append(track)
        return np.array(self.scores[: len(track.fill)])


def test_records_come_by_frame_and_object_with_what_was_measured() -> None:
    records = quality_records("dog", NAMES, MEASURED, GENERIC_SCORE)
    assert [(r.index, r.frame, r.object) for r in records] == [
        (0, "00000001", 1),
        (0, "00000001", 3),
        (4, "00000005", 1),
        (9, "00000010", 1),
        (9, "00000010", 3),
    ]
    assert {r.video for r in records} == {"dog"} and all(r.kept for r in records)
    assert [r.box_iou for r in records] == [0.9, 0.5, 0.8, 0.7, 0.4]
    assert [r.fallback for r in records] == [False, False, False, False, True]
    assert records[0].rim == 0.1235


def test_objects_are_compared_with_themselves_in_the_frames_that_have_them() -> None:
    records = quality_records("dog", NAMES, MEASURED, GENERIC_SCORE)
    jumps = {(r.object, r.index): r.area_jump for r in records}
    assert jumps == {(1, 0): 0.6931, (1, 4): 0.6931, (1, 9): 0.6931, (3, 0): 0.0, (3, 9): 0.0}
    one = GENERIC_SCORE(track_measures([MEASURED[index][1] for index in (0, 4, 9)]))
    assert [r.score for r in records if r.object == 1] == [rounded(value) for value in one]


def test_the_order_in_which_frames_are_measured_does_not_matter() -> None:
    shuffled = {index: MEASURED[index] for index in (9, 0, 4)}
    assert quality_records("dog", NAMES, shuffled, GENERIC_SCORE) == quality_records(
        "dog", NAMES, MEASURED, GENERIC_SCORE
    )


@pytest.mark.parametrize(
    ("least", "kept"),
    [(0.0, [True] * 3), (0.4, [True] * 3), (0.4001, [True, False, True]), (0.95, [False] * 3)],
)
def test_masks_that_score_less_are_not_kept(least: float, kept: list[bool]) -> None:
    measured = {index: {1: measures(0.9)} for index in (0, 4, 9)}
    score = Ranks([0.5, 0.40004, 0.9])  # stands in the file as 0.4000
    records = quality_records("dog", NAMES, measured, score, least)  # type: ignore[arg-type]
    assert [record.kept for record in records] == kept
    assert [record.score for record in records] == [0.5, 0.4, 0.9]


def test_no_masks_make_no_records() -> None:
    assert quality_records("dog", NAMES, {}, GENERIC_SCORE) == []
    assert quality_records("dog", NAMES, {3: {}}, GENERIC_SCORE) == []


def test_records_are_rounded_as_their_file(tmp_path: Path) -> None:
    records = quality_records("dog", NAMES, MEASURED, GENERIC_SCORE)
    write_quality(tmp_path / "quality.csv", records)
    assert list(read_quality(tmp_path / "quality.csv")) == records
    rows = list(csv.DictReader((tmp_path / "quality.csv").read_text().splitlines()))
    assert rows[0]["area_jump"] == "0.6931" and rows[4]["fallback"] == "1"


# Masks that are left out.

MASK = np.array([[0, 1, 1], [3, 3, 0]], np.uint8)


def records_of(**kept: bool) -> list[MaskQuality]:
    """One record for each object, as ``_1=True``."""
    score = Ranks([0.5])
    measured = {0: {int(name[1:]): measures(0.9) for name in kept}}
    records = quality_records("dog", NAMES, measured, score)  # type: ignore[arg-type]
    return [
        MaskQuality(**{**vars(record), "kept": keep})
        for record, keep in zip(records, kept.values(), strict=True)
    ]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([], [[0, 1, 1], [3, 3, 0]]),
        (records_of(_1=True, _3=True), [[0, 1, 1], [3, 3, 0]]),
        (records_of(_1=False, _3=True), [[0, 255, 255], [3, 3, 0]]),
        (records_of(_1=True, _3=False), [[0, 1, 1], [255, 255, 0]]),
        (records_of(_1=False, _3=False), None),
    ],
)
def test_the_pixels_of_dropped_objects_are_void_or_the_file_is_gone(
    records: list[MaskQuality], expected: list[list[int]] | None
) -> None:
    mask = MASK.copy()
    found = without_dropped(mask, records)
    assert (mask == MASK).all()
    if expected is None:
        assert found is None
    else:
        assert found is not None and found.dtype == np.uint8 and found.tolist() == expected
