"""Where the time of a lane goes, and how near that is to what the machine can do."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from machine_rates import matrix_rate, memory_rate
from part_meter import ByteCounter, PartMeter
from speed_lanes import FRAMES, SIZE, Lane, Video
from torch.utils.flop_counter import FlopCounterMode

from box2seg_plugin.frame_result import ObjectPrediction, compose_frame
from box2seg_plugin.network import Box2SegNet
from box2seg_plugin.segmenter import VideoSegmenter
from ltr.data.crops import crop_inside_major, sample_image
from ltr.data.mask_io import write_mask


@dataclass(frozen=True)
class Rates:
    """What the machine can do.

    Attributes:
        fp32, bf16: operations a second of matrix products.
        memory: bytes a second, read and written.
    """

    fp32: float
    bf16: float
    memory: float

    @classmethod
    def measured(cls) -> Rates:
        """Those of this machine."""
        return cls(matrix_rate(torch.float32), matrix_rate(torch.bfloat16), memory_rate())

    def __str__(self) -> str:
        return (
            f"The machine: matrix products {self.fp32 / 1e9:,.0f} GFLOP/s in fp32, {self.bf16 / 1e9:,.0f} in "
            f"bf16; memory {self.memory / 1e9:.1f} GB/s."
        )


@dataclass(frozen=True)
class Row:
    """A part of the work.

    Attributes:
        part: its name.
        times: how often it is done for an annotated frame.
        seconds: what it takes once.
        operations, bytes: what it computes and moves once; 0 where that was not counted.
        rate: operations a second of matrix products in its precision.
    """

    part: str
    times: float
    seconds: float
    operations: float = 0.0
    bytes: float = 0.0
    rate: float = 1.0

    @property
    def per_frame(self) -> float:
        """Seconds for an annotated frame."""
        return self.times * self.seconds

    def cells(self, total: float, memory: float) -> list[str]:
        """Of its line in the table.

        Args:
            total: seconds that a frame takes in all.
            memory: rate of the machine, bytes a second.
        """
        cells = [self.part, f"{self.times:.2f}", f"{1e3 * self.seconds:.1f}", f"{1e3 * self.per_frame:.0f}"]
        cells.append(f"{self.per_frame / total:.0%}")
        if not self.operations:
            return [*cells, "", "", "", ""]
        cells += [f"{self.operations / 1e9:.1f}", f"{self.operations / self.seconds / self.rate:.0%}"]
        return [*cells, f"{self.bytes / 1e9:.2f}", f"{self.bytes / self.seconds / memory:.0%}"]


def time_table(network: Box2SegNet, lane: Lane, plain: float, video: Video, rates: Rates) -> str:
    """A lane's time by part, in Markdown.

    Args:
        network: what the lane computes with.
        lane: it has gone through the video.
        plain: seconds that the plain procedure takes for a frame.
        video: the video.
        rates: of the machine.
    """
    segmenter, meter = lane.annotator, lane.meter
    assert isinstance(segmenter, VideoSegmenter) and meter is not None
    annotated = len(lane.seconds) * len(video.images)
    seconds = meter.per_frame()
    operations, moved = _costs(network, segmenter.bfloat16, video)
    rows = []
    for part in seconds:
        half = segmenter.bfloat16 and not part.startswith("descent")  # that is computed in fp32 always
        rate, times = rates.bf16 if half else rates.fp32, meter.frames[part] / annotated
        rows.append(Row(part, times, seconds[part], operations[part], moved[part], rate))
    work = _frame_work(segmenter, video)
    reading = work.pop("reading")
    rows += [Row(part, 1, value) for part, value in work.items()]
    total = statistics.mean(lane.seconds)
    rows.append(Row("all else", 1, total - sum(row.per_frame for row in rows)))
    head = ["part", "times", "ms each", "ms a frame", "share", "GFLOP each", "of matrix rate", "GB each"]
    head.append("of memory rate")
    lines = [head, ["---"] * len(head), *(row.cells(total, rates.memory) for row in rows)]
    floor = sum(row.times * row.operations / row.rate for row in rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + (
        f"\n\nIn the background: reading, {1e3 * reading:.0f} ms. All operations at the matrix rate would "
        f"take {floor:.3f} s a frame: {plain / floor:.1f} x."
    )


def _costs(
    network: Box2SegNet, bfloat16: bool, video: Video
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Operations and bytes by part for each frame that it computes, counted on one window."""
    short = video.images[:FRAMES]
    flops, moved = FlopCounterMode(display=False), ByteCounter()
    counters: list[tuple[FlopCounterMode | ByteCounter, Callable[[], float]]] = [
        (flops, flops.get_total_flops),
        (moved, lambda: moved.total),
    ]
    found = []
    for counter, total in counters:
        segmenter = VideoSegmenter(
            network, FRAMES, 1, device="cpu", precision="bf16" if bfloat16 else "fp32", windows="shared"
        )
        meter = PartMeter(segmenter.solver.network, total)
        with counter:
            list(segmenter(short, video.boxes[: len(short)]))
        found.append(meter.per_frame())
    return found[0], found[1]


def _frame_work(segmenter: VideoSegmenter, video: Video) -> dict[str, float]:
    """Seconds of what is done for a frame besides the network, by itself."""
    config, (width, height) = segmenter.solver.network.config, SIZE
    box, image = video.boxes[0], video.images[0]
    crop = crop_inside_major((height, width), box, config.crop_scale, config.input_size, config.crop_cover)
    rng = np.random.default_rng(0)
    coarse = rng.normal(0, 3, (8, 8)).astype(np.float32)
    logits = np.kron(coarse, np.ones([side // 8 for side in config.input_size[::-1]], dtype=np.float32))
    predictions = {1: ObjectPrediction(box, crop, logits, logits)}
    mask = compose_frame(0, (height, width), predictions).mask
    work: dict[str, Callable[[], object]] = {
        "reading": lambda: video.images[0],
        "crop": lambda: sample_image(image, crop),
        "merge, measure": lambda: compose_frame(0, (height, width), predictions, measures=True),
        "write": lambda: write_mask(video.out / "tried.png", mask),
    }
    return {part: _median_seconds(function) for part, function in work.items()}


def _median_seconds(work: Callable[[], object], repeats: int = 9) -> float:
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)
