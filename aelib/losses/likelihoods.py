"""Reconstruction losses: -log p(x) under the noise that each one assumes."""

import math

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from aelib.losses.checking import check_pair


def gaussian_nll(x_hat: Tensor, x: Tensor, *, sigma: float | Tensor = 1.0) -> Tensor:
    """-log N(x; x_hat, sigma^2 I), (B, ...), (B, ...) -> (B,), in nats.

    SSE / (2 sigma^2) + N/2 log(2 pi sigma^2), for N numbers an example.

    Args:
        x_hat: mean of the decoder.
        x: data of the same shape.
        sigma: standard deviation of the noise in the units of x; a scalar tensor to
            learn it.

    Raises:
        TypeError, ValueError: the shapes differ, there is no axis behind B, a dtype is
            not floating point, or `sigma` is neither a positive number nor a scalar
            tensor (whose value is not read).

    Taught in: chapter 04.
    """
    check_pair("x_hat", x_hat, "x", x)
    if isinstance(sigma, Tensor):
        if sigma.ndim != 0:
            raise ValueError(f"sigma must be a scalar, got shape {tuple(sigma.shape)}")
        log_sigma = sigma.log()
    else:
        if not 0 < sigma < math.inf:
            raise ValueError(f"sigma must be positive and finite, got {sigma}")
        log_sigma = math.log(sigma)
    n_values = math.prod(x.shape[1:])
    sse = (x_hat - x).square().flatten(1).sum(dim=1)  # (B,)
    constant = n_values * (0.5 * math.log(2 * math.pi) + log_sigma)
    return sse / (2 * sigma**2) + constant


def bernoulli_nll(logits: Tensor, x: Tensor) -> Tensor:
    """-log p(x) of independent Bernoulli pixels, (B, ...), (B, ...) -> (B,), in nats.

    Args:
        logits: decoder output before the sigmoid.
        x: 0 or 1; values between are weighed as a mean of the two (cross-entropy, no
            longer a likelihood of x).

    Raises:
        TypeError, ValueError: the shapes differ, there is no axis behind B, or a dtype
            is not floating point.

    Taught in: chapter 04.
    """
    check_pair("logits", logits, "x", x)
    nll = binary_cross_entropy_with_logits(logits, x, reduction="none")
    return nll.flatten(1).sum(dim=1)
