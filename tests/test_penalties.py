"""Penalties against autograd's full Jacobian, brute force and torch.distributions."""

import itertools

import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, kl_divergence
from torch.func import jacrev, vmap

from aelib import losses


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def full_jacobian_norm(fn, x):
    """|J|_F^2 of each example by the whole Jacobian, (B, ...) -> (B,)."""
    jacobians = vmap(jacrev(lambda one: fn(one[None])[0]))(x)
    return jacobians.square().flatten(1).sum(1)


@pytest.mark.parametrize("shape", [(4, 6, 9), (3, 9, 5), (1, 1, 1)])
def test_contractive_penalty_is_the_jacobian_of_a_sigmoid_layer(shape):
    n_batch, n_units, n_inputs = shape
    layer = nn.Linear(n_inputs, n_units).double()
    x = torch.randn(n_batch, n_inputs).double()
    penalty = losses.contractive_penalty(layer(x).sigmoid(), layer.weight)
    expected = full_jacobian_norm(lambda x: layer(x).sigmoid(), x)
    torch.testing.assert_close(penalty, expected, rtol=1e-12, atol=0)


def test_contractive_penalty_has_the_gradient_of_the_jacobian():
    layer, x = nn.Linear(5, 3).double(), torch.randn(4, 5).double()
    ours = losses.contractive_penalty(layer(x).sigmoid(), layer.weight).sum()
    theirs = full_jacobian_norm(lambda x: layer(x).sigmoid(), x).sum()
    for a, b in zip(
        torch.autograd.grad(ours, layer.parameters()),
        torch.autograd.grad(theirs, layer.parameters()),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


def test_contractive_penalty_leaves_out_units_that_are_off():
    layer, x = nn.Linear(7, 6).double(), torch.randn(5, 7).double()

    def code(x):
        return losses.top_k(layer(x).sigmoid(), 2)

    penalty = losses.contractive_penalty(code(x), layer.weight)
    torch.testing.assert_close(penalty, full_jacobian_norm(code, x))


def deep():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(12, 8), nn.Tanh(), nn.Linear(8, 5), nn.Sigmoid()
    ).double()


def test_jacobian_penalty_is_unbiased():
    fn, x = deep(), torch.randn(3, 1, 4, 3).double()
    estimate = losses.jacobian_penalty(fn, x, n_probes=4_000)
    expected = full_jacobian_norm(fn, x)
    torch.testing.assert_close(estimate, expected, rtol=0.05, atol=0)


def test_jacobian_penalty_averages_to_the_exact_norm_over_all_signs():
    """A linear map of 2 outputs has 4 sign vectors; only 2 of them differ in v'J."""
    matrix, x = torch.randn(2, 3).double(), torch.randn(1, 3).double()
    values = {
        round(losses.jacobian_penalty(lambda x: x @ matrix.T, x).item(), 9)
        for _ in range(50)
    }
    exact = {
        round((torch.tensor(v).double() @ matrix).square().sum().item(), 9)
        for v in itertools.product([1.0, -1.0], repeat=2)
    }
    assert values == exact
    assert sum(exact) / 2 == pytest.approx(matrix.square().sum().item())


def test_jacobian_penalty_of_one_output_is_exact_with_one_probe():
    fn = nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    x = torch.randn(5, 6).double()
    torch.testing.assert_close(
        losses.jacobian_penalty(fn, x), full_jacobian_norm(fn, x)
    )


def test_jacobian_penalty_trains():
    fn = nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    x = torch.randn(5, 6).double()
    gradient = torch.autograd.grad(losses.jacobian_penalty(fn, x).sum(), fn[0].weight)[
        0
    ]
    expected = torch.autograd.grad(full_jacobian_norm(fn, x).sum(), fn[0].weight)[0]
    torch.testing.assert_close(gradient, expected)


def test_jacobian_penalty_works_without_gradients_and_leaves_x_alone():
    fn, x = deep(), torch.randn(2, 1, 4, 3).double()
    with torch.no_grad():
        penalty = losses.jacobian_penalty(fn, x, n_probes=3)
    assert not penalty.requires_grad and not x.requires_grad
    assert penalty.shape == (2,) and (penalty > 0).all()


def test_jacobian_penalty_repeats_with_a_generator():
    fn, x = deep(), torch.randn(2, 1, 4, 3).double()
    runs = [
        losses.jacobian_penalty(fn, x, generator=torch.Generator().manual_seed(s))
        for s in (1, 1, 2)
    ]
    assert torch.equal(runs[0], runs[1]) and not torch.equal(runs[0], runs[2])


def test_l1_penalty():
    h = torch.tensor([[1.0, -2.0, 0.0], [0.5, 0.5, -0.5]])
    assert losses.l1_penalty(h).tolist() == [3.0, 1.5]


@pytest.mark.parametrize("target", [0.05, 0.5, 0.9])
def test_kl_sparsity_agrees_with_torch(target):
    activation = torch.rand(7).double().requires_grad_()
    wanted = Bernoulli(torch.tensor(target).double())
    expected = kl_divergence(wanted, Bernoulli(activation))
    penalty = losses.kl_sparsity(activation, target)
    torch.testing.assert_close(penalty, expected)
    slope = torch.autograd.grad(penalty.sum(), activation)[0]
    torch.testing.assert_close(
        slope, -target / activation + (1 - target) / (1 - activation)
    )


def test_kl_sparsity_is_zero_at_the_target_only():
    activation = torch.linspace(0.01, 0.99, 99).double()
    penalty = losses.kl_sparsity(activation, 0.25)
    assert penalty.argmin() == 24 and penalty[24].abs() < 1e-12
    assert (penalty >= -1e-12).all()


def test_top_k_is_the_nearest_code_with_k_units():
    h = torch.rand(5, 6).double()
    for k in (1, 3, 6):
        best = torch.full((5,), torch.inf).double()
        for places in itertools.combinations(range(6), k):
            kept = torch.zeros_like(h)
            kept[:, places] = h[:, places]
            best = torch.minimum(best, (kept - h).square().sum(1))
        found = losses.top_k(h, k)
        torch.testing.assert_close((found - h).square().sum(1), best)
        assert ((found != 0).sum(1) == k).all()


def test_top_k_keeps_exactly_k_of_equal_numbers():
    found = losses.top_k(torch.ones(4, 9), 5)
    assert ((found != 0).sum(1) == 5).all()


def test_top_k_takes_the_largest_and_passes_their_gradient():
    h = torch.tensor([[-3.0, 1.0, 2.0, -1.0]], requires_grad=True)
    found = losses.top_k(h, 2)
    assert found.tolist() == [[0.0, 1.0, 2.0, 0.0]]
    assert torch.autograd.grad(found.sum(), h)[0].tolist() == [[0.0, 1.0, 1.0, 0.0]]
