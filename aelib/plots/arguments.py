"""What the plots ask of their arguments, beyond tensors: Axes, words, formats."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.markers import MarkerStyle
from torch import Tensor

from aelib import _expect


def heights(name: str, values: Tensor, axes: str) -> np.ndarray:
    """What matplotlib draws of a tensor: float64, NaN where it is not finite."""
    _expect.real(name, values, axes)
    drawn = values.detach().cpu().double()
    return drawn.masked_fill(~drawn.isfinite(), math.nan).numpy()


def check_axes(ax: object) -> None:
    """Matplotlib's Axes, or None for new ones."""
    if ax is not None:
        _expect.instance("ax", ax, Axes, "Axes of matplotlib or None")


def check_words(**words: object) -> None:
    """Each is text or None."""
    for name, value in words.items():
        if value is not None:
            _expect.text(name, value)


def check_line_options(
    logx: object, logy: object, xlabel: object, ylabel: object, marker: object
) -> None:
    _expect.flag("logx", logx)
    _expect.flag("logy", logy)
    _expect.text("xlabel", xlabel)
    _expect.text("ylabel", ylabel)
    check_words(marker=marker)
    if marker is not None and marker not in MarkerStyle.markers:
        raise ValueError(
            f"marker must be one of matplotlib's, such as 'o', got {marker!r}"
        )


def check_format(annotate: object) -> None:
    """The format of a number, or None."""
    if annotate is None:
        return
    _expect.text("annotate", annotate)
    try:
        format(0.0, annotate)
    except ValueError:
        raise ValueError(
            f"annotate must be the format of a number, such as '.2f', got {annotate!r}"
        ) from None
