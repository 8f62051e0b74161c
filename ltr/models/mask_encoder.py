"""Encoders of a mask into what the few-shot learner is to predict: embedding e and confidence w.

Source: Bhat et al., ECCV 2020, section 3.3 (label encoder); Zhao et al., ICCV 2021, section 3.4 (B-hat) and,
with backbone features added, section 3.3 (the object encoder, which lives in the plugin and builds on this
trunk).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn


class ProjectedResidualBlock(nn.Module):
    """Two 3x3 convolutions without batch norm and a 3x3 projection shortcut."""

    def __init__(self, in_dim: int, out_dim: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_dim, out_dim, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(out_dim, out_dim, 3, 1, 1, bias=False)
        self.shortcut = nn.Conv2d(in_dim, out_dim, 3, stride, 1)
        for conv in (self.conv1, self.conv2, self.shortcut):
            nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.shortcut.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv2(F.relu(self.conv1(x))) + self.shortcut(x))


class MaskTrunk(nn.Module):
    """Mask at input size -> feature map: convolution, max pool (stride 4 together), two residual blocks.

    Args:
        dims: channels after the convolution and the two blocks.
        strides: strides of the two blocks, (2, 2) for stride 16 in all.
    """

    def __init__(self, dims: Sequence[int], strides: tuple[int, int] = (2, 2)) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, dims[0], 3, 2, 1)
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.block1 = ProjectedResidualBlock(dims[0], dims[1], strides[0])
        self.block2 = ProjectedResidualBlock(dims[1], dims[2], strides[1])

    def forward(self, mask: Tensor) -> Tensor:
        """(N, 1, H, W) -> (N, dims[2], H/s, W/s)."""
        return self.block2(self.block1(self.pool(F.relu(self.conv(mask)))))


class EmbeddingHead(nn.Module):
    """3x3 convolution, optional batch norm, ReLU: the embedding that the filter is to predict."""

    def __init__(self, in_dim: int, out_dim: int, batch_norm: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_dim, out_dim, 3, padding=1)
        self.norm: nn.Module = nn.BatchNorm2d(out_dim) if batch_norm else nn.Identity()
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x)))


def confidence_head(in_dim: int, out_dim: int) -> nn.Conv2d:
    """3x3 convolution that answers 1 everywhere until it has learned better."""
    head = nn.Conv2d(in_dim, out_dim, 3, padding=1)
    nn.init.zeros_(head.weight)
    nn.init.ones_(head.bias)  # type: ignore[arg-type]
    return head


class MaskEncoder(nn.Module):
    """Mask probabilities -> (e, w), each (N, embedding_dim, H/s, W/s)."""

    def __init__(
        self, dims: Sequence[int] = (16, 32, 64), embedding_dim: int = 16, strides: tuple[int, int] = (2, 2)
    ) -> None:
        super().__init__()
        self.trunk = MaskTrunk(dims, strides)
        self.embedding = EmbeddingHead(dims[-1], embedding_dim, batch_norm=False)
        self.confidence = confidence_head(dims[-1], embedding_dim)

    def forward(self, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Mask (N, 1, H, W) in [0, 1] -> embedding >= 0 and confidence."""
        features = self.trunk(mask)
        return self.embedding(features), self.confidence(features)
