"""What networks that segment with a few-shot target model have in common: pixels -> features, the decoder.

Sources: Bhat et al., "Learning What to Learn for Video Object Segmentation", ECCV 2020, section 3; Zhao et
al., ICCV 2021, section 3, who keep these parts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from ltr.models.backbone import LAYERS
from ltr.models.crop_network import CropConfig, CropNet
from ltr.models.decoder import Decoder
from ltr.models.few_shot import TargetFeatures


@dataclass(frozen=True)
class SegmentationConfig(CropConfig):
    """What decides a network's shape and its input. Stored with the weights. The defaults are the authors'.

    Attributes:
        feature_layers: backbone layers that make x; the first gives its stride.
        feature_dim, embedding_dim: D and C.
        encoder_dims: channels of the encoders of boxes and masks.
        encoder_strides: of the two blocks of these encoders' trunks.
        decoder_dims: channels of the decoder at layer1 .. layer4.
        half_resolution: see :class:`ltr.models.decoder.Decoder`.
    """

    feature_layers: tuple[str, ...] = ("layer3",)
    feature_dim: int = 512
    embedding_dim: int = 16
    encoder_dims: tuple[int, ...] = (16, 32, 64)
    encoder_strides: tuple[int, int] = (2, 2)
    decoder_dims: tuple[int, int, int, int] = (64, 128, 128, 256)
    half_resolution: bool = False


def _check_strides(config: SegmentationConfig) -> None:
    """ValueError where maps would not have the sizes that others expect."""
    if unknown := set(config.feature_layers) - set(LAYERS):
        raise ValueError(f"feature_layers has {', '.join(sorted(unknown))}: known are {', '.join(LAYERS)}")
    layer = config.feature_layers[0]
    if math.prod(config.encoder_strides) != 2 ** LAYERS.index(layer):
        raise ValueError(
            f"encoder_strides is {config.encoder_strides}: does not lead to the stride of {layer}"
        )


class SegmentationNet(CropNet):
    """Pixels, backbone and target features. A network adds its encoders and, last, ``decoder``.

    Args:
        config: shape of the network.

    Raises:
        ValueError: fields of the config contradict each other.
    """

    config: SegmentationConfig
    decoder: Decoder

    def __init__(self, config: SegmentationConfig) -> None:
        super().__init__(config)
        _check_strides(config)
        dims = dict(zip(LAYERS, self.backbone.dims, strict=True))
        self.features = TargetFeatures([dims[name] for name in config.feature_layers], config.feature_dim)

    def make_decoder(self, score_dim: int) -> Decoder:
        """The decoder that the config describes, for scores of ``score_dim`` channels."""
        config = self.config
        return Decoder(self.backbone.dims, config.decoder_dims, score_dim, config.half_resolution)

    def backbone_maps(self, images: Tensor) -> dict[str, Tensor]:
        """Images (N, 3, H, W), RGB in 0..255, uint8 or float, H and W multiples of 32 -> the backbone's maps.

        Raises:
            ValueError: another shape.
        """
        return self.backbone(self.normalised(images))

    def target_features(self, maps: dict[str, Tensor]) -> Tensor:
        """x (N, D, h, w) float32 from the backbone's maps."""
        return self.features([maps[name] for name in self.config.feature_layers])

    def decoder_inputs(self, maps: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """What the decoder needs of the backbone's maps, shallowest first."""
        return self.decoder.reduce([maps[name] for name in LAYERS])
