"""Fixtures of the tests of ``box2seg annotate``: drawn videos, a tiny network, and the command itself."""

import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from box2seg_plugin.annotate.annotator import AnnotationJob
from box2seg_plugin.annotate.output import AnnotationFolder
from box2seg_plugin.annotate.quality_score import GENERIC_SCORE
from box2seg_plugin.annotate.set_output import make_folders
from box2seg_plugin.annotate.settings import AnnotationSettings, VideoSource
from box2seg_plugin.cli import main
from box2seg_plugin.network import box2seg_small
from box2seg_plugin.variants import load_network
from ltr.checkpoint import save_weights, weights_digest

HEIGHT, WIDTH = 40, 56

MakeVideo = Callable[..., Path]
Annotate = Callable[..., int]
Tree = Callable[..., dict[str, bytes]]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a tiny network: random, so that its masks are odd, and quick."""
    torch.manual_seed(5)
    network = box2seg_small(input_size=(32, 32), test_steps=1)
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_weights(path, network.state_dict(), "box2seg", network.config.to_dict())
    return path


def boxes_of(frames: int) -> np.ndarray:
    """(N, 4): a box that wanders to the right."""
    return np.array([[4.5 + 2 * frame, 6, 24, 22.5] for frame in range(frames)])


def draw_frames(folder: Path, frames: int, first: int = 0, digits: int = 5) -> None:
    """Frames of noise with a patch in the box, as PNG: what is read is what was drawn."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([*folder.name.encode()])
    for frame, (x, y, w, h) in enumerate(boxes_of(frames).astype(int)):
        pixels = rng.integers(0, 120, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        pixels[y + 3 : y + h - 3, x + 3 : x + w - 3] += np.uint8(130)
        Image.fromarray(pixels).save(folder / f"{frame + first:0{digits}d}.png")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of the videos."""
    (tmp_path / "videos").mkdir()
    return tmp_path / "videos"


@pytest.fixture
def make_video(root: Path) -> MakeVideo:
    """Draws a video as the data set "folder" has it; arguments: name, number of frames, its boxes."""

    def make(name: str, frames: int = 3, boxes: Sequence[Sequence[float]] | None = None) -> Path:
        draw_frames(root / name, frames)
        lines = boxes_of(frames) if boxes is None else np.asarray(boxes)
        np.savetxt(root / name / "groundtruth.txt", lines, delimiter=",", fmt="%g")
        return root / name

    return make


@pytest.fixture
def annotate(root: Path, tmp_path: Path, model: Path) -> Annotate:
    """The command: ``annotate("out", "--every", 2)`` writes to ``tmp_path/out``; returns the exit code."""

    def run(out: str = "out", *options: object, dataset: str = "folder") -> int:
        given = ["--root", root, "--out", tmp_path / out, "--model", model, "--device", "cpu"]
        if "--threads" not in options:
            given += ["--threads", 1]
        if "--no-report" not in options and "--report" not in options:
            given += ["--no-report"]
        given += [option for option in options if option != "--report"]
        return main(["annotate", dataset, "--frames", "3", "--interval", "1", *map(str, given)])

    return run


@pytest.fixture
def job(root: Path, tmp_path: Path, model: Path) -> AnnotationJob:
    """What the command does with each video of the data set "folder"; the folders are made."""
    settings = AnnotationSettings(3, 1, 1, None, None, "exact", None, False, 0.0, "cpu", "fp32", 1, 1)
    folder = AnnotationFolder(tmp_path / "out", "masks")
    make_folders(folder)
    weights = weights_digest(load_network(model))
    return AnnotationJob(
        VideoSource("folder", root), folder, settings, str(model), weights, GENERIC_SCORE, "hash"
    )


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Name of an output folder -> all its files, hidden ones too, but for logs, which depend on the day."""

    def read(out: str = "out") -> dict[str, bytes]:
        folder = tmp_path / out
        files = (path for path in folder.rglob("*") if path.is_file() and path.parent.name != "runs")
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}

    return read


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """``tmp_path/small``, a file system of its own with 160 KiB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", str(place)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small file system can be mounted by root alone")
    yield place
    subprocess.run(["umount", str(place)], check=True)
