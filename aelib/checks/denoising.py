"""Checks of chapter 05."""

from collections.abc import Callable

import torch
from torch import Tensor

from aelib import _expect
from aelib.checks.expect import TRIALS, as_scalar, expect_close

Score = Callable[[Tensor], Tensor]


def check_mean_psnr(mean_psnr: Callable[[Tensor, Tensor], Tensor | float]) -> None:
    """Mean over images of the PSNR in dB, for pixels in [0, 1].

    `mean_psnr(x_hat, x)` gets two (B, C, H, W) and returns one number. It is not the
    PSNR of the mean squared error: the images here differ in how bad they are.

    Taught in: chapter 05.
    """
    _expect.function("mean_psnr", mean_psnr)
    generator = torch.Generator().manual_seed(0)
    for trial in range(TRIALS):
        shape = (2 + trial, 1 + trial % 3, 6, 5)
        x = torch.rand(shape, generator=generator).double()
        size = torch.linspace(0.01, 0.5, shape[0]).double().reshape(-1, 1, 1, 1)
        x_hat = x + size * torch.randn(shape, generator=generator).double()
        mse = [(a - b).square().mean() for a, b in zip(x_hat, x, strict=True)]
        given = f"{shape[0]} images {shape[1]}x{shape[2]}x{shape[3]}"
        expect_close(
            "the mean PSNR",
            as_scalar("mean_psnr", mean_psnr(x_hat.clone(), x.clone()), given),
            torch.stack([-10 * m.log10() for m in mse]).mean(),
            given,
            "one PSNR for each image from the mean over its channels and pixels, then "
            "the mean of these; 10 times a logarithm to base 10; the peak is 1",
        )
    print("ok: mean_psnr")


def check_langevin_step(
    langevin_step: Callable[[Tensor, Score, float, Tensor], Tensor],
) -> None:
    """One step y + (eta / 2) score(y) + sqrt(eta) noise.

    `langevin_step(y, score, eta, noise)` gets y and noise (n, D), a function from
    (n, D) to (n, D), and a number; it returns (n, D).

    Taught in: chapter 05.
    """
    _expect.function("langevin_step", langevin_step)
    generator = torch.Generator().manual_seed(0)
    for trial in range(TRIALS):
        n, d, eta = 3 + trial, 2 + trial % 2, 0.02 * 4**trial
        y, noise, centre = (
            torch.randn(rows, d, generator=generator).double() for rows in (n, n, 1)
        )

        def score(points: Tensor, centre: Tensor = centre) -> Tensor:
            return centre - points.pow(3)

        given = f"y {n}x{d} and eta = {eta:g}"
        expect_close(
            "the new y",
            langevin_step(y.clone(), score, eta, noise.clone()),
            y + 0.5 * eta * score(y) + eta**0.5 * noise,
            given,
            "eta / 2 before the score at the old y, the square root of eta before the "
            "noise",
        )
    print("ok: langevin_step")
