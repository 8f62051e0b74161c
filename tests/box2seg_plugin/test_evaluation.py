"""The evaluation behind every table, on videos small enough to work out by hand."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from box2seg_plugin.evaluation import (
    ObjectMasks,
    evaluate,
    initializer_method,
    mean_j,
    score_method,
    score_table,
)
from box2seg_plugin.network import box2seg_small
from ltr.data.boxes import box_mask
from ltr.data.mask_io import read_mask, write_mask
from ltr.errors import InputError
from pytracking.evaluation.labelled_video import LabelledVideo, davis_videos

HEIGHT, WIDTH = 20, 30


@pytest.fixture
def videos(tmp_path: Path) -> list[LabelledVideo]:
    """ "one": an object of 10 x 6 pixels that leaves in frame 2. "two": two objects; frame 1 has no mask."""
    one = np.zeros((3, HEIGHT, WIDTH), np.uint8)
    one[:2, 4:14, 5:11] = 255
    two = np.zeros((3, HEIGHT, WIDTH), np.uint8)
    two[:, 2:6, 3:11], two[:, 10:18, 15:25] = 1, 2
    for name, masks in (("one", one), ("two", two)):
        for kind in ("JPEGImages", "Annotations"):
            (tmp_path / kind / "480p" / name).mkdir(parents=True)
        for index, mask in enumerate(masks):
            frame = np.full((HEIGHT, WIDTH, 3), 40 * index, np.uint8)
            Image.fromarray(frame).save(tmp_path / "JPEGImages" / "480p" / name / f"{index:05d}.jpg")
            if (name, index) != ("two", 1):
                Image.fromarray(mask).save(tmp_path / "Annotations" / "480p" / name / f"{index:05d}.png")
    return davis_videos(tmp_path)


def test_mean_over_frames_then_objects_then_videos(videos: list[LabelledVideo]) -> None:
    """A method that gives object 1 in full in even frames, and nothing else."""

    def method(frames: Iterable[np.ndarray], boxes: Mapping[int, np.ndarray]) -> Iterator[ObjectMasks]:
        for index, _ in enumerate(frames):
            yield {1: box_mask(boxes[1][index], HEIGHT, WIDTH)} if index % 2 == 0 else {}

    score = score_method(method, videos, "even")
    one, two = score.videos
    assert one.j_of_object == {1: 0.5}  # frames 0 and 1; in frame 2 there is nothing to find
    assert two.j_of_object == {1: 1.0, 2: 0.0}  # frames 0 and 2
    assert two.j == 0.5 and score.j == 0.5
    assert (one.frames, two.frames) == (3, 3) and score.seconds_per_frame > 0


def test_a_video_without_objects_is_named(videos: list[LabelledVideo]) -> None:
    for path in videos[0].masks:
        if path is not None:
            write_mask(path, np.zeros_like(read_mask(path)))
    with pytest.raises(InputError, match=f"video {videos[0].name}: there is no object"):
        score_method(initializer_method("rectangle"), videos, "filled")


def test_masks_where_the_object_is_not_cost_nothing() -> None:
    labels = [np.array([[1, 0]], np.uint8), np.array([[0, 0]], np.uint8), None]
    full = {1: np.ones((1, 2), bool)}
    assert mean_j(labels, [full, full, full]) == {1: 0.5}


def test_the_filled_box_of_a_rectangle_is_perfect_until_boxes_are_jittered(
    videos: list[LabelledVideo],
) -> None:
    rectangle = initializer_method("rectangle")
    assert score_method(rectangle, videos, "box").j == 1.0
    jittered = score_method(rectangle, videos, "box", jitter=0.3)
    assert jittered.j < 0.95
    assert score_method(rectangle, videos, "box", jitter=0.3).j == jittered.j
    assert score_method(rectangle, videos[1:], "box", jitter=0.3).videos[0].j == jittered.videos[1].j


def test_a_network_is_scored_and_tabled(videos: list[LabelledVideo]) -> None:
    torch.manual_seed(0)
    network = box2seg_small(input_size=(64, 64), test_steps=1)
    scores = [evaluate(network, videos, frames, 1, device="cpu", scale=2.5, jitter=0.05) for frames in (1, 3)]
    lines = score_table(scores, per_object=True).splitlines()
    assert lines[:2] == [
        "| J | one | two 1 | two 2 | mean | s/frame |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    assert lines[2].startswith("| Box2Seg T = 1, jitter 5% | ") and f"**{scores[0].j:.3f}**" in lines[2]
    assert lines[3].startswith("| Box2Seg T = 3, jitter 5% | ")
    assert len({line.count("|") for line in lines}) == 1


def test_a_table_is_of_one_set_of_videos(videos: list[LabelledVideo]) -> None:
    rectangle = initializer_method("rectangle")
    scores = [score_method(rectangle, videos, "a"), score_method(rectangle, videos[:1], "b")]
    with pytest.raises(ValueError, match="same videos"):
        score_table(scores)
