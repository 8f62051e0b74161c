"""Which object each mask of a CVAT file is of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from box2seg_plugin.formats.cvat_reader import OBJECT, EncodedMask, Track
from ltr.data.mask_io import MAX_OBJECT_ID
from ltr.errors import InputError

Key = tuple[str, int | str]
"""What tells an object: "object", "group", "track" or "label", and its number or name."""


@dataclass(frozen=True)
class FrameMasks:
    """The masks of a video.

    Attributes:
        of_frame: frame -> object id -> mask.
        categories: object id -> label.
    """

    of_frame: Mapping[int, Mapping[int, EncodedMask]]
    categories: Mapping[int, str]


def assign_objects(tracks: list[Track], path: Path) -> FrameMasks:
    """Give every mask an object id; see ``find_cvat``.

    Args:
        tracks: of the file.
        path: the file, for messages.

    Raises:
        InputError: two masks of a frame are of one object, or there are more objects than ids.
    """
    ids = _object_ids([_key(track, mask) for track in tracks for mask in track.masks], path)
    of_frame: dict[int, dict[int, EncodedMask]] = {}
    categories: dict[int, str] = {}
    for track in tracks:
        for mask in track.masks:
            key = _key(track, mask)
            masks = of_frame.setdefault(mask.frame, {})
            if ids[key] in masks:
                raise InputError(
                    f"{mask.place}: frame {mask.frame} has two masks of {key[0]} {key[1]}: group_id or the "
                    f'attribute "{OBJECT}" must tell which object each is of'
                )
            masks[ids[key]] = mask
            if track.label:
                categories.setdefault(ids[key], track.label)
    return FrameMasks(of_frame, categories)


def _key(track: Track, mask: EncodedMask) -> Key:
    if mask.object_id is not None:
        return "object", mask.object_id
    if track.group:
        return "group", track.group
    return ("track", track.number) if len(track.masks) > 1 else ("label", track.label)


def _object_ids(keys: list[Key], path: Path) -> dict[Key, int]:
    """Objects keep their numbers, groups too where these are free; the others get what is left, in order."""
    ids: dict[Key, int] = {}
    free = set(range(1, MAX_OBJECT_ID + 1))
    different = dict.fromkeys(keys)
    for kind in ("object", "group"):
        for key in different:
            if key[0] == kind and isinstance(key[1], int) and key[1] in free:
                ids[key] = key[1]
                free.remove(key[1])
    for key in different:
        if key not in ids:
            if not free:
                raise InputError(f"{path}: has more than {MAX_OBJECT_ID} objects: label maps hold no more")
            ids[key] = min(free)
            free.remove(ids[key])
    return ids
