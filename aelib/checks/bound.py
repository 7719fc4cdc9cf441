"""Checks of chapter 08."""

from collections.abc import Callable

import torch
from torch import Tensor

from aelib import _expect
from aelib.checks.expect import expect_close, expect_near, expect_reached

_MANY = 200_000  # draws; the error of their variance is .3 %


def check_reparameterise(reparameterise: Callable[[Tensor, Tensor], Tensor]) -> None:
    """One code for each example, with a path to mean and log-variance.

    `reparameterise(mean, log_var)` gets two tensors (B, D) and returns z, (B, D), drawn
    from N(mean, diag exp log_var), differentiable in both.

    Taught in: chapter 08.
    """
    _expect.function("reparameterise", reparameterise)
    mean = torch.tensor([[0.5, -2.0, 0.0]], dtype=torch.float64).repeat(4, 1)
    log_var = torch.tensor([[0.0, 1.0, -3.0]], dtype=torch.float64).repeat(4, 1)
    given = "mean and log_var 4x3"
    mean, log_var = mean.requires_grad_(), log_var.requires_grad_()
    with torch.random.fork_rng(devices=[]):  # a check draws nothing from the reader's
        z, again = (reparameterise(mean, log_var) for _ in range(2))
    if not isinstance(z, Tensor) or z.shape != mean.shape or not z.requires_grad:
        got = tuple(z.shape) if isinstance(z, Tensor) else type(z).__name__
        raise AssertionError(
            f"given {given}, the code should be a 4x3 tensor through which gradients "
            f"flow, got {got}; look at what is detached, and use randn_like"
        )
    slopes = torch.autograd.grad(z.sum(), (mean, log_var), allow_unused=True)
    to_log_var = (z - mean).detach() / 2
    for name, slope, expected, hint in (
        ("mean", slopes[0], torch.ones_like(z), "z = mean + std * noise"),
        ("log_var", slopes[1], to_log_var, "std = exp(log_var / 2), on the path too"),
    ):
        expect_reached(name, slope, given)
        what = f"the gradient of z.sum() in {name}"
        expect_close(what, slope, expected, given, hint)
    if torch.equal(z, again):
        raise AssertionError(
            f"given {given}, two calls should draw different codes, got equal ones; "
            "look for a seed inside the function"
        )
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
