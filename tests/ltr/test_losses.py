"""Losses against their definitions, computed the slow way in float64."""

import numpy as np
import pytest
import torch
from torch import Tensor

from ltr.losses.segmentation import cross_entropy_dice_loss, lovasz_loss, mask_iou


def one_minus_j(mistaken: np.ndarray, truth: np.ndarray) -> float:
    """1 - J of the prediction that is wrong in the given pixels and right elsewhere."""
    predicted = truth ^ mistaken
    union = (predicted | truth).sum()
    return 1 - (predicted & truth).sum() / union if union else 0.0


def lovasz_extension(logits: Tensor, masks: Tensor) -> float:
    """The integral over thresholds in [0, 1] of 1 - J, where errors above the threshold are mistakes."""
    truth = masks.numpy().astype(bool).ravel()
    probabilities = 1 / (1 + np.exp(-logits.detach().numpy().astype(np.float64).ravel()))
    errors = np.abs(truth - probabilities)
    levels = np.unique(np.concatenate([[0.0], errors]))
    values = [one_minus_j(errors >= high, truth) for high in levels[1:]]
    return float((np.diff(levels) * values).sum())


@pytest.mark.parametrize("seed", range(8))
def test_lovasz_is_the_lovasz_extension_of_one_minus_j(seed: int) -> None:
    torch.manual_seed(seed)
    logits, masks = 2 * torch.randn(2, 3, 5), (torch.rand(2, 3, 5) < 0.4).to(torch.uint8)
    assert masks.any()
    assert float(lovasz_loss(logits, masks)) == pytest.approx(lovasz_extension(logits, masks), abs=1e-6)


def test_lovasz_of_hard_predictions_is_one_minus_j() -> None:
    masks = torch.rand(4, 6, 6) < 0.5
    predicted = torch.rand(4, 6, 6) < 0.5
    expected = 1 - (predicted & masks).sum() / (predicted | masks).sum()
    assert float(lovasz_loss(predicted * 200.0 - 100, masks)) == pytest.approx(float(expected), abs=1e-6)


@pytest.mark.parametrize(
    ("share", "hard", "expected"), [(0.5, 1, 0.0), (0.5, -1, 1.0), (1.0, 1, 0.0), (1.0, -1, 1.0)]
)
def test_lovasz_runs_from_0_for_right_to_1_for_wrong(share: float, hard: int, expected: float) -> None:
    masks = torch.arange(20) < 20 * share
    logits = hard * (masks * 200.0 - 100)
    assert float(lovasz_loss(logits, masks)) == pytest.approx(expected, abs=1e-6)


def test_lovasz_gradient_equals_differences_of_the_definition() -> None:
    logits, masks = torch.randn(12, requires_grad=True), torch.arange(12) % 3 == 0
    lovasz_loss(logits, masks).backward()
    assert logits.grad is not None
    step = 1e-3
    for index in range(12):
        shift = step * torch.eye(12)[index]
        up, down = (lovasz_extension(logits + sign * shift, masks) for sign in (1, -1))
        assert float(logits.grad[index]) == pytest.approx((up - down) / (2 * step), abs=1e-5)


def test_lovasz_without_foreground_is_0_and_asks_for_nothing() -> None:
    logits = torch.randn(3, 4, requires_grad=True)
    loss = lovasz_loss(logits, torch.zeros(3, 4, dtype=torch.uint8))
    loss.backward()
    assert float(loss.detach()) == 0
    assert logits.grad is not None
    assert torch.equal(logits.grad, torch.zeros(3, 4))


def test_lovasz_gradient_keeps_its_precision_among_a_million_pixels() -> None:
    """What a pixel adds to 1 - J is 1e-6 here, close to float32's rounding of 1 - J itself."""
    logits, masks = torch.randn(1_000_000, requires_grad=True), torch.rand(1_000_000) < 0.1
    lovasz_loss(logits, masks).backward()
    assert logits.grad is not None
    probabilities = torch.sigmoid(logits.detach())
    order = (masks.float() - probabilities).abs().sort(descending=True)[1]
    truth = masks[order].double()
    total = truth.sum()
    missed = 1 - (total - truth.cumsum(0)) / (total + (1 - truth).cumsum(0))
    weights = torch.diff(missed, prepend=torch.zeros(1))
    sign = 1 - 2 * truth
    expected = sign * weights * (probabilities * (1 - probabilities))[order].double()
    torch.testing.assert_close(logits.grad[order].double(), expected, rtol=1e-4, atol=1e-12)


def test_cross_entropy_dice_by_the_pixel() -> None:
    logits, masks = torch.randn(2, 3, 4, 5), torch.rand(2, 3, 4, 5) < 0.4
    probabilities = 1 / (1 + torch.exp(-logits.double()))
    entropy = -torch.where(masks, probabilities.log(), (1 - probabilities).log()).mean()
    dice = [
        1 - (2 * p[m].sum() + 1) / (p.sum() + m.sum() + 1)
        for p, m in zip(probabilities.flatten(0, 1), masks.flatten(0, 1), strict=True)
    ]
    expected = entropy + torch.stack(dice).mean()
    assert float(cross_entropy_dice_loss(logits, masks.to(torch.uint8))) == pytest.approx(
        float(expected), rel=1e-5
    )


@pytest.mark.parametrize("loss", [lovasz_loss, cross_entropy_dice_loss])
def test_losses_of_bf16_logits_are_computed_in_fp32(loss) -> None:  # type: ignore[no-untyped-def]
    logits, masks = torch.randn(2, 4, 4).to(torch.bfloat16), torch.rand(2, 4, 4) < 0.5
    value = loss(logits, masks)
    assert value.dtype == torch.float32
    assert torch.equal(value, loss(logits.float(), masks))


def test_mask_iou_of_each_frame() -> None:
    logits = torch.full((4, 2, 2), -1.0)
    masks = torch.zeros(4, 2, 2, dtype=torch.uint8)
    logits[0, 0], masks[0, :, 0] = 1, 1  # a row against a column: 1 of 3
    logits[1, 0], masks[1, 0] = 1, 1
    masks[2, 0, 0] = 1
    expected = torch.tensor([1 / 3, 1, 0, 1])  # both empty: 1
    torch.testing.assert_close(mask_iou(logits, masks), expected)


def test_mask_iou_takes_a_logit_of_0_for_background() -> None:
    assert float(mask_iou(torch.zeros(2, 2), torch.ones(2, 2))) == 0
