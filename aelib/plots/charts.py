"""Charts: bars, curves, matrices and clouds of points.

They take tensors of any real dtype. A number that is not finite leaves a gap, and so
does one of 0 or less on a logarithmic axis.
"""

import math
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from aelib import _expect
from aelib.plots.arguments import (
    check_axes,
    check_format,
    check_line_options,
    check_words,
    heights,
)

# of black and white on a colour of this luminance: (L + .05)^2 = .05 * 1.05
_EQUAL_CONTRAST = (0.05 * 1.05) ** 0.5 - 0.05


def bars(
    values: Tensor,
    *,
    ylabel: str,
    xlabel: str | None = None,
    labels: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """One bar for each of `values` (N,), at 0, 1, ... or under `labels`.

    Raises:
        TypeError, ValueError: `values` is empty or not (N,), or `labels` are not N.
    """
    bar_heights = heights("values", values, "(N,)")
    n_bars = len(bar_heights)
    if labels is not None:
        _expect.sequence("labels", labels, n_bars)
    _expect.text("ylabel", ylabel)
    check_words(xlabel=xlabel)
    check_axes(ax)
    ax = ax or plt.subplots()[1]
    ax.bar(range(n_bars), bar_heights)
    if labels is not None:
        ax.set_xticks(range(n_bars), [str(label) for label in labels])
    else:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel=xlabel or "", ylabel=ylabel)
    return ax


def lines(
    curves: Mapping[str, Tensor],
    *,
    x: Tensor | None = None,
    xlabel: str,
    ylabel: str,
    logx: bool = False,
    logy: bool = False,
    marker: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Curves by name, each (N,), over `x` (N,) or 0, 1, ...; with a legend if several.

    Curves may differ in length where `x` is None.

    Raises:
        TypeError, ValueError: there is no curve, one is empty, not (N,) or of another
            length than `x`, or matplotlib has no such `marker`.
    """
    drawn = _drawn(curves, x)
    check_line_options(logx, logy, xlabel, ylabel, marker)
    check_axes(ax)
    ax = ax or plt.subplots()[1]
    for name, (at, curve) in drawn.items():
        ax.plot(at, curve, label=name, marker=marker)
    if x is None or not x.is_floating_point():
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if logx:
        ax.set_xscale("log")
        if x is not None and len(x) <= 12:  # such as code sizes 2, 4, 8, ...: name all
            ax.set_xticks(x.tolist(), [f"{value:g}" for value in x.tolist()])
            ax.xaxis.minorticks_off()
    if logy:
        ax.set_yscale("log")
    if len(curves) > 1:
        ax.legend()
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return ax


def history(
    history: object,
    *,
    ylabel: str,
    term: str = "loss",
    logy: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Curves of a training run, one number an epoch; the first epoch is 1.

    Epochs without a number, as those before validation was added, leave a gap.

    Args:
        history: what `aelib.train.train` returns, or curves by name: lists of numbers,
            None for an epoch without.
        ylabel: what is plotted, with its unit.
        term: which term of the objective; curves given by name are all drawn.
        logy: whether the axis is logarithmic.
        ax: where to draw; None: a new figure.

    Raises:
        TypeError, ValueError: `history` is neither, is empty, or has no such `term`.
    """
    _expect.text("term", term)
    curves = history if isinstance(history, Mapping) else _curves_of(history, term)
    _expect.mapping("history", curves)
    tensors = {name: _curve(name, numbers) for name, numbers in curves.items()}
    lengths = {name: len(curve) for name, curve in tensors.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"history must have curves of one length, got {lengths}")
    epochs = torch.arange(1, 1 + next(iter(lengths.values())))
    has_gap = any(not curve.isfinite().all() for curve in tensors.values())
    options = {"logy": logy, "marker": "." if has_gap else None, "ax": ax}
    return lines(tensors, x=epochs, xlabel="epoch", ylabel=ylabel, **options)


def heatmap(
    matrix: Tensor,
    *,
    row_labels: Sequence[str] | None = None,
    col_labels: Sequence[str] | None = None,
    annotate: str | None = None,
    label: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A matrix (rows, columns) as colours, with a colour bar.

    Args:
        row_labels, col_labels: names along the two sides; None: numbers.
        annotate: format of the number in each cell, such as ".2f"; None: no numbers.
        label: what the colour means, with its unit.

    Raises:
        TypeError, ValueError: `matrix` is empty or has other axes, there are more or
            fewer names than rows or columns, or `annotate` is no format of a number.
    """
    values = heights("matrix", matrix, "(rows, columns)")
    check_words(label=label)
    check_format(annotate)
    check_axes(ax)
    if row_labels is not None:
        _expect.sequence("row_labels", row_labels, values.shape[0])
    if col_labels is not None:
        _expect.sequence("col_labels", col_labels, values.shape[1])
    ax = ax or plt.subplots()[1]
    picture = ax.imshow(values, cmap="viridis", aspect="auto")
    ax.spines[:].set_visible(False)
    for names, place in ((row_labels, ax.set_yticks), (col_labels, ax.set_xticks)):
        if names is not None:
            place(range(len(names)), [str(name) for name in names])
    bar = ax.figure.colorbar(picture, ax=ax, label=label or "")
    bar.outline.set_visible(False)
    if annotate is not None:
        _write_numbers(ax, picture, annotate)
    return ax


def scatter_codes(
    codes: Tensor, labels: Tensor, *, classes: Sequence[str], ax: Axes | None = None
) -> Axes:
    """Codes (N, 2) as points coloured by labels (N,), each class named at its median.

    The names stand in the cloud since not everyone tells ten colours apart.

    Raises:
        TypeError, ValueError: `codes` is not (N, 2), empty or not finite, or `labels`
            are not N integers, each with a name in `classes`.
    """
    _expect.real("codes", codes, "(N, 2)")
    if codes.shape[1] != 2:
        raise ValueError(f"codes must be (N, 2), got {tuple(codes.shape)}")
    _expect.finite("codes", codes)
    _expect.labels("labels", labels, len(codes))
    _expect.held("labels", labels)
    _expect.sequence("classes", classes)
    check_axes(ax)
    if not 0 <= int(labels.min()) <= int(labels.max()) < len(classes):
        raise ValueError(
            f"labels must lie in [0, {len(classes)}), one for each of classes, "
            f"got {int(labels.min())} to {int(labels.max())}"
        )
    ax = ax or plt.subplots(figsize=(6.4, 4.8))[1]
    points, labels = codes.detach().cpu().double(), labels.detach().cpu()
    for index in labels.unique().tolist():
        chosen = points[labels == index]
        colour = plt.get_cmap("tab10")(index % 10)
        ax.scatter(*chosen.T.numpy(), s=6, color=colour, linewidths=0, alpha=0.7)
        x, y = chosen.median(dim=0).values.tolist()
        box = {"facecolor": "white", "edgecolor": colour, "boxstyle": "round,pad=0.2"}
        ax.text(x, y, str(classes[index]), ha="center", color="black", size=8, bbox=box)
    ax.set(xlabel="code 1", ylabel="code 2")
    return ax


def _drawn(
    curves: Mapping[str, Tensor], x: Tensor | None
) -> dict[str, tuple[Sequence[float] | np.ndarray, np.ndarray]]:
    """name -> where, and how high."""
    _expect.mapping("curves", curves)
    where = None if x is None else heights("x", x, "(N,)")
    drawn = {}
    for name, curve in curves.items():
        height = heights(f"curves[{name!r}]", curve, "(N,)")
        if where is not None:
            _expect.length(f"curves[{name!r}]", curve, len(where))
        drawn[name] = range(len(height)) if where is None else where, height
    return drawn


def _curves_of(history: object, term: str) -> dict[str, list[float | None]]:
    if not hasattr(history, "train") or not hasattr(history, "val"):
        raise TypeError(
            "history must have train and val, or map names to numbers, "
            f"got {type(history).__name__}"
        )
    if not history.train:
        raise ValueError("history must hold at least one epoch, got none")
    if term not in history.train[0]:
        raise ValueError(
            f"term must be one of {sorted(history.train[0])}, got {term!r}"
        )
    curves = {"train": history.train, "validation": history.val}
    return {
        name: [epoch.get(term) if epoch else None for epoch in epochs]
        for name, epochs in curves.items()
        if epochs
    }


def _curve(name: str, numbers: object) -> Tensor:
    """One number an epoch; None, an epoch without validation, leaves a gap."""
    given = f"history[{name!r}]"
    if isinstance(numbers, Tensor):
        _expect.real(given, numbers, "(N,)")
        return numbers
    if not isinstance(numbers, Sequence) or isinstance(numbers, str):
        raise TypeError(f"{given} must be numbers, got {type(numbers).__name__}")
    if not numbers:
        raise ValueError(f"{given} must not be empty")
    known = [math.nan if number is None else number for number in numbers]
    plain = [_expect.number(given, number, finite=False) for number in known]
    return torch.tensor(plain, dtype=torch.float64)


def _write_numbers(ax: Axes, picture: AxesImage, spec: str) -> None:
    """In black or white, whichever stands out more from the cell's colour (WCAG 2)."""
    values = picture.get_array()
    rgb = picture.to_rgba(values)[..., :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    for row, column in np.argwhere(~np.ma.getmaskarray(values)):
        ink = "black" if luminance[row, column] > _EQUAL_CONTRAST else "white"
        text = format(float(values[row, column]), spec)
        ax.text(column, row, text, ha="center", va="center", color=ink, size=7)
