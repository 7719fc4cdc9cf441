"""In which precision losses and metrics compute: what their modules promise.

In float32 each gives what it gives in float64, within 1e-5 of the size of what it sums;
half precision is refused by name. That there is no float64 away from the CPU is seen in
test_fake_device.py, for each of them.
"""

import copy

import pytest
import torch

from aelib import losses, metrics, models

SHAPE = (1, 28, 28)
WITHIN = 1e-5
GENERATOR = torch.Generator().manual_seed(0)
X, OTHER = torch.rand(2, 8, *SHAPE, generator=GENERATOR)
LOGITS = 8 * torch.randn(8, *SHAPE, generator=GENERATOR)
Z, LOG_VAR, Z_P, LOG_VAR_P = torch.randn(4, 8, 5, generator=GENERATOR)
WEIGHT = torch.randn(5, 784, generator=GENERATOR)
CODES = 100 + torch.randn(400, 3, generator=GENERATOR)  # far from 0
LABELS = (CODES[:, 0] > 100).long()
NOISE = torch.randn(3, 8, 2, generator=GENERATOR)
MODEL = models.VAE(models.MLPEncoder(SHAPE, [], 4), models.MLPDecoder(2, [], SHAPE))


def importance(x):
    model = copy.deepcopy(MODEL).to(x.dtype)
    return metrics.importance_nll(
        model,
        x,
        n_samples=len(NOISE),
        log_likelihood=lambda output, x: -losses.bernoulli_nll(output, x),
    )


def probe(codes):
    found = metrics.fit_probe(codes, LABELS).accuracy(codes, LABELS)
    return torch.tensor(found, dtype=torch.float64)


# name -> the function of these tensors, and the tensors
CALLS = {
    "gaussian_nll": (lambda a, b: losses.gaussian_nll(a, b, sigma=0.1), X, OTHER),
    "laplace_nll": (lambda a, b: losses.laplace_nll(a, b, scale=0.1), X, OTHER),
    "bernoulli_nll": (losses.bernoulli_nll, LOGITS, X),
    "continuous_bernoulli_nll": (losses.continuous_bernoulli_nll, LOGITS, X),
    "continuous_bernoulli_mean": (losses.continuous_bernoulli_mean, LOGITS),
    "kl_per_dim": (losses.kl_per_dim, Z, LOG_VAR),
    "kl_standard_normal": (losses.kl_standard_normal, Z, LOG_VAR),
    "kl_gaussians": (losses.kl_gaussians, Z, LOG_VAR, Z_P, LOG_VAR_P),
    "contractive_penalty": (losses.contractive_penalty, Z.sigmoid(), WEIGHT),
    "jacobian_penalty": (
        lambda z: losses.jacobian_penalty(
            torch.sin, z, generator=torch.Generator().manual_seed(0)
        ),
        Z,
    ),
    "l1_penalty": (losses.l1_penalty, Z),
    "kl_sparsity": (lambda z: losses.kl_sparsity(z, 0.05), Z[0].sigmoid()),
    "top_k": (lambda z: losses.top_k(z, 2), Z),
    "sse": (metrics.sse, OTHER, X),
    "psnr": (metrics.psnr, OTHER, X),
    "ssim": (metrics.ssim, OTHER, X),
    "against_constant": (
        lambda x: torch.tensor(metrics.against_constant(metrics.sse, x)),
        X,
    ),
    "laplacian_variance": (metrics.laplacian_variance, X),
    "active_units": (lambda z: torch.tensor(metrics.active_units(z)), CODES),
    "dead_units": (lambda z: torch.tensor(metrics.dead_units(z)), CODES),
    "principal_angles": (metrics.principal_angles, CODES, CODES + 0.01 * CODES.sin()),
    "auroc": (lambda s: torch.tensor(metrics.auroc(s, LABELS)), CODES[:, 0].sin()),
    "frechet_distance": (
        lambda a, b: torch.tensor(metrics.frechet_distance(a, b)),
        CODES,
        CODES[::2] + 1,
    ),
    "knn_accuracy": (
        lambda a, b: torch.tensor(metrics.knn_accuracy(a, LABELS, b, LABELS)),
        CODES,
        CODES.flip(1),
    ),
    "fit_probe": (probe, CODES),
    "importance_nll": (importance, X),
}
# One sums nothing and takes it; of the other the model is asked first.
NOT_HALF = {"top_k", "importance_nll"}


@pytest.fixture(autouse=True)
def same_noise(monkeypatch):
    """torch draws other numbers in float64 from the same seed."""
    monkeypatch.setattr(torch, "randn", lambda *_, dtype, device: NOISE.to(dtype))


def test_every_loss_and_metric_is_here():
    named = {*losses.__all__, *metrics.__all__} - {"Probe", "FittedProbe"}
    assert set(CALLS) == named


@pytest.mark.parametrize("name", CALLS)
def test_float32_agrees_with_float64(name):
    function, *tensors = CALLS[name]
    truth = function(*(tensor.double() for tensor in tensors))
    found = function(*tensors)
    size = truth.double().abs().max().clamp(min=1)
    assert (found.double() - truth).abs().max() <= WITHIN * size
    on_its_own = name in ("principal_angles", "importance_nll", "fit_probe")
    if truth.is_floating_point() and truth.ndim and not on_its_own:
        assert (found.dtype, truth.dtype) == (torch.float32, torch.float64)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", [name for name in CALLS if name not in NOT_HALF])
def test_half_precision_is_refused_with_what_to_write(name, dtype):
    function, *tensors = CALLS[name]
    with pytest.raises(
        TypeError, match=rf"^\w+ must be torch.float32 or .*got {dtype}"
    ):
        function(*(tensor.to(dtype) for tensor in tensors))
