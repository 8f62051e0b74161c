"""``box2seg demo``: the whole way from the bundled clip to its pictures."""

from pathlib import Path

import cv2
import pytest
import torch
from PIL import Image

from box2seg_plugin.cli import main
from box2seg_plugin.network import box2seg_small
from ltr.checkpoint import save_weights
from ltr.data.mask_io import read_mask
from pytracking.bundled import bundled_clip
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
    assert sorted(path.name for path in out.iterdir()) == ["contact_sheet.png", "masks", "overlay.mp4"]
    frames = open_frames(bundled_clip("goat").frames)
    assert sorted(path.stem for path in (out / "masks").iterdir()) == sorted(frames.names)
    for path in (out / "masks").iterdir():
        assert read_mask(path).shape == frames.size[::-1]
    with Image.open(out / "contact_sheet.png") as sheet:
        assert sheet.width > 3 * frames.size[0] // 2
    assert cv2.VideoCapture(str(out / "overlay.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == len(frames)
    table = capsys.readouterr().out
    rows = {cells[1].strip(): cells[2] for line in table.splitlines() if len(cells := line.split("|")) > 3}
    assert {"box filled", "inscribed ellipse", "GrabCut in the box"} < set(rows)
    assert {"Box2Seg, T = 1", "Box2Seg, T = 5"} < set(rows)
    assert 0.3 < float(rows["box filled"]) < float(rows["GrabCut in the box"]) < 0.95
    assert str(out) in table


def test_demo_with_the_committed_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The bundled weights, or one line that says that there are none; never a table of untrained masks."""
    pytest.importorskip("box2seg_plugin.variants")
    from box2seg_plugin.variants import BUNDLED

    if (BUNDLED / "box2seg_small.safetensors").is_file():
        pytest.skip("there are weights: install.sh demo runs them")
    assert main(["demo", "--out", str(tmp_path / "demo")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("box2seg demo: error: ") and error.count("\n") == 1
    assert not (tmp_path / "demo").exists()
