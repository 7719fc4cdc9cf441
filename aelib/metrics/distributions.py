"""Measures of densities, detectors and sets of samples."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from aelib import _expect

_DECODES_AT_ONCE = 4_096  # codes decoded in one pass, to bound memory


@torch.no_grad()
def importance_nll(
    model: nn.Module,
    x: Tensor,
    *,
    n_samples: int,
    log_likelihood: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """Upper bound on -log p(x) in expectation, (B, ...) -> (B,), nats.

    -log mean_k p(x|z_k) p(z_k) / q(z_k|x), z_k from q: the negative ELBO for one
    sample, falling towards -log p(x) as their number grows. It grades the model with
    its encoder, so state `n_samples` beside the number. Summed in float64 on the CPU,
    where the result stays.

    Args:
        model: `encode(x)` gives (mean, log_var), both (B, D); `decode(z)` what
            `log_likelihood` wants; the prior is N(0, I). In eval mode, if it matters.
        x: examples, (B, ...).
        n_samples: importance samples for each example, K.
        log_likelihood: (decoder output, x) -> log p(x|z), (B,), in nats, its constant
            included; the sign is that of a log-density, not of a loss.

    Source: arXiv:1509.00519. Taught in: chapter 18.

    Raises:
        TypeError, ValueError: an argument is not as above, `x` is not finite or not of
            the model's dtype, or `log_likelihood` returns another shape or NaN.

    >>> from aelib import losses, models
    >>> encoder = models.MLPEncoder((1, 4, 4), [], 4)
    >>> vae = models.VAE(encoder, models.MLPDecoder(2, [], (1, 4, 4)))
    >>> log_px = lambda output, x: -losses.bernoulli_nll(output, x)
    >>> x = torch.zeros(3, 1, 4, 4)
    >>> importance_nll(vae, x, n_samples=5, log_likelihood=log_px).shape
    torch.Size([3])
    """
    _check_model(model, x)
    _expect.function("log_likelihood", log_likelihood)
    n_samples = _expect.integer("n_samples", n_samples, least=1)
    return _bound(model, x, n_samples, log_likelihood)


def _bound(
    model: nn.Module,
    x: Tensor,
    n_samples: int,
    log_likelihood: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    mean, log_var = _encoded(model, x)
    chunk = max(1, _DECODES_AT_ONCE // len(x))
    total = torch.full((len(x),), -torch.inf, dtype=torch.float64)  # log of a sum
    for start in range(0, n_samples, chunk):
        k = min(chunk, n_samples - start)
        weights = _log_weights(model, x, mean, log_var, k, log_likelihood)  # (k, B)
        total = torch.logaddexp(total, weights.logsumexp(dim=0))
    return math.log(n_samples) - total


def _check_model(model: nn.Module, x: Tensor) -> None:
    _expect.instance("model", model, nn.Module, "an nn.Module")
    if not hasattr(model, "encode") or not hasattr(model, "decode"):
        raise TypeError(
            f"model must have encode and decode, as a VAE, got {type(model).__name__}"
        )
    _expect.measured("x", x)
    _expect.examples("x", x)
    _expect.like_parameters("x", x, model)


def _encoded(model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    code = model.encode(x)
    if not isinstance(code, tuple) or len(code) != 2:
        got = type(code).__name__
        raise TypeError(f"model must encode to (mean, log_var), got {got}")
    return code


def _log_weights(
    model: nn.Module,
    x: Tensor,
    mean: Tensor,
    log_var: Tensor,
    k: int,
    log_likelihood: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """log p(x|z) p(z) / q(z|x) of k draws, (k, B), float64 on the CPU."""
    noise = torch.randn(k, *mean.shape, dtype=mean.dtype, device=mean.device)
    z = mean + (0.5 * log_var).exp() * noise  # (k, B, D)
    # log p(z) - log q(z|x); the two log(2 pi) cancel
    terms = noise.square() + log_var - z.square()
    log_ratio = 0.5 * terms.cpu().double().sum(dim=2)
    output = model.decode(z.flatten(0, 1))
    log_px = log_likelihood(output, x.repeat(k, *[1] * (x.ndim - 1)))
    _check_log_px(log_px, k * len(x))
    return log_px.cpu().double().unflatten(0, (k, len(x))) + log_ratio


def _check_log_px(log_px: object, n: int) -> None:
    if not isinstance(log_px, Tensor) or not log_px.is_floating_point():
        got = getattr(log_px, "dtype", type(log_px).__name__)
        raise TypeError(f"log_likelihood must return a float tensor, got {got}")
    if log_px.shape != (n,):
        raise ValueError(
            f"log_likelihood must return ({n},), one number an example, "
            f"got {tuple(log_px.shape)}"
        )
    n_bad = int(log_px.isnan().sum())
    if n_bad:
        raise ValueError(f"log_likelihood must not return NaN, got {n_bad}")


def auroc(scores: Tensor, is_anomaly: Tensor) -> float:
    """Chance that an anomaly scores above a normal example; ties count one half.

    Args:
        scores: (N,), higher is more anomalous.
        is_anomaly: (N,), bool, or integers 0 and 1; both must occur.

    Returns:
        In [0, 1]: 0.5 for scores that know nothing, below it if the sign is wrong.

    Raises:
        TypeError, ValueError: shapes or dtypes do not fit, a score is not finite, or
            one of the two kinds is missing.

    Taught in: chapter 11.

    >>> scores = torch.tensor([0.1, 0.4, 0.4, 0.9])
    >>> auroc(scores, torch.tensor([0, 0, 1, 1]))  # 3 of 4 pairs, and a tie
    0.875
    """
    _expect.measured("scores", scores, "(N,)")
    _expect.labels("is_anomaly", is_anomaly, len(scores))
    _expect.held("is_anomaly", is_anomaly)
    scores, is_anomaly = scores.detach().cpu(), is_anomaly.cpu()
    kinds = is_anomaly.unique().tolist()
    if kinds != [0, 1]:
        raise ValueError(f"is_anomaly must hold both 0 and 1 only, got {kinds}")
    anomalous = is_anomaly.bool()
    _, place, counts = scores.unique(return_inverse=True, return_counts=True)
    last_rank = counts.cumsum(0).double()
    mean_rank = (last_rank - (counts - 1) / 2)[place]  # ties share their mean rank
    n_anomalous = int(anomalous.sum())
    n_normal = len(scores) - n_anomalous
    rank_sum = mean_rank[anomalous].sum().item()
    wins = rank_sum - n_anomalous * (n_anomalous + 1) / 2
    return wins / (n_anomalous * n_normal)


def frechet_distance(features_a: Tensor, features_b: Tensor) -> float:
    """Squared Frechet distance of two Gaussians fitted to features, (N, D), (M, D).

    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), in float64 on the CPU. With our own
    features it is comparable only with itself: name it FFD and print the floor, train
    against test.

    Args:
        features_a, features_b: at least 2 examples each; with fewer than D the result
            is mostly noise.

    Source: Dowson and Landau, J. Multivariate Analysis 12 (1982).

    Raises:
        TypeError, ValueError: shapes or dtypes do not fit, or a value is not finite.

    Taught in: chapter 18.

    >>> features = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    >>> round(frechet_distance(features, features + 3), 4)  # shifted: 3^2 + 3^2
    18.0
    """
    mean_a, cov_a = _moments("features_a", features_a)
    mean_b, cov_b = _moments("features_b", features_b)
    if mean_a.shape != mean_b.shape:
        raise ValueError(
            "features_a and features_b must have one size D, "
            f"got {len(mean_a)} and {len(mean_b)}"
        )
    _expect.together("features_a", features_a, "features_b", features_b)
    values, vectors = torch.linalg.eigh(cov_a)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T  # cov_a^(1/2)
    # cov_a cov_b has the eigenvalues of this symmetric matrix, which are real
    product = torch.linalg.eigvalsh(root @ cov_b @ root).clamp(min=0)
    distance = (mean_a - mean_b).square().sum() + cov_a.trace() + cov_b.trace()
    return max(0.0, (distance - 2 * product.sqrt().sum()).item())


def _moments(name: str, features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (D,) and covariance (D, D) of examples, float64 on the CPU."""
    _expect.measured(name, features, "(N, D)")
    if len(features) < 2:
        raise ValueError(f"{name} must hold 2 examples or more, got {len(features)}")
    features = features.detach().cpu().double()
    centred = features - features.mean(dim=0)
    return features.mean(0), centred.T @ centred / (len(features) - 1)
