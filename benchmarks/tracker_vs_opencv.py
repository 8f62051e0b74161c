"""LWL started from the first box against OpenCV's CSRT, on videos of one target in the layout of DAVIS.

    python -m venv csrt && csrt/bin/pip install opencv-contrib-python-headless
    python benchmarks/tracker_vs_opencv.py --root DAVIS --opencv-python csrt/bin/python

Prints, for each way to start, the mean J of the masks and the mean IoU of the boxes with those of the true
masks (AO), as means over the videos; and frames per second of the trackers alone. The first frame, where they
start, counts in none of these.
The trackers are run by pytracking/run_tracker.py, CSRT by the other Python: opencv-contrib-python cannot lie
beside the opencv-python that everything else here uses.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ltr.command_line import BAD_INPUT, OneLineParser, print_error
from ltr.data.boxes import box_iou
from ltr.data.mask_io import read_mask
from ltr.errors import InputError
from pytracking.analysis.davis import region_similarity
from pytracking.analysis.number_files import read_rows
from pytracking.evaluation.davis_sequences import starting_ids
from pytracking.evaluation.labelled_video import LabelledVideo, boxes_of_labels, davis_videos
from pytracking.evaluation.results import ResultsFolder

ROOT = Path(__file__).resolve().parents[1]
BOX_STARTS = ("box2seg_init", "grabcut_init", "ellipse_init", "rectangle_init")
Truth = list[npt.NDArray[np.bool_] | None]
Boxes = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """One tracker on one video; ``similarity`` is None for one that makes no masks."""

    tracker: str
    video: str
    similarity: float | None
    overlap: float
    fps: float


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; 2 when the input is at fault."""
    parser = OneLineParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of JPEGImages and Annotations")
    parser.add_argument("--opencv-python", type=Path, help="a Python with opencv-contrib-python (no CSRT)")
    parser.add_argument("--scale", type=float, default=0.5, help="of the images that CSRT is given (0.5)")
    parser.add_argument(
        "--results", type=Path, default=Path("results"), help="of the trackers, made anew (./results)"
    )
    parser.add_argument(
        "--starts", nargs="+", default=BOX_STARTS, help=f"parameters ({' '.join(BOX_STARTS)})"
    )
    args = parser.parse_args(argv)
    try:
        videos = davis_videos(args.root)
        check_single_targets(videos)
        rows = csrt_rows(videos, args.opencv_python, args.scale) if args.opencv_python else []
        for start in args.starts:
            rows += lwl_rows(videos, args.root, args.results, start, from_boxes=True)
        rows += lwl_rows(videos, args.root, args.results, "default", from_boxes=False)
    except (InputError, OSError) as error:
        print_error(parser.prog, error)
        return BAD_INPUT
    print(table(rows, [video.name for video in videos]))
    return 0


def lwl_rows(
    videos: Sequence[LabelledVideo], root: Path, results: Path, parameters: str, from_boxes: bool
) -> list[Row]:
    """Run LWL on all videos, and score what it wrote. What an earlier model left there is overwritten."""
    command = [sys.executable, str(ROOT / "pytracking" / "run_tracker.py"), "lwl", parameters]
    command += ["--dataset_name", "davis", "--root", str(root), "--results", str(results), "--overwrite"]
    if subprocess.run(command + ["--from_boxes"] * from_boxes, stdout=sys.stderr).returncode:
        raise InputError(f"run_tracker.py lwl {parameters} failed: see above")
    folder = ResultsFolder.of(results, "lwl", parameters, from_boxes).path
    name = parameters if from_boxes else "true mask"
    return [_lwl_row(name, video, folder) for video in videos]


def _lwl_row(name: str, video: LabelledVideo, folder: Path) -> Row:
    truth = single_target(video)
    measured = [
        region_similarity(mask, read_mask(folder / video.name / f"{frame}.png") > 0)
        for mask, frame in zip(truth[1:], video.frames.names[1:], strict=True)
        if mask is not None
    ]
    boxes = read_rows(folder / f"{video.name}.txt", columns=4)
    seconds = np.loadtxt(folder / f"{video.name}_time.txt", ndmin=1)
    fps = len(seconds[1:]) / float(seconds[1:].sum())
    return Row(f"LWL, {name}", video.name, float(np.mean(measured)), overlap(truth, boxes), fps)


def csrt_rows(videos: Sequence[LabelledVideo], python: Path, scale: float) -> list[Row]:
    """Run CSRT in the other Python, and score it."""
    jobs = []
    for video in videos:
        files = [str(file.resolve()) for file in getattr(video.frames, "files", ())]
        box = boxes_of_labels([_labels(mask) for mask in single_target(video)[:1]])[1][0]
        jobs.append({"name": video.name, "files": files, "box": box.tolist(), "scale": scale})
    script = Path(__file__).with_name("opencv_csrt.py")
    run = subprocess.run(
        [str(python), str(script)], input=json.dumps(jobs), stdout=subprocess.PIPE, text=True
    )
    if run.returncode:
        raise InputError(f"{python} {script.name} failed: see above (does it have opencv-contrib-python?)")
    found = json.loads(run.stdout)
    return [
        Row(
            f"CSRT at {scale:g}", video.name, None,
            overlap(single_target(video), np.array(found[video.name]["boxes"])),
            (len(video.frames) - 1) / found[video.name]["seconds"],
        )
        for video in videos
    ]  # fmt: skip


def check_single_targets(videos: Sequence[LabelledVideo]) -> None:
    """InputError where a video starts without a mask, or with several targets."""
    for video in videos:
        first = video.masks[0]
        if first is None:
            raise InputError(f'video "{video.name}": its first frame has no mask: trackers start there')
        if len(starting_ids(first) or (1,)) > 1:
            raise InputError(f"{first}: several targets start there: only videos of one are compared")


def single_target(video: LabelledVideo) -> Truth:
    """The true masks of the one target."""
    return [None if labels is None else labels > 0 for labels in video.read_labels()]


def overlap(truth: Truth, boxes: Boxes) -> float:
    """Mean IoU with the boxes of the true masks, over the frames after the first that show the target."""
    labels = [_labels(mask) for mask in truth]
    true_boxes = boxes_of_labels(labels)[1]
    there = [i for i in range(1, len(truth)) if true_boxes[i, 2] > 0]
    return float(box_iou(boxes[there], true_boxes[there]).mean())


def _labels(mask: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.uint8] | None:
    return None if mask is None else mask.astype(np.uint8)


def table(rows: Sequence[Row], videos: Sequence[str]) -> str:
    """Markdown: a line for each tracker, a column "J / AO" for each video, and the means."""
    lines = [
        f"| tracker | {' | '.join(videos)} | J | AO | frames/s |",
        f"|---|{'---|' * (len(videos) + 3)}",
    ]
    for tracker in dict.fromkeys(row.tracker for row in rows):
        own = {row.video: row for row in rows if row.tracker == tracker}
        cells = [_cell(own[video]) for video in videos]
        similarity = [row.similarity for row in own.values() if row.similarity is not None]
        mean = f"{np.mean(similarity):.3f}" if similarity else "-"
        ao = np.mean([row.overlap for row in own.values()])
        fps = len(own) / sum(1 / row.fps for row in own.values())
        lines.append(f"| {tracker} | {' | '.join(cells)} | {mean} | {ao:.3f} | {fps:.1f} |")
    return "\n".join(lines)


def _cell(row: Row) -> str:
    return f"{'-' if row.similarity is None else f'{row.similarity:.3f}'} / {row.overlap:.3f}"


if __name__ == "__main__":
    sys.exit(main())
