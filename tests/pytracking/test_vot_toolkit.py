"""run_vot.py under the real VOT toolkit, and the toolkit's own scores against ours.

Slow, and the toolkit (GPL-3) lives in an environment of its own, so this runs only where one is named:

    python3 -m venv votenv && votenv/bin/pip install vot-toolkit==0.7.4 'attributee<0.1.10'
    .venv/bin/pip install 'vot-trax>=4,<5'
    BOX2SEG_VOT_ENV=$PWD/votenv .venv/bin/python -m pytest tests/pytracking/test_vot_toolkit.py
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from ltr import plugins
from pytracking.analysis.vot import evaluate_vot
from pytracking.analysis.vot_regions import Region, read_regions, region_overlap, write_regions
from pytracking.analysis.vot_workspace import read_vot_results, read_vot_sequences
from pytracking.registry import PARAMETERS, TRACKERS
from pytracking.run_vot import main
from pytracking.tracker.interface import TrackResult
from pytracking.vot.conversation import make_target

HEIGHT, WIDTH = 72, 96
COLOURS = ((200, 60, 40), (40, 60, 200))
EAO = (5, 25)
PARAMS = ("masks", "boxes", "talks")

SINGLE = f"""title: two short videos
experiments:
  baseline:
    type: multistart
    analyses:
      - {{type: multistart_eao_score, name: eaoscore, low: {EAO[0]}, high: {EAO[1]}}}
      - {{type: multistart_eao_curve, name: eaocurve, high: {EAO[1]}}}
      - {{type: multistart_average_ar, name: ar}}
"""
MULTI = """title: several objects
experiments:
  baseline: {type: unsupervised, repetitions: 1, multiobject: true}
"""


@dataclass(frozen=True)
class Video:
    """What is rendered: ellipses on a rough ground, one path for each object, and where runs start."""

    length: int
    paths: Sequence[Callable[[int], tuple[float, float]]]
    anchors: Mapping[int, int]


VIDEOS = {
    "drift": Video(40, [lambda t: (20 + 1.3 * t, 30 + 6 * np.sin(t / 5))], {0: 1, 20: 1, 39: -1}),
    "jump": Video(30, [lambda t: (25 + t + (30 if t >= 15 else 0), 36)], {0: 1, 29: -1}),  # is lost there
}
PAIR = {"pair": Video(12, [lambda t: (20 + t, 20), lambda t: (70 - t, 50)], {})}


def truth(video: Video, frame: int, index: int) -> np.ndarray:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    cx, cy = video.paths[index](frame)
    return ((columns - cx) / 11) ** 2 + ((rows - cy) / 8) ** 2 <= 1


def make_workspace(folder: Path, stack: str, videos: Mapping[str, Video]) -> None:
    """Lay out a workspace that the toolkit takes as it is, without downloading anything."""
    (folder / "sequences").mkdir(parents=True)
    (folder / "config.yaml").write_text(
        "registry: [./trackers.ini]\nstack: stack.yaml\nsequences: sequences\n"
    )
    (folder / "stack.yaml").write_text(stack)
    (folder / "sequences" / "list.txt").write_text("".join(f"{name}\n" for name in videos))
    ground = np.random.default_rng(0).integers(60, 110, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    for name, video in videos.items():
        sequence = folder / "sequences" / name
        (sequence / "color").mkdir(parents=True)
        for frame in range(video.length):
            image = ground.copy()
            for index in range(len(video.paths)):
                image[truth(video, frame, index)] = COLOURS[index]
            cv2.imwrite(str(sequence / "color" / f"{frame + 1:08d}.jpg"), image[..., ::-1])
        for index in range(len(video.paths)):
            file = "groundtruth.txt" if len(video.paths) == 1 else f"groundtruth_{index + 1}.txt"
            masks = [truth(video, frame, index) for frame in range(video.length)]
            write_regions(sequence / file, [Region(0, 0, mask) for mask in masks])
        if video.anchors:
            values = [video.anchors.get(frame, 0) for frame in range(video.length)]
            (sequence / "anchor.value").write_text("".join(f"{value}\n" for value in values))
        (sequence / "sequence").write_text(
            f"name={name}\nfps=30\nformat=default\nchannels.color=color/%08d.jpg\n"
            f"width={WIDTH}\nheight={HEIGHT}\nlength={video.length}\n"
        )


@pytest.fixture(scope="module")
def plugin(repository: Path) -> Iterator[Path]:
    """Folder of the tests' tracker, as if installed: here and in processes started here, until they end."""
    folder = repository / "tests" / "vot_plugin"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plugins, "_plugins", dict(plugins._plugins))
        for registry in (TRACKERS, PARAMETERS):
            patch.setattr(registry, "_factories", dict(registry._factories))
        patch.syspath_prepend(folder)
        patch.setenv("PYTHONPATH", os.pathsep.join(map(str, [folder, repository])))
        yield folder


@pytest.fixture(scope="module")
def vot(plugin: Path) -> Callable[..., str]:
    """Runs a command of the toolkit and returns all it says."""
    pytest.importorskip("trax", reason="vot-trax is not installed (the extra vot)")
    environment = os.environ.get("BOX2SEG_VOT_ENV")
    if not environment:
        pytest.skip(
            "BOX2SEG_VOT_ENV names no environment with vot-toolkit 0.7.4 (how to make one: see this file)"
        )
    program = Path(environment) / "bin" / "vot"

    def run(command: str, workspace: Path, *arguments: str) -> str:
        done = subprocess.run(
            [program, command, "--workspace", workspace, *arguments],
            env={**os.environ, "VOT_RESULTS_BINARY": "0"},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        return done.stdout + done.stderr

    return run


@pytest.fixture(scope="module")
def workspace(vot: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace after `vot evaluate`; the last tracker goes over a socket."""
    folder = tmp_path_factory.mktemp("vot") / "work space"
    make_workspace(folder, SINGLE, VIDEOS)
    for name in PARAMS:
        assert main(["blob", name, "--write-trackers-ini", str(folder)]) == 0
    assert main(["blob", "masks", "--name", "socket", "--write-trackers-ini", str(folder)]) == 0
    with (folder / "trackers.ini").open("a") as file:
        file.write("socket = true\n")
    said = vot("evaluate", folder, *(f"blob_{name}" for name in PARAMS), "socket")
    assert "Evaluation concluded successfuly" in said, said
    return folder


@pytest.fixture(scope="module")
def blob_tracker(plugin: Path) -> ModuleType:
    """The tests' tracker itself."""
    return importlib.import_module("blob_tracker")


def run_here(tracker: object, images: Sequence[Path], start: np.ndarray) -> list[TrackResult]:
    """What the tracker says of the frames when it is called directly."""
    pixels = [cv2.imread(str(path))[..., ::-1] for path in images]
    target = make_target(Region(0, 0, start), HEIGHT, WIDTH)
    return [tracker.initialize(pixels[0], {1: target}), *(tracker.track(image) for image in pixels[1:])]


@pytest.mark.parametrize("name", PARAMS)
def test_toolkit_records_what_the_tracker_said(workspace: Path, blob_tracker: ModuleType, name: str) -> None:
    makes_masks = name != "boxes"
    parameters = blob_tracker.BlobParameters(makes_masks)
    for sequence in read_vot_sequences(workspace):
        images = sorted((workspace / "sequences" / sequence.name / "color").iterdir())
        for anchor in sequence.anchors:
            frames = anchor.frames(len(images))
            path = workspace / "results" / f"blob_{name}" / "baseline" / sequence.name
            recorded = read_regions(path / f"{sequence.name}_{anchor.frame:08d}.txt")
            start = truth(VIDEOS[sequence.name], anchor.frame, 0)
            results = run_here(blob_tracker.BlobTracker(parameters), [images[i] for i in frames], start)
            assert len(recorded) == len(results)
            confidences = (
                (path / f"{sequence.name}_{anchor.frame:08d}_confidence.value").read_text().splitlines()
            )
            for region, result, confidence in zip(recorded[1:], results[1:], confidences[1:], strict=True):
                assert float(confidence) == result.scores[1]
                if makes_masks:
                    expected = Region(0, 0, result.mask == 1)
                else:
                    x, y, w, h = result.boxes[1].astype(int)
                    expected = Region(x, y, np.ones((h, w), bool))
                assert region_overlap(region, expected, WIDTH, HEIGHT) == 1


def test_socket_carries_the_same(workspace: Path) -> None:
    one, other = (workspace / "results" / name / "baseline" for name in ("blob_masks", "socket"))
    files = [path.relative_to(one) for path in one.rglob("*") if path.is_file() and "_time" not in path.name]
    assert len(files) == 2 * 5
    for file in files:
        assert (one / file).read_text() == (other / file).read_text(), file


def test_scores_are_the_toolkits(workspace: Path, vot: Callable[..., str]) -> None:
    names = [f"blob_{name}" for name in PARAMS]
    said = vot("analysis", workspace, "--format", "json", "--name", "out", *names)
    official = json.loads((workspace / "analysis" / "out.json").read_text())
    assert list(official["trackers"]) == names, said
    eao, curves, accuracy_robustness = official["results"]["baseline"]["results"]
    sequences = read_vot_sequences(workspace)
    for index, name in enumerate(names):
        ours = evaluate_vot(read_vot_results(workspace / "results" / name, sequences), *EAO)
        assert ours.scores["EAO"] == pytest.approx(eao[index][0], abs=1e-9)
        assert ours.scores["A"] == pytest.approx(accuracy_robustness[index][0], abs=1e-9)
        assert ours.scores["R"] == pytest.approx(accuracy_robustness[index][1], abs=1e-9)
        curve = ours.curves["expected_overlap"].values
        np.testing.assert_allclose(curve, curves[index][0], rtol=0, atol=1e-9)
        assert 0.5 < ours.scores["EAO"] < 1  # no trivial case: it drifts, and is lost at the jump
        assert 0.5 < ours.scores["R"] < 1


def test_several_objects_and_why_a_tracker_does_not_start(
    tmp_path: Path, vot: Callable[..., str], plugin: Path
) -> None:
    make_workspace(tmp_path, MULTI, PAIR)
    assert main(["blob", "masks", "--write-trackers-ini", str(tmp_path)]) == 0
    ini = (tmp_path / "trackers.ini").read_text()
    with (tmp_path / "trackers.ini").open("a") as file:
        file.write(ini.replace("[blob_masks]", "[gone]").replace("blob masks", "blob nowhere"))
    said = vot("evaluate", tmp_path, "blob_masks", "gone")
    results = tmp_path / "results" / "blob_masks" / "baseline" / "pair"
    for index in range(2):
        recorded = read_regions(results / f"pair_{index + 1}_001.txt")
        for frame in range(1, PAIR["pair"].length):
            expected = Region(0, 0, truth(PAIR["pair"], frame, index))
            assert region_overlap(recorded[frame], expected, WIDTH, HEIGHT) > 0.7
    assert (
        'Server terminated the session: unknown tracker parameters "blob/nowhere"; known: blob/boxes' in said
    )
