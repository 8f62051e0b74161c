"""Things that stand about and hide what passes behind them: trees, bushes, rocks, posts, grass."""

import cv2
import numpy as np

from ltr.rendering.noise import FloatField, Picture, colour, colour_ramp, fractal_noise, shades, smoothstep
from ltr.rendering.patches import Sprite

PROPS = ("tree", "bush", "rock", "post", "grass")


def make_prop(rng: np.random.Generator, kind: str, height: int, plants: float) -> Sprite:
    """Paint a prop.

    Args:
        rng: source of chance.
        kind: one of ``PROPS``.
        height: its height, pixels, at least 8.
        plants: hue of the local plants, in turns.
    """
    height = max(8, height)
    if kind == "tree":
        return _tree(rng, height, plants)
    if kind == "bush":
        return _leaves(rng, height, int(height * rng.uniform(1.0, 1.7)), plants)
    if kind == "rock":
        return _rock(rng, height, int(height * rng.uniform(1.2, 1.9)))
    if kind == "post":
        return _trunk(rng, height, max(5, int(height * rng.uniform(0.05, 0.09))), 0.02)
    return _grass(rng, height, plants)


def soften(sprite: Sprite, sigma: float) -> Sprite:
    """Return the sprite out of focus by a Gaussian of `sigma` pixels, with room for it around."""
    if sigma < 0.3:
        return sprite
    room = int(np.ceil(2 * sigma))
    sides = (0, 0, room, room)  # its foot stays at the lower edge
    colour_field = cv2.copyMakeBorder(sprite.colour, room, *sides[1:], cv2.BORDER_REPLICATE)
    cover = cv2.copyMakeBorder(sprite.cover, room, *sides[1:], cv2.BORDER_CONSTANT, value=0)
    return Sprite(cv2.GaussianBlur(colour_field, (0, 0), sigma), cv2.GaussianBlur(cover, (0, 0), sigma))


def veil(sprite: Sprite, haze: np.ndarray, share: float) -> Sprite:
    """Return the sprite mixed with the colour of the haze (RGB, 0 to 255); `share` 1 is haze alone."""
    return Sprite((sprite.colour * (1 - share) + haze * share).astype(np.uint8), sprite.cover)


def _trunk(rng: np.random.Generator, height: int, width: int, wobble: float) -> Sprite:
    bark = fractal_noise(rng, height, 2 * width, (30, max(2.5, width / 6)), 3, gain=0.8)
    picture = colour_ramp(
        bark, shades(rng, rng.uniform(0.04, 0.12), rng.uniform(0.15, 0.5), rng.uniform(0.3, 0.6))
    )
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    half = 0.5 * width * (0.85 + 0.3 * rows**3)
    middle = width + wobble * width * 6 * (fractal_noise(rng, height, 1, (height / 2, 8), 3) - 0.5)
    across = (np.arange(2 * width, dtype=np.float32)[None, :] + 0.5 - middle) / half
    cover = np.clip((1 - np.abs(across)) * half + 0.5, 0, 1)
    lit = 0.45 + 0.65 * np.sqrt(np.clip(1 - (across + 0.3) ** 2, 0, 1))
    return Sprite(np.clip(picture * lit[..., None], 0, 255).astype(np.uint8), cover.astype(np.float32))


def _leaves(rng: np.random.Generator, height: int, width: int, plants: float) -> Sprite:
    size = max(4.0, height / 14)
    leaves = fractal_noise(rng, height, width, size, 3, gain=0.8)
    lumps = fractal_noise(rng, height, width, height / 2.2, 3)
    ys, xs = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    reach = np.hypot(xs, np.where(ys > 0, 0.75 * ys, ys))
    cover = smoothstep(1.25 - 1.3 * reach + 0.9 * (lumps - 0.5) + 0.5 * (leaves - 0.5), 0.22, 0.32)
    cover *= smoothstep(1 - np.maximum(np.abs(xs), -ys), 0.0, 0.06)
    tone = np.clip(0.5 * leaves + 0.35 * lumps + 0.2 * (0.6 - ys) * 0.6, 0, 1)
    hue = plants + rng.uniform(-0.04, 0.04)
    return Sprite(_paint(tone, shades(rng, hue, rng.uniform(0.4, 0.7), rng.uniform(0.3, 0.5), 0.75)), cover)


def _tree(rng: np.random.Generator, height: int, plants: float) -> Sprite:
    crown = _leaves(rng, int(height * 0.62), int(height * rng.uniform(0.5, 0.8)), plants)
    trunk = _trunk(rng, int(height * 0.55), max(4, int(height * rng.uniform(0.05, 0.1))), 0.05)
    width = max(crown.cover.shape[1], trunk.cover.shape[1])
    picture, cover = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.float32)
    for part, top in ((trunk, height - trunk.cover.shape[0]), (crown, 0)):
        rows, columns = part.cover.shape
        left = (width - columns) // 2
        window = np.s_[top : top + rows, left : left + columns]
        share = part.cover[..., None]
        # what is not covered yet takes the colour at full strength, so that soft edges do not turn dark
        share = np.where(cover[window][..., None] > 0, share, 1.0)
        picture[window] = (picture[window] * (1 - share) + part.colour * share).astype(np.uint8)
        cover[window] = np.maximum(cover[window], part.cover)
    return Sprite(picture, cover)


def _rock(rng: np.random.Generator, height: int, width: int) -> Sprite:
    ys, xs = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    shape = fractal_noise(rng, height, width, height / 1.5, 3, gain=0.4)
    level = 0.95 - np.hypot(xs, np.where(ys > 0, 0.8 * ys, ys)) ** 2.2 + 0.9 * (shape - 0.5)
    edge = smoothstep(1 - np.maximum(np.abs(xs), -ys), 0.0, 0.08)
    cover = smoothstep(level, 0.24, 0.24 + 3.0 / height) * edge
    bumps = 0.5 * np.sqrt(np.clip(level, 0, None)) + 0.16 * fractal_noise(rng, height, width, height / 3, 4)
    slope_y, slope_x = np.gradient(cv2.GaussianBlur(bumps.astype(np.float32), (0, 0), 1.0))
    lit = np.clip(0.62 + height * (0.28 * slope_y + 0.16 * slope_x), 0.25, 1.25)
    tone = fractal_noise(rng, height, width, 14, 4, gain=0.75)
    grey = shades(rng, rng.uniform(0.05, 0.15), rng.uniform(0.05, 0.25), rng.uniform(0.45, 0.65), 0.35)
    return Sprite(np.clip(_paint(tone, grey) * lit[..., None], 0, 255).astype(np.uint8), cover)


def _grass(rng: np.random.Generator, height: int, plants: float) -> Sprite:
    width = int(height * rng.uniform(1.2, 2.5))
    base = colour(plants, 0.6, 0.3)
    picture = np.full((height, width, 3), base, np.uint8)
    cover = np.zeros((height, width), np.uint8)
    for _ in range(int(width * 0.9)):
        root, tall = rng.uniform(0.15, 0.85) * width, rng.uniform(0.45, 0.88) * height
        lean = rng.normal(0, 0.25) * tall
        along = np.linspace(0, 1, 5)
        xs, ys = root + lean * along**2, height * rng.uniform(0.88, 1.0) - tall * along
        thick = max(1.0, height / 45) * (1 - 0.85 * along)
        outline = np.concatenate([np.stack([xs - thick, ys], 1), np.stack([xs + thick, ys], 1)[::-1]])
        points = [np.rint(outline * 16).astype(np.int32)]
        blade = colour(plants + rng.normal(0, 0.015), rng.uniform(0.35, 0.65), rng.uniform(0.3, 0.75))
        cv2.fillPoly(picture, points, [int(channel) for channel in blade], cv2.LINE_AA, 4)
        cv2.fillPoly(cover, points, 255, cv2.LINE_AA, 4)
    return Sprite(picture, cover.astype(np.float32) / 255)


def _paint(tone: FloatField, colours: np.ndarray) -> Picture:
    return colour_ramp(np.clip(tone, 0, 1).astype(np.float32), colours)
