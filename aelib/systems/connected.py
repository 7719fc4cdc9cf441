"""The fully connected autoencoders of the source documents."""

from torch import nn

from aelib.models import Autoencoder, ImageShape, MLPDecoder, MLPEncoder

_GREY, _RGB64 = (1, 28, 28), (3, 64, 64)


def s0_fc() -> Autoencoder:
    """S0-FC: 784-128-64-32-16 and back, Tanh; consistent with data in [-1, 1] only."""
    return _mlp(_GREY, [128, 64, 32], 16, nn.Tanh())


def s1_fc() -> Autoencoder:
    """S1-FC: 784-128-64-12-3 and back, Tanh, data in [-1, 1]."""
    return _mlp(_GREY, [128, 64, 12], 3, nn.Tanh())


def s2_keras() -> Autoencoder:
    """S2-KERAS: 784-256-128-64-32 and back, Sigmoid, data in [0, 1].

    For the source's recipe call `keras_initialise` on it and use Adam with lr 1e-3 and
    eps 1e-7. Mistake: ReLU on the code (B15).
    """
    return _mlp(_GREY, [256, 128, 64], 32, nn.Sigmoid(), code=nn.ReLU())


def s2_keras_repaired() -> Autoencoder:
    """S2-KERAS with a linear code."""
    return _mlp(_GREY, [256, 128, 64], 32, nn.Sigmoid())


def s2_mlp() -> Autoencoder:
    """S2-MLP: 784-256-32 and back, Sigmoid; wants [0, 1], was given [-1, 1] (B11)."""
    return _mlp(_GREY, [256], 32, nn.Sigmoid())


def s3_ae() -> Autoencoder:
    """S3-AE: 784-256-64-20 and back, Sigmoid, data in [0, 1].

    Mistake: ReLU on the code (B15).
    """
    return _mlp(_GREY, [256, 64], 20, nn.Sigmoid(), code=nn.ReLU())


def s3_ae_repaired() -> Autoencoder:
    """S3-AE with a linear code."""
    return _mlp(_GREY, [256, 64], 20, nn.Sigmoid())


def s4_fc() -> Autoencoder:
    """S4-FC: 12288-128-64-12-3 and back, Tanh, RGB 64x64 in [-1, 1].

    Fully connected, although its source calls it an FCN (B23).
    """
    return _mlp(_RGB64, [128, 64, 12], 3, nn.Tanh())


def _mlp(
    image_shape: ImageShape,
    hidden: list[int],
    code_size: int,
    output: nn.Module,
    code: nn.Module | None = None,
) -> Autoencoder:
    encoder = MLPEncoder(image_shape, hidden, code_size)
    decoder = MLPDecoder(code_size, hidden[::-1], image_shape)
    with_code = encoder if code is None else nn.Sequential(encoder, code)
    return Autoencoder(with_code, nn.Sequential(decoder, output))
