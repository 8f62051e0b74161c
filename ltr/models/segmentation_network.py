"""What networks that segment with a few-shot target model have in common: pixels -> features, the decoder.

Sources: Bhat et al., "Learning What to Learn for Video Object Segmentation", ECCV 2020, section 3; Zhao et
al., ICCV 2021, section 3, who keep these parts.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn

from ltr.config_check import check_config
from ltr.models.backbone import LAYERS, ResNet50, SmallResNet
from ltr.models.decoder import Decoder
from ltr.models.few_shot import TargetFeatures
from ltr.models.normalisation import CAFFE2, PixelFormat, PixelNormalisation


@dataclass(frozen=True)
class SegmentationConfig:
    """What decides a network's shape and its input. Stored with the weights. The defaults are the authors'.

    Attributes:
        variant: name under which the network is known.
        backbone: "resnet50" (stride in the 1x1 convolution), "resnet50_3x3" (torchvision's) or "small".
        pixels: the pixel format that the weights expect.
        input_size: (W, H) of the crop given to the network.
        crop_scale: side of the crop over the side of the box at inference (geometric mean over both axes).
        crop_cover: the crop also holds the box times this along each axis, however elongated; 0 leaves it
            out.
        feature_layers: backbone layers that make x; the first gives its stride.
        feature_dim, embedding_dim: D and C.
        encoder_dims: channels of the encoders of boxes and masks.
        encoder_strides: of the two blocks of these encoders' trunks.
        decoder_dims: channels of the decoder at layer1 .. layer4.
        half_resolution: see :class:`ltr.models.decoder.Decoder`.
    """

    variant: str
    backbone: str = "resnet50"
    pixels: PixelFormat = CAFFE2
    input_size: tuple[int, int] = (832, 480)
    crop_scale: float = 5.0
    crop_cover: float = 0.0
    feature_layers: tuple[str, ...] = ("layer3",)
    feature_dim: int = 512
    embedding_dim: int = 16
    encoder_dims: tuple[int, ...] = (16, 32, 64)
    encoder_strides: tuple[int, int] = (2, 2)
    decoder_dims: tuple[int, int, int, int] = (64, 128, 128, 256)
    half_resolution: bool = False

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


def _check_strides(config: SegmentationConfig) -> None:
    """ValueError where maps would not have the sizes that others expect."""
    if any(side % 32 for side in config.input_size):
        raise ValueError(f"input_size is {config.input_size}: both must be multiples of 32")
    if unknown := set(config.feature_layers) - set(LAYERS):
        raise ValueError(f"feature_layers has {', '.join(sorted(unknown))}: known are {', '.join(LAYERS)}")
    layer = config.feature_layers[0]
    if math.prod(config.encoder_strides) != 2 ** LAYERS.index(layer):
        raise ValueError(
            f"encoder_strides is {config.encoder_strides}: does not lead to the stride of {layer}"
        )


class SegmentationNet(nn.Module):
    """Pixels, backbone and target features. A network adds its encoders and, last, ``decoder``.

    Args:
        config: shape of the network.

    Raises:
        ValueError: fields of the config contradict each other.
    """

    config: SegmentationConfig
    decoder: Decoder

    def __init__(self, config: SegmentationConfig) -> None:
        super().__init__()
        _check_strides(config)
        self.config = config
        self.normalise = PixelNormalisation(config.pixels)
        self.backbone = make_backbone(config.backbone)
        dims = dict(zip(LAYERS, self.backbone.dims, strict=True))
        self.features = TargetFeatures([dims[name] for name in config.feature_layers], config.feature_dim)

    def make_decoder(self, score_dim: int) -> Decoder:
        """The decoder that the config describes, for scores of ``score_dim`` channels."""
        config = self.config
        return Decoder(self.backbone.dims, config.decoder_dims, score_dim, config.half_resolution)

    @property
    def input_hw(self) -> tuple[int, int]:
        """(H, W) of the crop that the config names. Any multiple of 32 works."""
        return self.config.input_size[1], self.config.input_size[0]

    def backbone_maps(self, images: Tensor) -> dict[str, Tensor]:
        """Images (N, 3, H, W), RGB in 0..255, uint8 or float, H and W multiples of 32 -> the backbone's maps.

        Raises:
            ValueError: another shape.
        """
        if images.ndim != 4 or images.shape[1] != 3:
            raise ValueError(f"images have shape {tuple(images.shape)}: must be (N, 3, H, W)")
        pixels = self.normalise(images)
        if images.device.type == "cpu":
            pixels = pixels.to(memory_format=torch.channels_last)
        return self.backbone(pixels)

    def target_features(self, maps: dict[str, Tensor]) -> Tensor:
        """x (N, D, h, w) float32 from the backbone's maps."""
        return self.features([maps[name] for name in self.config.feature_layers])

    def decoder_inputs(self, maps: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """What the decoder needs of the backbone's maps, shallowest first."""
        return self.decoder.reduce([maps[name] for name in LAYERS])
