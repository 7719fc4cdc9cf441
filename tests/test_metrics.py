"""Metrics against scikit-learn, SciPy, scikit-image, closed forms and brute force."""

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import nn
from torch.distributions import MultivariateNormal, Normal

from aelib import metrics


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


# Images


def test_sse_sums_over_each_example():
    x_hat, x = torch.rand(4, 3, 5, 5), torch.rand(4, 3, 5, 5)
    expected = [((a - b) ** 2).sum().item() for a, b in zip(x_hat, x, strict=True)]
    assert metrics.sse(x_hat, x).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("peak", [1.0, 2.0])
def test_psnr_agrees_with_scikit_image(peak):
    from skimage.metrics import peak_signal_noise_ratio

    x, x_hat = torch.rand(4, 1, 9, 9).double(), torch.rand(4, 1, 9, 9).double()
    expected = [
        peak_signal_noise_ratio(a.numpy(), b.numpy(), data_range=peak)
        for a, b in zip(x, x_hat, strict=True)
    ]
    assert metrics.psnr(x_hat, x, peak=peak).tolist() == pytest.approx(expected)
    assert metrics.psnr(x, x).tolist() == [math.inf] * 4


@pytest.mark.parametrize("channels", [1, 3])
def test_ssim_agrees_with_scikit_image(channels):
    from skimage.metrics import structural_similarity

    x = torch.rand(3, channels, 20, 24).double()
    x_hat = (x + 0.2 * torch.randn_like(x)).clamp(0, 1)
    expected = [
        structural_similarity(
            a.numpy(),
            b.numpy(),
            channel_axis=0,
            data_range=1.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        for a, b in zip(x, x_hat, strict=True)
    ]
    assert metrics.ssim(x_hat, x).tolist() == pytest.approx(expected, abs=1e-9)
    assert metrics.ssim(x, x).tolist() == pytest.approx([1.0] * 3)


# Codes


def test_active_units_counts_variances_above_the_threshold():
    stds = torch.tensor([0.0, 0.05, 0.15, 2.0])  # variances 0, .0025, .0225, 4
    mean = 5 + torch.randn(5_000, 4) * stds
    assert metrics.active_units(mean) == 2
    assert metrics.active_units(mean, threshold=0.001) == 3
    assert metrics.active_units(mean, threshold=5.0) == 0


def test_dead_units_are_those_that_never_move():
    codes = torch.randn(100, 5).relu()
    codes[:, 1] = 0
    codes[:, 3] = 7
    assert metrics.dead_units(codes) == 2
    codes[0, 1] = 1e-6
    assert metrics.dead_units(codes) == 1


@pytest.mark.parametrize(("k", "m"), [(1, 1), (3, 3), (2, 4), (4, 2)])
def test_principal_angles_agree_with_scipy(k, m):
    a, b = torch.randn(9, k).double(), torch.randn(9, m).double()
    expected = np.degrees(scipy.linalg.subspace_angles(a.numpy(), b.numpy()))[::-1]
    np.testing.assert_allclose(metrics.principal_angles(a, b), expected, atol=1e-8)


def test_principal_angles_in_a_plane_and_the_smallest_of_them():
    for degrees in (1e-7, 0.3, 30.0, 60.0, 90.0):
        angle = math.radians(degrees)
        a = torch.tensor([[1.0], [0.0]]).double()
        b = torch.tensor([[math.cos(angle)], [math.sin(angle)]]).double()
        found = metrics.principal_angles(a, -3 * b)
        assert found.item() == pytest.approx(degrees, rel=1e-6)


def test_principal_angles_do_not_see_the_basis():
    a = torch.randn(20, 4).double()
    mixed = a @ torch.randn(4, 4).double()
    assert metrics.principal_angles(a, mixed).max() < 1e-6


# Detectors, samples, densities


def test_auroc_agrees_with_scikit_learn_and_with_counting_pairs():
    from sklearn.metrics import roc_auc_score

    scores = torch.randint(0, 12, (200,)).double()  # many ties
    labels = (torch.rand(200) < 0.3).long()
    value = metrics.auroc(scores, labels)
    assert value == pytest.approx(roc_auc_score(labels.numpy(), scores.numpy()))
    above = scores[labels == 1][:, None] - scores[labels == 0][None]
    pairs = (above > 0).double() + 0.5 * (above == 0).double()
    assert value == pytest.approx(pairs.mean().item())
    assert metrics.auroc(-scores, labels.bool()) == pytest.approx(1 - value)


def test_auroc_of_perfect_and_of_constant_scores():
    labels = torch.tensor([0, 0, 1])
    assert metrics.auroc(torch.tensor([0.1, 0.2, 0.3]), labels) == 1
    assert metrics.auroc(torch.zeros(3), labels) == 0.5


def test_frechet_distance_agrees_with_scipy():
    a = torch.randn(300, 5).double() @ torch.randn(5, 5).double()
    b = torch.randn(200, 5).double() @ torch.randn(5, 5).double() + 1
    cov_a, cov_b = np.cov(a.numpy().T), np.cov(b.numpy().T)
    root = scipy.linalg.sqrtm(cov_a @ cov_b).real
    shift = (a.mean(0) - b.mean(0)).square().sum().item()
    expected = shift + np.trace(cov_a + cov_b - 2 * root)
    assert metrics.frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)
    assert metrics.frechet_distance(b, a) == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_in_closed_form():
    a = torch.randn(50, 3)
    shift = torch.tensor([1.0, 2.0, 2.0])
    assert metrics.frechet_distance(a, a) == pytest.approx(0, abs=1e-6)
    assert metrics.frechet_distance(a, a + shift) == pytest.approx(9, rel=1e-4)
    # scaled by 3: sum of (3 s - s)^2, plus the shift of the mean
    variances = a.double().var(0)
    means = a.double().mean(0)
    expected = 4 * (variances.sum() + means.square().sum()).item()
    assert metrics.frechet_distance(a, 3 * a) == pytest.approx(expected, rel=1e-4)


def test_frechet_distance_survives_fewer_examples_than_features():
    a, b = torch.randn(10, 40), torch.randn(12, 40)
    assert 0 < metrics.frechet_distance(a, b) < 200
    assert metrics.frechet_distance(a, a) == pytest.approx(0, abs=1e-4)


class LinearGaussian(nn.Module):
    """x = W z + noise of variance 1, with a posterior that may be wrong."""

    def __init__(self, w, widen=0.0, shift=0.0):
        super().__init__()
        self.w, self.widen, self.shift = w, widen, shift
        self.precision = torch.eye(w.shape[1]).double() + w.T @ w

    def encode(self, x):
        mean = x @ self.w @ self.precision.inverse() + self.shift
        variance = self.precision.inverse().diagonal()
        return mean, (variance.log() + self.widen).expand_as(mean)

    def decode(self, z):
        return z @ self.w.T


def log_likelihood(output, x):
    return Normal(output, 1.0).log_prob(x).sum(1)


def evidence(w, x):
    cov = w @ w.T + torch.eye(len(w)).double()
    return -MultivariateNormal(torch.zeros(len(w)).double(), cov).log_prob(x)


W = torch.tensor([[1.0, 0.5], [0.5, -1.0], [0.0, 0.0], [2.0, 1.0]]).double()
W_ORTHOGONAL = torch.linalg.qr(W).Q * 1.5  # its posterior has no correlations


def test_importance_nll_is_exact_with_the_exact_posterior():
    x = torch.randn(6, 4).double()
    nll = metrics.importance_nll(
        LinearGaussian(W_ORTHOGONAL), x, n_samples=1, log_likelihood=log_likelihood
    )
    torch.testing.assert_close(nll, evidence(W_ORTHOGONAL, x))


def test_importance_nll_converges_from_above_with_a_wrong_posterior():
    x = torch.randn(50, 4).double()
    model = LinearGaussian(W, widen=0.3, shift=0.3)
    exact = evidence(W, x)
    gaps = [
        (
            metrics.importance_nll(model, x, n_samples=n, log_likelihood=log_likelihood)
            - exact
        ).mean()
        for n in (1, 10, 20_000)
    ]
    assert gaps[0] > gaps[1] > 0.02
    assert abs(gaps[2]) < 0.02


def test_one_importance_sample_estimates_the_elbo():
    x = torch.randn(1, 4).double()
    model = LinearGaussian(W, shift=0.5)
    nll = metrics.importance_nll(
        model, x.expand(40_000, 4), n_samples=1, log_likelihood=log_likelihood
    )
    mean, log_var = model.encode(x)
    kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum()
    fit = 0.5 * (model.decode(mean) - x).square().sum()
    spread = 0.5 * (W.square().sum(0) * log_var.exp()).sum()
    elbo = -(fit + spread + 0.5 * 4 * math.log(2 * math.pi)) - kl
    assert nll.mean().item() == pytest.approx(-elbo.item(), abs=0.05)


@pytest.mark.parametrize("at_once", [1, 7 * 20, 10_000])
def test_importance_nll_is_exact_however_it_is_cut(monkeypatch, at_once):
    """With the exact posterior all weights are equal: only counting can go wrong."""
    monkeypatch.setattr(metrics.distributions, "_DECODES_AT_ONCE", at_once)
    x = torch.randn(7, 4).double()
    nll = metrics.importance_nll(
        LinearGaussian(W_ORTHOGONAL), x, n_samples=50, log_likelihood=log_likelihood
    )
    torch.testing.assert_close(nll, evidence(W_ORTHOGONAL, x))


def test_importance_nll_wants_one_number_an_example():
    with pytest.raises(ValueError, match="log_likelihood must return"):
        metrics.importance_nll(
            LinearGaussian(W),
            torch.randn(3, 4).double(),
            n_samples=2,
            log_likelihood=lambda output, x: log_likelihood(output, x).mean(),
        )


def test_laplacian_variance_agrees_with_scipy():
    from scipy.ndimage import laplace

    x = torch.rand(3, 2, 9, 7)
    inner = [
        [laplace(channel.double().numpy())[1:-1, 1:-1].var() for channel in image]
        for image in x
    ]
    expected = torch.tensor(inner).mean(dim=1).float()
    torch.testing.assert_close(metrics.laplacian_variance(x), expected)


def test_laplacian_variance_falls_with_blur_and_rises_with_noise():
    x = torch.rand(4, 1, 28, 28).round()
    blurred = torch.nn.functional.avg_pool2d(x, 3, stride=1, padding=1)
    clean, soft, noisy = map(
        metrics.laplacian_variance, (x, blurred, x + 0.3 * torch.randn_like(x))
    )
    assert (soft < clean).all() and (clean < noisy).all()
