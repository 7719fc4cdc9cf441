"""Losses and divergences: one number per example, (B,), in nats.

The dimensions of an example are summed here; the caller takes the mean over the batch.
Then the weight of one term against another does not change with the size of the images,
of the code, or of the batch. Values are not checked: that would make a training step on
a GPU wait.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


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
    _check_pair("x_hat", x_hat, "x", x)
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
    _check_pair("logits", logits, "x", x)
    nll = binary_cross_entropy_with_logits(logits, x, reduction="none")
    return nll.flatten(1).sum(dim=1)


def kl_per_dim(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, exp log_var) || N(0, 1)) of each coordinate, (B, D) -> (B, D), nats.

    Taught in: chapter 07.
    """
    _check_codes(mean=mean, log_var=log_var)
    # expm1(v) - v, since exp(v) - 1 - v cancels badly near v = 0
    return 0.5 * (mean.square() + torch.expm1(log_var) - log_var)


def kl_standard_normal(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, diag exp log_var) || N(0, I)), (B, D), (B, D) -> (B,), in nats.

    Source: arXiv:1312.6114, appendix B. Taught in: chapter 07.
    """
    return kl_per_dim(mean, log_var).sum(dim=1)


def kl_gaussians(
    mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor
) -> Tensor:
    """KL(q || p) of two diagonal Gaussians, four times (B, D) -> (B,), in nats.

    Taught in: chapter 07.
    """
    _check_codes(mean_q=mean_q, log_var_q=log_var_q, mean_p=mean_p, log_var_p=log_var_p)
    log_ratio = log_var_q - log_var_p  # (B, D)
    shift = (mean_q - mean_p).square() * (-log_var_p).exp()
    return 0.5 * (torch.expm1(log_ratio) - log_ratio + shift).sum(dim=1)


def _check_pair(name: str, value: Tensor, other_name: str, other: Tensor) -> None:
    for label, tensor in ((name, value), (other_name, other)):
        _check_float(label, tensor)
        if tensor.ndim < 2:
            raise ValueError(
                f"{label} must have an axis behind B, got {tuple(tensor.shape)}"
            )
    if value.shape != other.shape:
        raise ValueError(
            f"{name} and {other_name} must have the same shape, "
            f"got {tuple(value.shape)} and {tuple(other.shape)}"
        )
    if value.device != other.device:
        raise ValueError(
            f"{name} and {other_name} must be on one device, "
            f"got {value.device} and {other.device}"
        )


def _check_codes(**codes: Tensor) -> None:
    first = None
    for name, code in codes.items():
        _check_float(name, code)
        if code.ndim != 2:
            raise ValueError(f"{name} must be (B, D), got {tuple(code.shape)}")
        first = code if first is None else first
        if code.shape != first.shape:
            raise ValueError(
                f"{name} and {next(iter(codes))} must have the same shape, "
                f"got {tuple(code.shape)} and {tuple(first.shape)}"
            )


def _check_float(name: str, tensor: Tensor) -> None:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{name} must be a tensor, got {type(tensor).__name__}")
    if not tensor.is_floating_point():
        raise TypeError(f"{name} must be floating point, got {tensor.dtype}")
