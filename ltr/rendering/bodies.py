"""The bodies there are: animals, people, cars, and shapes that are nothing in particular."""

from dataclasses import replace

import numpy as np

from ltr.rendering.skeletons import BODY, DETAIL, FAR, TOP, WHITE, Bone, Skeleton


def _limb(
    parent: int,
    first: int,
    at: float,
    rows: list[tuple[float, float, float, float, float, float]],
    phase: float,
    layer: int,
    dim: float = 1.0,
    offset: float = 0.0,
) -> list[Bone]:
    """A chain of bones that hangs on `parent` at `at`; the first one gets the index `first`.

    Rows are (angle, length, start radius, end radius, swing, lag of the swing in radians). `dim` darkens.
    """
    tint = (dim, dim, dim)
    bones = []
    for i, (angle, length, start_radius, end_radius, swing, lag) in enumerate(rows):
        hangs_on, place, moved = (parent, at, offset) if i == 0 else (first + i - 1, 1.0, 0.0)
        radii = (start_radius, end_radius)
        bones.append(Bone(hangs_on, place, angle, length, *radii, swing, phase - lag, layer, tint, moved))
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
    for at, side, layer in (
        (0.95, 0.0, FAR),
        (0.05, np.pi * 0.9, FAR),
        (0.93, np.pi, BODY),
        (0.07, 0.1, BODY),
    ):
        rear = at < 0.5
        rows = [
            (np.pi / 2 + (0.25 if rear else 0.05), 0.4 * leg, 0.15 if rear else 0.12, 0.075, 0.45, 0.0),
            (-0.35 if rear else -0.02, 0.38 * leg, 0.072, 0.05, 0.4, 1.3),
            (-1.2, 0.1, 0.05, 0.04, 0.2, 2.0),
        ]
        dim = 0.62 if layer == FAR else 1.0
        bones += _limb(0, len(bones), at, rows, side, layer, dim, offset=0.06)
    bones.append(Bone(2, 0.25, 0.0, 0.01, 0.024, 0.024, layer=DETAIL, tint=(0.06, 0.05, 0.05), offset=-0.04))
    return Skeleton("quadruped", tuple(bones), 0.05, 1.6 * leg, bob=0.025)


def biped(rng: np.random.Generator) -> Skeleton:
    """A person in trousers, roughly."""
    leg, width = rng.uniform(0.9, 1.1), rng.uniform(0.85, 1.25)
    red, green, blue = (float(tint) for tint in rng.uniform(0.25, 0.9, 3))
    bones = [
        Bone(-1, 0, -np.pi / 2 + 0.06, 0.5, 0.15 * width, 0.17 * width, 0.03),
        Bone(0, 1.05, 0.0, 0.16, 0.07, 0.07, tint=(1.1, 0.85, 0.7)),
        Bone(1, 1.0, 0.1, 0.12, 0.115, 0.12, 0.05, tint=(1.15, 0.9, 0.75)),
        Bone(2, 0.9, -0.5, 0.06, 0.12, 0.1, layer=DETAIL, tint=(0.3, 0.22, 0.18), offset=-0.03),
    ]
    for phase, layer, dim in ((0.0, FAR, 0.65), (np.pi, BODY, 1.0)):
        arm = [(np.pi, 0.3, 0.075, 0.06, 0.5, 0.0), (-0.35, 0.28, 0.058, 0.045, 0.3, 0.8)]
        over = layer if layer == FAR else DETAIL
        bones += _limb(0, len(bones), 0.95, arm, phase + np.pi, over, dim)
        rows = [
            (np.pi, 0.42 * leg, 0.115, 0.085, 0.5, 0.0),
            (0.12, 0.42 * leg, 0.08, 0.055, 0.45, 1.4),
            (-1.45, 0.14, 0.05, 0.04, 0.15, 1.8),
        ]
        limb = _limb(0, len(bones), 0.0, rows, phase, layer)
        bones += [replace(bone, tint=(dim * red, dim * green, dim * blue)) for bone in limb]
    return Skeleton("biped", tuple(bones), 0.03, 1.3 * leg, bob=0.02)


def fish(rng: np.random.Generator) -> Skeleton:
    """A fish; a long one is an eel."""
    links, long, high = 6, rng.uniform(0.8, 1.5), rng.uniform(0.7, 1.2)
    profile = high * np.array([0.1, 0.19, 0.22, 0.19, 0.13, 0.08, 0.05])
    bones = [Bone(-1, 0, np.pi, 0.2 * long, profile[0], profile[1], 0.06)]
    bones += [
        Bone(i - 1, 1, 0, 0.2 * long, profile[i], profile[i + 1], 0.05 + 0.05 * i, -0.8 * i)
        for i in range(1, links)
    ]
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
        bones += _limb(0, len(bones), 0.62, rows, phase, layer, dim, offset=-0.05)
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
            Bone(
                0,
                rng.random(),
                angle,
                length,
                start,
                end,
                rng.uniform(0.1, 0.5),
                phase,
                BODY,
                WHITE,
                0.0,
                stretch,
            )
        )
        if arm % 2:
            bones.append(Bone(len(bones) - 1, 1, rng.uniform(-1, 1), 0.25, end, 0.05, 0.5, phase - 1))
    return Skeleton("blob", tuple(bones), 0.1, 0.9, bob=0.02)


KINDS = {"quadruped": quadruped, "biped": biped, "fish": fish, "bird": bird, "car": car, "blob": blob}
"""Makers of skeletons; each draws the proportions of one body."""
