"""The numbers of the page on your own images, computed again."""

import math

import numpy as np
import torch
from PIL import Image
from skimage import data as photographs
from torch import Tensor, nn
from torch.nn.functional import interpolate

import aelib
from aelib import data, losses, metrics
from aelib.data import Batches
from aelib.models import VAE, ConvDecoder, ConvEncoder
from aelib.train import train

# the four mistakes of the usual line, and what became of the second picture
deep = photographs.camera().astype(np.uint16)
says("in grey of 16 bits a pixel", 8 * deep.itemsize)
says("cut at the white of 8", 8 * np.uint8().itemsize)
usual = np.array(Image.fromarray(257 * deep).convert("RGB"))
says("each of his values was cut", float(usual[deep > 0].min()) == usual.max())
says("mind 16 bits", 8 * deep.itemsize)
n_bits = int(257 * deep.max() >> 4).bit_length()
says("a camera of 12 bits wrote a file of 16", n_bits, 8 * deep.itemsize)
n_shown = setting("n_shown")
says("thirty-two pictures as the network gets", n_shown)

# memory
image = torch.zeros(setting("shape"))
n_bytes = image.numel() * image.itemsize
says("a gigabyte holds 81 thousand of these images", 10**9 / n_bytes)

pixels = np.iinfo(np.uint8)
says("pictures in 0 to 255 are refused", pixels.min, pixels.max)
says("with a code of sixteen numbers", setting("latent_dim"))
n_epochs = setting("n_epochs")
says("what if thirty epochs were too few", n_epochs)

# the bounds of a log-variance
says("infinite from 89 on", math.ceil(math.log(torch.finfo(torch.float32).max)))
bound = 10.0
says("would be 148 times that of the standard", math.exp(bound / 2))
says("or less than a hundredth of it", math.exp(-bound / 2) < 1 / 100)

emoji = data.emoji()
x_train, x_test = (
    interpolate(part.images, (32, 32), mode="area")
    for part in (emoji.train, emoji.test)
)


class Bounded(nn.Module):
    """An encoder whose log-variances stay within the bound."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, x: Tensor) -> Tensor:
        mean, log_var = self.encoder(x).chunk(2, dim=1)
        return torch.cat([mean, bound * torch.tanh(log_var / bound)], dim=1)


def elbo(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    x_hat, posterior = model(x)
    rate = losses.kl_standard_normal(*posterior).mean()
    return {"loss": (x_hat - x).square().flatten(1).sum(1).mean() / 0.02 + rate}


def belted(seed: int) -> float:
    """The error of the run that was not finite, with the bound."""
    aelib.start(seed)
    encoder = Bounded(ConvEncoder((3, 32, 32), 2 * 16, width=16))
    model = VAE(encoder, ConvDecoder(16, (3, 32, 32), width=16))
    train(model, elbo, Batches(x_train, 32), epochs=1, lr=0.3, schedule="constant")
    with torch.no_grad():
        x_hat = model.decode(model.encode(x_test).mean)
        return metrics.sse(x_hat, x_test).mean().item()


of_mean = metrics.against_constant(metrics.sse, x_test, constant=x_train.mean(dim=0))
survivors = [belted(seed) for seed in range(3)]
says("rebuilds the pictures worse than the mean image does", min(survivors) > of_mean)
