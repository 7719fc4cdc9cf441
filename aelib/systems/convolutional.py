"""The convolutional autoencoders of the source documents."""

from torch import nn

from aelib import _expect
from aelib.models import Autoencoder


def s0_conv(latent_dim: int = 16) -> Autoencoder:
    """S0-CONV: 28-14-7-3-1 and back, Tanh; the size of the code was not given."""
    latent_dim = _expect.integer("latent_dim", latent_dim, least=1)
    encoder = nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),  # 28 -> 14
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),  # 14 -> 7
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2),  # 7 -> 3
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),  # 3 -> 1
        nn.Flatten(),
        nn.ReLU(),
        nn.Linear(64, 32),
        nn.ReLU(),
        nn.Linear(32, latent_dim),
    )
    decoder = nn.Sequential(
        nn.Linear(latent_dim, 32),
        nn.ReLU(),
        nn.Linear(32, 64),
        nn.ReLU(),
        nn.Unflatten(1, (64, 1, 1)),
        nn.ConvTranspose2d(64, 32, 3),  # 1 -> 3
        nn.ReLU(),
        nn.ConvTranspose2d(32, 16, 3, stride=2),  # 3 -> 7
        nn.ReLU(),
        nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, output_padding=1),  # 7 -> 14
        nn.ReLU(),
        nn.ConvTranspose2d(8, 1, 3, stride=2, padding=1, output_padding=1),  # 14 -> 28
        nn.Tanh(),
    )
    return Autoencoder(encoder, decoder)


def s1_conv() -> Autoencoder:
    """S1-CONV: ReLU and max-pooling down to a code of 8x2x2, Tanh, data in [-1, 1].

    Mistakes: the code cannot be negative and its channels can die (B15); kernel 5 with
    stride 3 covers pixels unevenly (B14).
    """
    encoder = nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=3, padding=1),  # 28 -> 10
        nn.ReLU(),
        nn.MaxPool2d(2, stride=2),  # 10 -> 5
        nn.Conv2d(16, 8, 3, stride=2, padding=1),  # 5 -> 3
        nn.ReLU(),
        nn.MaxPool2d(2, stride=1),  # 3 -> 2
        nn.Flatten(),
    )
    decoder = nn.Sequential(
        nn.Unflatten(1, (8, 2, 2)),
        nn.ConvTranspose2d(8, 16, 3, stride=2),  # 2 -> 5
        nn.ReLU(),
        nn.ConvTranspose2d(16, 8, 5, stride=3, padding=1),  # 5 -> 15
        nn.ReLU(),
        nn.ConvTranspose2d(8, 1, 2, stride=2, padding=1),  # 15 -> 28
        nn.Tanh(),
    )
    return Autoencoder(encoder, decoder)


def s1_conv_repaired() -> Autoencoder:
    """S1-CONV with a linear code of the same size and kernels divisible by the stride.

    4,033 parameters, fewer than the 5,729 of the network as found.
    """
    encoder = nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=3, padding=1),  # 28 -> 10
        nn.ReLU(),
        nn.MaxPool2d(2, stride=2),  # 10 -> 5
        nn.Conv2d(16, 8, 3, stride=2),  # 5 -> 2, no ReLU, no max-pooling
        nn.Flatten(),
    )
    decoder = nn.Sequential(
        nn.Unflatten(1, (8, 2, 2)),
        nn.ConvTranspose2d(8, 16, 2, stride=2),  # 2 -> 4
        nn.ReLU(),
        nn.ConvTranspose2d(16, 8, 4, stride=4, padding=1),  # 4 -> 14
        nn.ReLU(),
        nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1),  # 14 -> 28
        nn.Tanh(),
    )
    return Autoencoder(encoder, decoder)


def s4_conv() -> Autoencoder:
    """S4-CONV: three convolutions (4, 2, 1) and back, Tanh, RGB 64x64 in [-1, 1].

    The code holds 3,072 numbers for 12,288: hardly a bottleneck (B07).
    """
    encoder = nn.Sequential(
        *s4_trunk(),
        nn.Conv2d(24, 48, 4, stride=2, padding=1),  # 16 -> 8
        nn.ReLU(),
        nn.Flatten(),
    )
    return Autoencoder(encoder, s4_decoder())


def s4_trunk() -> list[nn.Module]:
    return [
        nn.Conv2d(3, 12, 4, stride=2, padding=1),  # 64 -> 32
        nn.ReLU(),
        nn.Conv2d(12, 24, 4, stride=2, padding=1),  # 32 -> 16
        nn.ReLU(),
    ]


def s4_decoder() -> nn.Module:
    return nn.Sequential(
        nn.Unflatten(1, (48, 8, 8)),
        nn.ConvTranspose2d(48, 24, 4, stride=2, padding=1),  # 8 -> 16
        nn.ReLU(),
        nn.ConvTranspose2d(24, 12, 4, stride=2, padding=1),  # 16 -> 32
        nn.ReLU(),
        nn.ConvTranspose2d(12, 3, 4, stride=2, padding=1),  # 32 -> 64
        nn.Tanh(),
    )
