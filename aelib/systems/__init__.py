"""The eleven networks of the five source documents, exactly as found, and repaired.

`s1_vae()` is S1-VAE with its mistakes; `s1_vae_repaired()` is the same network without
them. A function without a repaired twin needs none: where such a system fails, its data
have the wrong range (S0-FC, S2-MLP) or its code is too wide (S4-CONV). SYSTEMS lists
them with their sizes and the range that their output can reach. Weights are PyTorch's
default initialisation, drawn from the global generator; `keras_initialise` gives those
of Keras.
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import nn

from aelib import _expect
from aelib.models import ImageShape
from aelib.systems.connected import (
    s0_fc,
    s1_fc,
    s2_keras,
    s2_keras_repaired,
    s2_mlp,
    s3_ae,
    s3_ae_repaired,
    s4_fc,
)
from aelib.systems.convolutional import s0_conv, s1_conv, s1_conv_repaired, s4_conv
from aelib.systems.variational import (
    SigmaCode,
    SigmaVAE,
    s1_vae,
    s1_vae_repaired,
    s4_vae,
    s4_vae_repaired,
)

__all__ = [
    "SYSTEMS",
    "SigmaCode",
    "SigmaVAE",
    "System",
    "keras_initialise",
    "s0_conv",
    "s0_fc",
    "s1_conv",
    "s1_conv_repaired",
    "s1_fc",
    "s1_vae",
    "s1_vae_repaired",
    "s2_keras",
    "s2_keras_repaired",
    "s2_mlp",
    "s3_ae",
    "s3_ae_repaired",
    "s3_vae",
    "s3_vae_repaired",
    "s4_conv",
    "s4_fc",
    "s4_vae",
    "s4_vae_repaired",
]

_GREY, _RGB64 = (1, 28, 28), (3, 64, 64)

s3_vae = s1_vae
s3_vae_repaired = s1_vae_repaired


class System(NamedTuple):
    """What is known of a network without running it.

    `output_range` is what the last activation can reach: the data must lie in it.
    """

    build: Callable[[], nn.Module]
    image_shape: ImageShape
    code_size: int
    n_parameters: int
    output_range: tuple[float, float]


SYSTEMS = {
    "S0-FC": System(s0_fc, _GREY, 16, 223_456, (-1.0, 1.0)),
    "S0-CONV": System(s0_conv, _GREY, 16, 53_969, (-1.0, 1.0)),
    "S1-FC": System(s1_fc, _GREY, 3, 219_891, (-1.0, 1.0)),
    "S1-CONV": System(s1_conv, _GREY, 32, 5_729, (-1.0, 1.0)),
    "S1-VAE": System(s1_vae, _GREY, 10, 437_540, (0.0, 1.0)),
    "S2-KERAS": System(s2_keras, _GREY, 32, 489_136, (0.0, 1.0)),
    "S2-MLP": System(s2_mlp, _GREY, 32, 419_120, (0.0, 1.0)),
    "S3-AE": System(s3_ae, _GREY, 20, 438_180, (0.0, 1.0)),
    "S4-FC": System(s4_fc, _RGB64, 3, 3_176_419, (-1.0, 1.0)),
    "S4-CONV": System(s4_conv, _RGB64, 3_072, 47_355, (-1.0, 1.0)),
    "S4-VAE": System(s4_vae, _RGB64, 3_072, 65_835, (-1.0, 1.0)),
}


def keras_initialise(model: nn.Module) -> nn.Module:
    """Give every Linear and convolution Keras' defaults, in place; return the model.

    Weights uniform in +-sqrt(6 / (fan_in + fan_out)) (Glorot), biases zero.
    """
    _expect.instance("model", model, nn.Module, "an nn.Module")
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return model
