"""Masks whose J is known, and what is measured of them: of clips made from stills, and of labelled videos."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from box2seg_plugin import mask_measures
from box2seg_plugin.annotate.track_measures import TrackMeasures, track_measures
from box2seg_plugin.mask_measures import MaskMeasures
from box2seg_plugin.segmenter import VideoSegmenter
from box2seg_plugin.train_settings.small import small
from ltr.data.boxes import jitter_box
from ltr.dataset.clip_style import ClipStyle
from ltr.dataset.image_masks import ImageMasks
from ltr.dataset.interface import Clip, StillDataset, split_stills
from ltr.dataset.synthetic_clips import SyntheticClips
from ltr.environment import environment
from ltr.train_settings.clip_data import SPLIT_SEED, STILL_SIDE
from pytracking.analysis.davis import region_similarity
from pytracking.evaluation.labelled_video import LabelledVideo, boxes_of_labels

CLIP_SEED = 20214

AS_TRAINED = ClipStyle()
CROWDED = ClipStyle(
    sparse=0.7,
    whole=0.5,
    distractor=1.0,
    lookalike=0.6,
    occluder=0.8,
    travel=0.6,
    zoom=0.2,
    turn=0.2,
    deform=0.7,
)
LINES = ClipStyle(sparse=0.5, attachment=1.0, far_attachment=0.6, travel=0.5)
BOXES_OFF = ClipStyle(sparse=0.3, whole=0.5, occluder=0.5)
BOXES_STRETCHED = ClipStyle(sparse=0.5, occluder=0.2)

STYLES = (AS_TRAINED, CROWDED, LINES, BOXES_OFF, CROWDED, BOXES_STRETCHED)
"""Of the clips, in turn. J must vary widely, between them and within them. Boxes are jittered, as a hasty
hand draws them, or stretched to one side, as by thin parts that cannot be seen."""

MOST_JITTER = 0.15
MOST_STRETCH = 1.5
"""In sizes of the box."""


@dataclass(frozen=True)
class Track:
    """One object's masks in a video.

    Attributes:
        name: of the video, and the object where there are several.
        masks: what is measured of each.
        j: true J of each.
    """

    name: str
    masks: tuple[MaskMeasures, ...]
    j: tuple[float, ...]

    @cached_property
    def measures(self) -> TrackMeasures:
        """The measures beside one another."""
        return track_measures(self.masks)

    @cached_property
    def truth(self) -> npt.NDArray[np.float64]:
        """(N,) J."""
        return np.array(self.j)


class TrackCache:
    """Tracks that were made before, a JSON file for each video.

    Args:
        folder: where they are; None keeps nothing.
        made_by: all that they depend on, besides the code of what is measured and of the clips.
    """

    def __init__(self, folder: Path | None, made_by: Sequence[object]) -> None:
        code = [Path(file).read_bytes() for file in (mask_measures.__file__, __file__)]
        key = hashlib.sha256(b"".join([repr(made_by).encode(), *code])).hexdigest()[:16]
        self.folder = None if folder is None else folder / key

    def get(self, name: str, make: Callable[[], list[Track]]) -> list[Track]:
        """The tracks of a video, made now if they are not there."""
        if self.folder is None:
            return make()
        path = self.folder / f"{name}.json"
        if path.is_file():
            return [_from_json(entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
        tracks = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps([_to_json(track) for track in tracks]), encoding="utf-8")
        part.replace(path)
        return tracks


def stills_set_aside() -> list[StillDataset]:
    """Stills that no training has seen: those of DUTS-TR set aside, and ECSSD.

    Raises:
        InputError: one of the sets is not configured or cannot be read.
    """
    duts = ImageMasks(environment().path("duts"), limit_side=STILL_SIDE)
    _, aside = split_stills(duts, min(small.held_out, len(duts) // 2), SPLIT_SEED)
    return [aside, ImageMasks(environment().path("ecssd"), limit_side=STILL_SIDE)]


def make_clip(index: int, frames: int, stills: Sequence[StillDataset]) -> Clip:
    """Clip number ``index``, always the same; its boxes are as they are given to the network."""
    style = STYLES[index % len(STYLES)]
    rng = np.random.default_rng([CLIP_SEED, index])
    clip = SyntheticClips(stills[index // len(STYLES) % len(stills)], style).sample(rng, frames)
    if style is BOXES_OFF:
        amount = rng.uniform(0, MOST_JITTER)
        return replace(clip, boxes=np.stack([jitter_box(box, amount, rng) for box in clip.boxes]))
    if style is BOXES_STRETCHED:
        return replace(clip, boxes=_stretched(clip.boxes, rng))
    return clip


def _stretched(boxes: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Boxes (N, 4) that reach too far, on one side of either axis, all alike."""
    reach = rng.uniform(0, MOST_STRETCH, 2) * np.sqrt(boxes[:, 2:].prod(axis=1, keepdims=True))
    backwards = rng.random(2) < 0.5
    return np.hstack([boxes[:, :2] - reach * backwards, boxes[:, 2:] + reach])


def clip_tracks(
    segmenter: VideoSegmenter, stills: Sequence[StillDataset], count: int, frames: int, cache: TrackCache
) -> list[Track]:
    """The tracks of ``count`` clips of ``frames`` frames, made from stills set aside."""

    return [
        track
        for index in tqdm(range(count), desc="clips", unit="clip", disable=None)
        for track in cache.get(
            f"clip{index:04d}-{frames}", partial(_segment_clip, segmenter, index, frames, stills)
        )
    ]


def video_tracks(
    segmenter: VideoSegmenter, videos: Sequence[LabelledVideo], cache: TrackCache
) -> list[Track]:
    """The tracks of labelled videos, boxes made from the true masks."""
    return [
        track
        for video in tqdm(videos, desc="videos", unit="video", disable=None)
        for track in cache.get(f"video-{video.name}", partial(_segment_video, segmenter, video))
    ]


def _segment_clip(
    segmenter: VideoSegmenter, index: int, frames: int, stills: Sequence[StillDataset]
) -> list[Track]:
    clip = make_clip(index, frames, stills)
    masks, j = [], []
    results = segmenter.segment(clip.images, clip.boxes, measures=True)
    for result, truth in zip(results, clip.masks, strict=True):
        masks.append((result.measures or {})[1])
        j.append(region_similarity(truth > 0, result.mask > 0))
    return [Track(f"clip {index}", tuple(masks), tuple(j))]


def _segment_video(segmenter: VideoSegmenter, video: LabelledVideo) -> list[Track]:
    labels = video.read_labels()
    boxes = boxes_of_labels(labels)
    masks: dict[int, list[MaskMeasures]] = {object_id: [] for object_id in boxes}
    j: dict[int, list[float]] = {object_id: [] for object_id in boxes}
    for result, truth in zip(segmenter.segment(video.frames, boxes, measures=True), labels, strict=True):
        for object_id, measured in (result.measures or {}).items():
            assert truth is not None  # the boxes were made from it
            masks[object_id].append(measured)
            j[object_id].append(region_similarity(truth == object_id, result.mask == object_id))
    return [
        Track(video.name if len(boxes) == 1 else f"{video.name} {i}", tuple(masks[i]), tuple(j[i]))
        for i in boxes
    ]


def _to_json(track: Track) -> dict[str, object]:
    masks = [{**asdict(mask), "shape": mask.shape.hex()} for mask in track.masks]
    return {"name": track.name, "masks": masks, "j": track.j}


def _from_json(entry: Mapping) -> Track:
    masks = [MaskMeasures(**{**mask, "shape": bytes.fromhex(mask["shape"])}) for mask in entry["masks"]]
    return Track(entry["name"], tuple(masks), tuple(entry["j"]))
