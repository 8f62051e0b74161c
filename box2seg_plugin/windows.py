"""Which frames are looked at together to segment a frame.

The window of frame t is made of the frames t + k * interval: as many before t as after it, ``frames`` in all.
Where the video's start or end cuts some off, as many more are taken from the other side; a video too short
for that gives all it has. Of those frames the ones without a box are left out, so that the window shrinks.

With 5 frames at interval 5 in a video of 40 frames:

    t = 20 -> 10 15 20 25 30      t = 6 -> 1 6 11 16 21      t = 39 -> 19 24 29 34 39
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ltr.errors import InputError


@dataclass(frozen=True)
class Window:
    """Frames that are solved together.

    Attributes:
        frames: their indices, increasing.
        targets: those of them whose masks come from this window, increasing.
    """

    frames: tuple[int, ...]
    targets: tuple[int, ...]


def window_candidates(target: int, num_frames: int, frames: int, interval: int) -> range:
    """The frames of the window of ``target`` in a video of ``num_frames``, with and without a box."""
    half = frames // 2
    before = target // interval
    after = (num_frames - 1 - target) // interval
    first = min(before, max(half, frames - 1 - after))
    last = min(after, max(half, frames - 1 - before))
    return range(target - first * interval, target + last * interval + 1, interval)


class WindowPlan:
    """The windows of one object, asked for in the order in which the video is read.

    Nothing is computed ahead, so that a plan costs the same however long the video is.

    Args:
        present: (N,) bool, the frames with a box.
        frames: T, frames of a window; odd.
        interval: distance between them, frames.

    Raises:
        InputError: T is even or less than 1, or the interval less than 1.
    """

    def __init__(self, present: npt.NDArray[np.bool_], frames: int, interval: int) -> None:
        check_window(frames, interval)
        self.present = present
        self.frames = frames
        self.interval = interval

    @property
    def span(self) -> int:
        """Greatest distance of a window's ends: after frame r, all frames up to r - span are done with."""
        steps_in_video = (len(self.present) - 1) // self.interval
        return max(0, min(self.frames - 1, steps_in_video)) * self.interval

    def window(self, target: int) -> tuple[int, ...]:
        """The frames of the window of a frame that has a box, increasing, itself among them."""
        candidates = window_candidates(target, len(self.present), self.frames, self.interval)
        return tuple(frame for frame in candidates if self.present[frame])

    def ending_at(self, last: int) -> list[Window]:
        """The windows that can be solved once frame ``last`` has been read, and not before.

        Every frame with a box is the target of exactly one window of one ``last``. Near the video's ends the
        windows of several targets are one and the same, which is solved once. No frame of a window lies
        further back than ``last - span``.
        """
        if not self.present[last]:
            return []
        targets_of: dict[tuple[int, ...], list[int]] = {}
        for target in range(last - self.span, last + 1, self.interval):
            if target >= 0 and self.present[target]:
                window = self.window(target)
                if window[-1] == last:
                    targets_of.setdefault(window, []).append(target)
        return [Window(frames, tuple(targets)) for frames, targets in targets_of.items()]


def check_window(frames: int, interval: int) -> None:
    """Refuse a window that has no middle or does not advance.

    Raises:
        InputError: ``frames`` is even or less than 1, or ``interval`` less than 1.
    """
    if frames < 1 or frames % 2 == 0:
        raise InputError(f"frames of a window is {frames}: must be odd and at least 1 (1, 3, 5, 9 ...)")
    if interval < 1:
        raise InputError(f"interval between the frames of a window is {interval}: must be at least 1")
