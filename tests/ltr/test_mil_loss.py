"""The losses between masks and boxes: when they are 0, when they grow, and their definitions the slow way."""

from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from ltr.data.boxes import box_mask
from ltr.losses.mil import box_pixels, mil_unary_loss, smoothness_loss

SURE = 200.0
"""A logit whose probability is 1, and minus which it is 0, in float32 and float64."""

BOX = torch.tensor([2.0, 1, 4, 3])
HEIGHT, WIDTH = 6, 8


def sure_logits(*pixels: tuple[int, int]) -> Tensor:
    """Logits of a mask of the given (row, column)."""
    logits = torch.full((HEIGHT, WIDTH), -SURE)
    for row, column in pixels:
        logits[row, column] = SURE
    return logits


TIGHT = ((1, 2), (2, 3), (3, 4), (3, 5))
"""A pixel in each row and column of the box, no more."""


# the pixels of a box


@pytest.mark.parametrize("seed", range(20))
def test_pixels_are_those_of_box_mask(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corner, size = rng.uniform(-4, 8, 2), rng.uniform(1, 9, 2)
    if seed % 2:  # whole pixels and halves, where rounding must go the same way
        corner, size = np.round(2 * corner) / 2, np.round(2 * size) / 2
    box = np.concatenate([corner, size])
    pixels = box_pixels(torch.tensor(box)[None], (HEIGHT, WIDTH))[0].numpy()
    expected = box_mask(box, HEIGHT, WIDTH)
    if not pixels.any():  # the box holds no centre: box_mask keeps a pixel that bags would not
        assert expected.sum() <= max(HEIGHT, WIDTH)
    else:
        assert (pixels == expected).all()


# the unary term


@pytest.mark.parametrize(
    "pixels",
    [TIGHT, tuple(product(range(1, 4), range(2, 6))), ((1, 5), (2, 4), (3, 3), (3, 2))],
    ids=["diagonal", "filled", "other diagonal"],
)
def test_unary_is_exactly_0_where_every_line_is_met_and_nothing_is_outside(
    pixels: tuple[tuple[int, int], ...],
) -> None:
    assert float(mil_unary_loss(sure_logits(*pixels), BOX)) == 0


@pytest.mark.parametrize("left_out", range(len(TIGHT)))
def test_unary_is_not_0_where_a_row_or_column_is_missed(left_out: int) -> None:
    pixels = [pixel for index, pixel in enumerate(TIGHT) if index != left_out]
    assert float(mil_unary_loss(sure_logits(*pixels), BOX)) > 1


def test_unary_is_not_0_where_a_pixel_is_outside() -> None:
    inside = set(product(range(1, 4), range(2, 6)))
    for pixel in set(product(range(HEIGHT), range(WIDTH))) - inside:
        assert float(mil_unary_loss(sure_logits(*TIGHT, pixel), BOX)) > 1


@pytest.mark.parametrize("pixel", [(1, 2), (2, 3)], ids=["a corner: row and column", "a row's best"])
def test_unary_falls_as_a_line_that_was_missed_is_met(pixel: tuple[int, int]) -> None:
    others = [each for each in TIGHT if each != pixel]
    values = []
    for logit in (-3.0, -1.0, 0.0, 2.0, 5.0):
        logits = sure_logits(*others)
        logits[pixel] = logit
        values.append(float(mil_unary_loss(logits, BOX)))
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == len(values)


def test_unary_grows_as_the_mask_leaves_the_box() -> None:
    spilt = [(row, 6) for row in range(HEIGHT)]
    values = [float(mil_unary_loss(sure_logits(*TIGHT, *spilt[:count]), BOX)) for count in range(HEIGHT + 1)]
    assert values == sorted(values)
    assert len(set(values)) == len(values)
    logits = sure_logits(*TIGHT)
    rising = []
    for logit in (-5.0, 0.0, 5.0):
        logits[0, 0] = logit
        rising.append(float(mil_unary_loss(logits, BOX)))
    assert rising == sorted(rising)
    assert rising[0] < rising[-1]


def unary_by_the_bag(logits: np.ndarray, box: tuple[int, int, int, int]) -> float:
    """The definition, for a box of whole pixels within the image."""
    x, y, w, h = box
    p = 1 / (1 + np.exp(-logits.astype(np.float64)))
    part = p[y : y + h, x : x + w]
    bags = [part[row].max() for row in range(h)] + [part[:, column].max() for column in range(w)]
    outside = np.delete(p.ravel(), [r * p.shape[1] + c for r in range(y, y + h) for c in range(x, x + w)])
    return float(-np.log(bags).mean() - (np.log(1 - outside).mean() if outside.size else 0))


def test_unary_is_the_mean_over_images_of_the_bags_cross_entropies() -> None:
    boxes = [(2, 1, 4, 3), (0, 0, 8, 6), (7, 5, 1, 1), (0, 2, 8, 2)]
    logits = 2 * torch.randn(2, 2, HEIGHT, WIDTH)
    wanted = np.mean(
        [unary_by_the_bag(y.numpy(), b) for y, b in zip(logits.flatten(0, 1), boxes, strict=True)]
    )
    value = mil_unary_loss(logits, torch.tensor(boxes, dtype=torch.float32).view(2, 2, 4))
    assert float(value) == pytest.approx(wanted, rel=1e-5)


def test_lines_that_end_outside_the_image_are_no_bags() -> None:
    """The object's pixels in the rows of a box that is cut at its left may lie beyond the edge; its columns
    inside are whole, and must be met."""
    cut = torch.tensor([-3.0, 1, 6, 3])
    assert float(mil_unary_loss(sure_logits((1, 0), (1, 1), (1, 2)), cut)) == 0
    assert float(mil_unary_loss(sure_logits((1, 0), (2, 0), (3, 0)), cut)) > 1
    cut_twice = torch.tensor([-3.0, -2, 6, 5])
    assert float(mil_unary_loss(sure_logits(), cut_twice)) == 0
    assert float(mil_unary_loss(sure_logits((5, 5)), cut_twice)) > 1


@pytest.mark.parametrize("box", [(20.0, 1, 4, 3), (2.0, 1, 0, 0), (-1.0, -1, -1, -1)])
def test_without_a_box_in_sight_everything_is_outside(box: tuple[float, ...]) -> None:
    logits = torch.randn(HEIGHT, WIDTH)
    expected = -torch.log(1 - torch.sigmoid(logits)).mean()
    assert float(mil_unary_loss(logits, torch.tensor(box))) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("loss", [mil_unary_loss, smoothness_loss])
def test_gradients_equal_differences(loss) -> None:  # type: ignore[no-untyped-def]
    logits = torch.randn(2, HEIGHT, WIDTH, dtype=torch.float64, requires_grad=True)
    boxes = torch.tensor([[2.0, 1, 4, 3], [-1.0, 2, 5, 3]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda values: loss(values, boxes), logits)


def test_gradients_are_numbers_where_the_loss_is_0_and_where_it_is_large() -> None:
    for logits in (sure_logits(*TIGHT), -sure_logits(*TIGHT)):
        logits.requires_grad_()
        (mil_unary_loss(logits, BOX) + smoothness_loss(logits, BOX)).backward()
        assert logits.grad is not None
        assert torch.isfinite(logits.grad).all()


def test_a_missed_line_pulls_at_its_most_probable_pixel_alone() -> None:
    logits = sure_logits(*TIGHT)
    logits[2] = torch.arange(WIDTH) * 0.1 - 9
    logits.requires_grad_()
    mil_unary_loss(logits, BOX).backward()
    assert logits.grad is not None
    assert logits.grad[2, 5] < 0  # the largest in the row, within the box
    assert (logits.grad[2, 2] == 0) and (logits.grad[2, 4] == 0)


# the pairwise term


def test_smoothness_by_the_pair() -> None:
    logits = torch.randn(HEIGHT, WIDTH)
    p = torch.sigmoid(logits).numpy().astype(np.float64)
    inside = box_mask(BOX.numpy(), HEIGHT, WIDTH)
    pixels = list(product(range(HEIGHT), range(WIDTH)))
    squares = [
        (p[a] - p[b]) ** 2
        for a, b in product(pixels, pixels)
        if a != b and max(abs(a[0] - b[0]), abs(a[1] - b[1])) == 1 and (inside[a] or inside[b])
    ]
    assert float(smoothness_loss(logits, BOX)) == pytest.approx(np.mean(squares), rel=1e-5)


def test_smoothness_is_0_for_even_maps_and_larger_for_longer_outlines() -> None:
    assert float(smoothness_loss(torch.full((HEIGHT, WIDTH), 1.5), BOX)) == 0
    half = sure_logits(*product(range(1, 4), range(2, 4)))
    scattered = sure_logits(*(pixel for pixel in product(range(1, 4), range(2, 6)) if sum(pixel) % 2))
    assert int((half > 0).sum()) == int((scattered > 0).sum())
    assert 0 < float(smoothness_loss(half, BOX)) < float(smoothness_loss(scattered, BOX))


@pytest.mark.parametrize("loss", [mil_unary_loss, smoothness_loss])
def test_bf16_logits_are_computed_in_fp32(loss) -> None:  # type: ignore[no-untyped-def]
    logits = torch.randn(2, HEIGHT, WIDTH).to(torch.bfloat16)
    value = loss(logits, BOX.expand(2, 4))
    assert value.dtype == torch.float32
    assert torch.equal(value, loss(logits.float(), BOX.expand(2, 4)))


@pytest.mark.parametrize("loss", [mil_unary_loss, smoothness_loss])
def test_shapes_that_do_not_belong_together(loss) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=r"\(2, 6, 8\) and boxes \(3, 4\)"):
        loss(torch.zeros(2, HEIGHT, WIDTH), torch.zeros(3, 4))
