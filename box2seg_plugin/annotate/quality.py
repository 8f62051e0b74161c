"""From the measures of a video's masks to what is written of them, and what becomes of masks left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from box2seg_plugin.annotate.quality_score import QualityScore
from box2seg_plugin.annotate.track_measures import track_measures
from box2seg_plugin.mask_measures import MaskMeasures
from ltr.data.mask_io import VOID
from ltr.dataset.mask_quality import MaskQuality, rounded


def quality_records(
    video: str,
    names: Sequence[str],
    measured: Mapping[int, Mapping[int, MaskMeasures]],
    score: QualityScore,
    min_quality: float = 0.0,
) -> list[MaskQuality]:
    """The records of a video's masks, by frame and then object.

    Args:
        video: its name.
        names: of the masks of all its frames, without suffix.
        measured: frame -> object id -> the measures of its mask, for the frames annotated.
        score: what judges them.
        min_quality: masks with a lower score are not kept.
    """
    tracks: dict[int, list[int]] = {}
    for index in sorted(measured):
        for object_id in measured[index]:
            tracks.setdefault(object_id, []).append(index)
    records = []
    for object_id, frames in tracks.items():
        masks = [measured[index][object_id] for index in frames]
        track = track_measures(masks)
        scores = score(track)
        for place, (index, mask) in enumerate(zip(frames, masks, strict=True)):
            value = rounded(scores[place])
            records.append(
                MaskQuality(
                    video=video,
                    frame=names[index],
                    object=object_id,
                    index=index,
                    box_iou=rounded(mask.box_iou),
                    confidence=rounded(mask.confidence),
                    inside=rounded(mask.inside),
                    expected_iou=rounded(mask.expected_iou),
                    stability=rounded(mask.stability),
                    agreement=rounded(mask.agreement),
                    fill=rounded(mask.fill),
                    rim=rounded(mask.rim),
                    area_jump=rounded(track.area_jump[place]),
                    likeness=rounded(track.likeness[place]),
                    fallback=mask.fallback,
                    score=value,
                    kept=value >= min_quality,
                )
            )
    return sorted(records, key=lambda record: (record.index, record.object))


def without_dropped(
    mask: npt.NDArray[np.uint8], records: Iterable[MaskQuality]
) -> npt.NDArray[np.uint8] | None:
    """A frame's mask as it is to be written.

    Args:
        mask: (H, W) uint8 object ids; it is not changed.
        records: of the frame's objects.

    Returns:
        the mask; with the pixels of objects that are not kept void (255), where another one is; None where
        there are objects and none is kept: the frame is to have no file.
    """
    records = list(records)
    dropped = [record.object for record in records if not record.kept]
    if not dropped:
        return mask
    if len(dropped) == len(records):
        return None
    return np.where(np.isin(mask, dropped), np.uint8(VOID), mask)
