"""The comparison of shared with exact windows."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from box2seg_plugin.network import box2seg_small
from box2seg_plugin.segmenter import VideoSegmenter
from ltr.data.boxes import mask_to_box
from ltr.dataset.interface import Clip
from pytracking.analysis.davis import region_similarity


@pytest.fixture(scope="module")
def script(repository: Path) -> Iterator[ModuleType]:
    sys.path.insert(0, str(repository / "experiments"))
    yield importlib.import_module("shared_windows")
    sys.path.remove(str(repository / "experiments"))


def test_the_table_says_what_is_lost(script: ModuleType) -> None:
    comparison = script.Comparison({"exact": [0.9, 0.7, 0.8], "shared": [0.89, 0.7, 0.78]})
    assert comparison.loss == pytest.approx(0.01)
    assert comparison.standard_error == pytest.approx(0.01 / np.sqrt(3))
    assert "0.8000" in comparison.table() and "0.0100" in comparison.table()


def test_j_of_a_clip_is_the_mean_over_its_frames(script: ModuleType) -> None:
    mask = np.zeros((60, 80), np.uint8)
    mask[20:40, 30:60] = 1
    images = [np.random.default_rng(i).integers(0, 256, (60, 80, 3), np.uint8) for i in range(4)]
    clip = Clip(images, [mask] * 4, np.stack([mask_to_box(mask)] * 4), "noise")
    segmenter = VideoSegmenter(box2seg_small(input_size=(64, 64), test_steps=1), 3, 1, device="cpu")
    expected = [region_similarity(mask > 0, found > 0) for found in segmenter(clip.images, clip.boxes)]
    assert script.clip_j(segmenter, clip) == pytest.approx(np.mean(expected))


@pytest.mark.parametrize(("lost", "code"), [(0.001, 0), (0.004, 1)])
def test_too_great_a_loss_is_told(
    lost: float, code: int, script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = script.Comparison({"exact": [0.8, 0.9], "shared": [0.8 - lost, 0.9 - lost]})
    monkeypatch.setattr(script, "compare", lambda _: comparison)
    assert script.main([]) == code


def test_without_stills_one_line_says_what_is_missing(
    script: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.main(["--clips", "1"]) == 2
    assert "LTR_DUTS_DIR" in capsys.readouterr().err
    assert script.main(["--clips", "0"]) == 2
    assert "--clips is 0" in capsys.readouterr().err
