"""Checks of chapter 09."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from aelib import _expect
from aelib.checks.expect import (
    TRIALS,
    as_scalar,
    expect_close,
    expect_same_gradient,
)


def check_vae_loss(
    vae_loss: Callable[[Tensor, Tensor, Tensor, Tensor, float], Tensor],
) -> None:
    """Negative ELBO of a VAE with Gaussian pixels, mean over the batch, in nats.

    `vae_loss(x_hat, x, mean, log_var, sigma)` gets images (B, C, H, W) and posteriors
    (B, D), float64, and the std of the pixels' noise; it returns a scalar, the constant
    of the Gaussian included, differentiable in all but x.

    Taught in: chapter 09.
    """
    _expect.function("vae_loss", vae_loss)
    generator = torch.Generator().manual_seed(0)
    for trial in range(TRIALS):
        batch, side, size = 1 + trial, 2 + trial, 1 + 2 * trial
        shape, sigma = (batch, 1 + 2 * (trial % 2), side, side), 0.3 + 0.4 * trial
        x_hat, x = torch.rand(2, *shape, generator=generator, dtype=torch.float64)
        codes = torch.randn(2, batch, size, generator=generator, dtype=torch.float64)
        inputs = {"x_hat": x_hat, "mean": codes[0], "log_var": codes[1]}
        inputs = {name: value.requires_grad_() for name, value in inputs.items()}
        x_hat, mean, log_var = inputs.values()
        given = (
            f"{batch} images {side}x{side}, {size} code numbers and sigma {sigma:.1f}"
        )
        answer = vae_loss(
            x_hat.clone(), x.clone(), mean.clone(), log_var.clone(), sigma
        )
        distortion = -Normal(x_hat, sigma).log_prob(x).flatten(1).sum(dim=1)
        posterior = Normal(mean, (log_var / 2).exp())
        rate = kl_divergence(posterior, Normal(0.0, 1.0)).sum(dim=1)
        answer, truth = as_scalar("vae_loss", answer, given), (distortion + rate).mean()
        hint = (
            "sum over pixels and over code numbers, mean over images; "
            "N/2 log(2 pi sigma^2) belongs to it; exp(log_var) is a variance"
        )
        expect_close("the loss", answer, truth, given, hint)
        expect_same_gradient("vae_loss", answer, truth, inputs, given, hint)
    print("ok: vae_loss")


def check_slerp(slerp: Callable[[Tensor, Tensor, float], Tensor]) -> None:
    """Spherical interpolation: `slerp(a, b, t)`, (B, D), (B, D), 0 <= t <= 1 -> (B, D).

    sin((1 - t) w) / sin(w) a + sin(t w) / sin(w) b with the angle w between a and b,
    whatever their lengths; equal directions give the straight line.

    Taught in: chapter 09.
    """
    _expect.function("slerp", slerp)
    generator = torch.Generator().manual_seed(0)
    for trial in range(TRIALS):
        n, size = 2 + trial, 2 + trial
        a, other = torch.randn(2, n, size, generator=generator, dtype=torch.float64)
        a = a / a.norm(dim=1, keepdim=True)
        across = other - (other * a).sum(dim=1, keepdim=True) * a
        across = across / across.norm(dim=1, keepdim=True)
        angle = torch.linspace(0.3, 2.5, n, dtype=torch.float64)[:, None]
        b = angle.cos() * a + angle.sin() * across
        for t in (0.0, 0.25, 0.5, 1.0):
            weights = ((1 - t) * angle).sin(), (t * angle).sin()
            expect_close(
                "the point",
                slerp(2 * a, 3 * b, t),
                (2 * weights[0] * a + 3 * weights[1] * b) / angle.sin(),
                f"{n} pairs of {size} numbers, of lengths 2 and 3, at t = {t}",
                "the angle is that between the directions, one for each pair; the "
                "weights are sin((1 - t) angle) / sin(angle) and sin(t angle) / "
                "sin(angle)",
            )
    one, across = torch.tensor([[2.0, 0, 0], [0, 2, 0]], dtype=torch.float64)
    answer = slerp(torch.stack([one, one]), torch.stack([2 * one, across]), 0.5)
    expect_close(
        "the point",
        answer,
        torch.stack([1.5 * one, (one + across) / 2**0.5]),
        "a pair of one direction and a pair of two at t = 0.5",
        "sin(angle) is 0 where the directions are equal: use the straight line there, "
        "and only there (torch.where decides row by row)",
    )
    print("ok: slerp")
