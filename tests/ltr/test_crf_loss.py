"""The dense CRF against the double sum over all pairs of pixels, and what it is for."""

import numpy as np
import pytest
import torch
from torch import Tensor

from ltr.losses import crf
from ltr.losses.crf import dense_crf_loss, potts_energy


def double_sum(s: np.ndarray, features: np.ndarray) -> tuple[float, float]:
    """Energy and affinity of one image, pair by pair in float64: (P,), (P, F)."""
    energy = affinity = 0.0
    for i in range(len(s)):
        for j in range(len(s)):
            if i != j:
                weight = np.exp(-0.5 * ((features[i] - features[j]) ** 2).sum())
                energy += weight * s[i] * (1 - s[j])
                affinity += weight
    return energy, affinity


def features_of(image: np.ndarray, sigma_place: float, sigma_colour: float) -> np.ndarray:
    """(3, H, W) -> (H * W, 5): place in longer sides, and colour, by their deviations."""
    _, height, width = image.shape
    rows, columns = np.mgrid[:height, :width]
    places = np.stack([rows, columns]) / (sigma_place * max(height, width))
    return np.concatenate([places, image / sigma_colour]).reshape(5, -1).T


@pytest.mark.parametrize("block", [2**22, 40, 1], ids=["one block", "blocks", "a row a block"])
def test_energy_equals_the_double_sum(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crf, "BLOCK_PAIRS", block)
    s, features = torch.rand(2, 35), torch.randn(2, 35, 5)
    energy, affinity = potts_energy(s, features)
    for image in range(2):
        wanted = double_sum(s[image].double().numpy(), features[image].double().numpy())
        assert (float(energy[image]), float(affinity[image])) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_loss_of_small_images_equals_the_double_sum(seed: int) -> None:
    torch.manual_seed(seed)
    probabilities = torch.rand(2, 3, 6, 9)
    images = torch.randint(0, 256, (2, 3, 3, 6, 9), dtype=torch.uint8)
    images[1] //= 8  # colours close together: many pairs count
    shares = []
    for s, image in zip(probabilities.flatten(0, 1), images.flatten(0, 1), strict=True):
        features = features_of(image.double().numpy(), 0.3, 20.0)
        energy, affinity = double_sum(s.double().numpy().ravel(), features)
        shares.append(energy / affinity)
    value = dense_crf_loss(probabilities, images, side=9, sigma_place=0.3, sigma_colour=20.0)
    assert float(value) == pytest.approx(np.mean(shares), rel=1e-5, abs=1e-7)


def test_far_colours_lose_no_precision() -> None:
    """Colours of 255 and of 250, whose squares are large beside their difference."""
    image = torch.tensor([[[255.0, 250], [254, 251]]]).repeat(3, 1, 1)
    s = torch.tensor([[0.9, 0.2], [0.6, 0.4]])
    energy, affinity = double_sum(s.double().numpy().ravel(), features_of(image.double().numpy(), 0.5, 1.0))
    value = dense_crf_loss(s, image, sigma_place=0.5, sigma_colour=1.0)
    assert float(value) == pytest.approx(energy / affinity, rel=1e-5)


def test_larger_maps_are_averaged_to_the_grid() -> None:
    fine = torch.rand(8, 16)
    image = torch.randint(0, 256, (3, 8, 16)).float()
    coarse, small = (t.reshape(*t.shape[:-2], 4, 2, 8, 2).mean((-3, -1)) for t in (fine, image))
    wanted = dense_crf_loss(coarse, small, side=8)
    assert float(dense_crf_loss(fine, image, side=8)) == pytest.approx(float(wanted), rel=1e-6)


def test_gradients_equal_differences() -> None:
    s = torch.rand(2, 12, dtype=torch.float64, requires_grad=True)
    features = torch.randn(2, 12, 5, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda values: potts_energy(values, features)[0], s)
    probabilities = torch.rand(1, 6, 8, dtype=torch.float64, requires_grad=True)
    images = torch.randint(0, 40, (1, 3, 6, 8))
    assert torch.autograd.gradcheck(lambda p: dense_crf_loss(p, images, side=4), probabilities)


def test_gradients_go_through_the_mask_alone() -> None:
    probabilities, images = (
        torch.rand(1, 4, 4, requires_grad=True),
        torch.rand(1, 3, 4, 4, requires_grad=True),
    )
    dense_crf_loss(probabilities, images).backward()
    assert probabilities.grad is not None
    assert images.grad is None


def halves() -> tuple[Tensor, Tensor]:
    """An image that is dark on the left and light on the right, and the mask of its right."""
    mask = torch.zeros(1, 8, 8)
    mask[:, :, 4:] = 1
    return 50 + 150 * mask[:, None].expand(1, 3, 8, 8), mask


def test_a_mask_along_an_edge_costs_less_than_one_across_it() -> None:
    image, mask = halves()
    along, across = dense_crf_loss(mask, image), dense_crf_loss(mask.transpose(1, 2), image)
    assert 0 <= float(along) < 1e-6 < 0.05 < float(across) < 0.5


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_empty_and_full_masks_cut_nothing(value: float) -> None:
    image, mask = halves()
    assert float(dense_crf_loss(torch.full_like(mask, value), image)) == pytest.approx(0, abs=1e-7)


def test_descent_moves_a_mask_to_the_edge() -> None:
    """A mask that stops short of the colour's end, held where it is sure, spreads up to it and no further."""
    image, truth = halves()
    logits = torch.zeros(1, 8, 8)
    logits[:, :, 7], logits[:, :, 0] = 8.0, -8.0
    held = logits != 0
    logits.requires_grad_()
    for _ in range(200):
        (gradient,) = torch.autograd.grad(dense_crf_loss(torch.sigmoid(logits), image), logits)
        with torch.no_grad():
            logits -= 200 * gradient * ~held
    assert torch.equal((logits > 0).float(), truth)


def test_autocast_does_not_round_the_kernel() -> None:
    probabilities, images = torch.rand(2, 6, 6), torch.randint(0, 60, (2, 3, 6, 6))
    with torch.autocast("cpu", torch.bfloat16):
        value = dense_crf_loss(probabilities, images)
    assert torch.equal(value, dense_crf_loss(probabilities, images))


def test_shapes_that_do_not_belong_together() -> None:
    with pytest.raises(ValueError, match=r"\(2, 6, 8\) and images \(2, 3, 6, 9\)"):
        dense_crf_loss(torch.zeros(2, 6, 8), torch.zeros(2, 3, 6, 9))
