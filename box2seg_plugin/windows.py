"""Which frames are looked at together to segment a frame.

``exact``, the paper's rule: the window of frame t is made of the frames t + k * interval, as many before t as
after it, ``frames`` in all. Where the video's start or end cuts some off, as many more are taken from the
other side; a video too short for that gives all it has.

``shared``: the frames t, t + interval, t + 2 * interval ... are cut into groups of ``frames``, and a group is
the window of all its frames, solved once for them. The last group is filled up with the frames before it.

Of those frames the ones without a box are left out, so that the window shrinks.

With 5 frames at interval 5 in a video of 40 frames:

    exact   t = 20 -> 10 15 20 25 30      t = 6 -> 1 6 11 16 21      t = 39 -> 19 24 29 34 39
    shared  t = 20 ->  0  5 10 15 20      t = 6 -> 1 6 11 16 21      t = 39 -> 19 24 29 34 39
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


def centred_window(target: int, num_frames: int, frames: int, interval: int) -> range:
    """The exact window of ``target`` in a video of ``num_frames``: its frames with and without a box."""
    half = frames // 2
    before = target // interval
    after = (num_frames - 1 - target) // interval
    first = min(before, max(half, frames - 1 - after))
    last = min(after, max(half, frames - 1 - before))
    return range(target - first * interval, target + last * interval + 1, interval)


def shared_window(target: int, num_frames: int, frames: int, interval: int) -> range:
    """The window that ``target`` shares with the others of its group."""
    place, phase = divmod(target, interval)
    length = (num_frames - 1 - phase) // interval + 1
    first = max(0, min(place // frames * frames, length - frames))
    last = min(first + frames, length) - 1
    return range(phase + first * interval, phase + last * interval + 1, interval)


RULES = {"exact": centred_window, "shared": shared_window}
"""What ``windows`` can be."""


class WindowPlan:
    """The windows of one object, asked for in the order in which the video is read.

    Nothing is computed ahead, so that a plan costs the same however long the video is.

    Args:
        present: (N,) bool, the frames with a box.
        frames: T, frames of a window; odd.
        interval: distance between them, frames.
        windows: "exact" or "shared".
        wanted: (N,) bool, the frames whose masks are asked for; None is all.

    Raises:
        InputError: T is even or less than 1, the interval less than 1, or there is no such rule.
    """

    def __init__(
        self,
        present: npt.NDArray[np.bool_],
        frames: int,
        interval: int,
        windows: str = "exact",
        wanted: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        check_window(frames, interval, windows)
        self.present = present
        self.targets = present if wanted is None else present & wanted
        self.frames = frames
        self.interval = interval
        self.rule = RULES[windows]

    @property
    def span(self) -> int:
        """Greatest distance of a window's ends: after frame r, all frames up to r - span are done with."""
        steps_in_video = (len(self.present) - 1) // self.interval
        return max(0, min(self.frames - 1, steps_in_video)) * self.interval

    def window(self, target: int) -> tuple[int, ...]:
        """The frames of the window of a frame that has a box, increasing, itself among them."""
        candidates = self.rule(target, len(self.present), self.frames, self.interval)
        return tuple(frame for frame in candidates if self.present[frame])

    def needs(self, frame: int) -> bool:
        """Whether the object has a box in a frame, and the window of a wanted frame holds it."""
        if self.targets[frame]:
            return True
        around = self._targets(frame - self.span, frame + self.span)
        return bool(self.present[frame]) and any(frame in self.window(target) for target in around)

    def ending_at(self, last: int) -> list[Window]:
        """The windows that can be solved once frame ``last`` has been read, and not before.

        Every wanted frame with a box is the target of exactly one window of one ``last``. Where several
        targets have one and the same window it is solved once. No frame of a window lies further back than
        ``last - span``.
        """
        if not self.present[last]:
            return []
        targets_of: dict[tuple[int, ...], list[int]] = {}
        for target in self._targets(last - self.span, last):
            window = self.window(target)
            if window[-1] == last:
                targets_of.setdefault(window, []).append(target)
        return [Window(frames, tuple(targets)) for frames, targets in targets_of.items()]

    def _targets(self, first: int, last: int) -> list[int]:
        """The targets first, first + interval ... up to ``last``, as far as they lie in the video."""
        steps = range(first, min(last, len(self.targets) - 1) + 1, self.interval)
        return [frame for frame in steps if frame >= 0 and self.targets[frame]]


def check_window(frames: int, interval: int, windows: str = "exact") -> None:
    """Refuse a window that has no middle or does not advance, and a rule that there is not.

    Raises:
        InputError: ``frames`` is even or less than 1, ``interval`` less than 1, or ``windows`` no known rule.
    """
    if frames < 1 or frames % 2 == 0:
        raise InputError(f"frames of a window is {frames}: must be odd and at least 1 (1, 3, 5, 9 ...)")
    if interval < 1:
        raise InputError(f"interval between the frames of a window is {interval}: must be at least 1")
    if windows not in RULES:
        raise InputError(f'windows is "{windows}": must be {" or ".join(RULES)}')
