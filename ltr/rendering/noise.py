"""Smooth random fields and the colours made from them."""

import colorsys

import cv2
import numpy as np
import numpy.typing as npt

# OpenCV's stubs promise no element types, so these names say to the reader what the checker cannot know.
FloatField = np.ndarray  # float32
Picture = np.ndarray  # uint8, RGB where it has channels


def fractal_noise(
    rng: np.random.Generator,
    height: int,
    width: int,
    cell: float | tuple[float, float],
    octaves: int,
    gain: float = 0.55,
) -> FloatField:
    """Sum of smooth random fields, each half as coarse as the one before.

    Args:
        rng: source of chance.
        height, width: size of the field, pixels.
        cell: size of the coarsest features, pixels; two numbers are (down, across).
        octaves: number of fields; those finer than a pixel are left out.
        gain: strength of a field relative to the one before, 0 to 1.

    Returns:
        (height, width) float32 in [0, 1], mean about 0.5, standard deviation about 0.2.
    """
    down, across = (cell, cell) if isinstance(cell, int | float) else cell
    total = np.zeros((height, width), np.float32)
    power = 0.0
    for octave in range(octaves):
        step_y, step_x = down / 2**octave, across / 2**octave
        if octave and min(step_y, step_x) < 1:
            break
        rows, columns = int(height / step_y) + 4, int(width / step_x) + 4
        grid = rng.random((rows, columns), dtype=np.float32) - 0.5
        # corner of the picture at a random place of the first cells
        y0, x0 = 1 + rng.random(), 1 + rng.random()
        placed = np.array([[1 / step_x, 0, x0], [0, 1 / step_y, y0]], np.float32)
        smooth = (
            cv2.INTER_CUBIC if max(step_y, step_x) > 4 else cv2.INTER_LINEAR
        )  # no difference is seen, it is faster
        flags = smooth | cv2.WARP_INVERSE_MAP
        field = cv2.warpAffine(grid, placed, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT)
        total += gain**octave * field
        power += gain ** (2 * octave)
    # uniform noise has variance 1/12; interpolation keeps about two thirds of it
    return np.clip(0.5 + 0.85 * total / np.sqrt(power, dtype=np.float32), 0, 1).astype(np.float32)


def smoothstep(values: npt.NDArray[np.floating], low: float, high: float) -> FloatField:
    """0 below `low`, 1 above `high`, a smooth rise between; elementwise, float32."""
    ramp = np.clip((values - low) / (high - low), 0, 1)
    return (ramp * ramp * (3 - 2 * ramp)).astype(np.float32)


def colour_ramp(values: FloatField, colours: npt.NDArray[np.float32]) -> Picture:
    """Paint a field: 0 gets the first colour, 1 the last, what is between gets mixtures.

    Args:
        values: (H, W) in [0, 1].
        colours: (n, 3) RGB, 0 to 255, n >= 2.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    stops = np.linspace(0, 255, len(colours))
    table = np.stack([np.interp(np.arange(256), stops, colours[:, channel]) for channel in range(3)], axis=1)
    index = (values * 255).astype(np.uint8)
    return cv2.LUT(cv2.merge([index, index, index]), table.astype(np.uint8)[None])


def colour(hue: float, saturation: float, value: float) -> npt.NDArray[np.float32]:
    """RGB 0 to 255, (3,) float32, of a hue (in turns), saturation and value (0 to 1, clipped)."""
    saturation, value = min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0)
    return np.array(colorsys.hsv_to_rgb(hue % 1.0, saturation, value), np.float32) * 255


def shades(
    rng: np.random.Generator, hue: float, saturation: float, value: float, contrast: float = 0.5
) -> npt.NDArray[np.float32]:
    """Dark, middle and light of one colour, the hue drifting a little: (3, 3) float32 RGB 0 to 255."""
    drift = rng.uniform(-0.03, 0.03)
    return np.stack(
        [
            colour(hue - drift, saturation * 1.15, value * (1 - contrast)),
            colour(hue, saturation, value),
            colour(hue + drift, saturation * 0.75, value * (1 + 0.6 * contrast)),
        ]
    )
