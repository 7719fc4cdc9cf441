"""Noise for denoising autoencoders: each call draws afresh and returns a new tensor.

In images (B, C, H, W) a pixel is lost whole, with all its channels; in any other shape
(B, ...) each number is lost by itself.
"""

import math

import torch
from torch import Tensor


def gaussian_noise(
    x: Tensor, sigma: float | Tensor, *, generator: torch.Generator | None = None
) -> Tensor:
    """x + sigma * standard normal noise, (B, ...) -> (B, ...), not clipped.

    Clipping to [0, 1] would make the noise depend on the image, and the link between
    denoiser and score (Tweedie) would be lost.

    Args:
        x: images or points, any range.
        sigma: standard deviation in the units of `x`, 0 or more; a tensor (B,) gives
            each example its own, and is not read for negative values.
        generator: where the noise comes from; None: torch's global one.

    Raises:
        TypeError: `x` is no floating-point tensor, `sigma` no number or such a tensor.
        ValueError: `x` has no axis behind B, `sigma` is negative or not finite, or is
            not (B,).

    Taught in: chapter 05.
    """
    _check_x(x)
    if isinstance(sigma, Tensor):
        sigma = _spread(sigma, x)
    else:
        _check_number("sigma", sigma, high=math.inf)
    noise = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
    return x + sigma * noise


def masking_noise(
    x: Tensor, rate: float, *, generator: torch.Generator | None = None
) -> Tensor:
    """Pixels set to 0, each with probability `rate`; the others stay as they are.

    Dropout (torch.nn.Dropout) multiplies what it keeps by 1 / (1 - rate); this does
    not.

    Args:
        x: (B, C, H, W) or (B, ...).
        rate: share of pixels lost, in [0, 1].
        generator: where the noise comes from; None: torch's global one.

    Source: Vincent et al., JMLR 11 (2010), section 3.3.

    Raises:
        TypeError: `x` is no floating-point tensor, or `rate` no number.
        ValueError: `x` has no axis behind B, or `rate` is outside [0, 1].

    Taught in: chapter 05.
    """
    lost = _uniform(x, rate, generator) < rate
    return x.masked_fill(lost, 0)


def salt_and_pepper(
    x: Tensor, rate: float, *, generator: torch.Generator | None = None
) -> Tensor:
    """Pixels set to 0 or 1, each with probability rate / 2; the others stay.

    For images in [0, 1]; the arguments, errors and source are those of masking_noise.

    Taught in: chapter 05.
    """
    u = _uniform(x, rate, generator)
    return x.masked_fill(u < rate, 1).masked_fill(u < rate / 2, 0)


def _uniform(x: Tensor, rate: float, generator: torch.Generator | None) -> Tensor:
    """One number in [0, 1) for each pixel, in a shape that spreads over channels."""
    _check_x(x)
    _check_number("rate", rate, high=1)
    shape = list(x.shape)
    if x.ndim == 4:
        shape[1] = 1
    return torch.rand(shape, generator=generator, device=x.device, dtype=x.dtype)


def _spread(sigma: Tensor, x: Tensor) -> Tensor:
    if not sigma.is_floating_point():
        raise TypeError(f"sigma must be floating point, got {sigma.dtype}")
    if sigma.shape != x.shape[:1]:
        raise ValueError(
            f"sigma must be a number or ({len(x)},) for {len(x)} examples, "
            f"got {tuple(sigma.shape)}"
        )
    if sigma.device != x.device:
        raise ValueError(
            f"sigma must be on the device of x, {x.device}, got {sigma.device}"
        )
    return sigma.reshape(-1, *[1] * (x.ndim - 1)).to(x.dtype)


def _check_x(x: Tensor) -> None:
    if not isinstance(x, Tensor):
        raise TypeError(f"x must be a tensor, got {type(x).__name__}")
    if not x.is_floating_point():
        raise TypeError(f"x must be floating point, got {x.dtype}")
    if x.ndim < 2:
        raise ValueError(f"x must have an axis behind B, got {tuple(x.shape)}")


def _check_number(name: str, value: float, *, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, got {type(value).__name__}")
    if not (0 <= value <= high and math.isfinite(value)):
        limits = "finite and 0 or more" if high == math.inf else f"in [0, {high:g}]"
        raise ValueError(f"{name} must be {limits}, got {value}")
