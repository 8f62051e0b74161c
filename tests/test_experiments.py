"""The scripts of the tables, on two tiny videos with random weights: rows, reports, and the sweep behind."""

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
import torch

from box2seg_plugin.evaluation import evaluate
from box2seg_plugin.network import ABLATIONS, Box2SegNet, box2seg_small
from box2seg_plugin.segmenter import VideoSegmenter
from box2seg_plugin.variants import load_network
from ltr.checkpoint import save_weights, weights_digest
from pytracking.analysis.davis import region_similarity
from pytracking.evaluation.labelled_video import LabelledVideo, boxes_of_labels, davis_videos

NUM_FRAMES = {"ball": 11, "two": 7}
HEIGHT, WIDTH = 48, 64

Import = Callable[[str], ModuleType]


@pytest.fixture(scope="module")
def script(repository: Path) -> Iterator[Import]:
    """Imports a file of experiments/ as it is when run by its path: its folder comes first in sys.path."""
    sys.path.insert(0, str(repository / "experiments"))
    yield importlib.import_module
    sys.path.remove(str(repository / "experiments"))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two videos in the layout of DAVIS: "ball" with masks 0/255, "two" with objects 1 and 2."""
    folder = tmp_path_factory.mktemp("data") / "tiny_davis"
    rng = np.random.default_rng(0)
    for name, count in NUM_FRAMES.items():
        images, masks = folder / "JPEGImages/480p" / name, folder / "Annotations/480p" / name
        images.mkdir(parents=True)
        masks.mkdir(parents=True)
        for t in range(count):
            coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
            cv2.imwrite(str(images / f"{t:05d}.jpg"), coarse.repeat(8, axis=0).repeat(8, axis=1))
            mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
            cv2.ellipse(mask, (20 + 2 * t, 24), (12, 8), 10, 0, 360, 255 if name == "ball" else 1, -1)
            if name == "two":
                cv2.circle(mask, (46 - t, 30), 7, 2, -1)
            cv2.imwrite(str(masks / f"{t:05d}.png"), mask)
    return folder


def make_network(**changes: object) -> Box2SegNet:
    """A tiny network with random weights whose logits have both signs."""
    torch.manual_seed(3)
    network = box2seg_small(input_size=(64, 64), test_steps=2, crop_scale=2.0, **changes).eval()
    box = torch.tensor([16.0, 16, 32, 32])
    with torch.inference_mode():
        logits = network(torch.rand(2, 3, 3, 64, 64) * 255, box.expand(2, 3, 4))[-1]
    with torch.no_grad():
        scale = 3 / logits.std()
        network.decoder.output2.weight *= scale
        network.decoder.output2.bias *= scale
        network.decoder.output2.bias -= logits.median() * scale
    return network


def save(network: Box2SegNet, path: Path) -> Path:
    noted = {"settings": "box2seg/tiny", "settings_hash": "0123456789ab", "step": "7"}
    save_weights(path, network.state_dict(), "box2seg", network.config.to_dict(), noted)
    return path


@pytest.fixture(scope="module")
def network() -> Box2SegNet:
    return make_network()


@pytest.fixture(scope="module")
def weights(network: Box2SegNet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(network, tmp_path_factory.mktemp("weights") / "tiny.safetensors")


def cells(report: str) -> list[list[str]]:
    """The rows of a report's table, its head first."""
    lines = [line for line in report.splitlines() if line.startswith("|") and "---" not in line]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def mean_j(row: list[str], column: int) -> float:
    return float(row[column].partition(" ")[0].strip("*"))


# the scripts from end to end


@pytest.mark.parametrize(
    ("name", "options", "labels"),
    [
        ("table1_frames", [], ["1", "3", "5", "7", "9"]),
        ("table1_frames", ["--frames", "1", "3", "--sequences", "two", "--every", "3"], ["1", "3"]),
        ("table8_iterations", ["--frames", "3"], ["0", "1", "2", "3"]),
        ("table9_scale", ["--scales", "1.5", "2", "--frames", "3"], ["1.5", "2"]),
        ("table10_interval", ["--frames", "3"], ["1", "3", "5", "10", "15"]),
        ("table11_interval_sparse", ["--frames", "3"], ["5", "10", "15", "25"]),
        ("robustness", ["--frames", "1", "--seeds", "2"], ["0 %", "5 %", "10 %"]),
    ],
)
def test_script_prints_its_rows_and_reports_what_made_them(
    name: str,
    options: list[str],
    labels: list[str],
    script: Import,
    root: Path,
    weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    module = script(name)
    arguments = [
        "--root",
        str(root),
        "--model",
        str(weights),
        "--precision",
        "fp32",
        "--out",
        str(tmp_path),
    ]
    assert module.main(module.TABLE, [*arguments, *options]) == 0
    printed, report = capsys.readouterr().out, (tmp_path / f"{name}.md").read_text()
    assert printed.strip() in report
    head, *rows = cells(report)
    videos = [option for option in ("ball", "two") if option in options or "--sequences" not in options]
    assert head[1 : len(videos) + 2] == [*videos, "mean J"]
    assert head[-1] == "s/frame"
    assert [row[0] for row in rows] == labels
    for row in rows:
        per_video = [float(cell) for cell in row[1 : len(videos) + 1]]
        assert mean_j(row, len(videos) + 1) == pytest.approx(np.mean(per_video), abs=1.1e-3)
        assert all(0 < j < 1 for j in per_video)
        assert float(row[-1]) > 0
    for fact in (
        f"`python experiments/{name}.py --root tiny_davis --model tiny.safetensors",
        weights_digest(load_network(weights))[:16],
        "settings hash 0123456789ab",
        f"tiny_davis, {len(videos)} videos, ",
        f"torch {torch.__version__}",
        "- code: ",
        "- date: 20",
    ):
        assert fact in report
    assert str(tmp_path.parent) not in report
    assert str(root.parent) not in report


def test_components_run_what_is_trained_and_say_what_is_not(
    script: Import, root: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = script("table2_components")
    single = save(make_network(**ABLATIONS["SingleImage"]), tmp_path / "single.safetensors")
    given = [f"SingleImage={single}", f"MultiFrameIterative={weights}"]
    arguments = ["--root", str(root), "--sequences", "two", "--out", str(tmp_path), "--models", *given]
    assert module.main(module.TABLE, arguments) == 0
    _, *rows = cells(capsys.readouterr().out)
    assert [row[0] for row in rows] == list(ABLATIONS)
    assert ["not trained" in row for row in rows] == [False, True, True, False]
    report = (tmp_path / "table2_components.md").read_text()
    assert f"single.safetensors, sha256 {weights_digest(load_network(single))[:16]}" in report


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("SingleImage={weights}", "is no SingleImage network: its use_aggregation = True"),
        ("SingelImage={weights}", 'did you mean "SingleImage"?'),
        ("{weights}", "must be NAME=FILE"),
        ("MultiFrame=nothing.safetensors", "there is no file nothing.safetensors"),
    ],
)
def test_components_refuse_other_weights(
    given: str,
    reason: str,
    script: Import,
    root: Path,
    weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    module = script("table2_components")
    networks = [given.format(weights=weights), f"MultiFrameIterative={weights}"]
    assert (
        module.main(module.TABLE, ["--root", str(root), "--out", str(tmp_path), "--models", *networks]) == 2
    )
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1


def test_robustness_shows_what_no_mask_inside_the_boxes_can_pass(
    script: Import, root: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = script("robustness")
    arguments = ["--root", str(root), "--model", str(weights), "--frames", "1", "--out", str(tmp_path)]
    assert module.main(module.TABLE, [*arguments, "--jitter", "0", "0.3", "--seeds", "2"]) == 0
    head, exact, off = cells(capsys.readouterr().out)
    ceiling = head.index("true mask cut at the box")
    assert exact[ceiling] == "1.000"
    assert float(off[ceiling]) < 0.95
    assert mean_j(off, head.index("mean J")) <= float(off[ceiling])
    assert "±" in off[head.index("mean J")]


def test_dry_run_says_what_is_missing_and_runs_nothing(
    script: Import, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = script("table1_frames")
    absent = tmp_path / "none.safetensors"
    assert module.main(module.TABLE, ["--dry-run", "--model", str(absent), "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "T = 1, 3, 5, 7, 9" in printed
    assert f"MISSING, there is no file {absent}" in printed
    assert "data: MISSING, --root is not given" in printed
    assert module.main(module.TABLE, ["--dry-run", "--root", str(root), "--every", "2"]) == 0
    assert "tiny_davis, 2 videos, 18 frames, 10 of them evaluated" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("table1_frames", ["--frames", "2"], "frames of a window is 2: must be odd"),
        ("table1_frames", ["--every", "0"], "is 0: must be at least 1"),
        ("table1_frames", ["--sequences", "cat"], 'no sequence "cat"; it has ball, two'),
        ("table8_iterations", ["--passes", "-1"], "refinements is -1"),
        ("table9_scale", ["--scales", "0.5"], "crop scale is 0.5: must be from 1 to 100"),
        ("table10_interval", ["--intervals", "0"], "must be at least 1"),
        ("table11_interval_sparse", ["--annotated", "0"], "--annotated is 0"),
        ("robustness", ["--jitter", "5"], "--jitter is 5: must be at least 0 and less than 0.5"),
        ("robustness", ["--seeds", "0"], "--seeds is 0"),
    ],
)
def test_options_out_of_range_are_one_line(
    name: str,
    options: list[str],
    reason: str,
    script: Import,
    root: Path,
    weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    module = script(name)
    arguments = ["--root", str(root), "--model", str(weights), "--out", str(tmp_path), *options]
    assert module.main(module.TABLE, arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"{name}.py: error: ")
    assert reason in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--frames", "x"], "invalid int value: 'x'"),
        (["--jitter", "nan"], "--jitter is nan: must be at least 0 and less than 0.5"),
        (["--jitter", "0.5"], "--jitter is 0.5: must be"),
        (
            ["--json", "nowhere/o.json"],
            "cannot write to nowhere (No such file or directory)",
        ),
        (["--json", ""], 'the argument "" is empty'),
        (["--root", "long" * 70], "File name too long"),
        (["--sequences", "two\nlines"], r'no sequence "two\nlines"'),
    ],
)
def test_davis_tells_bad_options_in_one_line_before_the_work(
    options: list[str],
    reason: str,
    script: Import,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    davis = script("davis")
    monkeypatch.setattr(davis, "evaluate", None)
    monkeypatch.setattr(sys, "argv", ["davis.py", "--root", str(root), *options])
    try:
        code = davis.main()
    except SystemExit as end:
        code = end.code
    assert code == 2
    error = capsys.readouterr().err
    assert reason in error
    assert error.startswith("davis.py: error: ") and error.count("\n") == 1


def test_runs_by_its_path(repository: Path, tmp_path: Path) -> None:
    command = [sys.executable, repository / "experiments/table2_components.py", "--dry-run"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "MISSING, SingleImage: not trained" in done.stdout


# the sweep


@pytest.mark.parametrize(
    "changes",
    [
        {"frames": 1},
        {"frames": 3, "interval": 2},
        {"frames": 5, "interval": 1, "refinements": 0},
        {"frames": 3, "interval": 2, "scale": 1.5},
        {"frames": 3, "interval": 2, "jitter": 0.1},
    ],
)
def test_sweep_scores_what_the_segmenter_gives(
    changes: dict[str, float], script: Import, root: Path, network: Box2SegNet
) -> None:
    """The shared evaluation sends each video through VideoSegmenter, for one setting at a time."""
    sweep, videos = script("sweep"), davis_videos(root)
    setting, other = sweep.Setting("tiny", **changes), sweep.Setting("tiny", frames=3, interval=1)
    results = sweep.compare([other, setting], {"tiny": network}, videos, device="cpu", precision="fp32")
    expected = evaluate(network, videos, device="cpu", precision="fp32", **changes)
    for ours, theirs in zip(results[setting].score.videos, expected.videos, strict=True):
        assert ours.video == theirs.video
        assert ours.frames == theirs.frames
        assert dict(ours.j_of_object) == pytest.approx(dict(theirs.j_of_object), abs=1e-3)


def segment(video: LabelledVideo, network: Box2SegNet, frames: int, interval: int) -> list[np.ndarray]:
    segmenter = VideoSegmenter(network, frames, interval, device="cpu", precision="fp32")
    return list(segmenter(video.frames, boxes_of_labels(video.read_labels())))


def test_every_evaluates_some_frames_with_the_windows_of_all(
    script: Import, root: Path, network: Box2SegNet
) -> None:
    sweep = script("sweep")
    (ball,) = davis_videos(root, ["ball"])
    setting = sweep.Setting("tiny", frames=3, interval=1)
    result = sweep.compare([setting], {"tiny": network}, [ball], 4, "cpu", "fp32")[setting]
    masks, labels = segment(ball, network, 3, 1), ball.read_labels()
    values = [region_similarity(labels[t] == 1, masks[t] == 1) for t in (0, 4, 8)]
    assert result.score.j == pytest.approx(np.mean(values), abs=1e-3)
    assert result.score.videos[0].frames == 3
    assert result.window_frames == 3


def test_sparse_windows_are_those_of_the_annotated_frames(
    script: Import, root: Path, network: Box2SegNet
) -> None:
    """Interval 5 where every 5th frame has a box is interval 1 in the video of those frames."""
    sweep, table = script("sweep"), script("table11_interval_sparse")
    (ball,) = davis_videos(root, ["ball"])
    args = type("Arguments", (), {"annotated": 5})
    setting = sweep.Setting("tiny", frames=3, interval=5)
    sparse = table.keep_annotated(args, ball)
    result = sweep.compare([setting], {"tiny": network}, [sparse], 1, "cpu", "fp32")[setting]
    segmenter = VideoSegmenter(network, 3, 1, device="cpu", precision="fp32")
    labels = ball.read_labels()[::5]
    masks = segmenter(list(ball.frames)[::5], boxes_of_labels(labels))
    values = [region_similarity(label == 1, mask == 1) for label, mask in zip(labels, masks, strict=True)]
    assert result.score.j == pytest.approx(np.mean(values), abs=1e-3)
    assert result.window_frames == 3


def test_windows_shrink_in_short_videos(script: Import, root: Path, network: Box2SegNet) -> None:
    """In 11 frames an interval of 5 reaches 3 of them from frame 0, and 2 from frame 3 (with 8)."""
    sweep = script("sweep")
    (ball,) = davis_videos(root, ["ball"])
    setting = sweep.Setting("tiny", frames=5, interval=5)
    result = sweep.compare([setting], {"tiny": network}, [ball], 1, "cpu", "fp32")[setting]
    assert result.window_frames == pytest.approx((3 * 3 + 8 * 2) / 11)


def test_seconds_of_a_row_include_the_work_it_shares(
    script: Import, root: Path, network: Box2SegNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every look at the clock is a second later: reading 1 s, encoding 1 s, solving 1 s for each row."""
    sweep = script("sweep")
    clock = iter(range(1000))
    monkeypatch.setattr(sweep.time, "perf_counter", lambda: float(next(clock)))
    (ball,) = davis_videos(root, ["ball"])
    settings = [sweep.Setting("tiny", frames=1, refinements=passes) for passes in (0, 1)]
    for every, frames in ((1, 11), (4, 3)):
        results = sweep.compare(settings, {"tiny": network}, [ball], every, "cpu", "fp32")
        seconds = [result.score.videos[0].seconds for result in results.values()]
        assert seconds == pytest.approx([1 + 2 * frames / 11] * 2)


def test_commands_are_shown_without_folders(script: Import) -> None:
    shown = script("report").shown_command(
        "table", ["--root", "/data/DAVIS/", "--models", "A=some/a b.safetensors"]
    )
    assert shown == "python experiments/table.py --root DAVIS --models 'A=a b.safetensors'"
