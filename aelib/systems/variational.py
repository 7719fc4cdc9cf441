"""The variational autoencoders of the source documents."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from aelib.models import VAE, MLPDecoder, MLPEncoder
from aelib.systems.convolutional import s4_decoder, s4_trunk

_GREY = (1, 28, 28)


class SigmaCode(NamedTuple):
    """Mean and "sigma" of a code, both (B, D), as S1-VAE predicts them."""

    mean: Tensor
    sigma: Tensor

    def sample(self) -> Tensor:
        return self.mean + self.sigma * torch.randn_like(self.mean)


class SigmaVAE(nn.Module):
    """S1-VAE's shape of a VAE: the second head is sigma itself, with no constraint.

    encode (B, C, H, W) -> SigmaCode · decode (B, D) -> (B, C, H, W) · forward -> both.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def encode(self, x: Tensor) -> SigmaCode:
        return SigmaCode(*self.encoder(x).chunk(2, dim=1))

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z)

    def forward(self, x: Tensor) -> tuple[Tensor, SigmaCode]:
        code = self.encode(x)
        return self.decode(code.sample()), code


def s1_vae() -> SigmaVAE:
    """S1-VAE = S3-VAE: 784-256-64-(10 + 10), 10-64-256-784, Sigmoid, data in [0, 1].

    Mistakes: ReLU on both heads (B01), a head called sigma with no constraint (B02).
    """
    encoder = nn.Sequential(MLPEncoder(_GREY, [256, 64], 20), nn.ReLU())
    decoder = nn.Sequential(MLPDecoder(10, [64, 256], _GREY), nn.Sigmoid())
    return SigmaVAE(encoder, decoder)


def s1_vae_repaired() -> VAE:
    """S1-VAE with linear heads, mean and log-variance; its output is a mean."""
    decoder = nn.Sequential(MLPDecoder(10, [64, 256], _GREY), nn.Sigmoid())
    return VAE(MLPEncoder(_GREY, [256, 64], 20), decoder)


class TwoHeads(nn.Module):
    """A trunk and two heads, flattened and side by side: (B, C, H, W) -> (B, 2 D)."""

    def __init__(self, trunk: nn.Module, mean: nn.Module, log_var: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk
        self.mean = mean
        self.log_var = log_var

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.trunk(x)
        heads = self.mean(hidden).flatten(1), self.log_var(hidden).flatten(1)
        return torch.cat(heads, dim=1)


def s4_vae() -> VAE:
    """S4-VAE: S4-CONV's layers, two heads 48x8x8, Tanh, RGB 64x64 in [-1, 1].

    Mistake: ReLU on both heads, so that no posterior is narrower than the prior (B06).
    """
    heads = [nn.Sequential(_s4_head(), nn.ReLU()) for _ in range(2)]
    return VAE(TwoHeads(nn.Sequential(*s4_trunk()), *heads), s4_decoder())


def s4_vae_repaired() -> VAE:
    """S4-VAE with linear heads."""
    trunk = nn.Sequential(*s4_trunk())
    return VAE(TwoHeads(trunk, _s4_head(), _s4_head()), s4_decoder())


def _s4_head() -> nn.Module:
    return nn.Conv2d(24, 48, 4, stride=2, padding=1)  # 16 -> 8
