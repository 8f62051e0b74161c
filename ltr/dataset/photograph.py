"""What camera and codec do to a clip."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from ltr.dataset.clip_style import ClipStyle

GREY_SHARE = 0.05
"""Share of the clips without colour."""


def photograph(
    rng: Generator, images: list[np.ndarray], times: np.ndarray, style: ClipStyle
) -> list[np.ndarray]:
    """Light and colour (drifting), motion blur, noise, JPEG: the same for all frames of a clip.

    Args:
        images: H x W x 3 uint8 RGB frames; not changed.
        times: in [0, 1], when each was taken.
        style: how often each happens.
    """
    gain, bias = np.exp(rng.normal(0, 0.12, 3) + rng.normal(0, 0.15)), rng.normal(0, 12)
    drift = rng.normal(0, 0.12) if rng.random() < style.relight else 0.0
    gamma = np.exp(rng.normal(0, 0.15))
    kernel = _motion_kernel(rng) if rng.random() < style.blur else None
    noise = rng.uniform(2, 8) if rng.random() < style.noise else 0.0
    quality = int(rng.integers(25, 85)) if rng.random() < style.jpeg else 0
    grey = rng.random() < GREY_SHARE
    ramp = np.arange(256, dtype=np.float64) / 255
    result = []
    for image, time in zip(images, times, strict=True):
        table = 255 * ramp[:, None] ** gamma * gain * (1 + drift * (time - 0.5)) + bias
        image = cv2.LUT(image, np.clip(table, 0, 255).astype(np.uint8).reshape(256, 1, 3))
        if kernel is not None:
            image = cv2.filter2D(image, -1, kernel)
        if noise:
            grain = rng.normal(0, noise, image.shape[:2]).astype(np.int8)
            image = cv2.add(image, grain[..., None].repeat(3, 2), dtype=cv2.CV_8U)
        if grey:
            image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        if quality:
            image = _through_jpeg(image, quality)
        result.append(image)
    return result


def _through_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """Written and read again. OpenCV takes red for blue both times, which does no harm."""
    _, code = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(code, cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded


def _motion_kernel(rng: Generator) -> np.ndarray:
    """A line through the middle of a 3 x 3 to 9 x 9 float32 kernel; its sum is 1."""
    length = int(rng.integers(1, 5)) * 2 + 1
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    middle = length // 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * middle
    ends = [(round(middle + sign * reach[0]), round(middle + sign * reach[1])) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    return kernel / kernel.sum()
