"""The score of masks: range, direction, the formula, and the file that it comes from."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from box2seg_plugin.annotate.quality_score import (
    FEATURES,
    GENERIC_SCORE,
    SCORES,
    SOFTEN,
    QualityScore,
    load_score,
)
from box2seg_plugin.annotate.track_measures import TrackMeasures, track_measures
from box2seg_plugin.mask_measures import SHAPE_SIDE, MaskMeasures
from box2seg_plugin.network import VARIANTS
from ltr.errors import InputError

GOOD = MaskMeasures(
    box_iou=0.95,
    fill=0.6,
    rim=0.1,
    confidence=0.95,
    inside=0.97,
    expected_iou=0.95,
    stability=0.8,
    agreement=0.95,
    fallback=False,
    shape=bytes([200]) * SHAPE_SIDE**2,
)
BETTER_WHEN_HIGHER = (
    "box_iou",
    "confidence",
    "inside",
    "expected_iou",
    "stability",
    "agreement",
)
FITTED = sorted(json.loads(SCORES.read_text()))


def scores_to_test() -> list[QualityScore]:
    return [GENERIC_SCORE, *(load_score(model) for model in FITTED)]


def random_track(seed: int, length: int = 12) -> list[MaskMeasures]:
    rng = np.random.default_rng(seed)
    return [
        MaskMeasures(
            *rng.random(8).tolist(),
            fallback=False,
            shape=rng.integers(0, 256, SHAPE_SIDE**2, dtype=np.uint8).tobytes(),
        )
        for _ in range(length)
    ]


def evaluate(score: QualityScore, masks: Sequence[MaskMeasures]) -> np.ndarray:
    return score(track_measures(masks))


def log_odds(share: float) -> float:
    soft = SOFTEN + (1 - 2 * SOFTEN) * share
    return math.log(soft / (1 - soft))


@pytest.mark.parametrize("score", scores_to_test(), ids=lambda score: score.model)
class TestEveryScore:
    def test_lies_in_0_to_1_whatever_is_measured(self, score: QualityScore) -> None:
        for seed in range(20):
            values = evaluate(score, random_track(seed))
            assert values.shape == (12,) and (values >= 0).all() and (values <= 1).all()
        worst = replace(GOOD, **dict.fromkeys(BETTER_WHEN_HIGHER, 0.0), rim=1.0, fill=0.0)
        best = replace(GOOD, **dict.fromkeys(BETTER_WHEN_HIGHER, 1.0), rim=0.0)
        for length in (1, 2, 50):
            low, high = evaluate(score, [worst] * length), evaluate(score, [best] * length)
            assert (low < 0.5).all() and (high > 0.8).all() and np.isfinite([*low, *high]).all()

    @pytest.mark.parametrize("name", [*BETTER_WHEN_HIGHER, "rim"])
    def test_does_not_rise_when_a_measure_gets_worse(self, score: QualityScore, name: str) -> None:
        for length in (1, 2, 7):
            for step in (0.1, 0.4):
                value = getattr(GOOD, name)
                worse = replace(GOOD, **{name: value + step if name == "rim" else value - step})
                before = evaluate(score, [GOOD] * length)
                after = evaluate(score, [worse] + [GOOD] * (length - 1))
                assert after[0] <= before[0] + 1e-12

    def test_a_stand_in_scores_less_than_what_was_found(self, score: QualityScore) -> None:
        nothing = {"inside": 0.02, "expected_iou": 0.02, "stability": 0.0, "agreement": 0.0}
        stand_in = replace(GOOD, **nothing, fallback=True, fill=math.pi / 4)
        values = evaluate(score, [GOOD] * 5 + [stand_in] + [GOOD] * 5)
        assert values.argmin() == 5 and values[5] < 0.5 < values[0]

    def test_repeats_to_the_last_bit(self, score: QualityScore) -> None:
        masks = random_track(3)
        assert evaluate(score, masks).tobytes() == evaluate(score, list(masks)).tobytes()


def test_the_formula_by_hand() -> None:
    score = QualityScore("m", bias=0.3, level={"box_iou": 0.5}, change={"box_iou": 2.0, "free_rim": 1.5})
    masks = [replace(GOOD, box_iou=0.9, rim=0.2), replace(GOOD, box_iou=0.5, rim=0.0)]
    boxes = [log_odds(0.9), log_odds(0.5)]
    rims = [0.8, 1.0]
    expected = []
    for box, rim in zip(boxes, rims, strict=True):
        total = 0.3 + 0.5 * sum(boxes) / 2 + 2 * (box - sum(boxes) / 2) + 1.5 * (rim - sum(rims) / 2)
        expected.append(1 / (1 + math.exp(-total)))
    assert evaluate(score, masks) == pytest.approx(expected)


def test_every_feature_is_finite_at_the_ends_and_rises() -> None:
    ends = [
        replace(GOOD, **dict.fromkeys(BETTER_WHEN_HIGHER, 0.0), rim=1.0),
        replace(GOOD, **dict.fromkeys(BETTER_WHEN_HIGHER, 1.0), rim=0.0),
    ]
    track = track_measures(ends)
    for name, feature in FEATURES.items():
        values = feature(track)
        assert np.isfinite(values).all(), name
        assert values[1] > values[0] or name == "likeness"
    alike = {"box_iou": track.box_iou}
    for name in TrackMeasures.__dataclass_fields__:
        alike[name] = getattr(track, name)
    better = FEATURES["likeness"](TrackMeasures(**{**alike, "likeness": np.array([0.2, 0.9])}))
    assert better[1] > better[0]


def test_the_bundled_scores_are_of_networks_that_there_are() -> None:
    assert "box2seg_small" in FITTED and set(FITTED) <= set(VARIANTS)
    for model in FITTED:
        about = load_score(model).about
        assert len(about["weights_sha256"]) == 64 and "experiments/quality_score.py" in about["command"]


def test_a_model_without_a_score_gets_the_generic_one(caplog: pytest.LogCaptureFixture) -> None:
    assert load_score("unheard_of") is GENERIC_SCORE
    assert "unheard_of has no quality score of its own" in caplog.text


def test_other_weights_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "scores.json"
    score = QualityScore("m", 0.0, {"box_iou": 1.0}, {}, {"weights_sha256": "a" * 64})
    file.write_text(json.dumps({"m": score.to_json()}))
    with caplog.at_level(logging.WARNING):
        assert load_score("m", "a" * 64, file) == score
        assert not caplog.records
        assert load_score("m", "b" * 64, file) == score
    assert "score of m was fitted on masks of other weights" in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "no file of quality scores"),
        ("[]", "no file of quality scores"),
        ('{"m": 3}', "no file of quality scores"),
        ('{"m": {"bias": 1}}', "no file of quality scores"),
        ('{"m": {"bias": 1, "level": {"box_iou": -1}, "change": {}}}', "weight of box_iou is -1"),
        ('{"m": {"bias": 1, "level": {"box_iou": NaN}, "change": {}}}', "weight of box_iou is nan"),
        ('{"m": {"bias": Infinity, "level": {}, "change": {}}}', "bias is inf"),
        ('{"m": {"bias": 1, "level": {}, "change": {"luck": 1}}}', 'no feature "luck"'),
    ],
)
def test_a_damaged_file_of_scores_is_refused(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "scores.json"
    file.write_text(content)
    with pytest.raises(InputError, match=message):
        load_score("m", path=file)


def test_a_missing_file_of_scores_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json: no file of quality scores"):
        load_score("m", path=tmp_path / "none.json")
