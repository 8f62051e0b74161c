"""Bodies as trees of bones that swing: animals, people, cars, and shapes that are nothing in particular."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

FAR, BODY, DETAIL, TOP = 0, 1, 2, 3
"""Layers of a body, painted in this order: limbs on the far side, the body itself, what lies on it, and on that."""

WHITE = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Bone:
    """A rod with round ends, of a radius that changes along it.

    Lengths are in body units (a trunk is about 1 long), angles in radians, x to the right, y down, the body looks to
    the right. A zero angle continues the parent; the root's is against the x axis.

    Attributes:
        parent: index of the bone this one hangs on, -1 for the root.
        at: where on the parent it starts, 0 (its start) to 1 (its end).
        angle: at rest, against the parent.
        length, start_radius, end_radius: size.
        swing: how far the angle swings to either side.
        phase: when it swings, radians of the gait.
        layer: FAR, BODY, DETAIL or TOP.
        tint: RGB factors on the coat's colour.
        offset: start is moved by this much at right angles to the parent (down for a parent that looks right).
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
        kind: what it is, one of ``KINDS``.
        bones: parents before children.
        smooth: how softly bones melt into each other, body units.
        stride: body units walked per period of the gait; 0 for what does not walk.
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


def _limb(
    parent: int, first: int, rows: list[tuple[float, float, float, float, float, float]], at: float, **shared: float
) -> list[Bone]:
    """A chain of bones; rows are (angle, length, start radius, end radius, swing, phase lag); `first` is its index."""
    phase, layer, dim = shared.get("phase", 0.0), int(shared.get("layer", BODY)), shared.get("dim", 1.0)
    bones = []
    for i, (angle, length, start_radius, end_radius, swing, lag) in enumerate(rows):
        bones.append(
            Bone(
                parent if i == 0 else first + i - 1,
                at if i == 0 else 1.0,
                angle,
                length,
                start_radius,
                end_radius,
                swing,
                phase - lag,
                layer,
                (dim, dim, dim),
                shared.get("offset", 0.0) if i == 0 else 0.0,
            )
        )
    return bones


def quadruped(rng: np.random.Generator) -> Skeleton:
    """Something between a dachshund, a bear and a giraffe."""
    leg, neck, fat = rng.uniform(0.7, 1.25), rng.uniform(0.7, 1.6), rng.uniform(0.85, 1.25)
    snout, tail = rng.uniform(0.7, 1.3), rng.uniform(0.6, 1.4)
    muzzle = float(rng.uniform(0.55, 1.1))
    bones = [
        Bone(-1, 0, rng.uniform(-0.12, 0.08), 1.0, 0.23 * fat, 0.26 * fat, 0.03),
        Bone(0, 1.0, -rng.uniform(0.6, 1.1), 0.42 * neck, 0.18 * fat, 0.12, 0.08, 0.6),
        Bone(1, 1.0, rng.uniform(0.7, 1.1), 0.3 * snout, 0.14, 0.075, 0.1, 0.9),
        Bone(2, 0.9, 0.05, 0.08, 0.075, 0.06, tint=(muzzle, muzzle, muzzle)),
        Bone(2, 0.0, -rng.uniform(1.7, 2.6), 0.17, 0.06, 0.02, 0.15, 2.0),
        Bone(0, 0.0, np.pi - rng.uniform(-0.9, 0.5), 0.32 * tail, 0.07, 0.045, 0.35, 0.4),
        Bone(5, 1.0, rng.uniform(-0.5, 0.3), 0.3 * tail, 0.045, 0.03, 0.45, -0.6),
    ]
    for at, side, layer in ((0.95, 0.0, FAR), (0.05, np.pi * 0.9, FAR), (0.93, np.pi, BODY), (0.07, 0.1, BODY)):
        rear = at < 0.5
        rows = [
            (np.pi / 2 + (0.25 if rear else 0.05), 0.4 * leg, 0.15 if rear else 0.12, 0.075, 0.45, 0.0),
            (-0.35 if rear else -0.02, 0.38 * leg, 0.072, 0.05, 0.4, 1.3),
            (-1.2, 0.1, 0.05, 0.04, 0.2, 2.0),
        ]
        dim = 0.62 if layer == FAR else 1.0
        bones += _limb(0, len(bones), rows, at, phase=side, layer=layer, dim=dim, offset=0.06)
    bones.append(Bone(2, 0.25, 0.0, 0.01, 0.024, 0.024, layer=DETAIL, tint=(0.06, 0.05, 0.05), offset=-0.04))
    return Skeleton("quadruped", tuple(bones), 0.05, 1.6 * leg, bob=0.025)


def biped(rng: np.random.Generator) -> Skeleton:
    """A person in trousers, roughly."""
    leg, width = rng.uniform(0.9, 1.1), rng.uniform(0.85, 1.25)
    trousers = tuple(float(tint) for tint in rng.uniform(0.25, 0.9, 3))
    bones = [
        Bone(-1, 0, -np.pi / 2 + 0.06, 0.5, 0.15 * width, 0.17 * width, 0.03),
        Bone(0, 1.05, 0.0, 0.16, 0.07, 0.07, tint=(1.1, 0.85, 0.7)),
        Bone(1, 1.0, 0.1, 0.12, 0.115, 0.12, 0.05, tint=(1.15, 0.9, 0.75)),
        Bone(2, 0.9, -0.5, 0.06, 0.12, 0.1, layer=DETAIL, tint=(0.3, 0.22, 0.18), offset=-0.03),
    ]
    for phase, layer, dim in ((0.0, FAR, 0.65), (np.pi, BODY, 1.0)):
        arm = [(np.pi, 0.3, 0.075, 0.06, 0.5, 0.0), (-0.35, 0.28, 0.058, 0.045, 0.3, 0.8)]
        bones += _limb(0, len(bones), arm, 0.95, phase=phase + np.pi, layer=layer if layer == FAR else DETAIL, dim=dim)
        rows = [
            (np.pi, 0.42 * leg, 0.115, 0.085, 0.5, 0.0),
            (0.12, 0.42 * leg, 0.08, 0.055, 0.45, 1.4),
            (-1.45, 0.14, 0.05, 0.04, 0.15, 1.8),
        ]
        limb = _limb(0, len(bones), rows, 0.0, phase=phase, layer=layer)
        bones += [replace(bone, tint=tuple(dim * tint for tint in trousers)) for bone in limb]  # type: ignore[arg-type]
    return Skeleton("biped", tuple(bones), 0.03, 1.3 * leg, bob=0.02)


def fish(rng: np.random.Generator) -> Skeleton:
    """A fish; a long one is an eel."""
    links, long, high = 6, rng.uniform(0.8, 1.5), rng.uniform(0.7, 1.2)
    profile = high * np.array([0.1, 0.19, 0.22, 0.19, 0.13, 0.08, 0.05])
    bones = [Bone(-1, 0, np.pi, 0.2 * long, profile[0], profile[1], 0.06)]
    for i in range(1, links):
        bones.append(Bone(i - 1, 1, 0, 0.2 * long, profile[i], profile[i + 1], 0.05 + 0.05 * i, -0.8 * i))
    lag = -0.8 * links
    bones += [
        Bone(links - 1, 0.9, 0.55, 0.3, 0.035, 0.07, 0.2, lag),
        Bone(links - 1, 0.9, -0.55, 0.3, 0.035, 0.07, 0.2, lag),
        Bone(2, 0.2, 0.5, 0.28, 0.12 * high, 0.03, 0.1, -2, offset=0.14 * high),
        Bone(3, 0.2, -0.6, 0.16, 0.06, 0.02, 0.1, -2, offset=-0.12 * high),
        Bone(1, 0.7, -0.7, 0.2, 0.035, 0.055, 0.5, 0, DETAIL, (0.75, 0.75, 0.75), -0.02),
        Bone(0, 0.6, 0, 0.01, 0.03, 0.03, 0, 0, DETAIL, (0.06, 0.06, 0.06), 0.05),
    ]
    return Skeleton("fish", tuple(bones), 0.04, 0.8, grounded=False, bob=0.03)


def bird(rng: np.random.Generator) -> Skeleton:
    """A bird in flight."""
    wing, tail = rng.uniform(0.85, 1.3), rng.uniform(0.7, 1.3)
    bones = [
        Bone(-1, 0, -0.15, 0.6, 0.12, 0.18, 0.03),
        Bone(0, 1.0, -0.35, 0.18, 0.13, 0.11, 0.04, 1.0),
        Bone(1, 1.0, 0.3, 0.16, 0.05, 0.012, tint=(1.3, 0.8, 0.25)),
        Bone(0, 0.0, np.pi + 0.1, 0.4 * tail, 0.08, 0.11, 0.12, 1.5),
    ]
    for layer, dim, phase in ((FAR, 0.65, 0.35), (DETAIL, 1.0, 0.0)):
        rows = [
            (-np.pi * 0.6, 0.42 * wing, 0.13, 0.1, 0.85, 0.0),
            (-0.35, 0.5 * wing, 0.1, 0.035, 0.6, 0.9),
        ]
        bones += _limb(0, len(bones), rows, 0.62, phase=phase, layer=layer, dim=dim, offset=-0.05)
    bones.append(Bone(1, 0.7, 0, 0.01, 0.022, 0.022, layer=DETAIL, tint=(0.05, 0.05, 0.05), offset=-0.04))
    return Skeleton("bird", tuple(bones), 0.04, 1.1, grounded=False, bob=0.06)


def car(rng: np.random.Generator) -> Skeleton:
    """A round little car, or a van."""
    height, nose = rng.uniform(0.2, 0.34), rng.uniform(0.1, 0.25)
    glass, rubber, hub = (0.3, 0.36, 0.42), (0.16, 0.16, 0.17), (0.75, 0.75, 0.78)
    bones = [
        Bone(-1, 0, 0, 1.5, 0.2, 0.17, 0.004),
        Bone(0, 0.0, 0, 1.5, 0.17, 0.14, offset=0.1),
        Bone(0, nose, 0, 0.75, 0.2, 0.2, offset=-height),
        Bone(0, nose + 0.02, 0, 0.16, 0.12, 0.12, layer=DETAIL, tint=glass, offset=-height - 0.02),
        Bone(0, nose + 0.33, 0, 0.17, 0.12, 0.13, layer=DETAIL, tint=glass, offset=-height - 0.02),
    ]
    for at in (0.14, 0.82):
        bones.append(Bone(0, at, 0, 0.001, 0.18, 0.18, layer=DETAIL, tint=rubber, offset=0.24))
        bones.append(Bone(0, at, 0, 0.001, 0.085, 0.085, layer=TOP, tint=hub, offset=0.24))
    bones.append(Bone(0, 1.07, 0, 0.02, 0.05, 0.05, layer=DETAIL, tint=(1.4, 1.35, 1.1), offset=-0.02))
    return Skeleton("car", tuple(bones), 0.012, 2.0, bob=0.006)


def blob(rng: np.random.Generator) -> Skeleton:
    """A lump with a few arms, no animal in particular."""
    bones = [Bone(-1, 0, rng.uniform(-0.4, 0.4), rng.uniform(0.2, 0.5), 0.3, rng.uniform(0.22, 0.34), 0.08)]
    for arm in range(int(rng.integers(3, 7))):
        angle = rng.uniform(0, 2 * np.pi)
        length, start, end = rng.uniform(0.2, 0.6), rng.uniform(0.1, 0.2), rng.uniform(0.05, 0.17)
        phase, stretch = rng.uniform(0, 2 * np.pi), rng.uniform(0.05, 0.3)
        bones.append(
            Bone(0, rng.random(), angle, length, start, end, rng.uniform(0.1, 0.5), phase, BODY, WHITE, 0.0, stretch)
        )
        if arm % 2:
            bones.append(Bone(len(bones) - 1, 1, rng.uniform(-1, 1), 0.25, end, 0.05, 0.5, phase - 1))
    return Skeleton("blob", tuple(bones), 0.1, 0.9, bob=0.02)


KINDS = {"quadruped": quadruped, "biped": biped, "fish": fish, "bird": bird, "car": car, "blob": blob}
"""Makers of skeletons; each draws the proportions of one body."""
