"""Measures of a reconstruction: one number per image."""

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from aelib import _expect

_SLACK = 1e-3  # rounding of images that were scaled


def sse(x_hat: Tensor, x: Tensor) -> Tensor:
    """Squared error of each example, summed, (B, ...), (B, ...) -> (B,).

    Raises:
        TypeError, ValueError: the shapes or dtypes differ, or a value is not finite.

    >>> x = torch.zeros(2, 1, 28, 28)
    >>> sse(x + 0.5, x)  # 784 / 4
    tensor([196., 196.])
    """
    _check_pair(x_hat, x)
    return (x_hat - x).square().flatten(1).sum(dim=1)


def psnr(x_hat: Tensor, x: Tensor, *, peak: float = 1.0) -> Tensor:
    """Peak signal-to-noise ratio of each example, (B, ...), (B, ...) -> (B,), in dB.

    10 log10(peak^2 / MSE); infinite where the two are equal.

    Args:
        peak: the range of the pixels, largest less smallest possible value: 1 for
            images in [0, 1], 2 in [-1, 1], 255 in [0, 255].

    Raises:
        TypeError, ValueError: the shapes or dtypes differ, a value is not finite, or
            `peak` is not in [1e-6, 1e6] or less than the range of what `x` holds.

    >>> x = torch.full((1, 1, 8, 8), 0.5)
    >>> psnr(x + 0.1, x)  # wrong by a tenth of the range
    tensor([20.0000])
    >>> psnr(2 * (x + 0.1) - 1, 2 * x - 1, peak=2)  # the same in [-1, 1]
    tensor([20.0000])
    """
    _check_pair(x_hat, x)
    peak = _checked_peak(peak, x)
    mse = (x_hat - x).square().flatten(1).mean(dim=1)
    return 10 * torch.log10(peak**2 / mse)


def ssim(x_hat: Tensor, x: Tensor, *, peak: float = 1.0) -> Tensor:
    """Structural similarity of each image, (B, C, H, W) twice -> (B,), at most 1.

    Gaussian window 11x11 with standard deviation 1.5, K1 = .01, K2 = .03; the mean over
    the places where the window fits and over the channels. H and W must be 11 or more.
    Computed in float64 on the CPU, since variances are differences of near numbers.
    `peak` is the range of the pixels, as in `psnr`.

    Source: Wang, Bovik, Sheikh, Simoncelli, IEEE Trans. Image Processing 13 (2004).

    Raises:
        TypeError, ValueError: as `psnr`, or the images are smaller than the window.

    >>> x = torch.linspace(0, 1, 256).reshape(1, 1, 16, 16)
    >>> ssim(x, x)
    tensor([1.])
    >>> ssim(1 - x, x) < 0  # the negative
    tensor([True])
    """
    _check_pair(x_hat, x)
    peak = _checked_peak(peak, x)
    if x.ndim != 4 or min(x.shape[2:]) < 11:
        raise ValueError(
            f"x must be (B, C, H, W) with H and W of 11 or more, got {tuple(x.shape)}"
        )
    a, b = x_hat.cpu().double(), x.cpu().double()
    mean_a, mean_b = _blur(a), _blur(b)
    var_a = _blur(a * a) - mean_a.square()
    var_b = _blur(b * b) - mean_b.square()
    cov = _blur(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    luminance = (2 * mean_a * mean_b + c1) / (mean_a.square() + mean_b.square() + c1)
    structure = (2 * cov + c2) / (var_a + var_b + c2)
    return (luminance * structure).flatten(1).mean(dim=1).to(x)


def laplacian_variance(x: Tensor) -> Tensor:
    """Variance of the four-neighbour Laplacian of each image, (B, C, H, W) -> (B,).

    Strength of edges and of noise alike, so that a blurred image has less and a noisy
    one more than the clean one: compare it with that of the data, never maximise it.
    H and W must be 3 or more; the mean over the channels.

    Raises:
        TypeError, ValueError: `x` is not (B, C, H, W), too small, or not finite.

    >>> ramp = torch.linspace(0, 1, 8).expand(1, 1, 8, 8)
    >>> edge = (ramp > 0.5).float()
    >>> laplacian_variance(ramp) < 1e-9, laplacian_variance(edge)
    (tensor([True]), tensor([0.3333]))
    """
    _expect.measured("x", x, "(B, C, H, W)")
    if min(x.shape[2:]) < 3:
        raise ValueError(f"x must have H and W of 3 or more, got {tuple(x.shape)}")
    neighbours = x[..., :-2, 1:-1] + x[..., 2:, 1:-1] + x[..., 1:-1, :-2]
    laplacian = neighbours + x[..., 1:-1, 2:] - 4 * x[..., 1:-1, 1:-1]
    return laplacian.flatten(2).var(dim=2, unbiased=False).mean(dim=1)


def _blur(x: Tensor) -> Tensor:
    """Gaussian mean over 11x11 pixels, each channel by itself, no padding."""
    offsets = torch.arange(-5, 6, dtype=x.dtype, device=x.device)
    window = (-offsets.square() / (2 * 1.5**2)).exp()
    window = window / window.sum()
    flat = x.flatten(0, 1).unsqueeze(1)  # (B * C, 1, H, W)
    flat = conv2d(flat, window.view(1, 1, -1, 1))  # two passes: five times faster
    return conv2d(flat, window.view(1, 1, 1, -1)).unflatten(0, x.shape[:2])


def _checked_peak(peak: float, x: Tensor) -> float:
    peak = _expect.positive("peak", peak)
    found = (x.max() - x.min()).item()
    if found > peak * (1 + _SLACK):
        raise ValueError(
            f"peak must be the range of the pixels, and x spans {found:.4g}, "
            f"got {peak:g}"
        )
    return peak


def _check_pair(x_hat: Tensor, x: Tensor) -> None:
    _expect.measured("x_hat", x_hat)
    _expect.measured("x", x)
    _expect.pair("x_hat", x_hat, "x", x)
