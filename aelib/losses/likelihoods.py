"""Reconstruction losses: -log p(x) under the noise that each one assumes."""

import math

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from aelib import _expect

_NEAR_ZERO = 0.1  # |logit| below which closed forms cancel; series are exact to 1e-11


def gaussian_nll(x_hat: Tensor, x: Tensor, *, sigma: float | Tensor = 1.0) -> Tensor:
    """-log N(x; x_hat, sigma^2 I), (B, ...), (B, ...) -> (B,), in nats.

    SSE / (2 sigma^2) + N/2 log(2 pi sigma^2), for N numbers an example.

    Args:
        x_hat: mean of the decoder.
        x: data of the same shape.
        sigma: standard deviation of the noise in the units of x; a scalar tensor to
            learn it.

    Raises:
        TypeError, ValueError: the shapes or dtypes differ, there is no axis behind B,
            the dtype is neither float32 nor float64, or `sigma` is neither a number in
            [1e-6, 1e6] nor a scalar tensor (whose value is not read).

    Taught in: chapter 04.

    >>> x = torch.zeros(3, 1, 2, 2)
    >>> gaussian_nll(x, x)  # not 0 at its best: 4 / 2 * log(2 pi)
    tensor([3.6758, 3.6758, 3.6758])
    """
    _expect.pair("x_hat", x_hat, "x", x)
    log_sigma = _log_of_scale("sigma", sigma, x)
    n_values = math.prod(x.shape[1:])
    sse = (x_hat - x).square().flatten(1).sum(dim=1)  # (B,)
    constant = n_values * (0.5 * math.log(2 * math.pi) + log_sigma)
    return sse / (2 * sigma**2) + constant


def laplace_nll(x_hat: Tensor, x: Tensor, *, scale: float | Tensor = 1.0) -> Tensor:
    """-log p(x) of Laplace noise, (B, ...), (B, ...) -> (B,), in nats.

    sum |x_hat - x| / scale + N log(2 scale), for N numbers an example.

    Args:
        x_hat: location, the median of each number.
        x: data of the same shape.
        scale: mean of |x_hat - x| in the units of x; the standard deviation is sqrt(2)
            of it. A scalar tensor to learn it.

    Raises:
        TypeError, ValueError: as `gaussian_nll`, with `scale` for `sigma`.

    Taught in: chapter 04.

    >>> x = torch.zeros(3, 1, 2, 2)
    >>> laplace_nll(x, x)  # 4 log 2
    tensor([2.7726, 2.7726, 2.7726])
    """
    _expect.pair("x_hat", x_hat, "x", x)
    log_scale = _log_of_scale("scale", scale, x)
    n_values = math.prod(x.shape[1:])
    absolute = (x_hat - x).abs().flatten(1).sum(dim=1)  # (B,)
    return absolute / scale + n_values * (math.log(2) + log_scale)


def bernoulli_nll(logits: Tensor, x: Tensor) -> Tensor:
    """-log p(x) of independent Bernoulli pixels, (B, ...), (B, ...) -> (B,), in nats.

    Args:
        logits: decoder output before the sigmoid.
        x: 0 or 1; values between are weighed as a mean of the two (cross-entropy, no
            longer a likelihood of x).

    Raises:
        TypeError, ValueError: the shapes or dtypes differ, there is no axis behind B,
            or the dtype is neither float32 nor float64.

    Taught in: chapter 04.

    >>> x = torch.ones(1, 1, 2, 2)
    >>> bernoulli_nll(torch.zeros_like(x), x)  # a fair coin for each pixel: 4 log 2
    tensor([2.7726])
    """
    _expect.pair("logits", logits, "x", x)
    nll = binary_cross_entropy_with_logits(logits, x, reduction="none")
    return nll.flatten(1).sum(dim=1)


def continuous_bernoulli_nll(logits: Tensor, x: Tensor) -> Tensor:
    """-log p(x) of continuous Bernoulli pixels, (B, ...), (B, ...) -> (B,), in nats.

    The density exp(logit * x) on [0, 1], normalised: cross-entropy less the log of
    2 atanh(1 - 2 l) / (1 - 2 l) with l = sigmoid(logit). Negative where the density is
    above 1. Exact near l = 1/2, with finite gradients for all finite logits.

    Args:
        logits: decoder output; the mean of a pixel is `continuous_bernoulli_mean`, not
            the sigmoid.
        x: values in [0, 1].

    Raises:
        TypeError, ValueError: as `bernoulli_nll`.

    Source: arXiv:1907.06845, there in l instead of the logit.

    Taught in: chapter 04.

    >>> x = torch.rand(1, 1, 28, 28)
    >>> continuous_bernoulli_nll(torch.zeros_like(x), x)  # uniform: density 1
    tensor([0.])
    >>> continuous_bernoulli_nll(torch.full_like(x, 9.0), torch.ones_like(x)) < 0
    tensor([True])
    """
    _expect.pair("logits", logits, "x", x)
    small, near, far = _near_and_far(logits)
    square = near.square()
    series = 0.5 * near + square * (1 / 24 - square / 2880)
    closed = logits.relu() + (-torch.expm1(-far)).log() - far.log()
    normaliser = torch.where(small, series, closed)
    return (normaliser - logits * x).flatten(1).sum(dim=1)


def continuous_bernoulli_mean(logits: Tensor) -> Tensor:
    """Mean of each continuous Bernoulli pixel, any shape, in (0, 1).

    1 / (1 - exp(-logit)) - 1 / logit: nearer to 1/2 than the sigmoid. This, not the
    sigmoid, is the reconstruction to show.

    Raises:
        TypeError: `logits` is not a float32 or float64 tensor.

    Source: arXiv:1907.06845, there in l instead of the logit.

    Taught in: chapter 04.

    >>> logits = torch.tensor([-2.0, 0.0, 3.0])
    >>> continuous_bernoulli_mean(logits)
    tensor([0.3435, 0.5000, 0.7191])
    >>> logits.sigmoid()
    tensor([0.1192, 0.5000, 0.9526])
    """
    _expect.precise("logits", logits)
    small, near, far = _near_and_far(logits)
    series = 0.5 + near / 12 - near**3 / 720 + near**5 / 30240
    above = -1 / torch.expm1(-far) - 1 / far  # the mean for |logit|
    closed = torch.where(logits < 0, 1 - above, above)
    return torch.where(small, series, closed)


def _near_and_far(logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Which logits are small; the logits, 0 unless small; |logits|, 1 where small.

    torch.where differentiates both its branches: each needs arguments that suit it.
    """
    size = logits.abs()
    small = size < _NEAR_ZERO
    return small, logits.masked_fill(~small, 0.0), size.masked_fill(small, 1.0)


def _log_of_scale(name: str, value: float | Tensor, x: Tensor) -> float | Tensor:
    value = _expect.positive(name, value, x)
    return value.log() if isinstance(value, Tensor) else math.log(value)
