"""Encoders, decoders, and the two ways to join them: Autoencoder and VAE.

Decoders end without an activation: what the numbers mean (pixels, logits) is the
loss's affair. Axes: B batch, C channels, H W image, D code.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from aelib import _expect

ImageShape = tuple[int, int, int]


class MLPEncoder(nn.Module):
    """Images to codes by Linear layers with ReLU between: (B, C, H, W) -> (B, out_dim).

    Args:
        image_shape: (C, H, W).
        hidden: sizes of the layers between; empty: one linear map.
        out_dim: size of the last layer, which has no activation.
    """

    def __init__(
        self, image_shape: ImageShape, hidden: Sequence[int], out_dim: int
    ) -> None:
        super().__init__()
        channels, height, width = _check_image_shape(image_shape)
        self.image_shape = (channels, height, width)
        self.out_dim = _expect.integer("out_dim", out_dim, least=1)
        between = _expect.sizes("hidden", hidden)
        sizes = [channels * height * width, *between, self.out_dim]
        self.net = nn.Sequential(nn.Flatten(), *_linear_layers(sizes))

    def forward(self, x: Tensor) -> Tensor:
        _check_input(self, "x", x, self.image_shape, "(B, C, H, W)")
        return self.net(x)


class MLPDecoder(nn.Module):
    """Codes to images by Linear layers with ReLU between: (B, D) -> (B, C, H, W).

    Args:
        latent_dim: size of the code, D.
        hidden: sizes of the layers between; empty: one linear map.
        image_shape: (C, H, W).
    """

    def __init__(
        self, latent_dim: int, hidden: Sequence[int], image_shape: ImageShape
    ) -> None:
        super().__init__()
        channels, height, width = _check_image_shape(image_shape)
        self.image_shape = (channels, height, width)
        self.latent_dim = _expect.integer("latent_dim", latent_dim, least=1)
        between = _expect.sizes("hidden", hidden)
        sizes = [self.latent_dim, *between, channels * height * width]
        self.net = nn.Sequential(
            *_linear_layers(sizes), nn.Unflatten(1, self.image_shape)
        )

    def forward(self, z: Tensor) -> Tensor:
        _check_input(self, "z", z, (self.latent_dim,), "(B, D)")
        return self.net(z)


class ConvEncoder(nn.Module):
    """Images to codes by two convolutions of stride 2: (B, C, H, W) -> (B, out_dim).

    H and W are halved twice. Where one is no multiple of 4, the image gets rows of 0
    below, or columns on the right, up to the next: 0 is also what is around it.

    Args:
        image_shape: (C, H, W), of any size.
        out_dim: size of the last layer, which has no activation.
        width: channels after the first convolution; twice as many after the second.
    """

    def __init__(
        self, image_shape: ImageShape, out_dim: int, *, width: int = 32
    ) -> None:
        super().__init__()
        self.image_shape = _check_image_shape(image_shape)
        self.out_dim = _expect.integer("out_dim", out_dim, least=1)
        width = _expect.integer("width", width, least=1)
        channels = self.image_shape[0]
        h, w = _up_to_multiples_of_4(self.image_shape)
        self.net = nn.Sequential(
            nn.Conv2d(channels, width, 4, stride=2, padding=1),  # H -> H/2
            nn.GELU(),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),  # H/2 -> H/4
            nn.GELU(),
            nn.Flatten(),
            nn.Linear(2 * width * (h // 4) * (w // 4), out_dim),
        )

    def forward(self, x: Tensor) -> Tensor:
        _check_input(self, "x", x, self.image_shape, "(B, C, H, W)")
        h, w = _up_to_multiples_of_4(self.image_shape)
        below, right = h - x.shape[2], w - x.shape[3]
        if below or right:
            x = pad(x, (0, right, 0, below))
        return self.net(x)


class ConvDecoder(nn.Module):
    """Codes to images by two transposed convolutions: (B, D) -> (B, C, H, W).

    The kernels are twice the stride, so that every pixel is covered equally often.
    Where H or W is no multiple of 4, the image is made as large as the next, and what
    is too much is cut off below and on the right, where ConvEncoder adds it.

    Args:
        latent_dim: size of the code, D.
        image_shape: (C, H, W), of any size.
        width: channels before the last layer; twice as many before that.
    """

    def __init__(
        self, latent_dim: int, image_shape: ImageShape, *, width: int = 32
    ) -> None:
        super().__init__()
        self.image_shape = _check_image_shape(image_shape)
        self.latent_dim = _expect.integer("latent_dim", latent_dim, least=1)
        width = _expect.integer("width", width, least=1)
        channels = self.image_shape[0]
        h, w = _up_to_multiples_of_4(self.image_shape)
        self.net = nn.Sequential(
            nn.Linear(latent_dim, 2 * width * (h // 4) * (w // 4)),
            nn.GELU(),
            nn.Unflatten(1, (2 * width, h // 4, w // 4)),
            nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1),  # H/4 -> H/2
            nn.GELU(),
            nn.ConvTranspose2d(width, channels, 4, stride=2, padding=1),  # H/2 -> H
        )

    def forward(self, z: Tensor) -> Tensor:
        _check_input(self, "z", z, (self.latent_dim,), "(B, D)")
        _, h, w = self.image_shape
        # One block of memory also where it was cut: people call .view on images.
        return self.net(z)[:, :, :h, :w].contiguous()


class Autoencoder(nn.Module):
    """Encoder, (B, C, H, W) -> (B, D), then decoder, (B, D) -> (B, C, H, W)."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        _check_modules(encoder, decoder, n_heads=1)
        self.encoder = encoder
        self.decoder = decoder

    def encode(self, x: Tensor) -> Tensor:
        _check_given("x", x, self.encoder)
        z = self.encoder(x)
        _check_rank_2("encoder", z)
        return z

    def decode(self, z: Tensor) -> Tensor:
        _check_given("z", z, self.decoder)
        return self.decoder(z)

    def forward(self, x: Tensor) -> Tensor:
        x_hat = self.decode(self.encode(x))
        _check_output(x_hat, x)
        return x_hat


class Posterior(NamedTuple):
    """A diagonal Gaussian over codes for each image: mean and log_var, both (B, D)."""

    mean: Tensor
    log_var: Tensor

    def sample(self) -> Tensor:
        """One code for each image, (B, D), differentiable in mean and log_var.

        Source: arXiv:1312.6114, section 2.4.
        """
        return self.mean + (0.5 * self.log_var).exp() * torch.randn_like(self.mean)


class VAE(nn.Module):
    """Variational autoencoder with a diagonal Gaussian posterior.

    Args:
        encoder: (B, C, H, W) -> (B, 2 * D), mean and log-variance side by side.
        decoder: (B, D) -> (B, C, H, W), logits or means; no activation is added.

    In train mode and in eval mode `forward` decodes a sample, so that what is computed
    from it is the same bound in both.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        _check_modules(encoder, decoder, n_heads=2)
        self.encoder = encoder
        self.decoder = decoder

    def encode(self, x: Tensor) -> Posterior:
        _check_given("x", x, self.encoder)
        heads = self.encoder(x)  # (B, 2 * D)
        _check_rank_2("encoder", heads)
        if heads.shape[1] % 2:
            raise ValueError(
                f"encoder must return (B, 2 * D), got {tuple(heads.shape)}, an odd size"
            )
        return Posterior(*heads.chunk(2, dim=1))

    def decode(self, z: Tensor) -> Tensor:
        _check_given("z", z, self.decoder)
        return self.decoder(z)

    def forward(self, x: Tensor) -> tuple[Tensor, Posterior]:
        posterior = self.encode(x)
        output = self.decode(posterior.sample())
        _check_output(output, x)
        return output, posterior


def _linear_layers(sizes: Sequence[int]) -> list[nn.Module]:
    """Linear layers from size to size, ReLU between, none at the end."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    return layers[:-1]


def _check_image_shape(image_shape: ImageShape) -> ImageShape:
    _expect.sequence("image_shape", image_shape, 3)
    channels, height, width = _expect.sizes("image_shape", image_shape)
    return channels, height, width


def _up_to_multiples_of_4(image_shape: ImageShape) -> tuple[int, int]:
    """H and W, each or the next size above it that can be halved twice."""
    _, height, width = image_shape
    return height + -height % 4, width + -width % 4


def _check_modules(encoder: nn.Module, decoder: nn.Module, *, n_heads: int) -> None:
    """Where both say their sizes (ours do), they must fit; others fail when called."""
    for name, module in (("encoder", encoder), ("decoder", decoder)):
        _expect.instance(name, module, nn.Module, "an nn.Module")
    out_dim = getattr(encoder, "out_dim", None)
    latent_dim = getattr(decoder, "latent_dim", None)
    if out_dim is not None and out_dim % n_heads:
        raise ValueError(f"encoder must have an even out_dim (2 * D), got {out_dim}")
    if None not in (out_dim, latent_dim) and out_dim != n_heads * latent_dim:
        raise ValueError(
            f"encoder must have out_dim {n_heads * latent_dim} for the decoder's "
            f"latent_dim {latent_dim}, got {out_dim}"
        )


def _check_input(
    module: nn.Module, name: str, tensor: Tensor, shape: tuple[int, ...], axes: str
) -> None:
    _expect.floating(name, tensor)
    if tuple(tensor.shape[1:]) != shape or tensor.ndim != len(shape) + 1:
        wanted = ", ".join(["B", *map(str, shape)])
        raise ValueError(
            f"{name} must be {axes} = ({wanted}), got {tuple(tensor.shape)}"
        )
    _expect.like_parameters(name, tensor, module)


def _check_given(name: str, tensor: Tensor, module: nn.Module) -> None:
    """For encoders and decoders of other people, which check nothing themselves."""
    _expect.tensor(name, tensor, "(B, D)" if name == "z" else None)
    _expect.like_parameters(name, tensor, module)


def _check_rank_2(name: str, z: Tensor) -> None:
    if not isinstance(z, Tensor):
        raise TypeError(f"{name} must return a tensor, got {type(z).__name__}")
    if z.ndim != 2:
        raise ValueError(f"{name} must return (B, D), got {tuple(z.shape)}")


def _check_output(output: Tensor, x: Tensor) -> None:
    if not isinstance(output, Tensor):
        raise TypeError(f"decoder must return a tensor, got {type(output).__name__}")
    if output.shape != x.shape:
        raise ValueError(
            f"decoder must return images of the input's shape {tuple(x.shape)}, "
            f"got {tuple(output.shape)}"
        )
