"""Clips made from stills, on disk as anybody's videos: frames and one box for each; the true masks elsewhere.

<folder>/clips/<clip>/00000001.jpg, boxes.txt     all that the annotator is given
<folder>/labels/true/<clip>/00000001.png          hidden from it
<folder>/labels/rectangles/<clip>/00000001.png    the boxes, filled
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from ltr.data.boxes import box_mask
from ltr.data.mask_io import write_mask
from ltr.data.sampler import ClipSource
from ltr.dataset.interface import Clip
from ltr.dataset.pseudo_masks import PseudoMasks
from ltr.errors import InputError
from pytracking.analysis.davis import region_similarity
from pytracking.analysis.whole_file import whole_file

CLIPS, TRUE, RECTANGLES = "clips", "labels/true", "labels/rectangles"
NOTE, BOXES = "chain.json", "boxes.txt"
JPEG_QUALITY = 95


def note_settings(folder: Path, settings: Mapping[str, int]) -> None:
    """Remember what a folder's clips are made with, or see that they are made with the same.

    Raises:
        InputError: they are not.
    """
    path = folder / NOTE
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        with whole_file(path) as temporary:
            temporary.write_text(json.dumps(dict(settings)) + "\n", encoding="utf-8")
        return
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}): remove {folder}") from None
    if noted != dict(settings):
        raise InputError(f"{folder} holds clips made with {noted}, not {dict(settings)}: name another --work")


def write_clips(folder: Path, source: ClipSource, count: int, frames: int, seed: int) -> None:
    """Write the clips that are not there yet; clip i depends on the source, the seed and i alone.

    Raises:
        InputError: a clip cannot be drawn or written.
    """
    for number in tqdm(range(count), unit="clip", desc="clips", disable=None):
        name = f"clip_{number:05d}"
        if not (folder / CLIPS / name / BOXES).is_file():
            _write_clip(folder, name, source.sample(np.random.default_rng([seed, number]), frames))


def missing_clips(folder: Path, count: int) -> int:
    """How many of the clips are not there yet."""
    return sum(not (folder / CLIPS / f"clip_{number:05d}" / BOXES).is_file() for number in range(count))


@dataclass(frozen=True)
class LabelQuality:
    """What is known of labels to train on: their number, and their mean J with the true masks."""

    count: int
    j: float


def judge_labels(folder: Path, masks: Path, min_quality: float = 0.0) -> LabelQuality:
    """Compare the masks that a training takes with the true ones.

    Args:
        folder: of the clips.
        masks: of the labels.
        min_quality: as the training is told.

    Raises:
        InputError: a mask cannot be read, or there are none.
    """
    labels, truth = (PseudoMasks(folder / CLIPS, place, min_quality=least) for place, least in
                     ((masks, min_quality), (folder / TRUE, 0.0)))  # fmt: skip
    index_of = {truth.sequence(index): index for index in range(len(truth))}
    values = []
    for index in range(len(labels)):
        frames = labels.visible_frames(index).tolist()
        made, true = labels.read(index, frames), truth.read(index_of[labels.sequence(index)], frames)
        values += [region_similarity(t > 0, m > 0) for t, m in zip(true.masks, made.masks, strict=True)]
    return LabelQuality(len(values), float(np.mean(values)))


def _write_clip(folder: Path, name: str, clip: Clip) -> None:
    """The boxes are written last: where they are, the clip is whole."""
    places = [folder / part / name for part in (CLIPS, TRUE, RECTANGLES)]
    for place in places:
        place.mkdir(parents=True, exist_ok=True)
    videos, true, rectangles = places
    for number, (image, mask, box) in enumerate(zip(clip.images, clip.masks, clip.boxes, strict=True), 1):
        frame = videos / f"{number:08d}.jpg"
        if not cv2.imwrite(str(frame), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]):
            raise InputError(f"{frame}: cannot be written")
        write_mask(true / f"{number:08d}.png", mask)
        write_mask(rectangles / f"{number:08d}.png", box_mask(box, *mask.shape).astype(np.uint8))
    with whole_file(videos / BOXES) as temporary:
        lines = [",".join(f"{value:g}" for value in box) for box in clip.boxes]
        temporary.write_text("\n".join(lines) + "\n", encoding="ascii")
