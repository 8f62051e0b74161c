"""What all networks have in common that look at the crop around a target: pixels in, a backbone's maps."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn

from ltr.config_check import check_config
from ltr.models.backbone import ResNet50, SmallResNet
from ltr.models.normalisation import CAFFE2, PixelFormat, PixelNormalisation


@dataclass(frozen=True)
class CropConfig:
    """What a network is shown, and by which backbone it is seen. Stored with the weights.

    Attributes:
        variant: name under which the network is known.
        backbone: "resnet50" (stride in the 1x1 convolution), "resnet50_3x3" (torchvision's) or "small".
        pixels: the pixel format that the weights expect.
        input_size: (W, H) of the crop given to the network.
        crop_scale: side of the crop over the side of the box at inference (geometric mean over both axes).
        crop_cover: the crop also holds the box times this along each axis, however elongated; 0 leaves it
            out.
    """

    variant: str
    backbone: str = "resnet50"
    pixels: PixelFormat = CAFFE2
    input_size: tuple[int, int] = (832, 480)
    crop_scale: float = 5.0
    crop_cover: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as stored with the weights."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Inverse of :meth:`to_dict`; lists (from JSON) become tuples.

        Raises:
            TypeError, ValueError, LookupError, AttributeError: no network has such a config.
        """
        fields = _lists_to_tuples(values)
        fields["pixels"] = PixelFormat(**_lists_to_tuples(values["pixels"]))
        config = cls(**fields)
        check_config(config, cls(variant=""))
        return config


def _lists_to_tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


def make_backbone(name: str) -> ResNet50 | SmallResNet:
    """The backbone that a config names, with random weights. ValueError for an unknown name."""
    if name == "small":
        return SmallResNet()
    if name in ("resnet50", "resnet50_3x3"):
        return ResNet50(stride_in_1x1=name == "resnet50")
    raise ValueError(f'backbone is "{name}": known are resnet50, resnet50_3x3, small')


class CropNet(nn.Module):
    """Pixels and backbone.

    Args:
        config: shape of the network.

    Raises:
        ValueError: the config names no backbone, or an input size that its strides do not divide.
    """

    config: CropConfig

    def __init__(self, config: CropConfig) -> None:
        super().__init__()
        if any(side % 32 for side in config.input_size):
            raise ValueError(f"input_size is {config.input_size}: both must be multiples of 32")
        self.config = config
        self.normalise = PixelNormalisation(config.pixels)
        self.backbone = make_backbone(config.backbone)

    @property
    def input_hw(self) -> tuple[int, int]:
        """(H, W) of the crop that the config names. Any multiple of 32 works."""
        return self.config.input_size[1], self.config.input_size[0]

    def normalised(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W), RGB in 0..255, uint8 or float -> what the backbone's weights expect, float32.

        Raises:
            ValueError: another shape.
        """
        if images.ndim != 4 or images.shape[1] != 3:
            raise ValueError(f"images have shape {tuple(images.shape)}: must be (N, 3, H, W)")
        pixels: Tensor = self.normalise(images)
        return pixels.to(memory_format=torch.channels_last) if images.device.type == "cpu" else pixels
