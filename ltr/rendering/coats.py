"""Coats: the textures that creatures wear."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ltr.rendering.noise import FloatField, Picture, colour_ramp, fractal_noise, shades, smoothstep

COAT_SIZE = 256
"""Coats are squares of this side, pixels."""

PIXELS_PER_UNIT = 96
"""Size of one unit of body length on a coat, pixels."""

FAMILIES = ("fur", "spots", "stripes", "patches", "scales", "plain")


@dataclass(frozen=True)
class CoatStyle:
    """What look-alikes share: the kind of pattern and its colours.

    Attributes:
        family: one of ``FAMILIES``.
        base: (3, 3) float32, dark, middle and light of the ground colour, RGB 0 to 255.
        mark: (3, 3) float32, the same of the pattern.
        cell: size of the pattern's features, coat pixels.
    """

    family: str
    base: np.ndarray
    mark: np.ndarray
    cell: float


def random_style(
    rng: np.random.Generator, families: Sequence[str] = FAMILIES, ground: np.ndarray | None = None
) -> CoatStyle:
    """Draw a style.

    Args:
        rng: source of chance.
        families: kinds of pattern to choose from.
        ground: (n, 3) RGB colours of the surroundings; given, the coat takes its colours from them
            (camouflage).
    """
    family = str(rng.choice(list(families)))
    hue = rng.choice([0.05, 0.08, 0.1, 0.13, 0.6, 0.95, rng.random()])
    value = rng.uniform(0.3, 0.85)
    base = shades(rng, hue, rng.uniform(0.05, 0.65), value)
    if ground is not None:
        middle = ground[len(ground) // 2]
        base = np.stack([0.6 * middle, middle, 0.5 * middle + 0.5 * ground[-1]]).astype(np.float32)
    mark_value = rng.uniform(0.08, 0.3) if value > 0.5 else rng.uniform(0.7, 0.95)
    mark = shades(rng, hue + rng.uniform(-0.08, 0.08), rng.uniform(0.0, 0.4), mark_value, 0.35)
    return CoatStyle(family, base, mark, rng.uniform(22, 46))


def vary_style(rng: np.random.Generator, style: CoatStyle, amount: float = 0.08) -> CoatStyle:
    """A look-alike of a style: the same family, colours up to `amount` brighter or darker."""
    gain = np.float32(1 + rng.uniform(-amount, amount))
    return CoatStyle(
        style.family, np.clip(style.base * gain, 0, 255), np.clip(style.mark * gain, 0, 255), style.cell
    )


def make_coat(rng: np.random.Generator, style: CoatStyle) -> Picture:
    """Make a coat of a style; two coats of a style differ as two animals of a herd do.

    Returns:
        (COAT_SIZE, COAT_SIZE, 4) uint8: RGB, and how far the hair stands off (128 is not at all), for the
        outline.
    """
    size = COAT_SIZE
    hair = fractal_noise(rng, size, size, (7, 20), 3, gain=0.8)
    tone = 0.55 * fractal_noise(rng, size, size, 90, 3) + 0.45 * hair
    base, mark = colour_ramp(tone, style.base), colour_ramp(tone, style.mark)
    share = _pattern(rng, style)[..., None]
    picture = base * (1 - share) + mark * share
    stiffness = 0.35 if style.family in ("scales", "plain") else 1.0
    relief = 128 + 127 * stiffness * (2 * hair - 1)
    return np.dstack([picture, relief]).astype(np.uint8)


def _pattern(rng: np.random.Generator, style: CoatStyle) -> FloatField:
    """Where the mark covers the base: (COAT_SIZE, COAT_SIZE) float32 in [0, 1]."""
    size, cell = COAT_SIZE, style.cell
    if style.family == "spots":
        return smoothstep(fractal_noise(rng, size, size, 0.8 * cell, 2), 0.6, 0.68)
    if style.family == "patches":
        return smoothstep(fractal_noise(rng, size, size, 2.2 * cell, 4), 0.5, 0.55)
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32)
    if style.family == "stripes":
        bend = fractal_noise(rng, size, size, 2.5 * cell, 3)
        wave = np.sin((columns + 0.25 * rows + 3.0 * cell * bend) * (2 * np.pi / (0.8 * cell)))
        return smoothstep(wave, -0.05, 0.35) * 0.95
    if style.family == "scales":
        pitch = cell / 3
        odd = np.floor(rows / pitch) % 2
        across = ((columns / pitch + 0.5 * odd) % 1) - 0.5
        down = (rows / pitch) % 1
        return smoothstep(np.hypot(across, 0.8 * down), 0.3, 0.75) * 0.5
    if style.family == "plain":
        return 0.25 * fractal_noise(rng, size, size, 120, 2)
    return 0.6 * smoothstep(fractal_noise(rng, size, size, (12, 60), 4), 0.4, 0.8)
