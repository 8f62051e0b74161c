"""The stage: a backdrop and the ground before it, seen by a camera that moves sideways."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ltr.rendering.noise import FloatField, Picture, colour, colour_ramp, fractal_noise, shades, smoothstep

EDGE = 24
"""The panorama reaches so many pixels beyond the frame on every side: the camera shakes and zooms."""


@dataclass(frozen=True)
class Theme:
    """Colours and layout of a kind of place.

    Attributes:
        ground, backdrop: (hue in turns, saturation, value) of the two.
        horizon: where the ground begins, share of the frame's height from the top.
        far: how fast the backdrop moves against the things at the front, 0 (infinitely far) to 1.
        wall: whether the backdrop is a textured surface, else it is sky with hills.
        plants: hue of what grows there.
    """

    ground: tuple[float, float, float]
    backdrop: tuple[float, float, float]
    horizon: float
    far: float
    wall: bool
    plants: float


THEMES = {
    "meadow": Theme((0.25, 0.5, 0.5), (0.57, 0.35, 0.9), 0.36, 0.12, False, 0.27),
    "savanna": Theme((0.12, 0.45, 0.66), (0.56, 0.25, 0.92), 0.4, 0.1, False, 0.17),
    "snow": Theme((0.58, 0.06, 0.88), (0.58, 0.2, 0.8), 0.42, 0.12, False, 0.33),
    "forest": Theme((0.1, 0.45, 0.36), (0.28, 0.45, 0.32), 0.45, 0.5, True, 0.26),
    "street": Theme((0.6, 0.05, 0.48), (0.05, 0.4, 0.55), 0.55, 0.7, True, 0.3),
    "seabed": Theme((0.12, 0.3, 0.62), (0.53, 0.55, 0.55), 0.7, 0.35, True, 0.42),
    "cliffs": Theme((0.08, 0.3, 0.5), (0.57, 0.3, 0.88), 0.78, 0.2, False, 0.22),
}


class Stage:
    """A place, painted once.

    Args:
        rng: source of chance.
        theme: what kind of place.
        width, height: size of the frames, pixels.
        travel: how far the camera moves to either side, pixels at depth 1.

    Depth 1 is the ground at three quarters of the way from the horizon to the lower edge; a thing at depth d
    is d times as large and moves d times as fast across the frame.
    """

    def __init__(
        self, rng: np.random.Generator, theme: Theme, width: int, height: int, travel: float
    ) -> None:
        self.theme = theme
        self._width, self._height = width, height
        self._horizon = theme.horizon * height
        rows = np.arange(-EDGE, height + EDGE, dtype=np.float32)
        self._depths = np.asarray(self.depth(rows), np.float32)
        self._margin = EDGE + int(np.ceil(travel * float(self._depths.max()) * 1.05))
        wide = width + 2 * self._margin
        top = int(self._horizon) + EDGE
        hue, saturation, value = theme.ground
        self.ground_colours = shades(
            rng, hue + rng.uniform(-0.03, 0.03), saturation, value * rng.uniform(0.85, 1.1)
        )
        hue, saturation, value = theme.backdrop
        self.haze = colour(hue, 0.5 * saturation, min(1.0, value * 1.05))
        spare = max(
            0, self._margin - EDGE - int(np.ceil(travel * theme.far)) - 2
        )  # never seen: it moves slowly
        backdrop = (_paint_wall if theme.wall else _paint_sky)(rng, theme, top, wide - 2 * spare)
        backdrop = np.pad(backdrop, ((0, 0), (spare, spare), (0, 0)))
        self._panorama = np.vstack([backdrop, self._paint_ground(rng, rows[top:], wide)])

    def depth(self, y: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Depth of the ground at a height in the frame (pixels); above the horizon that of the backdrop."""
        reference = 0.75 * (self._height - self._horizon)
        along = np.maximum(np.asarray(y, np.float64) - self._horizon, 0) / reference
        return self.theme.far + (1 - self.theme.far) * along

    def view(self, camera_x: float, shift: tuple[float, float], zoom: float) -> Picture:
        """Return the empty stage, (height, width, 3) uint8 RGB.

        Args:
            camera_x: place of the camera, pixels at depth 1, within the `travel` it was made for.
            shift: the picture is moved by (x, y) pixels, at most ``EDGE`` together with the zoom.
            zoom: the picture is enlarged about its middle by this factor.
        """
        ys = (
            np.arange(self._height, dtype=np.float32) - self._height / 2 - shift[1]
        ) / zoom + self._height / 2
        xs = (np.arange(self._width, dtype=np.float32) - self._width / 2 - shift[0]) / zoom + self._width / 2
        speed = np.interp(ys, np.arange(-EDGE, self._height + EDGE), self._depths).astype(np.float32)
        map_x = (xs + np.float32(self._margin))[None, :] + np.float32(camera_x) * speed[:, None]
        map_y = np.repeat((ys + EDGE)[:, None], self._width, axis=1)
        return cv2.remap(self._panorama, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def _paint_ground(self, rng: np.random.Generator, ys: FloatField, wide: int) -> Picture:
        """The ground in perspective: rows of the panorama at heights ys."""
        side = 640
        lumps = fractal_noise(rng, side, side, rng.uniform(60, 140), 4)
        grain = fractal_noise(rng, side, side, rng.uniform(9, 16), 3, gain=0.8)
        depth = np.asarray(self.depth(ys), np.float32)
        xs = np.arange(wide, dtype=np.float32) - wide / 2
        map_x = np.ascontiguousarray(xs[None, :] / depth[:, None] + side / 2)
        away = 260 / np.maximum(depth, 0.05)
        map_y = np.repeat(away[:, None], wide, axis=1).astype(np.float32)
        value = np.zeros((len(ys), wide), np.float32)
        for field, share in ((lumps, 0.55), (grain, 0.45)):
            # what is finer than a pixel in the distance is left out there
            seen = cv2.remap(field, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT) - 0.5
            value += share * seen * (1 if field is lumps else smoothstep(depth, 0.2, 0.8)[:, None])
        near = colour_ramp(np.clip(0.5 + 1.3 * value, 0, 1), self.ground_colours)
        veil = 0.55 * (1 - smoothstep(depth, self.theme.far, 0.75))[:, None, None]
        return (near * (1 - veil) + self.haze * veil).astype(np.uint8)


def _paint_sky(rng: np.random.Generator, theme: Theme, height: int, width: int) -> Picture:
    """Sky with clouds, darker upwards, and two ranges of hills at its lower edge."""
    hue, saturation, value = theme.backdrop
    top, low = colour(hue, saturation * 1.3, value * 0.85), colour(hue, saturation * 0.4, value * 1.08)
    fall = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    sky = np.broadcast_to(top * (1 - fall) + low * fall, (height, width, 3))
    clouds = smoothstep(fractal_noise(rng, height, width, (45, 150), 5), 0.5, 0.9)[..., None]
    picture = sky * (1 - 0.8 * clouds) + 245 * 0.8 * clouds
    rows = np.arange(height, dtype=np.float32)[:, None]
    haze = colour(hue, 0.5 * saturation, value)
    for size, veil in ((0.5, 0.6), (0.28, 0.3)):
        ridge = height * (1 - size * fractal_noise(rng, 1, width, (8, 170), 5, gain=0.45))
        cover = np.clip(rows - ridge + 0.5, 0, 1)[..., None]
        cells = fractal_noise(rng, height, width, (10, 16), 3, gain=0.7)
        slopes = colour_ramp(cells, shades(rng, theme.plants, 0.35, 0.42, 0.45))
        picture = picture * (1 - cover) + (slopes * (1 - veil) + haze * veil) * cover
    return picture.astype(np.uint8)


def _paint_wall(rng: np.random.Generator, theme: Theme, height: int, width: int) -> Picture:
    """A textured surface: thicket, masonry or planks."""
    hue, saturation, value = theme.backdrop
    colours = shades(rng, hue + rng.uniform(-0.05, 0.05), saturation, value, 0.55)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    fine = fractal_noise(rng, height, width, rng.uniform(10, 24), 4, gain=0.75)
    coarse = fractal_noise(rng, height, width, 130, 3)
    kind = "thicket" if theme.far < 0.6 else rng.choice(["bricks", "planks", "plaster"])
    if kind == "thicket":
        stems = smoothstep(fractal_noise(rng, height, width, (400, 26), 3), 0.62, 0.72)
        tone = 0.55 * fine + 0.45 * coarse - 0.25 * stems
    elif kind == "bricks":
        tall = rng.uniform(12, 20)
        course = np.floor(rows / tall)
        across = columns / (2.4 * tall) + 0.5 * (course % 2)
        joint = np.minimum((rows / tall) % 1 * tall, across % 1 * 2.4 * tall)
        hashed = np.sin(course * 12.9898 + np.floor(across) * 78.233) * 43758.5453
        tone = 0.35 + 0.25 * (hashed % 1) + 0.25 * (fine - 0.5) + 0.3 * (coarse - 0.5)
        tone = np.where(joint < 1.6, 0.85, tone)
    elif kind == "planks":
        broad = rng.uniform(22, 40)
        hashed = np.sin(np.floor(columns / broad) * 12.9898) * 43758.5453
        veins = fractal_noise(rng, height, width, (120, 5), 3, gain=0.7)
        tone = np.where(
            columns % broad < 1.6, 0.05, 0.3 + 0.3 * (hashed % 1) + 0.4 * (veins - 0.5) + 0.1 * coarse
        )
    else:
        tone = 0.5 + 0.35 * (fine - 0.5) + 0.6 * (coarse - 0.5)
    lit = np.linspace(1.12, 0.72, height, dtype=np.float32)[:, None, None]
    return np.clip(colour_ramp(np.clip(tone, 0, 1).astype(np.float32), colours) * lit, 0, 255).astype(
        np.uint8
    )
