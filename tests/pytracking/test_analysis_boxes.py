"""Box benchmarks: equal to the official toolkits on their inputs, and to their rules by hand."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ltr.errors import InputError
from pytracking.analysis.got10k import clip_boxes, evaluate_got10k
from pytracking.analysis.ground_truth import read_got10k, read_trackingnet
from pytracking.analysis.lasot import evaluate_lasot
from pytracking.analysis.otb import evaluate_otb
from pytracking.analysis.overlap import (
    Curve,
    centre_distance,
    fraction_curve,
    normalised_area,
    normalised_centre_distance,
)
from pytracking.analysis.results import read_box_results, read_zipped_boxes
from pytracking.analysis.sequences import BoxTruth
from pytracking.analysis.trackingnet import evaluate_trackingnet

TOLERANCE = 1e-6
BOX = (10.0, 20.0, 30.0, 40.0)


@pytest.fixture(scope="session")
def excerpts(repository: Path) -> Path:
    return repository / "tests" / "data" / "analysis"


@pytest.fixture(scope="session")
def expected(excerpts: Path) -> dict[str, Any]:
    return json.loads((excerpts / "expected.json").read_text())


def boxes(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, dtype=np.float64)


def shifted(*pixels: float) -> np.ndarray:
    """BOX, moved to the right."""
    return boxes(*((BOX[0] + shift, *BOX[1:]) for shift in pixels))


# GOT-10k


@pytest.mark.parametrize("tracker", ["ATOM", "Ocean_2runs"])
def test_got10k_excerpt(excerpts: Path, expected: dict[str, Any], tmp_path: Path, tracker: str) -> None:
    zipfile.ZipFile(excerpts / "got10k_val.zip").extractall(tmp_path)
    sequences = read_got10k(tmp_path)
    results = read_box_results(tmp_path / "results" / tracker, sequences)
    evaluation = evaluate_got10k(sequences, results)
    for name, official in expected["got10k"][tracker].items():
        assert evaluation.per_sequence[name]["AO"] == pytest.approx(official["ao"], abs=TOLERANCE)
        assert evaluation.per_sequence[name]["SR50"] == pytest.approx(official["sr"], abs=TOLERANCE)


@pytest.mark.parametrize("tracker", ["ATOM", "DiMP50", "Ocean_2runs"])
def test_got10k_official_case(shared_dir: Path, tracker: str) -> None:
    case = shared_dir / "evalcases" / "got10k_layout_lasot"
    official = json.loads((case / "expected.json").read_text())[tracker]
    sequences = read_got10k(case)
    evaluation = evaluate_got10k(
        sequences, read_box_results(case / "results" / "GOT-10k" / tracker, sequences)
    )
    assert evaluation.scores["AO"] == pytest.approx(official["ao"], abs=TOLERANCE)
    assert evaluation.scores["SR50"] == pytest.approx(official["sr50"], abs=TOLERANCE)
    assert evaluation.scores["SR75"] == pytest.approx(official["sr75_from_curve"], abs=TOLERANCE)
    np.testing.assert_allclose(
        evaluation.curves["success"].values, official["succ_curve"], rtol=0, atol=TOLERANCE
    )
    for name, scores in official["seq_wise"].items():
        assert evaluation.per_sequence[name]["AO"] == pytest.approx(scores["ao"], abs=TOLERANCE)
        assert evaluation.per_sequence[name]["SR50"] == pytest.approx(scores["sr"], abs=TOLERANCE)


def test_got10k_clipping_moves_the_corner_and_keeps_the_size() -> None:
    given = boxes((-10, -10, 30, 30), (90, 40, 30, 30), (120, 70, 5, 5), (-50, 0, 20, 10))
    clipped = boxes((0, 0, 30, 30), (90, 40, 10, 10), (100, 50, 0, 0), (0, 0, 20, 10))
    np.testing.assert_array_equal(clip_boxes(given, 100, 50), clipped)


def test_got10k_pools_frames_leaves_out_the_first_and_the_uncovered() -> None:
    frame = (1000, 1000)
    long = BoxTruth("long", shifted(0, 0, 0, 0), np.array([True, True, False, True]), frame)
    short = BoxTruth("short", shifted(0, 0), np.array([True, True]), frame)
    results = {
        "long": [shifted(99, 0, 99, 0)],  # frame 0 and the uncovered one are wrong, and not looked at
        "short": [shifted(0, 10), shifted(0, 99)],  # overlaps 20 / 40 and 0 in two runs
    }
    evaluation = evaluate_got10k([long, short], results)
    assert evaluation.scores == pytest.approx({"AO": (1 + 1 + 0.5 + 0) / 4, "SR50": 2 / 4, "SR75": 2 / 4})
    assert evaluation.per_sequence["short"]["AO"] == pytest.approx(0.25)


def test_got10k_needs_the_frame_size_and_a_frame() -> None:
    with pytest.raises(InputError, match="frame size of a is unknown"):
        evaluate_got10k([BoxTruth("a", shifted(0, 0))], {"a": [shifted(0, 0)]})
    with pytest.raises(InputError, match="visible in no frame"):
        evaluate_got10k([BoxTruth("a", shifted(0), None, (9, 9))], {"a": [shifted(0)]})


# TrackingNet


def check_trackingnet(truth: Path, submission: Path, official: dict[str, Any]) -> None:
    submitted = {name: [run] for name, run in read_zipped_boxes(submission).items()}
    scores = evaluate_trackingnet(read_trackingnet(truth), submitted).scores
    names = {"Success": "success", "Precision": "precision", "NormPrecision": "norm_precision"}
    for ours, theirs in {**names, "Coverage": "coverage"}.items():
        assert scores[ours] == pytest.approx(official[theirs], abs=TOLERANCE), ours


def test_trackingnet_excerpt(excerpts: Path, expected: dict[str, Any]) -> None:
    check_trackingnet(
        excerpts / "trackingnet_truth.zip", excerpts / "trackingnet_atom.zip", expected["trackingnet"]
    )


@pytest.mark.parametrize("case", ["dummy", "lasot_ATOM", "lasot_Ocean_one_missing"])
def test_trackingnet_official_case(shared_dir: Path, case: str) -> None:
    folder = shared_dir / "evalcases" / "trackingnet_official"
    official = json.loads((folder / "expected.json").read_text())[case]
    check_trackingnet(folder / official["gt"], folder / official["submission"], official)


def test_trackingnet_rounds_boxes_and_takes_the_truth_for_the_first_frame() -> None:
    sequence = BoxTruth("a", shifted(0.4, 0.4))
    scores = evaluate_trackingnet([sequence], {"a": [shifted(500, -0.4)]}).scores
    assert scores == pytest.approx(dict.fromkeys(scores, 100))


def test_trackingnet_precision_is_an_area() -> None:
    # one frame of two is 10 pixels off: a hit from the threshold 10 on, the fifth of 21 (steps of 2.5)
    sequence = BoxTruth("a", shifted(0, 0))
    scores = evaluate_trackingnet([sequence], {"a": [shifted(0, 10)]}).scores
    assert scores["Precision"] == pytest.approx(100 * (1 + (16 + 0.5) / 20) / 2)
    # 10 of 30 pixels: from the threshold 0.35 on, the 15th of 21 (steps of 0.025)
    assert scores["NormPrecision"] == pytest.approx(100 * (1 + (6 + 0.5) / 20) / 2)


def test_trackingnet_incomplete_submissions_are_scored() -> None:
    sequences = [BoxTruth(name, shifted(*[0] * 4)) for name in "ab"]
    short = evaluate_trackingnet(sequences[:1], {"a": [shifted(0, 0)]}).scores
    assert short == pytest.approx(dict.fromkeys(short, 50))  # what is missing misses the threshold 0 too
    scores = evaluate_trackingnet(sequences, {"a": [shifted(*[0] * 4)]}).scores
    # of b the first frame is right; boxes of size 0 pass the threshold 0: half a step of 20
    assert scores["Success"] == pytest.approx((100 + 25 + 75 * 0.5 / 20) / 2)
    assert scores["Coverage"] == pytest.approx(100 * 5 / 8)


def test_trackingnet_too_many_boxes() -> None:
    with pytest.raises(InputError, match="3 boxes for a, which has 2 frames"):
        evaluate_trackingnet([BoxTruth("a", shifted(0, 0))], {"a": [shifted(0, 0, 0)]})


# OTB and LaSOT


def slow_one_pass(predicted: np.ndarray, truth: np.ndarray, visible: np.ndarray) -> dict[str, float]:
    """The toolkit's rules frame by frame, as METRICS tells them."""
    auc, precise, normalised = np.zeros(21), 0, 0
    last = None
    for i, (box, true) in enumerate(zip(predicted, truth, strict=True)):
        box = last if last is not None and not (box[2] > 0 and box[3] > 0) else box
        last = box
        box = true if i == 0 else box
        if not visible[i]:
            continue
        if not (true[2] > 0 and true[3] > 0):
            precise, normalised = precise + 1, normalised + 1
            continue
        x, y = (max(box[k], true[k]) for k in (0, 1))
        w, h = (min(box[k] + box[k + 2], true[k] + true[k + 2]) - corner for k, corner in ((0, x), (1, y)))
        inter = max(w, 0) * max(h, 0)
        overlap = inter / (box[2] * box[3] + true[2] * true[3] - inter)
        dx, dy = (box[k] + (box[k + 2] - 1) / 2 - true[k] - (true[k + 2] - 1) / 2 for k in (0, 1))
        auc += overlap > np.linspace(0, 1, 21)
        precise += np.hypot(dx, dy) <= 20
        normalised += np.hypot(dx / true[2], dy / true[3]) <= 0.2
    frames = len(truth)
    return {"AUC": auc.mean() / frames, "Precision": precise / frames, "NormPrecision": normalised / frames}


@pytest.fixture(scope="module")
def random_walk() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predictions, truth and visibility of 400 frames, with all that goes wrong in real files."""
    rng = np.random.default_rng(3)
    truth = np.column_stack([rng.uniform(0, 300, (400, 2)), rng.uniform(20, 90, (400, 2))])
    predicted = truth + rng.normal(0, 15, truth.shape)
    predicted[rng.random(400) < 0.1, 2:] = 0
    predicted[rng.random(400) < 0.1] = np.nan
    predicted[5:8, 3] = -4
    truth[rng.random(400) < 0.1] = 0
    predicted[0] = truth[0] = BOX
    return predicted, truth, rng.random(400) < 0.8


def test_lasot_against_a_slow_way(random_walk: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    predicted, truth, visible = random_walk
    assert not visible.all()
    scores = evaluate_lasot([BoxTruth("a", truth, visible)], {"a": [predicted]}).scores
    assert scores == pytest.approx(slow_one_pass(predicted, truth, visible), abs=1e-12)


def test_otb_against_a_slow_way(random_walk: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    predicted, truth, visible = random_walk
    scores = evaluate_otb([BoxTruth("a", truth, visible)], {"a": [predicted]}).scores
    slow = slow_one_pass(predicted, truth, np.ones(len(truth), bool))
    assert scores == pytest.approx({name: slow[name] for name in ("AUC", "Precision")}, abs=1e-12)


@pytest.mark.parametrize("evaluate", [evaluate_otb, evaluate_lasot])
def test_the_first_frame_is_the_truth_whatever_was_predicted(evaluate: Any) -> None:
    sequence = BoxTruth("a", shifted(0, 0))
    wrong, right = (evaluate([sequence], {"a": [shifted(pixels, 0)]}).scores for pixels in (500, 0))
    assert wrong == right


def test_lasot_absent_frames_stay_in_the_denominator() -> None:
    sequence = BoxTruth("a", shifted(0, 0, 0, 0), np.array([True, True, False, False]))
    scores = evaluate_lasot([sequence], {"a": [shifted(0, 0, 0, 0)]}).scores
    # an overlap of 1 passes 20 of the 21 thresholds: 1 > 1 is false
    assert scores == pytest.approx({"AUC": 0.5 * 20 / 21, "Precision": 0.5, "NormPrecision": 0.5})


def test_lasot_truth_without_area_is_a_miss_for_overlap_and_a_hit_for_distance() -> None:
    truth = boxes(BOX, (0, 0, 0, 0))
    scores = evaluate_lasot([BoxTruth("a", truth)], {"a": [shifted(0, 500)]}).scores
    assert scores == pytest.approx({"AUC": 0.5 * 20 / 21, "Precision": 1, "NormPrecision": 1})


@pytest.mark.parametrize("invalid", [(0, 0, 0, 0), (np.nan,) * 4, (5, 5, 10, -1)])
def test_invalid_prediction_repeats_the_frame_before(invalid: tuple[float, ...]) -> None:
    sequence = BoxTruth("a", shifted(0, 0, 0, 0))
    predicted = boxes(BOX, invalid, invalid, (500, 500, 9, 9))
    held = boxes(BOX, BOX, BOX, (500, 500, 9, 9))
    expected = evaluate_lasot([sequence], {"a": [held]}).scores
    assert evaluate_lasot([sequence], {"a": [predicted]}).scores == expected
    assert expected["Precision"] == 0.75


def test_distance_at_the_threshold_is_a_hit_overlap_at_the_threshold_is_a_miss() -> None:
    sequence = BoxTruth("a", shifted(0, 0))
    at, beyond = ({"a": [shifted(0, pixels)]} for pixels in (20, 20.01))
    assert evaluate_otb([sequence], at).scores["Precision"] == 1
    assert evaluate_otb([sequence], beyond).scores["Precision"] == 0.5
    # 10 of 30 pixels off: overlap 20 / 40, above the thresholds 0 ... 0.45, ten of 21
    assert evaluate_otb([sequence], {"a": [shifted(0, 10)]}).scores["AUC"] == pytest.approx((20 + 10) / 42)


def test_means_run_over_sequences_and_repeated_runs_are_averaged() -> None:
    sequences = [BoxTruth("a", shifted(*[0] * 10)), BoxTruth("b", shifted(0, 0))]
    results = {"a": [shifted(*[0] * 10)], "b": [shifted(0, 0), shifted(0, 500)]}
    evaluation = evaluate_otb(sequences, results)
    assert evaluation.per_sequence["b"]["Precision"] == 0.75
    assert evaluation.scores["Precision"] == pytest.approx((1 + 0.75) / 2)


# the measures themselves


def test_measures_do_not_depend_on_the_convention_of_the_last_pixel() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.uniform(1, 50, (2, 100, 4))
    centres = [box[:, :2] + (box[:, 2:] - 1) / 2 for box in (a, b)]
    np.testing.assert_allclose(centre_distance(a, b), np.hypot(*(centres[0] - centres[1]).T))
    normalised = [centre / b[:, 2:] for centre in centres]
    np.testing.assert_allclose(
        normalised_centre_distance(a, b), np.hypot(*(normalised[0] - normalised[1]).T), rtol=1e-9
    )


def test_curve_counts_missing_values_as_misses() -> None:
    values, thresholds = np.array([0.0, 0.5, np.nan]), np.array([0.0, 0.5])
    np.testing.assert_allclose(fraction_curve(values, thresholds, np.greater).values, [1 / 3, 0])
    np.testing.assert_allclose(fraction_curve(values, thresholds, np.greater_equal).values, [2 / 3, 1 / 3])
    np.testing.assert_allclose(fraction_curve(values, thresholds, np.less_equal, 10).values, [0.1, 0.2])


def test_area_of_a_straight_line() -> None:
    thresholds = np.linspace(0, 50, 21)
    assert normalised_area(Curve(thresholds, thresholds / 50)) == pytest.approx(0.5)
