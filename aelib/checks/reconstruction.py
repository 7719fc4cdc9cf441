"""Checks of chapter 04."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from aelib import _expect
from aelib.checks.expect import expect_close, expect_gradient

_SLACK = 1e-4  # float32, summed over a few pixels


def check_continuous_bernoulli_nll(nll: Callable[[Tensor, Tensor], Tensor]) -> None:
    """-log p(x) of continuous Bernoulli pixels, logits and x (B, N) -> (B,), in nats.

    The truth is integrated numerically. Value and gradient are looked at, in float32,
    at a logit of zero, close to it, at a few units, and as far as training goes.

    Taught in: chapter 04.
    """
    _expect.function("nll", nll)
    generator = torch.Generator().manual_seed(0)
    for size in (0.0, 1e-7, 1e-4, 1e-2, 0.3, 1.0, 2.5, 40.0, 1000.0):
        signs = torch.randint(0, 2, (4, 3), generator=generator) * 2.0 - 1
        logits = (size * signs).requires_grad_()
        x = torch.rand(4, 3, generator=generator)
        log_integral, mean = _integrate(logits.detach().double())
        given = f"float32 logits of {size:g} and -{size:g} and 4x3 pixels"
        answer = nll(logits, x)
        expect_gradient("nll", answer, given)
        truth = (log_integral - logits.detach().double() * x).sum(dim=1)
        hint = "sum over the pixels, mind 0 / 0 near zero and overflow far from it"
        _near("the nats", answer, truth, given, hint)
        answer.sum().backward()
        hint = "sum over the pixels, mind the sign, and take enough of the series"
        if not logits.grad.isfinite().all():
            hint = (
                "both branches of torch.where are differentiated, also the unused one"
            )
        _near("the gradient", logits.grad, mean - x, given, hint)
    print("ok: continuous_bernoulli_nll")


def check_box_ssim(box_ssim: Callable[[Tensor, Tensor], Tensor]) -> None:
    """SSIM with uniform 7x7 windows, (B, 1, H, W) twice, float32 -> (B,).

    The truth goes from window to window, in float64. The contrast of the three pairs
    differs: at a low one c2 does not hide by what the variances are divided.

    Taught in: chapter 04.
    """
    _expect.function("box_ssim", box_ssim)
    generator = torch.Generator().manual_seed(0)
    for height, width in ((7, 7), (9, 12), (16, 10)):
        x, noise = torch.rand(2, 3, 1, height, width, generator=generator)
        contrast = torch.tensor([1.0, 0.3, 0.1])[:, None, None, None]
        y = 0.5 + contrast * (0.7 * x + 0.3 * noise - 0.5)
        x = 0.5 + contrast * (x - 0.5)
        given = f"three pairs of float32 images {height}x{width}"
        hint = (
            "windows only where they fit, variances divided by 49, "
            "c1 = 0.01^2 and c2 = 0.03^2, and the mean over the windows of one image"
        )
        truth = torch.stack(
            [_window_ssim(*pair) for pair in zip(x[:, 0], y[:, 0], strict=True)]
        )
        _near("the SSIM", box_ssim(x, y), truth, given, hint)
    print("ok: box_ssim")


def _window_ssim(x: Tensor, y: Tensor) -> Tensor:
    """SSIM of two images (H, W), window by window, in float64."""
    x, y, values = x.double(), y.double(), []
    for top in range(x.shape[0] - 6):
        for left in range(x.shape[1] - 6):
            place = slice(top, top + 7), slice(left, left + 7)
            a, b = x[place].flatten(), y[place].flatten()
            (var_a, cov), (_, var_b) = torch.cov(torch.stack([a, b]), correction=0)
            level = (2 * a.mean() * b.mean() + 1e-4) / (
                a.mean() ** 2 + b.mean() ** 2 + 1e-4
            )
            values.append(level * (2 * cov + 9e-4) / (var_a + var_b + 9e-4))
    return torch.stack(values).mean()


def _integrate(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Log of the integral of exp(logit t) over [0, 1], and the mean of t under it."""
    nodes, weights = (torch.from_numpy(a) for a in np.polynomial.legendre.leggauss(80))
    size = logits.abs()[..., None]
    reach = (40 / size).clamp(max=1)  # behind it less than exp(-40) is left
    s, weights = reach * (nodes + 1) / 2, reach * weights / 2
    mass = weights * (-size * s).exp()  # s: distance from the end where most of it is
    total = mass.sum(dim=-1)
    mean = (mass * s).sum(dim=-1) / total
    log_integral = logits.clamp(min=0) + total.log()
    return log_integral, torch.where(logits > 0, 1 - mean, mean)


def _near(what: str, answer: object, truth: Tensor, given: str, hint: str) -> None:
    """As expect_close, within what float32 allows; NaN is not close."""
    fits = isinstance(answer, Tensor) and answer.shape == truth.shape
    if fits and ((answer.double() - truth).abs() <= _SLACK * (1 + truth.abs())).all():
        return
    expect_close(what, answer, truth, given, hint)
