"""A disk that is full: what does not fit fails, what fits is whole."""

import errno
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from box2seg_plugin.annotate import annotator, video_output
from box2seg_plugin.annotate.video_state import VideoState
from ltr.data.mask_io import read_mask
from ltr.errors import InputError

MakeVideo = Callable[..., Path]
Annotate = Callable[..., int]
Tree = Callable[..., dict[str, bytes]]


@pytest.mark.usefixtures("small_disk")
def test_a_small_disk(
    make_video: MakeVideo, annotate: Annotate, tree: Tree, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a file system of 40 pages the masks of the second video take more than there is."""
    for name, frames in (("a", 4), ("b", 60), ("c", 3)):
        make_video(name, frames)
    assert annotate("well", "--videos", "a", "c") == 0
    assert annotate("small") == 1
    assert "No space left on device" in caplog.text and "1 of 3 videos failed" in caplog.messages[-1]
    left, well = tree("small"), tree("well")
    state = json.loads(left.pop("masks.info/videos/b.json"))
    assert state["status"] == "failed" and "No space left on device" in state["reason"]
    assert left == well


def no_space(path: Path, *_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", str(path))


@pytest.mark.parametrize("when", ["mask", "records", "state", "always"])
def test_no_space_at_any_step(
    when: str,
    make_video: MakeVideo,
    annotate: Annotate,
    tree: Tree,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Also where not even the failure can be noted; once there is room all is made."""
    for name in "ab":
        make_video(name)
    assert annotate("well") == 0
    written, noted = annotator.write_mask, VideoState.write

    def write_mask(path: Path, mask: np.ndarray) -> None:
        if "b.part" in str(path) and path.stem == "00001":
            raise InputError(f"{path}: cannot write the mask (No space left on device)")
        written(path, mask)

    def write_state(state: VideoState, path: Path) -> None:
        if state.video == "b" and (when == "always" or state.status == "done"):
            no_space(path)
        noted(state, path)

    with monkeypatch.context() as patch:
        if when == "mask":
            patch.setattr(annotator, "write_mask", write_mask)
        elif when == "records":
            whole = video_output.write_quality
            patch.setattr(
                video_output,
                "write_quality",
                lambda path, records: no_space(path) if "b.part" in str(path) else whole(path, records),
            )
        else:
            patch.setattr(VideoState, "write", write_state)
        assert annotate() == 1
    assert "b failed: " in caplog.text and "No space left on device" in caplog.text
    assert not [name for name in tree() if "/b/" in name or ".part" in name or name.endswith("b.csv")]
    assert annotate() == 0
    assert tree() == tree("well")


def test_what_cannot_be_put_together_is_told(
    tmp_path: Path,
    make_video: MakeVideo,
    annotate: Annotate,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_video("a")
    (tmp_path / "out/masks.info/quality.csv").mkdir(parents=True)
    assert annotate() == 1
    assert "quality.csv" in capsys.readouterr().err.splitlines()[-1]
    assert all(read_mask(path).shape for path in (tmp_path / "out/masks/a").iterdir())
