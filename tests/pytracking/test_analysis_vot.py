"""VOT 2020: equal to vot-toolkit 0.7.4 on whole workspaces, and region by region."""

import json
import logging
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ltr.errors import InputError
from pytracking.analysis.vot import Run, SequenceRuns, evaluate_vot, expected_overlap_curve
from pytracking.analysis.vot_regions import (
    Region,
    empty_region,
    format_region,
    parse_region,
    read_regions,
    region_overlap,
    write_regions,
)
from pytracking.analysis.vot_workspace import read_vot_results, read_vot_sequences

TOLERANCE = 1e-6
SIZE = (50, 50)


def check(workspace: Path, tracker: str, low: int, high: int, official: dict[str, Any]) -> None:
    sequences = read_vot_sequences(workspace)
    results = read_vot_results(workspace / "results" / tracker, sequences)
    evaluation = evaluate_vot(results, low, high)
    names = {"EAO": "eao", "A": "accuracy", "R": "robustness"}
    for ours, theirs in names.items():
        assert evaluation.scores[ours] == pytest.approx(official[theirs], abs=TOLERANCE), ours
    curve = evaluation.curves["expected_overlap"].values
    np.testing.assert_allclose(curve, official["eao_curve"], rtol=0, atol=TOLERANCE)


@pytest.fixture
def workspace(repository: Path, tmp_path: Path) -> Path:
    zipfile.ZipFile(repository / "tests" / "data" / "analysis" / "vot_workspace.zip").extractall(tmp_path)
    return tmp_path


def test_excerpt(workspace: Path, repository: Path) -> None:
    official = json.loads((repository / "tests" / "data" / "analysis" / "expected.json").read_text())["vot"]
    check(workspace, "T", official["low"], official["high"], official)


@pytest.mark.parametrize("tracker", ["StaticMask", "OSVOSReplay"])
def test_official_case(shared_dir: Path, tracker: str) -> None:
    case = shared_dir / "evalcases" / "vot2020_mini"
    official = json.loads((case / "expected.json").read_text())
    check(case / "workspace", tracker, official["low"], official["high"], official[tracker])


def test_written_masks_are_the_toolkits_own(shared_dir: Path, tmp_path: Path) -> None:
    truth = shared_dir / "evalcases" / "vot2020_mini" / "workspace" / "sequences" / "goat" / "groundtruth.txt"
    write_regions(tmp_path / "copy.txt", read_regions(truth))
    assert (tmp_path / "copy.txt").read_text() == truth.read_text()


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [  # what vot-toolkit 0.7.4 gives in an image of 50 x 50
        ("m0,0,10,10,0,100", "0,0,10,10", 1.0),
        ("m0,0,10,10,0,100", "0.5,0.5,10,10", 1.0),  # half goes to even
        ("m0,0,10,10,0,100", "0.5,0.5,9.4,9.4", 0.81),
        ("0.4,0.4,10,10", "0.6,0.6,10,10", 0.680672268907563),
        ("0.5,0.5,10,10", "1.5,1.5,10,10", 0.47058823529411764),
        ("-5,-5,10,10", "0,0,10,10", 0.25),
        ("m-3,-3,10,10,0,100", "m0,0,10,10,0,100", 0.49),  # what is outside does not count
        ("m45,45,10,10,0,100", "m45,45,5,5,0,25", 1.0),
        ("m60,60,10,10,0,100", "m60,60,10,10,0,100", 0.0),
        ("m0,0,10,10,0,50", "m0,0,10,10,0,100", 0.5),
        ("1", "m0,0,10,10,0,100", 0.0),
        ("1", "m0,0,0,0,0", 1.0),  # both empty
        ("m0,0,3,3,9", "m0,0,0,0,0", 1.0),
        ("m0,0,3,3,0,9", "m0,0,0,0,0", 0.0),
    ],
)
def test_overlap_of_regions(first: str, second: str, overlap: float) -> None:
    regions = parse_region(first), parse_region(second)
    assert region_overlap(*regions, *SIZE) == pytest.approx(overlap, abs=1e-12)
    assert region_overlap(*reversed(regions), *SIZE) == pytest.approx(overlap, abs=1e-12)


def test_overlap_against_whole_images() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        painted, regions = np.zeros((2, 40, 60), bool), []
        for canvas in painted:
            x, y, w, h = rng.integers(-10, 40), rng.integers(-10, 30), *rng.integers(1, 25, 2)
            mask = rng.random((h, w)) < 0.7
            regions.append(Region(int(x), int(y), mask))
            for i, j in zip(*np.nonzero(mask), strict=True):
                if 0 <= y + i < 40 and 0 <= x + j < 60:
                    canvas[y + i, x + j] = True
        union = (painted[0] | painted[1]).sum()
        slow = (painted[0] & painted[1]).sum() / union if union else 0
        assert region_overlap(*regions, 60, 40) == pytest.approx(slow, abs=1e-12)


def test_masks_are_written_tight_and_read_back() -> None:
    assert format_region(Region(5, 7, np.pad(np.ones((2, 2), bool), ((1, 1), (2, 1))))) == "m7,8,2,2,0,4"
    assert format_region(Region(0, 0, np.eye(4, dtype=bool))) == "m0,0,4,4,0,1,4,1,4,1,4,1"
    assert (
        format_region(Region(3, 3, np.zeros((4, 5), bool))) == "m0,0,0,0,0" == format_region(empty_region())
    )
    rng = np.random.default_rng(2)
    for _ in range(20):
        mask = rng.random(rng.integers(1, 12, 2)) < 0.5
        again = parse_region(format_region(Region(2, 1, mask)))
        whole = np.zeros((20, 20), bool)
        whole[1 : 1 + mask.shape[0], 2 : 2 + mask.shape[1]] = mask
        read = np.zeros((20, 20), bool)
        read[again.y : again.y + again.mask.shape[0], again.x : again.x + again.mask.shape[1]] = again.mask
        np.testing.assert_array_equal(read, whole)


def test_missing_runs_at_the_end_of_a_mask_are_background() -> None:
    assert parse_region("m1,2,3,2,1,2").mask.tolist() == [[False, True, True], [False, False, False]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("m1,2,3", "four numbers of its box, here are 3"),
        ("m1,2,3,x", "is no mask: m, then whole numbers"),
        ("m", "is no mask"),
        ("m0,0,2,2,3,2", r"runs cover 5 pixels, its box has 2 x 2"),
        ("m0,0,2,2,-1,2", "runs cover"),
        ("m0,0,100000,100000,1", "region of 100000 x 100000 pixels cannot be"),
        ("0,0,1e9,1e9", "cannot be"),
        ("1,2,nan,4", "'nan' is not a number"),
        ("1,2", "neither a mask, x,y,w,h, nor a code"),
        ("0,0,1,0,1,1,0,1", "polygons are not read"),
        ("", "is not a number"),
    ],
)
def test_what_is_no_region_is_named_by_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a_00000000.txt"
    path.write_text(f"1\n{text}\nm0,0,1,1,0,1\n")
    with pytest.raises(InputError, match=message) as caught:
        read_regions(path)
    assert str(caught.value).startswith(f"{path}:2: ")


def run(overlaps: list[float], empty: tuple[int, ...] = ()) -> Run:
    return Run(np.array(overlaps), np.isin(np.arange(len(overlaps)), empty))


def test_failure_is_the_first_of_ten_low_frames_in_a_row() -> None:
    good, low = [0.5] * 3, [0.1] * 10
    assert run([0.0, *good, *low, *good]).progress == 4
    assert run([0.0, *good, *low[1:], *good]).progress == 16  # nine are no failure
    assert run([0.0, *low]).progress == 0  # the anchor, whose overlap is 0, counts
    assert run([0.0, *good, *low, *good], empty=(8,)).progress == 17  # an empty truth counts anew
    assert run([0.0, *good, *[0.1001] * 10]).progress == 14


def test_accuracy_is_weighted_by_survival_robustness_by_length() -> None:
    failed = run([0.0, 0.8, 0.8, 0.8, *[0.0] * 16])  # survives 4 of 20
    whole = run([0.0, *[0.5] * 9])  # 10 of 10
    evaluation = evaluate_vot({"a": SequenceRuns(20, [failed]), "b": SequenceRuns(10, [whole, whole])}, 1, 5)
    assert evaluation.per_sequence["a"] == pytest.approx({"A": 2.4 / 4, "R": 4 / 20})
    assert evaluation.scores["A"] == pytest.approx((4 * 0.6 + 20 * 0.45) / 24)
    assert evaluation.scores["R"] == pytest.approx((20 * 0.2 + 10 * 1) / 30)
    # lengths 1 to 4: the failed run's mean and twice the whole one's
    expected = [(0.8 * min(j, 3) / j + 2 * 0.5) / 3 for j in range(1, 5)]
    assert evaluation.scores["EAO"] == pytest.approx(np.mean(expected))


def test_expected_overlap_leaves_out_the_anchor() -> None:
    curve = expected_overlap_curve([run([1.0, 0.5, 0.7]), run([0.0, 0.3])], 4)
    np.testing.assert_allclose(curve.values, [0, (0.5 + 0.3) / 2, (0.5 + 0.7) / 2, 0])


def test_interval_beyond_the_runs_is_said(caplog: pytest.LogCaptureFixture) -> None:
    sequences = {"a": SequenceRuns(10, [run([0.0, *[0.5] * 9])])}
    with caplog.at_level(logging.WARNING):
        assert evaluate_vot(sequences).scores["EAO"] == 0  # as the toolkit has it
    assert "the longest run has 10 frames" in caplog.text
    for wrong in ((5, 5), (-1, 4)):
        with pytest.raises(InputError, match="cannot be computed"):
            evaluate_vot(sequences, *wrong)


def test_damaged_workspace(workspace: Path) -> None:
    sequences = read_vot_sequences(workspace)
    assert {"a", "b"} <= {sequence.name for sequence in sequences}
    result = workspace / "results" / "T" / "baseline" / "a" / "a_00000000.txt"
    lines = result.read_text().splitlines()
    result.write_text("\n".join(lines[:-1]))
    with pytest.raises(
        InputError, match=rf"a_00000000.txt: {len(lines) - 1} regions, the run has {len(lines)}"
    ):
        read_vot_results(workspace / "results" / "T", sequences)
    result.rename(result.with_suffix(".bin"))
    with pytest.raises(InputError, match="VOT_RESULTS_BINARY=0"):
        read_vot_results(workspace / "results" / "T", sequences)
    anchors = workspace / "sequences" / "a" / "anchor.value"
    text = anchors.read_text()
    anchors.write_text("0\n" * len(lines))
    with pytest.raises(InputError, match="no anchor"):
        read_vot_sequences(workspace)
    anchors.write_text(text + "0\n")
    with pytest.raises(InputError, match="one for each frame"):
        read_vot_sequences(workspace)
    (workspace / "sequences" / "a" / "sequence").write_text("width=64\nheight=tall\n")
    with pytest.raises(InputError, match=r"width=\.\.\. and height"):
        read_vot_sequences(workspace)
