"""The few-shot target model: features, linear filter, and its steepest-descent learner.

Source: Bhat et al., "Learning What to Learn for Video Object Segmentation", ECCV 2020, section 3.2; used by
Zhao et al., ICCV 2021, eq. 2-4, to aggregate over time. The filter z minimises

    L(z) = sum_t || w_t (x_t * z - e_t) ||^2 + lambda^2 ||z||^2

(the authors' regulariser residual is lambda z, so lambda enters squared). Every step is in closed form: with
the residual r = w (x * z - e) carried along, a step needs one transposed and one plain convolution and no
autograd graph of its own. Autograd through the steps is ordinary, so the learner trains end to end.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.grad import conv2d_weight


def apply_filter(features: Tensor, filters: Tensor) -> Tensor:
    """x * z for every sequence: "same" correlation of each frame with its sequence's filter.

    Args:
        features: (B, T, D, H, W).
        filters: (B, C, D, K, K), K odd.

    Returns:
        (B, T, C, H, W).
    """
    batch, frames, dim, height, width = features.shape
    out_dim, kernel = filters.shape[1], filters.shape[-1]
    stacked = features.transpose(0, 1).reshape(frames, batch * dim, height, width)
    scores = F.conv2d(stacked, filters.flatten(0, 1), padding=kernel // 2, groups=batch)
    return scores.view(frames, batch, out_dim, height, width).transpose(0, 1)


def apply_filter_transpose(features: Tensor, residuals: Tensor, kernel: int) -> Tensor:
    """x^T r, the adjoint of :func:`apply_filter` in the filter.

    Args:
        features: (B, T, D, H, W).
        residuals: (B, T, C, H, W).
        kernel: K, the filter's odd side.

    Returns:
        (B, C, D, K, K).
    """
    dim, out_dim = features.shape[2], residuals.shape[2]
    # One sequence at a time: the grouped form of this convolution is several times slower on CPUs.
    return torch.stack(
        [
            conv2d_weight(x, [out_dim, dim, kernel, kernel], r, padding=kernel // 2)  # type: ignore[no-untyped-call]
            for x, r in zip(features, residuals, strict=True)
        ]
    )


class TargetFeatures(nn.Module):
    """Backbone maps -> x: convolution without bias, then each map divided by its L2 norm over (C, H, W).

    The norm is multiplied by sqrt(C H W) and sqrt(1 / (D K K)), so that the filter's answer does not depend
    on the map's size. With several input layers (the first gives the size) the deeper ones are projected and
    added before the convolution; with one, this is the authors' module.
    """

    def __init__(self, in_dims: Sequence[int], dim: int, kernel: int = 3) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(d, in_dims[0], 1) for d in in_dims[1:])
        self.conv = nn.Conv2d(in_dims[0], dim, 3, padding=1, bias=False)
        self.scale = (1.0 / (dim * kernel * kernel)) ** 0.5

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Maps (N, in_dims[i], H_i, W_i), one per input layer -> (N, D, H_0, W_0) float32."""
        x = maps[0]
        for lateral, deeper in zip(self.lateral, maps[1:], strict=True):
            x = x + F.interpolate(lateral(deeper), size=x.shape[-2:], mode="bilinear", align_corners=False)
        if len(self.lateral):
            x = F.relu(x)
        x = self.conv(x).float()
        energy = x.square().sum(dim=(1, 2, 3), keepdim=True)
        return x * (self.scale * torch.sqrt(x[0].numel() / (energy + 1e-5)))


class FilterLearner(nn.Module):
    """Steepest descent with exact step length on L(z), from z = 0 (or a given start).

    Args:
        kernel: side K of the filter.
        regularisation: initial lambda (learned).
    """

    def __init__(self, kernel: int = 3, regularisation: float = 0.01) -> None:
        super().__init__()
        self.kernel = kernel
        self.regularisation = nn.Parameter(torch.full((1,), regularisation))

    def residuals(self, x: Tensor, e: Tensor, w: Tensor, z: Tensor) -> Tensor:
        """w (x * z - e), (B, T, C, H, W)."""
        return w * (apply_filter(x, z) - e)

    def loss(self, x: Tensor, e: Tensor, w: Tensor, z: Tensor) -> Tensor:
        """Mean square of the residuals, data and regulariser (lambda z) together, over all elements."""
        data, prior = self.residuals(x, e, w, z), self.regularisation * z
        return (data.square().sum() + prior.square().sum()) / (data.numel() + prior.numel())

    def forward(self, x: Tensor, e: Tensor, w: Tensor, steps: int, start: Tensor | None = None) -> Tensor:
        """Learn one filter per sequence.

        Args:
            x: features (B, T, D, H, W).
            e: target embeddings (B, T, C, H, W).
            w: confidences (B, T, C, H, W).
            steps: descent steps, >= 0.
            start: filter to go on from, (B, C, D, K, K); None starts at zero.

        Returns:
            z: (B, C, D, K, K) float32 (float64 for float64 input).
        """
        if x.shape[:2] != e.shape[:2] or e.shape != w.shape or x.shape[-2:] != e.shape[-2:]:
            raise ValueError(
                f"x {tuple(x.shape)}, e {tuple(e.shape)} and w {tuple(w.shape)} do not belong together"
            )
        with torch.autocast(x.device.type, enabled=False):
            dtype = torch.promote_types(x.dtype, torch.float32)
            x, e, w = x.to(dtype), e.to(dtype), w.to(dtype)
            if start is None:
                z = x.new_zeros(x.shape[0], e.shape[2], x.shape[2], self.kernel, self.kernel)
                r = -w * e
            else:
                z = start.to(dtype)
                r = self.residuals(x, e, w, z)
            reg = self.regularisation.square()
            for _ in range(steps):
                g = apply_filter_transpose(x, w * r, self.kernel) + reg * z
                h = w * apply_filter(x, g)
                g_energy = g.square().sum(dim=(1, 2, 3, 4))
                h_energy = h.square().sum(dim=(1, 2, 3, 4)) + reg * g_energy
                step = (g_energy / h_energy.clamp(min=1e-8)).view(-1, 1, 1, 1, 1)
                z = z - step * g
                r = r - step * h
        return z
