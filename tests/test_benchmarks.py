"""The benchmark of annotation: the procedure it compares with, its counts, and its tables, in small."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from box2seg_plugin.network import Box2SegNet, box2seg_small

Import = Callable[[str], ModuleType]


@pytest.fixture(scope="module")
def benchmark(repository: Path) -> Iterator[Import]:
    """Imports a file of benchmarks/ as it is when run by its path: its folder comes first in sys.path."""
    sys.path.insert(0, str(repository / "benchmarks"))
    yield importlib.import_module
    sys.path.remove(str(repository / "benchmarks"))


def make_network(half_resolution: bool = True) -> Box2SegNet:
    torch.manual_seed(3)
    return box2seg_small(input_size=(64, 32), test_steps=2, half_resolution=half_resolution).eval()


@pytest.mark.parametrize("half_resolution", [True, False])
def test_the_engine_gives_the_logits_of_the_published_procedure(
    half_resolution: bool, benchmark: Import, tmp_path: Path
) -> None:
    video = benchmark("speed_lanes").write_video(tmp_path, 7)
    network = make_network(half_resolution)
    assert benchmark("plain_agreement").logit_difference(network, 1, video, [0, 3, 5]) < 1e-4


def frames_by_part(benchmark: Import, way: str, count: int, folder: Path) -> dict[str, float]:
    """How many frames each part computes for a video, without a distance between a window's frames."""
    lanes = benchmark("speed_lanes")
    annotator = lanes.make_annotator(make_network(), way, 1)
    meter = benchmark("part_meter").PartMeter(annotator.solver.network, lambda: 0.0)
    assert len(list(lanes.annotate(annotator, lanes.write_video(folder, count)))) == count
    return dict(meter.frames)


def test_each_frame_is_computed_no_more_often_than_its_windows_ask(benchmark: Import, tmp_path: Path) -> None:
    """Of 10 frames 6 exact windows of 5 (those at the ends serve three frames each), 2 shared ones."""
    once = ("backbone", "target features", "object encoders", "decoder, once a frame", "decode, last pass")
    window = ("descent, first pass", "decode, first pass", "mask encoder", "descent, last pass")
    for way, in_windows in (("exact fp32", 30), ("shared fp32", 10)):
        expected = dict.fromkeys(once, 10) | dict.fromkeys(window, in_windows)
        assert frames_by_part(benchmark, way, 10, tmp_path) == pytest.approx(expected)


def test_the_meter_shares_out_what_a_total_rises_by(benchmark: Import, tmp_path: Path) -> None:
    """Operations of a convolution are known: two for each weight and output pixel."""
    time_table, video = benchmark("time_table"), benchmark("speed_lanes").write_video(tmp_path, 5)
    network = make_network()
    operations, moved = time_table._costs(network, False, video)
    pixels = (32 // 8) * (64 // 8)
    dims, decoder = (48, 96, 160, 224), network.config.decoder_dims
    reduce = sum(
        2 * (d_in * d + d * d + 9 * d * (d + 32)) * pixels * 4 // 4**level
        for level, (d_in, d) in enumerate(zip(dims, decoder, strict=True))
    )
    assert operations["decoder, once a frame"] == reduce
    assert operations["decode, first pass"] == operations["decode, last pass"] > 0
    assert all(value > 0 for value in moved.values())


def test_all_ways_side_by_side(benchmark: Import, tmp_path: Path) -> None:
    speed, lanes = benchmark("annotate_speed"), benchmark("speed_lanes")
    network, video = make_network(), lanes.write_video(tmp_path, 3)
    raced = lanes.make_lanes(network, 1)
    for _ in range(2):
        lanes.race(raced, video, [1])
    assert all(len(lane.seconds) == 2 and min(lane.seconds) > 0 for lane in raced.values())
    table = speed.speed_table(raced, dict.fromkeys(raced, 2**30))
    assert [line.split(" | ")[0] for line in table.splitlines()[2:]] == [f"| {way}" for way in lanes.WAYS]
    rates = benchmark("time_table").Rates(1e11, 2e11, 1e10)
    parts = benchmark("time_table").time_table(network, raced["default"], 1.0, video, rates)
    assert "decode, last pass | 1.00" in parts
    assert "bfloat16" in speed.share_of_bfloat16(raced)


def test_a_missed_target_is_told(benchmark: Import, capsys: pytest.CaptureFixture[str]) -> None:
    speed = benchmark("annotate_speed")
    good = {name: 2 * value for name, value in speed.AT_LEAST.items()}
    good |= {name: value / 2 for name, value in speed.AT_MOST.items()}
    assert speed._verdict(good) == 0
    assert "MISSED" not in capsys.readouterr().out
    for name in good:
        assert speed._verdict({**good, name: np.nan}) == 1
        assert f"{name}: nan" in capsys.readouterr().out
