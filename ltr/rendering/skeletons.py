"""Bodies as trees of bones that swing."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

FAR, BODY, DETAIL, TOP = 0, 1, 2, 3
"""Layers of a body in the order of painting: limbs on the far side, body, what lies on it, and on that."""

WHITE = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Bone:
    """A rod with round ends, of a radius that changes along it.

    Lengths are in body units (a trunk is about 1 long), angles in radians, x to the right, y down, the body
    looks to the right. A zero angle continues the parent; the root's is against the x axis.

    Attributes:
        parent: index of the bone this one hangs on, -1 for the root.
        at: where on the parent it starts, 0 (its start) to 1 (its end).
        angle: at rest, against the parent.
        length, start_radius, end_radius: size.
        swing: how far the angle swings to either side.
        phase: when it swings, radians of the gait.
        layer: FAR, BODY, DETAIL or TOP.
        tint: RGB factors on the coat's colour.
        offset: start is moved by this much at right angles to the parent (down for a parent that looks
            right).
        stretch: how much the length breathes, share of it.
    """

    parent: int
    at: float
    angle: float
    length: float
    start_radius: float
    end_radius: float
    swing: float = 0.0
    phase: float = 0.0
    layer: int = BODY
    tint: tuple[float, float, float] = WHITE
    offset: float = 0.0
    stretch: float = 0.0


@dataclass(frozen=True)
class Pose:
    """Bones of a body at one moment, n of them: start and end (n, 2) and heading (n,) radians, body units."""

    start: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]
    heading: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Skeleton:
    """A body.

    Attributes:
        kind: what it is, a key of ``bodies.KINDS``.
        bones: parents before children.
        smooth: how softly bones melt into each other, body units.
        stride: body units walked per period of the gait.
        grounded: whether it stands on the ground (a bird and a fish do not).
        bob: how far the body rises and falls with the gait, body units.
    """

    kind: str
    bones: tuple[Bone, ...]
    smooth: float
    stride: float
    grounded: bool = True
    bob: float = 0.0

    def pose(self, phase: float | None) -> Pose:
        """Return the pose at a phase of the gait (radians); None is the body at rest."""
        count = len(self.bones)
        start, end, heading = np.zeros((count, 2)), np.zeros((count, 2)), np.zeros(count)
        for i, bone in enumerate(self.bones):
            wave = 0.0 if phase is None else float(np.sin(phase + bone.phase))
            heading[i] = bone.angle + bone.swing * wave
            if bone.parent >= 0:
                parent = bone.parent
                along = end[parent] - start[parent]
                heading[i] += heading[parent]
                side = np.array([-np.sin(heading[parent]), np.cos(heading[parent])])
                start[i] = start[parent] + bone.at * along + bone.offset * side
            elif phase is not None:
                start[i, 1] = self.bob * np.sin(2 * phase)
            length = bone.length * (1 + bone.stretch * wave)
            end[i] = start[i] + length * np.array([np.cos(heading[i]), np.sin(heading[i])])
        return Pose(start, end, heading)

    @cached_property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the body at rest, against its root, body units."""
        pose = self.pose(None)
        points = np.concatenate([pose.start, pose.end])
        radii = np.array([b.start_radius for b in self.bones] + [b.end_radius for b in self.bones])[:, None]
        low, high = (points - radii).min(axis=0), (points + radii).max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])
