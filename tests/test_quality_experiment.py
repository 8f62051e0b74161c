"""The script that fits the quality score: the fit on tracks whose J follows a known rule, and a whole run."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
import torch

from box2seg_plugin.annotate.quality_score import load_score
from box2seg_plugin.mask_measures import SHAPE_SIDE, MaskMeasures
from box2seg_plugin.network import box2seg_small
from ltr.checkpoint import save_weights

Import = Callable[[str], ModuleType]


@pytest.fixture(scope="module")
def script(repository: Path) -> Iterator[Import]:
    """Imports a file of experiments/ as it is when run by its path: its folder comes first in sys.path."""
    sys.path.insert(0, str(repository / "experiments"))
    yield importlib.import_module
    sys.path.remove(str(repository / "experiments"))


def mask(inside: float, box_iou: float, stability: float) -> MaskMeasures:
    return MaskMeasures(
        box_iou=box_iou,
        fill=0.5,
        rim=0.1,
        confidence=0.9,
        inside=inside,
        expected_iou=0.9,
        stability=stability,
        agreement=0.9,
        fallback=False,
        shape=bytes(SHAPE_SIDE**2),
    )


def tracks_with_a_rule(script: Import, count: int, seed: int = 0) -> list:
    """``inside`` says how good a track is, ``box_iou`` how good a mask is in its track, ``stability`` says
    nothing."""
    track = script("quality_tracks").Track
    rng = np.random.default_rng(seed)
    result = []
    for number in range(count):
        level = rng.uniform(0.2, 0.9)
        changes = rng.uniform(-0.1, 0.1, 12)
        masks = [mask(level, 0.6 + 2 * change, float(rng.random())) for change in changes]
        result.append(track(f"track {number}", tuple(masks), tuple((level + changes).tolist())))
    return result


def test_the_fit_finds_what_tells_tracks_and_what_tells_masks(script: Import) -> None:
    fit = script("quality_fit")
    tracks = tracks_with_a_rule(script, 60)
    score = fit.fit_score(tracks, "m")
    assert max(score.level, key=score.level.get) == "inside" and score.level["inside"] > 0.5
    assert max(score.change, key=score.change.get) == "box_iou" and score.change["box_iou"] > 0.1
    assert score.change.get("stability", 0) < 0.05 and score.level.get("stability", 0) < 0.1
    others = tracks_with_a_rule(script, 40, seed=1)
    found = fit.rank(others, [score(track.measures) for track in others])
    assert found.pooled > 0.95 and found.tracks > 0.98 and found.within > 0.9 and found.error < 0.1
    held_out = fit.rank(tracks, fit.cross_validate(tracks, "m"))
    assert held_out.pooled > 0.95 and held_out.within > 0.9


def test_a_fit_is_the_same_every_time(script: Import) -> None:
    fit = script("quality_fit")
    tracks = tracks_with_a_rule(script, 20)
    assert fit.fit_score(tracks, "m") == fit.fit_score(list(tracks), "m")


def test_figures_by_hand(script: Import) -> None:
    track, fit = script("quality_tracks").Track, script("quality_fit")
    masks = (mask(0.5, 0.5, 0.5),) * 5
    tracks = [
        track("up", masks, (0.1, 0.2, 0.3, 0.4, 0.5)),
        track("down", masks, (0.9, 0.8, 0.7, 0.6, 0.6)),
        track("flat", masks, (0.5,) * 5),  # cannot be ranked
    ]
    up, half = np.array([0.1, 0.2, 0.3, 0.4, 0.5]), np.full(5, 0.5)
    found = fit.rank(tracks, [up, half, up + 0.5])
    assert found.within == pytest.approx((1 + 0) / 2)  # a constant score ranks nothing
    everything = np.array([*tracks[0].j, *tracks[1].j, *tracks[2].j])
    scores = np.concatenate([up, half, up + 0.5])
    assert found.gain == pytest.approx(np.delete(everything, [0, 1, 2]).mean() - everything.mean())
    assert found.error == pytest.approx(np.sqrt(np.mean((scores - everything) ** 2)))
    ranks = [np.unique(values, return_inverse=True)[1] for values in (up, up[::-1])]
    assert fit.correlation(up, up[::-1]) == pytest.approx(np.corrcoef(*ranks)[0, 1])
    assert np.isnan(fit.correlation([1, 2], [1, 2])) and np.isnan(fit.correlation(up, half))


# a whole run


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stills of two sets, a labelled video, and weights of a tiny network."""
    rng = np.random.default_rng(0)
    for name in ("duts", "ecssd"):
        for kind in ("images", "masks"):
            (tmp_path / name / kind).mkdir(parents=True)
        for index in range(6):
            image = np.kron(rng.integers(0, 256, (6, 8, 3)), np.ones((12, 12, 1))).astype(np.uint8)
            truth = np.zeros((72, 96), np.uint8)
            cv2.ellipse(truth, (48, 36), (14 + 4 * index, 10 + 2 * index), 10 * index, 0, 360, 255, -1)
            image[truth > 0] = 255 - image[truth > 0]
            cv2.imwrite(str(tmp_path / name / "images" / f"{index}.png"), image)
            cv2.imwrite(str(tmp_path / name / "masks" / f"{index}.png"), truth)
        monkeypatch.setenv(f"LTR_{name.upper()}_DIR", str(tmp_path / name))
    for kind in ("JPEGImages", "Annotations"):
        (tmp_path / "davis" / kind / "480p" / "ball").mkdir(parents=True)
    for index in range(4):
        truth = np.zeros((48, 64), np.uint8)
        cv2.circle(truth, (20 + 4 * index, 24), 9, 1, -1)
        frame = np.stack([255 * truth, 120 - 40 * truth, 60 + 0 * truth], axis=2)
        cv2.imwrite(str(tmp_path / "davis/JPEGImages/480p/ball" / f"{index:05d}.jpg"), frame)
        cv2.imwrite(str(tmp_path / "davis/Annotations/480p/ball" / f"{index:05d}.png"), truth)
    torch.manual_seed(3)
    network = box2seg_small(input_size=(64, 64), test_steps=1)
    save_weights(tmp_path / "tiny.safetensors", network.state_dict(), "box2seg", network.config.to_dict())
    return tmp_path


def run(script: Import, monkeypatch: pytest.MonkeyPatch, places: Path, *options: str) -> int:
    arguments = ["--model", str(places / "tiny.safetensors"), "--scores", str(places / "scores.json")]
    windows = ["--frames", "3", "--interval", "1", "--precision", "fp32", "--device", "cpu"]
    monkeypatch.setattr(sys, "argv", ["quality_score.py", *arguments, *windows, *options])
    return script("quality_score").main()


def test_a_run_fits_writes_and_reports_and_repeats(
    script: Import, places: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--clips", "16", "--clip-frames", "3", "--cache", str(places / "cache")]
    options += ["--root", str(places / "davis")]
    (places / "scores.json").write_text('{"other": {"bias": 1.0, "level": {}, "change": {}}}')
    assert run(script, monkeypatch, places, *options) == 0
    first, written = capsys.readouterr().out, (places / "scores.json").read_bytes()
    assert "16 clips, 48 masks" in first and "| ball | 4 |" in first and "Spearman over all masks" in first
    assert set(json.loads(written)) == {"other", "box2seg_small"}
    score = load_score("box2seg_small", path=places / "scores.json")
    assert score.about["masks"] == 48 and len(score.about["weights_sha256"]) == 64

    # From the cache, without stills and without segmenting: the same to the last byte.
    monkeypatch.setattr("box2seg_plugin.segmenter.VideoSegmenter.segment", None)
    assert run(script, monkeypatch, places, *options) == 0
    assert capsys.readouterr().out == first and (places / "scores.json").read_bytes() == written
    assert run(script, monkeypatch, places, "--no-fit", *options) == 0
    assert first.endswith(capsys.readouterr().out)
    assert (places / "scores.json").read_bytes() == written


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--clips", "3"], "--clips 3 --clip-frames 21: must be at least 16 and 2"),
        (["--scores", "/no/such/folder/scores.json"], "cannot write to /no/such/folder"),
        (["--root", "/no/such/folder"], "no such folder"),
    ],
)
def test_bad_options_are_one_line(
    script: Import,
    places: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    assert run(script, monkeypatch, places, *options) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and message in error


def test_clips_are_the_same_every_time_and_some_have_boxes_that_are_off(script: Import, places: Path) -> None:
    tracks = script("quality_tracks")
    stills = tracks.stills_set_aside()
    for index, style in enumerate(tracks.STYLES):
        one, two = (tracks.make_clip(index, 3, stills) for _ in range(2))
        assert all((a == b).all() for a, b in zip(one.images, two.images, strict=True))
        assert (one.boxes == two.boxes).all() and (one.boxes[:, 2:] > 0).all()
        around = np.stack([cv2.boundingRect(truth) for truth in one.masks])
        off = style in (tracks.BOXES_OFF, tracks.BOXES_STRETCHED)
        assert np.abs(one.boxes - around).max() > 0 if off else (one.boxes == around).all()
