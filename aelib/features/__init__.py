"""Small classifiers whose last hidden layer gives features for our Frechet distance.

`load("fashion_mnist").features(images)` are 64 numbers an image. The distance on them
is named FFD, is comparable only with itself, and never called FID. The weights beside
this file come from scripts/train_features.py.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor, nn

from aelib import _expect

N_FEATURES = 64
_FOLDER = Path(__file__).parent
_IMAGES_AT_ONCE = 500  # bounds the memory of the first layer's maps
_SLACK = 1e-3  # rounding around [0, 1] that is not an error


class FeatureNet(nn.Module):
    """Three convolutions, a mean over places, one linear layer: -> (B, n_classes).

    Attributes:
        accuracy: share of the test images classified rightly, in [0, 1]; NaN untrained.
        provenance: what `accuracy` was measured on and how the weights were trained.
    """

    def __init__(self, n_classes: int = 10) -> None:
        super().__init__()
        n_classes = _expect.integer("n_classes", n_classes, least=1)
        self.accuracy = float("nan")
        self.provenance: dict[str, Any] = {}
        self.trunk = nn.Sequential(
            *_block(1, 16),
            nn.MaxPool2d(2),  # 28 -> 14
            *_block(16, 32),
            nn.MaxPool2d(2),  # 14 -> 7
            *_block(32, N_FEATURES),
            nn.AdaptiveAvgPool2d(1),  # a mean over the 7x7 places
            nn.Flatten(),
        )
        self.head = nn.Linear(N_FEATURES, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        _check_shape(x, self)
        return self.head(self.trunk(x))

    @torch.no_grad()
    def features(self, x: Tensor) -> Tensor:
        """Images in [0, 1], (B, 1, 28, 28) -> (B, 64), without gradients, any B.

        Raises:
            TypeError, ValueError: `x` is not as above, not finite, or not of the
                weights' dtype; clamp what a decoder makes before it comes here.
        """
        _check_shape(x, self)
        _check_range(x)
        return torch.cat([self.trunk(part) for part in x.split(_IMAGES_AT_ONCE)])


def load(name: str) -> FeatureNet:
    """The trained classifier for "fashion_mnist" or "mnist", in eval mode, on the CPU.

    Raises:
        TypeError, ValueError: there is none of that name, or its file is damaged.
    """
    names = sorted(path.stem for path in _FOLDER.glob("*.safetensors"))
    _expect.text("name", name)
    if name not in names:
        raise ValueError(f"name must be one of {names}, got {name!r}")
    path = _FOLDER / f"{name}.safetensors"
    model = FeatureNet()
    try:
        with safe_open(path, framework="pt") as file:
            provenance = json.loads(file.metadata()["provenance"])
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        model.accuracy = float(provenance["accuracy"])
        model.load_state_dict(weights)  # stored in float16, computed in float32
    except Exception as error:
        raise ValueError(
            f"{path.name} must hold the weights of a FeatureNet, but {error}; "
            f"restore it or run scripts/train_features.py {name}"
        ) from error
    model.provenance = provenance
    return model.eval().requires_grad_(False)


def _block(n_in: int, n_out: int) -> list[nn.Module]:
    convolution = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)
    return [convolution, nn.BatchNorm2d(n_out), nn.ReLU()]


def _check_shape(x: Tensor, model: nn.Module) -> None:
    _expect.floating("x", x)
    if x.ndim != 4 or tuple(x.shape[1:]) != (1, 28, 28) or len(x) == 0:
        raise ValueError(f"x must be (B, 1, 28, 28), got {tuple(x.shape)}")
    _expect.like_parameters("x", x, model)


def _check_range(x: Tensor) -> None:
    low, high = x.min().item(), x.max().item()
    if not (low >= -_SLACK and high <= 1 + _SLACK):  # also refuses NaN
        raise ValueError(f"x must be in [0, 1], got values {low:g} to {high:g}")
