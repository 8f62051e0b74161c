"""DAVIS and YouTube-VOS: equal to davis2017-evaluation, and to the rules by hand."""

import json
import lzma
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ltr.data.mask_io import write_mask
from ltr.errors import InputError
from pytracking.analysis.davis import contour_accuracy, region_similarity
from pytracking.analysis.davis_benchmark import (
    MAX_PROPOSALS,
    evaluate_davis,
    evaluate_davis_unsupervised,
    frame_measures,
)
from pytracking.analysis.report import Evaluation
from pytracking.analysis.results import MaskReader, mask_reader
from pytracking.analysis.sequences import MaskTruth
from pytracking.analysis.youtube_vos import evaluate_youtube_vos, read_classes, seen_in

TOLERANCE = 1e-6


@dataclass(frozen=True)
class InMemory:
    """A ``MaskSequence``: (N, H, W) uint8."""

    name: str
    masks: np.ndarray

    @property
    def frames(self) -> Sequence[str]:
        return [f"{index:05d}" for index in range(len(self.masks))]

    def mask(self, frame: str) -> np.ndarray:
        return self.masks[int(frame)]


def reader(**masks: np.ndarray) -> MaskReader:
    return lambda sequence, frame: masks[sequence][int(frame)]


def video(*rows: str) -> np.ndarray:
    """One string a frame, one digit an object's id in a column of the 6 x 6 image's upper half."""
    frames = np.zeros((len(rows), 6, 6), np.uint8)
    for frame, row in zip(frames, rows, strict=True):
        frame[:3] = [255 if sign == "v" else int(sign) for sign in row.ljust(6, "0")]
    return frames


def check_objects(evaluation: Evaluation, official: dict[str, dict[str, float]]) -> None:
    """The official table of the unsupervised task counts objects in the order of their proposals."""
    ours = sorted((scores["J-Mean"], scores["F-Mean"]) for scores in evaluation.per_sequence.values())
    theirs = sorted((scores["J"], scores["F"]) for scores in official.values())
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE)


@pytest.fixture(scope="module")
def judo(repository: Path) -> tuple[InMemory, np.ndarray]:
    folder = repository / "tests" / "data" / "analysis"
    arrays = []
    for name in ("truth", "prediction"):
        with lzma.open(folder / f"davis_judo_{name}.npy.xz") as file:
            arrays.append(np.load(file))
    return InMemory("judo", arrays[0]), arrays[1]


@pytest.mark.parametrize(
    ("evaluate", "task"),
    [(evaluate_davis, "semi_supervised"), (evaluate_davis_unsupervised, "unsupervised")],
)
def test_davis_excerpt(repository: Path, judo: Any, evaluate: Any, task: str) -> None:
    expected = json.loads((repository / "tests" / "data" / "analysis" / "expected.json").read_text())
    evaluation = evaluate([judo[0]], reader(judo=judo[1]))
    official = expected["davis"][task]
    for name, scores in official.items():
        assert evaluation.per_sequence[name]["J-Mean"] == pytest.approx(scores["J"], abs=TOLERANCE)
        assert evaluation.per_sequence[name]["F-Mean"] == pytest.approx(scores["F"], abs=TOLERANCE)
    mean = np.mean([(scores["J"] + scores["F"]) / 2 for scores in official.values()])
    assert evaluation.scores["J&F-Mean"] == pytest.approx(mean, abs=TOLERANCE)


@pytest.mark.parametrize(
    ("evaluate", "task", "folder"),
    [
        (evaluate_davis, "semi_supervised", "pred_semi"),
        (evaluate_davis_unsupervised, "unsupervised", "pred_unsup"),
    ],
)
def test_davis_official_case(shared_dir: Path, evaluate: Any, task: str, folder: str) -> None:
    case = shared_dir / "evalcases" / "davis2017_multiobject_pseudo"
    official = json.loads((case / "expected.json").read_text())[task]
    sequences = [
        MaskTruth(path.name, case / "gt" / path.name, sorted(file.stem for file in path.glob("*.png")))
        for path in sorted((case / folder).iterdir())
    ]
    evaluation = evaluate(sequences, mask_reader(case / folder))
    keys = {"JF_mean": "J&F-Mean"} | {
        f"{m}_{s.lower()}": f"{m}-{s}" for m in "JF" for s in ("Mean", "Recall", "Decay")
    }
    for theirs, ours in keys.items():
        assert evaluation.scores[ours] == pytest.approx(official[theirs], abs=TOLERANCE), ours
    check_objects(evaluation, official["per_object"])


@pytest.mark.parametrize("size", [(40, 60), (200, 300)])
def test_measures_in_a_window_are_those_of_the_whole_image(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    close = far = 0
    for _ in range(40):
        masks = np.zeros((2, *size), np.uint8)
        for mask in masks:
            for number in (1, 2):
                y, x, length = *(rng.integers(0, side - 2) for side in size), rng.integers(1, 40)
                mask[y : y + length, x : x + length] = number
        for number, (j, f) in zip((1, 2, 3), frame_measures(*masks, (1, 2, 3)), strict=True):
            assert j == pytest.approx(region_similarity(*(masks == number)), abs=1e-12)
            assert f == pytest.approx(contour_accuracy(*(masks == number)), abs=1e-12)
            close, far = close + (j == 0 < f), far + (f == 0)
    assert close and far  # masks beside each other, within the tolerance and beyond it


def test_a_mask_that_fills_the_image_has_no_boundary() -> None:
    full = np.ones((20, 30), np.uint8)
    assert frame_measures(full, np.zeros_like(full), [1]).tolist() == [[0, 1]]
    assert frame_measures(full, full, [1]).tolist() == [[1, 1]]


def test_davis_leaves_out_the_first_and_the_last_frame_and_counts_void_as_background() -> None:
    truth = video("1100", "1100v", "1100", "1100")
    predicted = video("0000", "1110", "1000", "0000")
    scores = evaluate_davis([InMemory("a", truth)], reader(a=predicted)).scores
    assert scores["J-Mean"] == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_davis_averages_over_objects_not_videos() -> None:
    two = video("12", "12", "12")
    one = video("11", "11", "11")
    predictions = {"two": two, "one": np.zeros_like(one)}
    evaluation = evaluate_davis([InMemory("two", two), InMemory("one", one)], reader(**predictions))
    assert evaluation.scores["J-Mean"] == pytest.approx(2 / 3)
    assert list(evaluation.per_sequence) == ["two_1", "two_2", "one_1"]


def test_davis_objects_are_those_of_the_first_frame() -> None:
    truth = video("1100", "1120", "1100")
    assert list(evaluate_davis([InMemory("a", truth)], reader(a=video(*["11"] * 3))).per_sequence) == ["a_1"]


def test_unsupervised_matches_each_object_with_one_proposal() -> None:
    truth = video("1122", "1122", "1122")
    # 7 fits object 2 wholly, 3 fits object 1 in part, 9 fits nothing; the first and the last frame count
    predicted = video("3077", "3077", "3377")
    predicted[:, 5, 5] = 9
    evaluation = evaluate_davis_unsupervised([InMemory("a", truth)], reader(a=predicted))
    assert evaluation.per_sequence["a_2"]["J-Mean"] == 1
    assert evaluation.per_sequence["a_1"]["J-Mean"] == pytest.approx((0.5 + 0.5 + 1) / 3)


def test_unsupervised_leaves_void_out_of_truth_and_proposal() -> None:
    truth = video("11vv", "11vv")
    evaluation = evaluate_davis_unsupervised([InMemory("a", truth)], reader(a=video("1111", "1100")))
    assert evaluation.scores["J-Mean"] == 1


def test_unsupervised_objects_without_a_proposal_have_empty_masks() -> None:
    truth = video("1122", "1122", "1100", "1100")
    predicted = video("1100", "1100", "1100", "1100")
    evaluation = evaluate_davis_unsupervised([InMemory("a", truth)], reader(a=predicted))
    assert evaluation.per_sequence["a_1"]["J-Mean"] == 1
    assert evaluation.per_sequence["a_2"]["J-Mean"] == 0.5  # right where the object is gone


@pytest.mark.parametrize(
    ("truth", "predicted", "message"),
    [
        (
            video("11", "11", "11"),
            video("11", "12", "11"),
            r"a/00001: the mask holds object 2, the truth 1 obj",
        ),
        (
            video("11", "11", "11"),
            np.zeros((3, 6, 7), np.uint8),
            r"a/00001: the mask is 7 x 6, the true one 6 x 6",
        ),
        (video("11", "11"), video("11", "11"), "a has 2 annotated frames: DAVIS needs 3"),
        (video("vv", "vv", "vv"), video("11", "11", "11"), "a: the truth of the first frame has no object"),
        (
            np.zeros((0, 6, 6), np.uint8),
            np.zeros((0, 6, 6), np.uint8),
            "a: the truth of the first frame has no",
        ),
    ],
)
def test_davis_bad_input(truth: np.ndarray, predicted: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        evaluate_davis([InMemory("a", truth)], reader(a=predicted))


def test_unsupervised_more_objects_than_proposals_may_be() -> None:
    truth = np.arange(25, dtype=np.uint8).reshape(1, 5, 5)
    predicted = np.where(truth <= 2, truth, 0).astype(np.uint8)
    evaluation = evaluate_davis_unsupervised([InMemory("a", truth)], reader(a=predicted))
    assert sum(scores["J-Mean"] for scores in evaluation.per_sequence.values()) == 2
    assert len(evaluation.per_sequence) == 24


def test_unsupervised_takes_twenty_proposals() -> None:
    truth = video("11", "11")
    predicted = np.full_like(truth, MAX_PROPOSALS)
    assert 0 < evaluate_davis_unsupervised([InMemory("a", truth)], reader(a=predicted)).scores["J-Mean"] < 1
    with pytest.raises(InputError, match="holds id 21: at most 20 proposals"):
        evaluate_davis_unsupervised([InMemory("a", truth)], reader(a=predicted + 1))


def test_youtube_vos_scores_each_object_after_its_first_frame_and_groups_by_class() -> None:
    truth = {"a": video("1100", "1110", "1130", "1030"), "b": video("20", "22")}
    predicted = {"a": video("0000", "1100", "1113", "1030"), "b": video("20", "20")}
    sequences = [InMemory(name, masks) for name, masks in truth.items()]
    classes = {("a", 1): "dog", ("a", 3): "whale", ("b", 2): "dog"}
    evaluation = evaluate_youtube_vos(sequences, reader(**predicted), seen_in({"dog"}, classes))
    dog = (2 / 3 + 2 / 3 + 1) / 3
    assert {name: scores["J"] for name, scores in evaluation.per_sequence.items()} == pytest.approx(
        {"a_1": dog, "a_3": 1, "b_2": 0.5}
    )
    assert evaluation.scores["J-seen"] == pytest.approx((dog + 0.5) / 2)
    assert evaluation.scores["J-unseen"] == pytest.approx(1)
    four = [evaluation.scores[f"{measure}-{group}"] for measure in "JF" for group in ("seen", "unseen")]
    assert evaluation.scores["G"] == pytest.approx(np.mean(four))


def test_youtube_vos_needs_no_prediction_before_the_first_object() -> None:
    masks = video("00", "11", "11")

    def read(sequence: str, frame: str) -> np.ndarray:
        assert frame == "00002", "frames without a given object are not read"
        return masks[2]

    assert evaluate_youtube_vos([InMemory("a", masks)], read).scores["G"] == 1


def test_youtube_vos_without_classes_is_the_mean_of_two() -> None:
    masks = video("11", "11")
    scores = evaluate_youtube_vos([InMemory("a", masks)], reader(a=masks)).scores
    assert scores == {"G": 1, "J-seen": 1, "F-seen": 1}
    with pytest.raises(InputError, match="nothing to score"):
        evaluate_youtube_vos([InMemory("a", masks[:1])], reader(a=masks))


def test_classes_are_read_from_the_meta_file(tmp_path: Path) -> None:
    path = tmp_path / "meta.json"
    path.write_text('{"videos": {"a": {"objects": {"1": {"category": "dog", "frames": ["00000"]}}}}}')
    assert read_classes(path) == {("a", 1): "dog"}
    for content in ("{", "[]", '{"videos": {"a": {"objects": {"x": {"frames": []}}}}}'):
        path.write_text(content)
        with pytest.raises(InputError, match="not a meta file"):
            read_classes(path)
    path.write_text('{"videos": {"a": {"objects": {"1": {"frames": ["00000"]}}}}}')
    with pytest.raises(InputError, match='object 1 of "a" has no category'):
        read_classes(path)
    with pytest.raises(InputError, match=r"cannot read .*none\.json"):
        read_classes(tmp_path / "none.json")


def test_masks_of_davis_2016_are_binary(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write_mask(tmp_path / "a" / "00000.png", video("1v0")[0])
    binary = mask_reader(tmp_path, binary=True)("a", "00000")
    assert np.unique(binary).tolist() == [0, 1] and binary[0, 1] == 1
    assert MaskTruth("a", tmp_path / "a", ["00000"], binary=True).mask("00000")[0, 1] == 1
    assert mask_reader(tmp_path)("a", "00000")[0, 1] == 255
    with pytest.raises(InputError, match=r"00001\.png: no such mask file"):
        mask_reader(tmp_path)("a", "00001")
    with pytest.raises(InputError, match="no such folder of results"):
        mask_reader(tmp_path / "nobody")
