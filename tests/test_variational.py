"""What a VAE promises, against models whose likelihood is known exactly."""

import math

import pytest
import torch
from torch.distributions import MultivariateNormal
from torch.nn.functional import avg_pool2d

from aelib import data, losses, metrics
from aelib.models import VAE, MLPDecoder, MLPEncoder, Posterior

N_PIXELS, D = 49, 3


@pytest.fixture(scope="module")
def images():
    """600 real garments of 7x7 pixels, float64."""
    return avg_pool2d(data.fashion_mnist().train.images[:600], 4).double()


@pytest.fixture(scope="module")
def best(images):
    """Mean log-likelihood of the best linear-Gaussian model, and its parts."""
    x = images.flatten(1)
    centred = x - x.mean(dim=0)
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(x))
    values, vectors = values.flip(0), vectors.flip(1)
    var = values[D:].mean()
    W = vectors[:, :D] * (values[:D] - var).sqrt()
    model = MultivariateNormal(
        x.mean(dim=0), W @ W.T + var * torch.eye(N_PIXELS).double()
    )
    return model, W, var


def linear_vae() -> VAE:
    shape = (1, 7, 7)
    return VAE(MLPEncoder(shape, [], 2 * D), MLPDecoder(D, [], shape)).double()


def exact_loss(vae, log_sigma, images):
    """Negative ELBO; for a linear decoder 2 D points average the square exactly."""
    mean, log_var = vae.encode(images)
    std = (log_var / 2).exp()
    total = 0.0
    for j in range(D):
        step = torch.zeros_like(mean)
        step[:, j] = math.sqrt(D) * std[:, j]
        for z in (mean + step, mean - step):
            x_hat = vae.decode(z)
            total += losses.gaussian_nll(x_hat, images, sigma=log_sigma.exp())
    return (total / (2 * D) + losses.kl_standard_normal(mean, log_var)).mean()


def test_a_linear_vae_reaches_the_exact_likelihood(images, best):
    torch.manual_seed(0)
    vae = linear_vae()
    log_sigma = torch.tensor(-1.0, dtype=torch.float64, requires_grad=True)
    parameters = [*vae.parameters(), log_sigma]
    optimizer = torch.optim.LBFGS(
        parameters, max_iter=400, history_size=50, line_search_fn="strong_wolfe"
    )

    def closure():
        optimizer.zero_grad()
        loss = exact_loss(vae, log_sigma, images)
        loss.backward()
        return loss

    optimizer.step(closure)
    model, _, var = best
    exact = model.log_prob(images.flatten(1)).mean().item()
    bound = -exact_loss(vae, log_sigma, images).item()
    assert exact - 0.01 < bound <= exact + 1e-9
    assert abs(2 * log_sigma.item() - math.log(var)) < 0.01


def test_one_sample_estimates_the_same_bound(images):
    torch.manual_seed(0)
    vae, log_sigma = linear_vae(), torch.tensor(-0.5, dtype=torch.float64)
    estimates = []
    with torch.no_grad():
        exact = exact_loss(vae, log_sigma, images).item()
        for _ in range(200):
            x_hat, posterior = vae(images)
            nll = losses.gaussian_nll(x_hat, images, sigma=log_sigma.exp().item())
            estimates.append((nll + losses.kl_standard_normal(*posterior)).mean())
    estimates = torch.stack(estimates)
    error = (estimates.std() / math.sqrt(len(estimates))).item()
    assert abs(estimates.mean().item() - exact) < 5 * error


def test_loss_does_not_depend_on_the_batch(images):
    torch.manual_seed(0)
    vae = linear_vae()
    posterior = vae.encode(images)
    z = posterior.mean + 0.3

    def loss(indices):
        nll = losses.gaussian_nll(vae.decode(z[indices]), images[indices], sigma=0.4)
        rate = losses.kl_standard_normal(*(p[indices] for p in posterior))
        return nll + rate

    whole = loss(slice(None))
    parts = torch.cat([loss(slice(i, i + 7)) for i in range(0, len(images), 7)])
    torch.testing.assert_close(whole, parts)
    twice = torch.cat([torch.arange(50), torch.arange(50)])
    torch.testing.assert_close(loss(twice).mean(), whole[:50].mean())


def test_reparameterised_gradients_are_unbiased():
    n = 200_000
    m = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    v = torch.tensor(-0.6, dtype=torch.float64, requires_grad=True)
    torch.manual_seed(0)
    posterior = Posterior(m.expand(n, 1), v.expand(n, 1))
    (posterior.sample() ** 4).mean().backward()
    s2 = v.detach().exp()
    # E z^4 = m^4 + 6 m^2 s^2 + 3 s^4
    by_mean = 4 * m.detach() ** 3 + 12 * m.detach() * s2
    by_log_var = (6 * m.detach() ** 2 + 6 * s2) * s2
    assert abs(m.grad / by_mean - 1) < 0.03
    assert abs(v.grad / by_log_var - 1) < 0.03


class Stretched(torch.nn.Module):
    """The best linear model with its posterior's std multiplied."""

    def __init__(self, model, W, var, factor):
        super().__init__()
        self.mu, self.W, self.var, self.factor = model.loc, W, var, factor

    def encode(self, x):
        m = self.W.T @ self.W + self.var * torch.eye(D).double()
        mean = torch.linalg.solve(m, self.W.T @ (x.flatten(1) - self.mu).T).T
        log_var = (self.var / m.diagonal()).log() + 2 * math.log(self.factor)
        return Posterior(mean, log_var.expand_as(mean))

    def decode(self, z):
        return (self.mu + z @ self.W.T).reshape(-1, 1, 7, 7)


def test_k_sample_bounds_rise_and_stay_below_the_exact_value(images, best):
    model, W, var = best
    vae = Stretched(model, W, var, 1.7)
    exact = model.log_prob(images.flatten(1)).mean().item()
    bounds = []
    for k in (1, 4, 16, 256):
        torch.manual_seed(k)
        found = metrics.importance_nll(
            vae,
            images,
            n_samples=k,
            log_likelihood=lambda x_hat, x: (
                -losses.gaussian_nll(x_hat, x, sigma=var.sqrt().item())
            ),
        )
        bounds.append(-found.mean().item())
    assert bounds == sorted(bounds)
    gap = D * ((1.7**2 - 1) / 2 - math.log(1.7))
    assert abs(exact - gap - bounds[0]) < 0.3
    assert exact - 0.05 < bounds[-1] < exact + 0.02
