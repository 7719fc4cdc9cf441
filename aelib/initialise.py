"""Where training starts: weights that keep the signal's size, output at the mean."""

import torch
from torch import Tensor, nn

from aelib import _expect

_LAYERS = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
_OUTPUT_SCALE = 0.1  # of the last layer: the first outputs are near the mean image
_TANH = (-1.0, torch.atanh)  # lower end, inverse
_EDGE = 0.01  # pixels that are always black or white start this far inside the range


@torch.no_grad()
def initialise_at_mean(model: nn.Module, mean_image: Tensor) -> nn.Module:
    """Kaiming weights, and a first output near the mean image; in place.

    Every Linear and (transposed) convolution gets weights of variance 2 / fan_in and
    zero biases. The last one gets 0.1 of its weights, and as its bias what the output
    activation behind it (Sigmoid, Tanh or none) turns into the mean image: training
    then starts at the error of the mean image.

    Args:
        model: its last layer makes the image, with as many outputs as the image has
            values, or is a convolution with one bias a channel (the channel's mean).
        mean_image: (C, H, W), in the range of the data the model will see.

    Returns:
        The same model.

    Source: arXiv:1502.01852, eq. (10), for the weights; the rest is ours, measured.

    Raises:
        TypeError: `model` is no nn.Module, or `mean_image` no floating-point tensor.
        ValueError: `mean_image` is not finite, outside of what the activation can
            reach, or does not fit the last layer, or the last layer has no bias.
    """
    layers = _checked_layers(model, mean_image)
    last = layers[-1]
    wanted = mean_image if isinstance(last, nn.Linear) else mean_image.mean(dim=(1, 2))
    bias = _before_activation(model, last, wanted.flatten())
    if bias.shape != last.bias.shape:
        raise ValueError(
            f"mean_image must fit the {len(last.bias)} outputs of the last layer, "
            f"got {tuple(mean_image.shape)}"
        )
    for layer in layers:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            layer.bias.zero_()
    last.weight.mul_(_OUTPUT_SCALE)
    last.bias.copy_(bias)
    return model


def _before_activation(model: nn.Module, layer: nn.Module, wanted: Tensor) -> Tensor:
    """What the activation behind `layer` turns into `wanted`, away from its ends."""
    modules = list(model.modules())
    behind = modules[modules.index(layer) + 1 :]
    last = next((m for m in behind if isinstance(m, nn.Sigmoid | nn.Tanh)), None)
    if last is None:
        return wanted
    low, inverse = (0.0, torch.logit) if isinstance(last, nn.Sigmoid) else _TANH
    if not (wanted.min() >= low and wanted.max() <= 1):
        raise ValueError(
            f"mean_image must be in [{low:g}, 1] for an output through "
            f"{type(last).__name__}, got values {wanted.min():g} to {wanted.max():g}"
        )
    edge = _EDGE * (1 - low)
    return inverse(wanted.clamp(low + edge, 1 - edge))


def _checked_layers(model: nn.Module, mean_image: Tensor) -> list[nn.Module]:
    """The layers with weights, of which the last makes the image."""
    _expect.instance("model", model, nn.Module, "an nn.Module")
    layers = [m for m in model.modules() if isinstance(m, _LAYERS)]
    _expect.values("mean_image", mean_image, "(C, H, W)")
    if not layers or layers[-1].bias is None:
        raise ValueError("model must end in a layer with a bias, got none")
    return layers
