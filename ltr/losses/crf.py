"""A dense CRF as a loss: what a mask cuts apart that lies close together and has one colour.

Source: Tang, Perazzi, Djelouah, Ben Ayed, Schroers, Boykov, "On Regularized Losses for Weakly-supervised CNN
Segmentation", ECCV 2018: the relaxed Potts energy s^T W (1 - s) of a segmentation s in [0, 1], where W holds
a Gaussian kernel over place and colour between every two pixels (bilateral, after Krahenbuhl and Koltun, NIPS
2011). There W is filtered approximately; here the maps are shrunk to a grid and every pair counts.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

BLOCK_PAIRS = 2**22
"""Pairs of pixels that are looked at together, 16 MB a matrix of them."""


def potts_energy(s: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
    """The energy sum over i != j of W_ij s_i (1 - s_j), with W_ij = exp(-|f_i - f_j|^2 / 2).

    Gradients go through s alone, W is constant. Pairs are taken in blocks, so memory is bounded; time is
    quadratic in P.

    Args:
        s: (N, P) in [0, 1].
        features: (N, P, F), each divided by its standard deviation.

    Returns:
        (N,) the energy and (N,) the sum over i != j of W_ij, which bounds it.
    """
    s = s.to(torch.promote_types(s.dtype, torch.float32))
    with torch.no_grad(), torch.autocast(s.device.type, enabled=False):
        near, degree = _filter(s.detach(), features.to(s.dtype))
    # The value is s.(W1 - Ws). W is symmetric, so its gradient is W1 - 2 Ws.
    energy = (s * (degree - 2 * near) + s.detach() * near).sum(1)
    return energy, degree.sum(1)


def dense_crf_loss(
    probabilities: Tensor,
    images: Tensor,
    side: int = 32,
    sigma_place: float = 0.2,
    sigma_colour: float = 15.0,
) -> Tensor:
    """The energy on a coarse grid, as the share of all affinity that the mask cuts: so it depends little on
    the grid, and not on the size of the batch.

    Args:
        probabilities: (..., H, W) of the object.
        images: (..., 3, H, W) in 0..255.
        side: longer side of the grid, pixels; maps that are larger are averaged to it.
        sigma_place: of the kernel, in longer sides of the image.
        sigma_colour: of the kernel, in steps of 0..255.

    Returns:
        Scalar in [0, 1], the mean over the images; 0 for masks that are empty or full.

    Raises:
        ValueError: shapes that do not belong together.
    """
    size = probabilities.shape[-2:]
    if images.shape != (*probabilities.shape[:-2], 3, *size):
        raise ValueError(
            f"probabilities {tuple(probabilities.shape)} and images {tuple(images.shape)}: must be "
            "(..., H, W) and (..., 3, H, W)"
        )
    shrink = min(1.0, side / max(size))
    grid = [max(1, round(length * shrink)) for length in size]
    dtype = torch.promote_types(probabilities.dtype, torch.float32)
    s = F.interpolate(probabilities.reshape(-1, 1, *size).to(dtype), grid, mode="area").flatten(1)
    colours = F.interpolate(images.detach().reshape(-1, 3, *size).to(dtype), grid, mode="area")
    features = torch.cat((_places(grid, colours) / (sigma_place * max(grid)), colours / sigma_colour), dim=1)
    energy, affinity = potts_energy(s, features.flatten(2).transpose(1, 2))
    return (energy / affinity.clamp(min=torch.finfo(dtype).tiny)).mean()


def _places(grid: list[int], like: Tensor) -> Tensor:
    """(N, 2, h, w): row and column of every pixel."""
    axes = [torch.arange(length, device=like.device, dtype=like.dtype) for length in grid]
    return torch.stack(torch.meshgrid(*axes, indexing="ij")).expand(len(like), -1, -1, -1)


def _filter(s: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
    """W s and W 1 without the diagonal, each (N, P)."""
    count, pixels, _ = features.shape
    step = max(1, BLOCK_PAIRS // max(1, count * pixels))
    near, degree = torch.empty_like(s), torch.empty_like(s)
    for begin in range(0, pixels, step):
        end = min(begin + step, pixels)
        distance = s.new_zeros(count, end - begin, pixels)
        # One feature after another: a difference is exact where |a|^2 + |b|^2 - 2 ab would round.
        for feature in features.unbind(2):
            distance += (feature[:, begin:end, None] - feature[:, None, :]).square_()
        kernel = distance.mul_(-0.5).exp_()
        kernel[:, torch.arange(end - begin), torch.arange(begin, end)] = 0
        near[:, begin:end] = (kernel @ s[:, :, None])[:, :, 0]
        degree[:, begin:end] = kernel.sum(2)
    return near, degree
