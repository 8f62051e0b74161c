"""The clips that come with the package: whole, small, drawn by this renderer."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from ltr.data.boxes import mask_to_box
from ltr.data.image_io import read_image
from ltr.data.mask_io import read_mask
from ltr.errors import InputError
from pytracking.bundled import bundled_clip, bundled_names
from pytracking.bundled.render import SCRIPTS, main, write_clip
from pytracking.evaluation.box_files import read_boxes
from pytracking.initializers import make_mask

COUNTS = {"goat": (40, 1), "ponies": (24, 2)}
LARGEST = {"goat": 1_500_000, "ponies": 1_000_000}


def test_names() -> None:
    assert bundled_names() == sorted(COUNTS) == sorted(SCRIPTS)
    with pytest.raises(InputError, match="goat, ponies"):
        bundled_clip("horse")


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_boxes_and_masks_fit_the_frames(name: str) -> None:
    frames, objects = COUNTS[name]
    clip = bundled_clip(name)
    files = sorted(clip.frames.glob("*.jpg"))
    assert [path.stem for path in files] == [f"{i:05d}" for i in range(frames)]
    assert [path.stem for path in sorted(clip.masks.glob("*.png"))] == [path.stem for path in files]
    boxes = read_boxes(clip.boxes, [path.stem for path in files])
    assert sorted(boxes) == list(range(1, objects + 1))
    for index, path in enumerate(files):
        mask = read_mask(clip.masks / f"{path.stem}.png")
        assert mask.shape == (270, 480)
        assert set(np.unique(mask)) == set(range(objects + 1))
        for object_id in boxes:
            np.testing.assert_array_equal(boxes[object_id][index], mask_to_box(mask == object_id))
    assert read_image(files[0]).shape == (270, 480, 3)
    assert (
        sum(path.stat().st_size for path in clip.frames.parent.rglob("*") if path.is_file()) < LARGEST[name]
    )


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_the_renderer_still_draws_them(name: str) -> None:
    """Not bit by bit: rounding differs between versions of numpy and OpenCV."""
    clip, script = bundled_clip(name), SCRIPTS[name]
    scene = script.scene()
    for index in (0, script.frames - 1):
        frame = scene.render(index)
        stored = read_mask(clip.masks / f"{index:05d}.png")
        assert (script.labels(frame) != stored).mean() < 0.001
        image = read_image(clip.frames / f"{index:05d}.jpg")
        assert np.abs(image.astype(int) - frame.image).mean() < 4


def test_plain_methods_do_not_solve_it() -> None:
    """The demonstration would show nothing if GrabCut or the box alone did."""
    clip = bundled_clip("goat")
    scores = []
    for index in (0, 19, 39):
        image, mask = (
            read_image(clip.frames / f"{index:05d}.jpg"),
            read_mask(clip.masks / f"{index:05d}.png") > 0,
        )
        box = mask_to_box(mask)
        cut = make_mask("grabcut", image, box)
        filled = make_mask("rectangle", image, box)
        scores.append([(m & mask).sum() / (m | mask).sum() for m in (filled, cut)])
    filled_score, cut_score = np.mean(scores, axis=0)
    assert filled_score < 0.5
    assert 0.4 < cut_score < 0.8


def test_writing_a_clip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = dataclasses.replace(SCRIPTS["ponies"], frames=3, width=128, height=72)
    write_clip(short, tmp_path / "short")
    lines = (tmp_path / "short" / "boxes.csv").read_text().splitlines()
    assert lines[0] == "frame,object,x,y,w,h"
    assert len(lines) == 7
    assert len(list((tmp_path / "short" / "frames").iterdir())) == 3
    (tmp_path / "file").write_text("")
    assert main(["--out", str(tmp_path / "file")]) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("pytracking.bundled.render: error: cannot write the clip")
    assert "\n" not in error
