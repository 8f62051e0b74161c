"""Backbones: image -> feature maps at strides 4, 8, 16 and 32, named layer1 .. layer4.

Sources: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016 (both); the paper of Zhao et al.
(ICCV 2021, section 3.2) starts its ResNet-50 from Mask R-CNN weights with the stride in the first 1x1
convolution.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

LAYERS = ("layer1", "layer2", "layer3", "layer4")


class ResNet50(nn.Module):
    """Torchvision's ResNet-50 without its classifier.

    Args:
        stride_in_1x1: put a stage's stride in its first 1x1 convolution (Caffe2-style weights, the authors')
            instead of its 3x3 one (torchvision's). Parameter names are the same either way, so weights of the
            other kind load silently wrong: the choice must travel with the weights.
    """

    dims = (256, 512, 1024, 2048)

    def __init__(self, stride_in_1x1: bool = True) -> None:
        super().__init__()
        import torchvision  # takes seconds, and the small network does without

        net = torchvision.models.resnet50(weights=None)
        self.conv1, self.bn1, self.relu, self.maxpool = net.conv1, net.bn1, net.relu, net.maxpool
        self.layer1, self.layer2, self.layer3, self.layer4 = net.layer1, net.layer2, net.layer3, net.layer4
        if stride_in_1x1:
            for stage in (self.layer2, self.layer3, self.layer4):
                stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """(N, 3, H, W) normalised -> {"layer1": (N, 256, H/4, W/4) ... "layer4": (N, 2048, H/32, W/32)}."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        maps = {}
        for name in LAYERS:
            x = getattr(self, name)(x)
            maps[name] = x
        return maps


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with batch norm and a shortcut, projected where the shape changes."""

    def __init__(self, in_dim: int, out_dim: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_dim, out_dim, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_dim)
        self.conv2 = nn.Conv2d(out_dim, out_dim, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_dim)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_dim != out_dim:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride, stride, ceil_mode=True) if stride > 1 else nn.Identity(),
                nn.Conv2d(in_dim, out_dim, 1, bias=False),
                nn.BatchNorm2d(out_dim),
            )

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(out + self.shortcut(x))


class SmallResNet(nn.Module):
    """A ResNet of basic blocks for CPUs, trained from scratch.

    Args:
        dims: channels of layer1 .. layer4.
        blocks: basic blocks in each.
        stem: channels of the stride-2 convolution before layer1.
    """

    def __init__(
        self,
        dims: Sequence[int] = (48, 96, 160, 224),
        blocks: Sequence[int] = (2, 2, 3, 2),
        stem: int = 32,
    ) -> None:
        super().__init__()
        self.dims = tuple(dims)
        self.stem = nn.Sequential(
            nn.Conv2d(3, stem, 3, 2, 1, bias=False), nn.BatchNorm2d(stem), nn.ReLU(inplace=True)
        )
        in_dim = stem
        for name, dim, count in zip(LAYERS, dims, blocks, strict=True):
            stage = [BasicBlock(in_dim, dim, 2)] + [BasicBlock(dim, dim) for _ in range(count - 1)]
            setattr(self, name, nn.Sequential(*stage))
            in_dim = dim

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """(N, 3, H, W) normalised -> {"layer1": (N, dims[0], H/4, W/4) ... "layer4": (.., H/32, W/32)}."""
        x = self.stem(images)
        maps = {}
        for name in LAYERS:
            x = getattr(self, name)(x)
            maps[name] = x
        return maps
