"""Losses against torch.distributions, finite differences and exact numbers."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import (
    Bernoulli,
    ContinuousBernoulli,
    Independent,
    Laplace,
    Normal,
    kl_divergence,
)

from aelib import losses


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("sigma", [1.0, 0.1, 3.0])
@pytest.mark.parametrize("shape", [(5, 1, 4, 3), (5, 7)])
def test_gaussian_nll_agrees_with_torch(shape, sigma):
    x_hat, x = torch.randn(shape).double(), torch.rand(shape).double()
    normal = Independent(Normal(x_hat, sigma), len(shape) - 1)
    nll = losses.gaussian_nll(x_hat, x, sigma=sigma)
    torch.testing.assert_close(nll, -normal.log_prob(x))


def test_gaussian_nll_learns_sigma():
    x_hat, x = torch.rand(6, 1, 8, 8).double(), torch.rand(6, 1, 8, 8).double()
    rmse = (x_hat - x).square().mean().sqrt()
    log_sigma = rmse.log().clone().requires_grad_()
    losses.gaussian_nll(x_hat, x, sigma=log_sigma.exp()).mean().backward()
    # the best sigma is the root mean squared error, so the slope there is zero
    torch.testing.assert_close(log_sigma.grad, torch.zeros(()).double())


def test_bernoulli_nll_agrees_with_torch():
    logits, x = 3 * torch.randn(5, 1, 4, 4), torch.rand(5, 1, 4, 4).round()
    expected = -Bernoulli(logits=logits).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(losses.bernoulli_nll(logits, x), expected)


def test_bernoulli_nll_of_extreme_logits_is_exact():
    logits = torch.tensor([[200.0], [-200.0]])
    nll = losses.bernoulli_nll(logits, torch.tensor([[0.0], [0.0]]))
    assert nll.tolist() == [200.0, 0.0]


def test_kl_standard_normal_agrees_with_torch():
    mean, log_var = torch.randn(5, 3), torch.randn(5, 3)
    posterior = Normal(mean, (0.5 * log_var).exp())
    expected = kl_divergence(posterior, Normal(0.0, 1.0))
    torch.testing.assert_close(losses.kl_per_dim(mean, log_var), expected)
    torch.testing.assert_close(
        losses.kl_standard_normal(mean, log_var), expected.sum(-1)
    )


def test_kl_is_zero_at_the_prior_and_exact_close_to_it():
    zero = torch.zeros(1, 4)
    assert losses.kl_standard_normal(zero, zero).item() == 0
    tiny = torch.full((1, 1), 1e-3)
    # series: (v^2/2 + v^3/6)/2; plain exp(v) - 1 - v loses four digits in float32
    expected = torch.full((1, 1), (1e-6 / 2 + 1e-9 / 6) / 2)
    kl = losses.kl_per_dim(torch.zeros(1, 1), tiny)
    torch.testing.assert_close(kl, expected, rtol=1e-4, atol=0)


def test_kl_gaussians_agrees_with_torch():
    mean_q, log_var_q, mean_p, log_var_p = torch.randn(4, 6, 3).unbind(0)
    expected = kl_divergence(
        Normal(mean_q, (0.5 * log_var_q).exp()), Normal(mean_p, (0.5 * log_var_p).exp())
    ).sum(-1)
    kl = losses.kl_gaussians(mean_q, log_var_q, mean_p, log_var_p)
    torch.testing.assert_close(kl, expected)


def test_losses_sum_over_pixels_not_over_the_batch():
    x = torch.zeros(3, 1, 2, 2)
    x_hat = torch.ones(3, 1, 2, 2)
    constant = 4 * 0.5 * math.log(2 * math.pi)
    expected = torch.full((3,), 2 + constant)
    torch.testing.assert_close(losses.gaussian_nll(x_hat, x), expected)
    assert losses.bernoulli_nll(x, x).tolist() == pytest.approx([4 * math.log(2)] * 3)


def test_losses_have_gradients():
    x_hat, x = torch.randn(2, 3).double().requires_grad_(), torch.rand(2, 3).double()
    assert torch.autograd.gradcheck(lambda a: losses.gaussian_nll(a, x), x_hat)
    assert torch.autograd.gradcheck(lambda a: losses.bernoulli_nll(a, x), x_hat)
    other = torch.randn(2, 3).double().requires_grad_()
    assert torch.autograd.gradcheck(losses.kl_standard_normal, (x_hat, other))


@pytest.mark.parametrize("scale", [1.0, 0.1, 3.0])
def test_laplace_nll_agrees_with_torch(scale):
    x_hat, x = torch.randn(5, 1, 4, 3).double(), torch.rand(5, 1, 4, 3).double()
    laplace = Independent(Laplace(x_hat, scale), 3)
    nll = losses.laplace_nll(x_hat, x, scale=scale)
    torch.testing.assert_close(nll, -laplace.log_prob(x))


def test_laplace_nll_learns_its_scale():
    x_hat, x = torch.rand(6, 1, 8, 8).double(), torch.rand(6, 1, 8, 8).double()
    log_scale = (x_hat - x).abs().mean().log().requires_grad_()
    losses.laplace_nll(x_hat, x, scale=log_scale.exp()).mean().backward()
    torch.testing.assert_close(log_scale.grad, torch.zeros(()).double())


def integrals(logits):
    """Log of the integral of exp(logit t) over [0, 1], and the mean of t, by Gauss."""
    nodes, weights = map(torch.from_numpy, np.polynomial.legendre.leggauss(200))
    t = (nodes + 1) / 2
    top = logits.clamp(min=0)
    mass = weights / 2 * (logits[..., None] * t - top[..., None]).exp()
    return top + mass.sum(-1).log(), (mass * t).sum(-1) / mass.sum(-1)


EDGES = [0.0, 1e-30, 1e-8, 1e-5, 1e-3, 0.05, 0.0999, 0.1, 0.1001, 0.5, 2.0, 9.0, 60.0]


def both_signs(dtype):
    values = torch.tensor(EDGES, dtype=dtype)
    return torch.cat([values, -values])[:, None]


@pytest.mark.parametrize(
    ("dtype", "slack"), [(torch.float32, 2e-6), (torch.float64, 1e-9)]
)
def test_continuous_bernoulli_agrees_with_quadrature(dtype, slack):
    logits = both_signs(dtype).requires_grad_()
    x = torch.rand(len(logits), 1, dtype=dtype)
    log_integral, mean = integrals(logits.detach().double())
    truth = (log_integral - logits.detach().double() * x).squeeze(1)
    nll = losses.continuous_bernoulli_nll(logits, x)
    nll.sum().backward()
    assert ((nll.double() - truth).abs() <= slack * (1 + truth.abs())).all()
    torch.testing.assert_close(logits.grad.double(), mean - x, rtol=0, atol=slack)
    own_mean = losses.continuous_bernoulli_mean(logits.detach())
    torch.testing.assert_close(own_mean.double(), mean, rtol=0, atol=slack)


def test_continuous_bernoulli_agrees_with_torch():
    logits, x = 3 * torch.randn(5, 1, 4, 4).double(), torch.rand(5, 1, 4, 4).double()
    truth = ContinuousBernoulli(logits=logits)
    nll = losses.continuous_bernoulli_nll(logits, x)
    expected = -truth.log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(nll, expected, rtol=1e-5, atol=1e-4)
    mean = losses.continuous_bernoulli_mean(logits)
    torch.testing.assert_close(mean, truth.mean, rtol=1e-5, atol=1e-5)


def test_continuous_bernoulli_is_finite_for_all_logits():
    logits = torch.tensor([[0.0, 88.0, -88.0, 1e4, -1e4, 1e30, -1e30]])
    for function in (
        lambda a: losses.continuous_bernoulli_nll(a, torch.full_like(a, 0.25)),
        losses.continuous_bernoulli_mean,
    ):
        a = logits.clone().requires_grad_()
        value = function(a)
        value.sum().backward()
        assert value.isfinite().all() and a.grad.isfinite().all()
    mean = losses.continuous_bernoulli_mean(logits)
    assert (mean >= 0).all() and (mean <= 1).all()


def test_continuous_bernoulli_is_cross_entropy_with_its_constant():
    logits, x = torch.randn(4, 6).double(), torch.rand(4, 6).double()
    lam = logits.sigmoid()
    constant = (2 * torch.atanh(1 - 2 * lam) / (1 - 2 * lam)).log().sum(1)
    nll = losses.continuous_bernoulli_nll(logits, x)
    torch.testing.assert_close(nll, losses.bernoulli_nll(logits, x) - constant)


def test_the_other_losses_have_gradients():
    x_hat, x = torch.randn(2, 3).double().requires_grad_(), torch.rand(2, 3).double()
    small = (0.05 * torch.randn(2, 3).double()).requires_grad_()
    check = torch.autograd.gradcheck
    assert check(lambda a: losses.laplace_nll(a, x, scale=0.3), x_hat)
    for logits in (x_hat, small):
        assert check(lambda a: losses.continuous_bernoulli_nll(a, x), logits)
        assert check(losses.continuous_bernoulli_mean, logits)
