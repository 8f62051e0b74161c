"""Clips of another source in which something comes along that was not there at first, and passes behind the
target.

A tracker learns from the first frame what the target's surroundings look like. What it loses targets to comes
later: another object, often larger and of like colours, that touches the target on its way.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.random import Generator

from ltr.data.boxes import BoxLike, is_absent, mask_to_box
from ltr.data.sampler import ClipSource
from ltr.dataset.interface import Clip, StillDataset
from ltr.dataset.moving_layers import paste, soft_opacity

RECOLOURED = 0.5
"""Share of the passers-by that take on the target's colours."""

SIZES = (0.7, 2.5)
"""Least and greatest side of a passer-by, in sides of the target."""

CONTRAST = (0.5, 2.0)
"""How much less and more contrast a passer-by gets with the target's colours."""


class PassersBy:
    """Lets one object pass behind the target of some clips.

    Args:
        clips: where the clips come from.
        stills: whose objects pass.
        share: of the clips, in [0, 1].
    """

    def __init__(self, clips: ClipSource, stills: StillDataset, share: float) -> None:
        self.clips, self.stills, self.share = clips, stills, share
        self.name = clips.name

    def sample(self, rng: Generator, frames: int) -> Clip:
        """See :class:`ltr.data.sampler.ClipSource`."""
        clip = self.clips.sample(rng, frames)
        if rng.random() >= self.share or is_absent(clip.boxes).any():
            return clip
        image, mask = self.stills[int(rng.integers(len(self.stills)))]
        if not mask.any():
            return clip
        if rng.random() < RECOLOURED:
            image = recolour(image, mask, clip.images[0], clip.masks[0])
        return pass_behind(clip, image, mask, _path(rng, clip.boxes, mask_to_box(mask)))


def pass_behind(clip: Clip, image: np.ndarray, mask: np.ndarray, path: list[np.ndarray]) -> Clip:
    """The clip with an object laid over all but its target.

    Args:
        clip: what happens in front.
        image, mask: of the object, (H, W, 3) uint8 and (H, W) uint8 0/1, of any size.
        path: an affine map (2, 3) for every frame, from the object's pixels to the frame's.
    """
    opacity, images = soft_opacity(mask), []
    for frame, target, motion in zip(clip.images, clip.masks, path, strict=True):
        size = (frame.shape[1], frame.shape[0])
        pixels, cover = (cv2.warpAffine(layer, motion, size) for layer in (image, opacity))
        images.append(paste(frame, pixels, cv2.multiply(cover, 255 - soft_opacity(target), scale=1 / 255)))
    return replace(clip, images=images)


def recolour(image: np.ndarray, mask: np.ndarray, model: np.ndarray, model_mask: np.ndarray) -> np.ndarray:
    """A picture whose object has mean and contrast of another one's colours (CIE Lab), as far as contrast may
    change.

    Args:
        image, mask: (H, W, 3) uint8 RGB and (H, W) uint8 0/1, not empty.
        model, model_mask: the other object.
    """
    own, other = (cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32) for picture in (image, model))
    (mean, deviation), (wanted, spread) = (
        (pixels.mean(axis=0), pixels.std(axis=0) + 1) for pixels in (own[mask > 0], other[model_mask > 0])
    )
    lab = (own - mean) * np.clip(spread / deviation, *CONTRAST) + wanted
    return np.asarray(cv2.cvtColor(lab.clip(0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB), np.uint8)


def _path(rng: Generator, boxes: np.ndarray, passer: BoxLike) -> list[np.ndarray]:
    """Straight, at even speed relative to the target: out of touch in the first frame, in touch at some later
    moment, on any side.

    Args:
        boxes: (T, 4) of the target.
        passer: box of the passer-by in its own picture.
    """
    x, y, w, h = (float(value) for value in passer)
    side = float(np.sqrt(boxes[0, 2] * boxes[0, 3]))
    zoom = side * np.exp(rng.uniform(*np.log(SIZES))) / np.sqrt(w * h)
    reach = (boxes[0, 2:] + zoom * np.array([w, h])) / 2
    angle, aside = rng.uniform(0, 2 * np.pi), rng.uniform(-0.9, 0.9)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    far = rng.uniform(1.5, 3.0)
    meeting = rng.uniform(0.3, 1.0)
    path = []
    for time, box in zip(np.linspace(0, 1, len(boxes)), boxes, strict=True):
        offset = reach * (far * (time / meeting - 1) * along + aside * across)
        corner = box[:2] + box[2:] / 2 + offset - zoom * np.array([x + w / 2, y + h / 2])
        path.append(np.array([[zoom, 0, corner[0]], [0, zoom, corner[1]]], dtype=np.float64))
    return path
