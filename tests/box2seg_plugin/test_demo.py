"""``box2seg demo``: the whole way from the bundled clips to their pictures."""

from pathlib import Path

import cv2
import pytest
import torch
from PIL import Image

from box2seg_plugin.cli import main
from box2seg_plugin.network import box2seg_small
from ltr.checkpoint import save_weights
from ltr.data.mask_io import read_mask
from pytracking.bundled import bundled_clip, bundled_names
from pytracking.evaluation.frames import open_frames


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(5)
    network = box2seg_small(input_size=(64, 64), test_steps=1)
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_weights(path, network.state_dict(), "box2seg", network.config.to_dict())
    return path


def test_demo_writes_masks_and_pictures_and_prints_a_table(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "demo"
    assert main(["demo", "--out", str(out), "--model", str(model), "--device", "cpu"]) == 0
    assert sorted(path.name for path in out.iterdir()) == sorted(bundled_names())
    for name in bundled_names():
        frames, folder = open_frames(bundled_clip(name).frames), out / name
        assert sorted(path.stem for path in (folder / "masks").iterdir()) == sorted(frames.names)
        for path in (folder / "masks").iterdir():
            assert read_mask(path).shape == frames.size[::-1]
        with Image.open(folder / "contact_sheet.png") as sheet:
            assert sheet.width > 3 * frames.size[0] // 2
        assert cv2.VideoCapture(str(folder / "overlay.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == len(frames)
    table = capsys.readouterr().out
    rows = {cells[1].strip(): cells[2] for line in table.splitlines() if len(cells := line.split("|")) > 3}
    assert {"box filled", "inscribed ellipse", "GrabCut in the box"} < set(rows)
    assert {"Box2Seg, T = 1", "Box2Seg, T = 5"} < set(rows)
    assert 0.3 < float(rows["box filled"]) < float(rows["GrabCut in the box"]) < 0.95
    assert str(out) in table


def test_without_weights_there_is_one_line_and_no_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("box2seg_plugin.variants.BUNDLED", tmp_path)
    assert main(["demo", "--out", str(tmp_path / "demo")]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("box2seg demo: error: ") and printed.err.count("\n") == 1
    assert "box2seg_small" in printed.err and printed.out == ""
    assert not (tmp_path / "demo").exists()
