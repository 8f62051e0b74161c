"""How pixels become network input. Colour order, range, mean and std belong to the weights."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class PixelFormat:
    """The input that a set of weights was trained on.

    Attributes:
        mean, std: per channel, in units of ``pixel_range`` and in the order given by ``colour``.
        colour: "rgb" or "bgr".
        pixel_range: value of a saturated pixel, 1.0 or 255.0.
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    colour: str = "rgb"
    pixel_range: float = 1.0


IMAGENET = PixelFormat(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
"""Torchvision's classification and detection weights."""

CAFFE2 = PixelFormat(
    mean=(102.9801, 115.9465, 122.7717), std=(1.0, 1.0, 1.0), colour="bgr", pixel_range=255.0
)
"""Mask R-CNN weights of the maskrcnn-benchmark family, which the authors' networks start from."""


class PixelNormalisation(nn.Module):
    """RGB pixels in 0..255, (N, 3, H, W), any dtype -> float32 network input in the weights' own format."""

    scale: Tensor
    shift: Tensor

    def __init__(self, pixel_format: PixelFormat) -> None:
        super().__init__()
        if pixel_format.colour not in ("rgb", "bgr"):
            raise ValueError(f'colour order is "{pixel_format.colour}": must be "rgb" or "bgr"')
        self.reverse_colour = pixel_format.colour == "bgr"
        mean = torch.tensor(pixel_format.mean).view(1, 3, 1, 1)
        std = torch.tensor(pixel_format.std).view(1, 3, 1, 1)
        self.register_buffer("scale", pixel_format.pixel_range / 255.0 / std, persistent=False)
        self.register_buffer("shift", -mean / std, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        if self.reverse_colour:
            images = images.flip(1)
        return images.float() * self.scale + self.shift
