"""What is kept of the frames that windows still need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from box2seg_plugin.box_network import FrameCode
from ltr.data.crops import Crop


@dataclass(frozen=True)
class CachedFrame:
    """One object in one frame, in reduced form: no pixels.

    Attributes:
        code: what the network keeps of the crop; one entry for each view of it (a second one mirrored).
        crop: where in the frame it was cut.
    """

    code: FrameCode
    crop: Crop


class FrameCache:
    """Frames by object and index; the caller says which are done with.

    Attributes:
        peak_frames: the most frames that were held at one time.
    """

    def __init__(self) -> None:
        self._entries: dict[int, dict[int, CachedFrame]] = {}
        self.peak_frames = 0

    def put(self, object_id: int, frame: int, entry: CachedFrame) -> None:
        """Keep an object's frame; a frame without an object takes no place."""
        self._entries.setdefault(frame, {})[object_id] = entry
        self.peak_frames = max(self.peak_frames, len(self._entries))

    def get(self, object_id: int, frames: Sequence[int]) -> list[CachedFrame]:
        """An object's frames, in the given order. KeyError for one that is not held."""
        return [self._entries[frame][object_id] for frame in frames]

    def forget_until(self, frame: int) -> None:
        """Drop this frame and all before it."""
        for done in [held for held in self._entries if held <= frame]:
            del self._entries[done]
