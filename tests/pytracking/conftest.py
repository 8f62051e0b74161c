"""Fixtures of the tests of pytracking: sequences that are drawn, and a tracker that can follow them."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ltr import plugins
from ltr.data.mask_io import write_mask
from pytracking.evaluation.sequence import Sequence
from pytracking.registry import PARAMETERS, TRACKERS

TOY = Path(__file__).parent / "toy"
HEIGHT, WIDTH = 32, 48
COLOURS = {1: (200, 60, 60), 2: (60, 200, 60)}

MakeSequence = Callable[..., Sequence]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C interrupts this process and those that it starts, also where a shell runs the tests in its
    background, and so has them ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def toy_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tracker "toy" (toy/toy_tracker.py) is an installed plugin, also in processes that a test starts."""
    site = tmp_path / "site"
    metadata = site / "toy_tracker-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: toy_tracker\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[{plugins.GROUP}]\ntest_toy = toy_tracker:register\n")
    plugins.load_plugins()  # those that stay
    monkeypatch.setattr(plugins, "_plugins", dict(plugins._plugins))
    for registry in (TRACKERS, PARAMETERS):
        monkeypatch.setattr(registry, "_factories", dict(registry._factories))
    paths = [str(TOY), str(site)]
    for path in paths:
        monkeypatch.syspath_prepend(path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [*paths, os.environ.get("PYTHONPATH")])))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    plugins.load_plugins()


def patch(frame: int, object_id: int) -> tuple[int, int, int, int]:
    """x, y, w, h of the patch that is object 1 or 2: they go towards each other, one above the other."""
    return (4 + 2 * frame, 4, 10, 8) if object_id == 1 else (30 - 2 * frame, 18, 9, 10)


@pytest.fixture
def make_sequence(tmp_path: Path) -> MakeSequence:
    """Draws a sequence of patches, in ``tmp_path/videos/<name>``, as the data set "folder" has it.

    Arguments: its name, the number of frames, object id -> frame in which it starts, whether they start with
    masks, and frame -> code for the toy tracker.
    """

    def make(
        name: str,
        frames: int = 6,
        starts: Mapping[int, int] | None = None,
        masks: bool = False,
        codes: Mapping[int, int] | None = None,
    ) -> Sequence:
        starts = {1: 0} if starts is None else starts
        folder = tmp_path / "videos" / name
        (folder / "img").mkdir(parents=True)
        rows = ["frame,object,x,y,w,h"]
        start_masks = {}
        for frame in range(frames):
            image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
            labels = np.zeros((HEIGHT, WIDTH), np.uint8)
            image[0, 0, 0] = (codes or {}).get(frame, 90)
            for object_id in starts:
                x, y, w, h = patch(frame, object_id)
                image[y : y + h, x : x + w] = COLOURS[object_id]
                labels[y : y + h, x : x + w] = object_id
            Image.fromarray(image).save(folder / "img" / f"{frame:05d}.png")
            here = tuple(i for i, start in starts.items() if start == frame)
            rows += [f"{frame},{i},{','.join(map(str, patch(frame, i)))}" for i in here]
            if here and masks:
                write_mask(folder / f"{frame:05d}.png", labels)
                start_masks[frame] = (folder / f"{frame:05d}.png", here)
        (folder / "boxes.csv").write_text("\n".join(rows) + "\n")
        files = tuple(sorted((folder / "img").iterdir()))
        if masks:
            return Sequence(name, files, start_masks=start_masks)
        boxes = {
            frame: {i: np.array(patch(frame, i), float) for i, start in starts.items() if start == frame}
            for frame in set(starts.values())
        }
        return Sequence(name, files, start_boxes=boxes)

    return make
