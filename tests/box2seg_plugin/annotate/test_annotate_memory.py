"""What the annotator keeps of a long video: a record for each mask, and nothing that grows else."""

import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from box2seg_plugin.annotate.annotator import AnnotationJob, Annotator
from box2seg_plugin.frame_result import FrameResult
from box2seg_plugin.mask_measures import measure

SIDE = 64
BYTES_OF_A_MASK = 3000
"""Of the records while a video is annotated: far less than a mask of the frames."""


class Looker:
    """In place of a segmenter: looks at the frames and takes their red for the mask."""

    def segment(
        self, frames: Sequence[np.ndarray], boxes: Mapping[int, np.ndarray], **_: object
    ) -> Iterator[FrameResult]:
        for index in range(len(frames)):
            mask = (frames[index][..., 0] > 100).astype(np.uint8)
            logits = np.where(mask, np.float32(2), np.float32(-2))
            measures = {1: measure(logits, None, mask > 0, boxes[1][index], (SIDE, SIDE))}
            yield FrameResult(index, mask, (1,), (), 0, None, measures)


def test_memory_grows_by_little_for_each_mask(root: Path, job: AnnotationJob) -> None:
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    pixels[16:48, 16:48] = 200
    counts = {"short": 30, "long": 230}
    for name, count in counts.items():
        (root / name).mkdir()
        Image.fromarray(pixels).save(root / name / "00000.png")
        for frame in range(1, count):
            (root / name / f"{frame:05d}.png").hardlink_to(root / name / "00000.png")
        (root / name / "groundtruth.txt").write_text(f"0,0,{SIDE},{SIDE}\n" * count)
    annotator = Annotator(replace(job, force=True))
    annotator.segmenter = Looker()  # type: ignore[assignment]
    peaks = {}
    for name in ("short", *counts):  # the first one warms up
        tracemalloc.start()
        assert annotator.run(name, lambda: None).state.masks == counts[name]
        peaks[name] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    growth = (peaks["long"] - peaks["short"]) / (counts["long"] - counts["short"])
    assert growth < BYTES_OF_A_MASK < SIDE * SIDE
