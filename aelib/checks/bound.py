"""Checks of chapter 08."""

from collections.abc import Callable

import torch
from torch import Tensor

from aelib.checks.expect import expect_close, expect_near

_MANY = 200_000  # draws; the error of their variance is .3 %


def check_reparameterise(reparameterise: Callable[[Tensor, Tensor], Tensor]) -> None:
    """One code for each example, with a path to mean and log-variance.

    `reparameterise(mean, log_var)` gets two tensors (B, D) and returns z, (B, D), drawn
    from N(mean, diag exp log_var), differentiable in both.

    Taught in: chapter 08.
    """
    mean = torch.tensor([[0.5, -2.0, 0.0]], dtype=torch.float64).repeat(4, 1)
    log_var = torch.tensor([[0.0, 1.0, -3.0]], dtype=torch.float64).repeat(4, 1)
    given = "mean and log_var 4x3"
    mean, log_var = mean.requires_grad_(), log_var.requires_grad_()
    with torch.random.fork_rng(devices=[]):  # a check draws nothing from the reader's
        z = reparameterise(mean, log_var)
    if not isinstance(z, Tensor) or z.shape != mean.shape or not z.requires_grad:
        got = tuple(z.shape) if isinstance(z, Tensor) else type(z).__name__
        raise AssertionError(
            f"given {given}, the code should be a 4x3 tensor through which gradients "
            f"flow, got {got}; look at what is detached, and use randn_like"
        )
    slopes = torch.autograd.grad(z.sum(), (mean, log_var), allow_unused=True)
    for slope, expected, hint in (
        (slopes[0], torch.ones_like(z), "z = mean + std * noise: d z / d mean is 1"),
        (slopes[1], (z - mean).detach() / 2, "std = exp(log_var / 2), on the path too"),
    ):
        expect_close("the gradient of the sum of z", slope, expected, given, hint)
    _check_distribution(reparameterise)
    print("ok: reparameterise")


def _check_distribution(reparameterise: Callable[[Tensor, Tensor], Tensor]) -> None:
    mean = torch.tensor([1.0, -2.0], dtype=torch.float64)
    log_var = torch.tensor([0.0, 1.5], dtype=torch.float64)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        z = reparameterise(mean.expand(_MANY, 2), log_var.expand(_MANY, 2))
    given = f"{_MANY} equal rows"
    for j in range(2):
        deviation = z[:, j] - mean[j]
        variance = log_var[j].exp().item()
        neighbours = (deviation[:-1] * deviation[1:]).mean() / variance
        for what, value, expected, hint in (
            (
                "1 + the correlation of neighbours",
                1 + neighbours,
                1.0,
                "every row has noise of its own, of mean 0",
            ),
            (
                "the mean square of z - mean",
                deviation.square().mean(),
                variance,
                "the noise is standard normal, exp(log_var) is a variance and no std",
            ),
            (
                "the mean fourth power of (z - mean) / std",
                deviation.pow(4).mean() / variance**2,
                3.0,
                "the noise is normal",
            ),
        ):
            expect_near(f"{what} in coordinate {j}", value, expected, given, hint)
    between = ((z - mean) / (log_var / 2).exp()).prod(dim=1).mean()
    hint = "every coordinate has noise of its own"
    expect_near("1 + the correlation of coordinates", 1 + between, 1.0, given, hint)
