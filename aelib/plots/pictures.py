"""Pictures made of pictures."""

import math
from collections.abc import Mapping

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from torch import Tensor

from aelib import _expect
from aelib.plots.arguments import check_axes

_WIDTH = 6.4  # inches, the width of the text column


def image_grid(
    images: Tensor, *, ncols: int = 8, pad: int = 1, ax: Axes | None = None
) -> Axes:
    """Tile images (N, C, H, W) in [0, 1] into one picture, row by row; C is 1 or 3.

    Args:
        images: values outside [0, 1] are clipped, those beyond -10 or 10 refused.
        ncols: tiles per row.
        pad: transparent pixels between two tiles.
        ax: where to draw; None: a new figure.

    Raises:
        TypeError, ValueError: `images`, `ncols` or `pad` is not as above.
    """
    _check_images("images", images)
    ncols = _expect.integer("ncols", ncols, least=1)
    pad = _expect.integer("pad", pad, least=0)
    check_axes(ax)
    nrows = math.ceil(len(images) / ncols)
    canvas = _tile(images, nrows, min(ncols, len(images)), pad)
    ax = ax or _picture_axes(canvas, ncols=ncols)
    ax.imshow(canvas.numpy())
    ax.set_axis_off()
    return ax


def image_rows(
    rows: Mapping[str, Tensor], *, pad: int = 1, ax: Axes | None = None
) -> Axes:
    """Pictures row under row: label -> images (N, C, H, W), all of one shape.

    Raises:
        TypeError, ValueError: `rows` is empty, an entry is not as `image_grid` wants
            it, or two entries differ in shape.
    """
    _expect.mapping("rows", rows)
    pad = _expect.integer("pad", pad, least=0)
    check_axes(ax)
    shapes = {}
    for label, images in rows.items():
        _check_images(f"rows[{label!r}]", images)
        shapes[label] = tuple(images.shape)
    if len(set(shapes.values())) > 1:
        raise ValueError(f"rows must hold images of one shape, got {shapes}")
    n, _, height, _ = next(iter(rows.values())).shape
    images = torch.cat([images.detach().cpu() for images in rows.values()])
    canvas = _tile(images, len(rows), n, pad)
    ax = ax or _picture_axes(canvas, ncols=n)
    ax.imshow(canvas.numpy())
    centres = [row * (height + pad) + (height - 1) / 2 for row in range(len(rows))]
    ax.set_yticks(centres, list(rows), fontsize="medium")
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def _tile(images: Tensor, nrows: int, ncols: int, pad: int) -> Tensor:
    """(N, C, H, W) -> (height, width, 4): colours, and an alpha of 0 between tiles."""
    images = images.detach().cpu().float().clamp(0, 1)
    n, _, height, width = images.shape
    tiles = torch.zeros(nrows * ncols, 4, height + pad, width + pad)
    tiles[:n, :3, :height, :width] = images  # one channel is spread over three
    tiles[:n, 3, :height, :width] = 1
    tiles = tiles.reshape(nrows, ncols, 4, height + pad, width + pad)
    canvas = tiles.permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)
    return canvas[: canvas.shape[0] - pad, : canvas.shape[1] - pad]


def _picture_axes(canvas: Tensor, *, ncols: int) -> Axes:
    """A figure of the canvas' proportions: few tiles make a small one."""
    width = min(_WIDTH, 0.95 * ncols)
    height = width * canvas.shape[0] / canvas.shape[1]
    return plt.subplots(figsize=(width, height))[1]


def _check_images(name: str, images: Tensor) -> None:
    _expect.images(name, images)
    _expect.held(name, images)
    low, high = (end.item() for end in images.detach().float().aminmax())
    if not (low >= -10 and high <= 10):  # also refuses NaN
        raise ValueError(
            f"{name} must be in [0, 1], or clipped from [-10, 10], "
            f"got values {low:g} to {high:g}"
        )
