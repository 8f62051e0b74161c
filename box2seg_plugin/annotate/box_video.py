"""A video with its boxes, as the annotator takes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytracking.evaluation.box_files import Boxes


@dataclass(frozen=True)
class BoxVideo:
    """A video and one box per object and frame. Nothing but its boxes is read before it is asked for.

    Attributes:
        name: of the video; one part of a path.
        files: its frames in order, one image file each.
        names: what the mask of each frame is called, without suffix; as many as frames, all different.
        boxes: object id (1..254) -> (N, 4) float64 x, y, w, h in pixels; absent where w <= 0 or h <= 0.
            What lies wholly outside the frame is found when the frames' size is known.
        tracks: (object id, what the file of the boxes calls it, its class or ""), where that is another.
    """

    name: str
    files: tuple[Path, ...]
    names: tuple[str, ...]
    boxes: Mapping[int, Boxes]
    tracks: Sequence[tuple[int, int, str]] = ()

    def __len__(self) -> int:
        return len(self.files)


VideoLoaders = Mapping[str, Callable[[], BoxVideo]]
"""Name of a video -> what loads it, in the data set's order. Names are cheap. A loader raises InputError
where frames are missing or boxes malformed (``file:line``); that fails its video alone."""
