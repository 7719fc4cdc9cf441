"""What all trackers accept, and how it is drawn."""

import io
import math
import re
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from aelib import _expect

_NAME = re.compile(r"[\w-]+(/[\w-]+)*", re.ASCII)


def scalars(step: int, values: Mapping[str, float]) -> tuple[int, dict[str, float]]:
    """The step and its values as plain numbers.

    Raises:
        TypeError: `step` or a value is not a number, or a name no text.
        ValueError: a value is named "step", or is not finite.
    """
    step = _expect.integer("step", step, least=0)
    _expect.instance("values", values, Mapping, "a dict of numbers")
    if "step" in values:
        raise ValueError("values must not hold a name 'step', got one")
    plain = {}
    for name, value in values.items():
        _expect.instance(f"the name {name!r} in values", name, str, "text")
        plain[name] = _expect.number(f"values[{name!r}]", value)
    return step, plain


def is_name(text: str) -> bool:
    """Whether it can be the name of a file: words with slashes between."""
    return _NAME.fullmatch(text) is not None


def place(step: int, name: str) -> int:
    """The step, where it and the name of a picture can be meant.

    Raises:
        TypeError, ValueError: they cannot.
    """
    _expect.text("name", name)
    if not is_name(name):
        raise ValueError(
            f"name must be letters, digits, '_', '-' and '/' between, got {name!r}"
        )
    return _expect.integer("step", step, least=0)


def montage(images: Tensor) -> Tensor:
    """Images (N, C, H, W) as one of bytes (3, H', W'), with as many columns as rows.

    Values outside [0, 1] are clipped; free places stay white.

    Raises:
        TypeError: `images` is not a floating tensor.
        ValueError: its shape or its values cannot be meant.
    """
    _expect.images("images", images)
    _expect.values("images", images)
    n, c, h, w = images.shape
    n_columns = math.ceil(math.sqrt(n))
    n_rows = math.ceil(n / n_columns)
    canvas = images.new_ones(n_rows * n_columns, c, h, w)
    canvas[:n] = images.detach().clamp(0, 1)
    rows = canvas.reshape(n_rows, n_columns, c, h, w).permute(2, 0, 3, 1, 4)
    picture = rows.reshape(c, n_rows * h, n_columns * w).expand(3, -1, -1)
    return (picture * 255).round().byte().cpu()


def png(picture: Tensor) -> bytes:
    """Bytes (3, H, W) as a file."""
    from matplotlib import image  # here, so that a run without pictures starts sooner

    buffer = io.BytesIO()
    image.imsave(buffer, picture.permute(1, 2, 0).numpy(), format="png")
    return buffer.getvalue()


def cloud(points: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Points (N, 2) or (N, 3) and their labels (N,) from 0, on the CPU.

    Raises:
        TypeError: they are no tensors, or of another kind.
        ValueError: their shapes or values cannot be meant.
    """
    _expect.instance("points", points, Tensor, "a tensor")
    if points.ndim != 2 or points.shape[1] not in (2, 3) or not len(points):
        raise ValueError(
            f"points must have the shape (N, 2) or (N, 3), got {tuple(points.shape)}"
        )
    _expect.values("points", points)
    points = points.detach().float().cpu()
    if labels is None:
        return points, None
    _expect.instance("labels", labels, Tensor, "a tensor")
    if labels.shape != points.shape[:1]:
        raise ValueError(
            f"labels must have the shape ({len(points)},), one for each point,"
            f" got {tuple(labels.shape)}"
        )
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise TypeError(f"labels must be integers, got {labels.dtype}")
    if labels.min() < 0:
        raise ValueError(f"labels must not be negative, got {labels.min().item()}")
    return points, labels.cpu()


def drawn_scatter(points: Tensor, labels: Tensor | None) -> bytes:
    """A PNG of points (N, 2) or (N, 3); Raises as `cloud`."""
    points, labels = cloud(points, labels)
    from matplotlib.figure import Figure  # without a window and without a state

    flat = points.shape[1] == 2
    figure = Figure(figsize=(5, 5), layout="constrained")
    ax = figure.add_subplot(projection=None if flat else "3d")
    look = {} if labels is None else {"c": labels.numpy(), "cmap": "tab10"}
    shown = ax.scatter(*points.T.numpy(), s=4, **look)
    if labels is not None:
        ax.legend(*shown.legend_elements(num=None), loc="upper right", fontsize=7)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    return buffer.getvalue()


def pixels(png: bytes) -> np.ndarray:
    """A PNG as bytes (H, W, 3)."""
    from matplotlib import image

    drawn = image.imread(io.BytesIO(png))[..., :3]
    return (drawn * 255).round().astype(np.uint8)
