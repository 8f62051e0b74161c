"""The few-shot learner: against loops, autograd, a closed form, and what descent promises."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from ltr.models.few_shot import FilterLearner, TargetFeatures, apply_filter, apply_filter_transpose


def problem(
    batch: int = 2, frames: int = 3, dim: int = 4, out_dim: int = 2, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, Tensor, Tensor]:
    """Random x, e >= 0 and w on maps of 5 x 6."""
    x = torch.randn(batch, frames, dim, 5, 6, dtype=dtype) / dim
    e = torch.randn(batch, frames, out_dim, 5, 6, dtype=dtype).relu()
    w = 1 + 0.5 * torch.randn(batch, frames, out_dim, 5, 6, dtype=dtype)
    return x, e, w


def learner(regularisation: float = 0.1, dtype: torch.dtype = torch.float32) -> FilterLearner:
    return FilterLearner(regularisation=regularisation).to(dtype)


def objective(x: Tensor, e: Tensor, w: Tensor, z: Tensor, lam: Tensor) -> Tensor:
    """L(z) of each sequence, (B,), computed frame by frame."""
    values = []
    for b in range(x.shape[0]):
        scores = F.conv2d(x[b], z[b], padding=z.shape[-1] // 2)
        values.append((w[b] * (scores - e[b])).square().sum() + (lam * z[b]).square().sum())
    return torch.stack(values)


def descent_by_autograd(x: Tensor, e: Tensor, w: Tensor, steps: int, lam: Tensor) -> Tensor:
    """Steepest descent with gradient and step length from (double) backward passes over the residuals."""
    filters = []
    for b in range(x.shape[0]):
        z = torch.zeros(e.shape[2], x.shape[2], 3, 3, dtype=x.dtype, requires_grad=True)
        for _ in range(steps):
            data = w[b] * (F.conv2d(x[b], z, padding=1) - e[b])
            residuals = torch.cat((data.flatten(), (lam * z).flatten()))
            probe = residuals.detach().clone().requires_grad_(True)
            (g,) = torch.autograd.grad(residuals, z, probe, create_graph=True)
            (jacobian_g,) = torch.autograd.grad(g, probe, g.detach())
            length = g.square().sum() / jacobian_g.square().sum().clamp(min=1e-8)
            z = (z - length * g).detach().requires_grad_(True)
        filters.append(z.detach())
    return torch.stack(filters)


# the operator


def test_filter_is_a_correlation_that_keeps_the_size() -> None:
    x, z = torch.randn(2, 3, 4, 5, 6), torch.randn(2, 2, 4, 3, 3)
    scores = apply_filter(x, z)
    assert scores.shape == (2, 3, 2, 5, 6)
    for b in range(2):
        torch.testing.assert_close(scores[b], F.conv2d(x[b], z[b], padding=1))


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_transpose_is_the_adjoint(kernel: int) -> None:
    x, z = torch.randn(2, 3, 4, 5, 6).double(), torch.randn(2, 2, 4, kernel, kernel).double()
    r = torch.randn(2, 3, 2, 5, 6).double()
    back = apply_filter_transpose(x, r, kernel)
    assert back.shape == z.shape
    torch.testing.assert_close((apply_filter(x, z) * r).sum(), (z * back).sum())


# the descent


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-9)])
@pytest.mark.parametrize("steps", [1, 5, 15])
def test_equals_steepest_descent_by_autograd(
    dtype: torch.dtype, tolerance: float, steps: int, device: torch.device
) -> None:
    x, e, w = problem(dtype=dtype)
    reference = descent_by_autograd(x, e, w, steps, torch.tensor(0.1, dtype=dtype))
    z = learner(dtype=dtype).to(device)(x.to(device), e.to(device), w.to(device), steps)
    assert z.dtype == dtype
    assert (z.cpu() - reference).abs().max() <= tolerance * reference.abs().max()


def test_gradient_through_several_steps() -> None:
    x, e, w = (
        t.requires_grad_(True) for t in problem(batch=2, frames=2, dim=2, out_dim=1, dtype=torch.float64)
    )
    lam = torch.tensor([0.3], dtype=torch.float64, requires_grad=True)
    model = learner(dtype=torch.float64)

    def descend(x: Tensor, e: Tensor, w: Tensor, lam: Tensor) -> Tensor:
        return torch.func.functional_call(model, {"regularisation": lam}, (x, e, w, 3))

    assert torch.autograd.gradcheck(descend, (x, e, w, lam), fast_mode=True)


@pytest.mark.parametrize("regularisation", [0.0, 0.01, 1.0])
def test_more_steps_never_raise_the_objective(regularisation: float) -> None:
    x, e, w = problem(frames=4)
    model, lam = learner(regularisation), torch.tensor(regularisation)
    losses = torch.stack([objective(x, e, w, model(x, e, w, steps), lam) for steps in range(30)])
    assert (losses.diff(dim=0) <= 1e-6 * losses[0]).all()
    assert (losses[-1] < 0.9 * losses[0]).all()


def test_loss_is_the_mean_over_both_kinds_of_residuals() -> None:
    x, e, w = problem()
    z = torch.randn(2, 2, 4, 3, 3)
    total = objective(x, e, w, z, torch.tensor(0.1)).sum()
    torch.testing.assert_close(learner().loss(x, e, w, z), total / (e.numel() + z.numel()))


def test_reaches_the_ridge_solution() -> None:
    frames, dim, height, width, lam = 2, 2, 5, 6, 0.3
    x = torch.randn(1, frames, dim, height, width, dtype=torch.float64)
    e = torch.randn(1, frames, 1, height, width, dtype=torch.float64)
    w = 1 + 0.3 * torch.rand(1, frames, 1, height, width, dtype=torch.float64)
    rows, targets = [], []
    padded = np.pad(x[0].numpy(), ((0, 0), (0, 0), (1, 1), (1, 1)))
    for t in range(frames):
        for i in range(height):
            for j in range(width):
                rows.append(w[0, t, 0, i, j].item() * padded[t, :, i : i + 3, j : j + 3].reshape(-1))
                targets.append((w * e)[0, t, 0, i, j].item())
    unknowns = dim * 9
    system = np.concatenate((np.array(rows), lam * np.eye(unknowns)))
    exact = np.linalg.lstsq(system, np.concatenate((targets, np.zeros(unknowns))), rcond=None)[0]
    z = learner(lam, torch.float64)(x, e, w, 200)
    # The authors' floor under |h|^2 (1e-8) ends the descent a little before machine precision does.
    np.testing.assert_allclose(z.detach().numpy().reshape(-1), exact, atol=1e-6 * np.abs(exact).max())


def test_goes_on_from_a_start() -> None:
    x, e, w = problem(dtype=torch.float64)
    model = learner(dtype=torch.float64)
    torch.testing.assert_close(model(x, e, w, 4, start=model(x, e, w, 3)), model(x, e, w, 7))
    start = torch.randn(2, 2, 4, 3, 3, dtype=torch.float64)
    assert torch.equal(model(x, e, w, 0, start=start), start)


def test_no_steps_give_the_zero_filter() -> None:
    assert not learner()(*problem(), 0).any()


def test_sequences_do_not_see_each_other() -> None:
    x, e, w = problem(batch=3, dtype=torch.float64)
    model = learner(dtype=torch.float64)
    together = model(x, e, w, 5)
    x2, e2, w2 = x.clone(), e.clone(), w.clone()
    x2[0], e2[0], w2[2] = 10 * x[0], -e[0], 3.0
    assert torch.equal(model(x2, e2, w2, 5)[1], together[1])
    assert not torch.allclose(model(x2, e2, w2, 5)[0], together[0])
    torch.testing.assert_close(model(x[1:2], e[1:2], w[1:2], 5)[0], together[1])


def test_order_of_frames_does_not_matter() -> None:
    x, e, w = problem(frames=4, dtype=torch.float64)
    order = [2, 0, 3, 1]
    model = learner(dtype=torch.float64)
    torch.testing.assert_close(model(x[:, order], e[:, order], w[:, order], 5), model(x, e, w, 5))


def test_frames_without_confidence_do_not_matter() -> None:
    x, e, w = problem(frames=3, dtype=torch.float64)
    w[:, 1] = 0
    model, kept = learner(dtype=torch.float64), [0, 2]
    torch.testing.assert_close(model(x, e, w, 5), model(x[:, kept], e[:, kept], w[:, kept], 5))


def test_one_frame_is_enough() -> None:
    x, e, w = problem(batch=1, frames=1)
    model = learner(0.01)
    z = model(x, e, w, 50)
    assert objective(x, e, w, z, torch.tensor(0.01)) < 0.5 * objective(x, e, w, 0 * z, torch.tensor(0.01))


def test_nothing_to_learn_stays_at_zero() -> None:
    x, e, w = problem()
    for z in (learner()(x, e, 0 * w, 5), learner()(x, 0 * e, w, 5), learner()(0 * x, e, w, 5)):
        assert torch.equal(z, torch.zeros_like(z))


def test_keeps_no_graph_in_inference_mode() -> None:
    with torch.inference_mode():
        z = learner()(*problem(), 5)
    assert not z.requires_grad
    assert z.grad_fn is None
    assert learner()(*problem(), 5).requires_grad  # lambda is learned


def test_autocast_changes_neither_type_nor_numbers() -> None:
    x, e, w = problem()
    plain = learner()(x, e, w, 5)
    with torch.autocast("cpu", torch.bfloat16):
        cast = learner()(x, e, w, 5)
    assert cast.dtype == torch.float32
    assert torch.equal(cast, plain)


def test_half_precision_input_is_solved_in_single() -> None:
    x, e, w = problem()
    e, w = e.bfloat16(), w.bfloat16()
    z = learner()(x, e, w, 5)
    assert z.dtype == torch.float32
    assert torch.equal(z, learner()(x, e.float(), w.float(), 5))


def test_shapes_that_do_not_belong_together() -> None:
    x, e, w = problem()
    for odd in [(x[:, :2], e, w), (x, e, w[:, :, :1]), (x[..., :4], e, w)]:
        with pytest.raises(ValueError, match="do not belong together"):
            learner()(*odd, 5)


# the features


def test_features_have_a_fixed_norm_whatever_the_input() -> None:
    module = TargetFeatures([6], 4)
    x = module([torch.randn(3, 6, 8, 10) * torch.tensor([1.0, 10.0, 1000.0]).view(3, 1, 1, 1)])
    assert x.shape == (3, 4, 8, 10)
    expected = torch.full((3,), (4 * 8 * 10) ** 0.5 * (1 / (4 * 9)) ** 0.5)
    torch.testing.assert_close(x.flatten(1).norm(dim=1), expected)


def test_features_of_flat_input_are_finite() -> None:
    x = TargetFeatures([6], 4)([torch.zeros(1, 6, 8, 10)])
    assert torch.equal(x, torch.zeros_like(x))


def test_deeper_layers_add_to_the_features_at_the_first_one_s_size() -> None:
    module = TargetFeatures([6, 8, 10], 4)
    maps = [torch.randn(2, 6, 8, 12), torch.randn(2, 8, 4, 6), torch.randn(2, 10, 2, 3)]
    x = module(maps)
    assert x.shape == (2, 4, 8, 12)
    assert not torch.allclose(x, module([*maps[:2], maps[2] + 1]))
