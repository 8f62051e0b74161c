"""From a clip of full frames to what a network trains on: crops around a jittered box, flips, tensors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from ltr.data.boxes import jitter_box
from ltr.data.crops import Crop, crop_inside_major, sample_image, sample_mask
from ltr.dataset.interface import Clip

LUMA = np.array([0.299, 0.587, 0.114])
"""Share of red, green and blue in grey (ITU-R BT.601)."""


@dataclass(frozen=True)
class CropJitter:
    """Where training crops lie, how the box in them is disturbed and how pixels change.

    The defaults are those of the authors' settings.

    Attributes:
        scale: side of the crop over the side of the box (see :func:`ltr.data.crops.crop_inside_major`).
        cover: the crop holds the box times this; 0 leaves it out.
        scale_sigma: standard deviation of the log of the crop's size.
        shift: the crop's centre moves uniformly up to this many box sizes along each axis.
        box_jitter: each edge of the box given to the network moves uniformly up to this share of the box's
            size, in [0, 0.5) ...
        box_jitter_share: ... in this share of the clips.
        brightness: pixels of a frame are multiplied by a factor uniform within 1 +- this; 0 leaves it out.
        grey: probability of a grey clip.
        flip: probability of a mirrored clip.
    """

    scale: float = 5.0
    cover: float = 0.0
    scale_sigma: float = 0.25
    shift: float = 1.5
    box_jitter: float = 0.0
    box_jitter_share: float = 0.0
    brightness: float = 0.2
    grey: float = 0.05
    flip: float = 0.5


@dataclass
class Sample:
    """One training clip, or a batch of B with a leading dimension.

    Attributes:
        images: (T, 3, H, W) uint8 RGB.
        masks: (T, H, W) uint8, 0 or 1.
        boxes: (T, 4) float32 x, y, w, h in crop pixels.
    """

    images: Tensor
    masks: Tensor
    boxes: Tensor

    def to(self, device: torch.device) -> Sample:
        """The same on another device."""
        return Sample(self.images.to(device), self.masks.to(device), self.boxes.to(device))


def process_clip(clip: Clip, jitter: CropJitter, size: tuple[int, int], rng: Generator) -> Sample:
    """Cut a clip into network input. Every frame has a crop of its own; flips and grey are the clip's.

    Args:
        clip: every frame must hold the object.
        jitter: how.
        size: (W, H) of the crops.
        rng: where everything random comes from.

    Raises:
        ValueError: a frame's box is absent.
    """
    flip = rng.random() < jitter.flip
    grey = rng.random() < jitter.grey
    disturb = rng.random() < jitter.box_jitter_share
    images, masks, boxes = [], [], []
    for image, mask, box in zip(clip.images, clip.masks, clip.boxes, strict=True):
        crop = jittered_crop(image.shape[:2], box, jitter, size, rng)
        given = crop.box_to_crop(jitter_box(box, jitter.box_jitter, rng) if disturb else box)
        pixels, inside = sample_image(image, crop), sample_mask(mask, crop)
        if flip:
            pixels, inside = pixels[:, ::-1], inside[:, ::-1]
            given = np.array([size[0] - given[0] - given[2], *given[1:]])
        if jitter.brightness:
            gain = max(0.0, rng.uniform(1 - jitter.brightness, 1 + jitter.brightness))
            pixels = np.rint(np.minimum(pixels * gain, 255)).astype(np.uint8)
        if grey:
            pixels = np.repeat(np.rint(pixels @ LUMA).astype(np.uint8)[..., None], 3, axis=2)
        images.append(np.ascontiguousarray(pixels.transpose(2, 0, 1)))
        masks.append(np.ascontiguousarray(inside))
        boxes.append(given)
    return Sample(
        torch.from_numpy(np.stack(images)),
        torch.from_numpy(np.stack(masks)),
        torch.from_numpy(np.stack(boxes).astype(np.float32)),
    )


def jittered_crop(
    image_hw: tuple[int, int], box: np.ndarray, jitter: CropJitter, size: tuple[int, int], rng: Generator
) -> Crop:
    """The crop around a box moved and scaled at random; the box itself stays.

    Args:
        image_hw: (H, W) of the frame.
        box: (4,) x, y, w, h in pixels of the frame.
        jitter: how far.
        size: (W, H) of the crop.
        rng: where the randomness comes from.
    """
    factor = np.exp(rng.normal(0, jitter.scale_sigma, 2)) if jitter.scale_sigma else np.ones(2)
    shift = rng.uniform(-jitter.shift, jitter.shift, 2) if jitter.shift else np.zeros(2)
    side = np.sqrt(max(box[2] * box[3], 1.0))
    centre = box[:2] + box[2:] / 2 + shift * side
    moved = np.concatenate([centre - box[2:] * factor / 2, box[2:] * factor])
    return crop_inside_major((image_hw[0], image_hw[1]), moved, jitter.scale, size, jitter.cover)
