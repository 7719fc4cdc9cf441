"""Noise for denoising autoencoders: each call draws afresh and returns a new tensor.

In images (B, C, H, W) a pixel is lost whole, with all its channels; in any other shape
(B, ...) each number is lost by itself. A `generator` is on the device of the images or
on the CPU; from the CPU it draws the same noise on every device.
"""

import torch
from torch import Tensor

from aelib import _expect


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
    _expect.examples("x", x)
    if isinstance(sigma, Tensor):
        sigma = _spread(sigma, x)
    else:
        sigma = _expect.number("sigma", sigma, least=0)
    _expect.generator("generator", generator)
    drawn_on = x.device if generator is None else generator.device
    noise = torch.randn(x.shape, generator=generator, device=drawn_on, dtype=x.dtype)
    return x + sigma * noise.to(x.device)


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
    lost = _uniform(x, generator) < _share("rate", rate)
    return x.masked_fill(lost, 0)


def salt_and_pepper(
    x: Tensor, rate: float, *, generator: torch.Generator | None = None
) -> Tensor:
    """Pixels set to 0 or 1, each with probability rate / 2; the others stay.

    0 and 1 are black and white where images are in [0, 1]; the arguments, errors and
    source are those of masking_noise.

    Taught in: chapter 05.
    """
    u, rate = _uniform(x, generator), _share("rate", rate)
    return x.masked_fill(u < rate, 1).masked_fill(u < rate / 2, 0)


def _uniform(x: Tensor, generator: torch.Generator | None) -> Tensor:
    """One number in [0, 1) for each pixel, in a shape that spreads over channels."""
    _expect.examples("x", x)
    _expect.generator("generator", generator)
    shape = list(x.shape)
    if x.ndim == 4:
        shape[1] = 1
    drawn_on = x.device if generator is None else generator.device
    drawn = torch.rand(shape, generator=generator, device=drawn_on, dtype=x.dtype)
    return drawn.to(x.device)


def _share(name: str, value: float) -> float:
    return _expect.number(name, value, least=0, most=1)


def _spread(sigma: Tensor, x: Tensor) -> Tensor:
    _expect.floating("sigma", sigma)
    if sigma.shape != x.shape[:1]:
        raise ValueError(
            f"sigma must be a number or ({len(x)},) for {len(x)} examples, "
            f"got {tuple(sigma.shape)}"
        )
    _expect.same_device("sigma", sigma, "x", x)
    return sigma.reshape(-1, *[1] * (x.ndim - 1)).to(x.dtype)
