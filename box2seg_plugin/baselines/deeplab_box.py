"""deeplab_box, the paper's single-frame baseline: DeepLabv3+ on the crop around a box, the box being a fourth
channel of the image.

Sources: Luiten, Voigtlaender, Leibe, "PReMVOS: Proposal-generation, Refinement and Merging for Video Object
Segmentation", ACCV 2018 (its refinement network, which Zhao et al., ICCV 2021, call "Box2Seg"); Chen, Zhu,
Papandreou, Schroff, Adam, "Encoder-Decoder with Atrous Separable Convolution for Semantic Image
Segmentation", ECCV 2018 (DeepLabv3+).

For the sake of comparison it has what the networks here have in common: the backbone (theirs is Xception-65),
and the rule by which the crop is cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from box2seg_plugin.box_network import BoxNet, BoxNetConfig, FrameCode, check_shapes
from box2seg_plugin.object_encoder import draw_boxes
from ltr.models.normalisation import IMAGENET
from ltr.models.resize import resize_bilinear

NETWORK = "deeplab_box"
"""The network's name in ``ltr.registry.NETWORKS`` and in the files of its weights."""


@dataclass(frozen=True)
class DeepLabBoxConfig(BoxNetConfig):
    """Everything that decides the network's shape and its input. Stored with the weights.

    Attributes:
        antialias_box: see :func:`box2seg_plugin.object_encoder.draw_boxes`.
        atrous_rates: of the three dilated convolutions side by side, at stride 16.
        pyramid_dim: channels of each of them, and of what they give together.
        low_level_dim: channels that layer1 is reduced to.
        decoder_dim: channels of the decoder.
    """

    variant: str = "deeplab_box_resnet50"
    input_size: tuple[int, int] = (384, 384)
    crop_scale: float = 1.6
    crop_cover: float = 1.2
    antialias_box: bool = False
    atrous_rates: tuple[int, int, int] = (6, 12, 18)
    pyramid_dim: int = 256
    low_level_dim: int = 48
    decoder_dim: int = 256


class DeepLabBoxNet(BoxNet):
    """The network.

    Args:
        config: its shape.

    Raises:
        ValueError: fields of the config contradict each other.
    """

    config: DeepLabBoxConfig

    def __init__(self, config: DeepLabBoxConfig) -> None:
        super().__init__(config)
        from torchvision.models.segmentation.deeplabv3 import ASPP  # takes seconds to import

        add_input_channel(self.backbone)
        keep_stride_16(self.backbone)
        self.pyramid = ASPP(self.backbone.dims[3], config.atrous_rates, config.pyramid_dim)
        # No dropout: a step that draws no random numbers is the same however many processes compute it.
        self.pyramid.project[-1] = nn.Identity()
        self.decoder = DeepLabDecoder(
            self.backbone.dims[0], config.low_level_dim, config.pyramid_dim, config.decoder_dim
        )

    def encode(self, images: Tensor, boxes: Tensor) -> FrameCode:
        """See :meth:`BoxNet.encode`."""
        check_shapes(images, boxes)
        drawn = draw_boxes(boxes, images.shape[-2:], self.config.antialias_box)
        maps = self.backbone(torch.cat((self.normalised(images), drawn), dim=1))
        low_level, deep = self.decoder.reduce(maps["layer1"]), self.pyramid(maps["layer4"])
        return FrameCode((low_level,), deep, m=None, e=None, w=None)

    def decode(self, code: FrameCode, s: Tensor | None, size: Sequence[int]) -> Tensor:
        """See :meth:`BoxNet.decode`; ``s`` is None."""
        return self.decoder(code.x, code.reduced[0], size)

    def take_backbone(self, trained: nn.Module) -> None:
        """Go on from a backbone that sees images alone (:func:`ltr.models.crop_network.make_backbone`). The
        weights of the box begin at zero: at first the network sees what that backbone sees."""
        tensors = trained.state_dict()
        key = f"{first_convolution(trained)}.weight"
        tensors[key] = F.pad(tensors[key], (0, 0, 0, 0, 0, 1))
        self.backbone.load_state_dict(tensors)


class DeepLabDecoder(nn.Module):
    """Joins what is seen at stride 16 with what layer1 sees at stride 4."""

    def __init__(self, layer1_dim: int, low_level_dim: int, pyramid_dim: int, dim: int) -> None:
        super().__init__()
        self.reduce = _convolution(layer1_dim, low_level_dim, 1)
        self.joint = nn.Sequential(
            _convolution(pyramid_dim + low_level_dim, dim, 3), _convolution(dim, dim, 3), nn.Conv2d(dim, 1, 1)
        )

    def forward(self, deep: Tensor, low_level: Tensor, size: Sequence[int]) -> Tensor:
        """Deep (N, pyramid_dim, H/16, W/16), low level (N, low_level_dim, H/4, W/4) -> logits (N, H, W)."""
        deep = resize_bilinear(deep, low_level.shape[-2:])
        return resize_bilinear(self.joint(torch.cat((deep, low_level), dim=1)), size)[:, 0]


def _convolution(in_dim: int, out_dim: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_dim, out_dim, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(out_dim),
        nn.ReLU(inplace=True),
    )


def first_convolution(backbone: nn.Module) -> str:
    """Name of the convolution that sees the pixels."""
    return next(name for name, module in backbone.named_modules() if isinstance(module, nn.Conv2d))


def add_input_channel(backbone: nn.Module) -> None:
    """Put a convolution that sees one channel more, with random weights, in the place of the first one."""
    parent, _, name = first_convolution(backbone).rpartition(".")
    old = backbone.get_submodule(parent).get_submodule(name)
    assert isinstance(old, nn.Conv2d)
    kernel, stride, padding = old.kernel_size[0], old.stride[0], int(old.padding[0])
    wider = nn.Conv2d(old.in_channels + 1, old.out_channels, kernel, stride, padding, bias=False)
    setattr(backbone.get_submodule(parent), name, wider)


def keep_stride_16(backbone: nn.Module) -> None:
    """Make a backbone's layer4 keep the stride of layer3, without a change to its weights or their effect:
    what strided convolutions skipped is computed as well, and the later ones reach as far as before by
    dilation. Every second pixel in every second row is what it was."""
    layer4, subsampled = backbone.get_submodule("layer4"), False
    for name, module in list(layer4.named_modules()):
        if isinstance(module, nn.AvgPool2d):
            parent, _, child = name.rpartition(".")
            dense = nn.Sequential(nn.ReplicationPad2d((0, 1, 0, 1)), nn.AvgPool2d(2, 1))
            setattr(layer4.get_submodule(parent), child, dense)
        elif isinstance(module, nn.Conv2d) and module.stride != (1, 1):
            module.stride, subsampled = (1, 1), True
        elif isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3) and subsampled:
            module.dilation = module.padding = (2, 2)


RESNET50 = DeepLabBoxConfig()

# Rates for maps of 12 to 16 pixels; as many parameters as the single-frame part of box2seg_small.

SMALL = replace(
    RESNET50,
    variant="deeplab_box_small",
    backbone="small",
    pixels=IMAGENET,
    input_size=(256, 256),
    antialias_box=True,
    atrous_rates=(2, 4, 6),
    pyramid_dim=160,
    low_level_dim=32,
    decoder_dim=96,
)


def network_from_config(config: dict[str, Any]) -> DeepLabBoxNet:
    """A network with random weights, from a stored config (:meth:`DeepLabBoxConfig.to_dict`)."""
    return DeepLabBoxNet(DeepLabBoxConfig.from_dict(config))
