"""Charts: bars, curves, matrices and clouds of points."""

import math
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from aelib import _expect


def bars(
    values: Tensor,
    *,
    ylabel: str,
    xlabel: str | None = None,
    labels: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """One bar for each of `values` (N,), at 0, 1, ... or under `labels`."""
    _expect.tensor("values", values, "(N,)")
    heights = values.detach().cpu()
    if labels is not None:
        _expect.length("labels", labels, len(heights))
    ax = ax or plt.subplots()[1]
    ax.bar(range(len(heights)), heights.numpy())
    if labels is not None:
        ax.set_xticks(range(len(heights)), list(labels))
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

    Curves may differ in length where `x` is None. Any real dtype.
    """
    _expect.mapping("curves", curves)
    if x is not None:
        _expect.tensor("x", x, "(N,)")
    for name, values in curves.items():
        _expect.tensor(f"curves[{name!r}]", values, "(N,)")
        if x is not None:
            _expect.length(f"curves[{name!r}]", values, len(x))
    ax = ax or plt.subplots()[1]
    for name, values in curves.items():
        where = torch.arange(len(values)) if x is None else x.detach().cpu()
        ax.plot(where.numpy(), values.detach().cpu().numpy(), label=name, marker=marker)
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
    ax.set(xlabel=xlabel or "", ylabel=ylabel)
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
    curves = history if isinstance(history, Mapping) else _curves_of(history, term)
    _expect.mapping("history", curves)
    filled = {
        name: [math.nan if value is None else value for value in values]
        for name, values in curves.items()
    }
    tensors = {name: torch.tensor(v, dtype=torch.float64) for name, v in filled.items()}
    epochs = torch.arange(1, 1 + len(next(iter(tensors.values()))))
    has_gap = any(value is None for values in curves.values() for value in values)
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
    """
    _expect.tensor("matrix", matrix, "(rows, columns)")
    values = matrix.detach().cpu()
    ax = ax or plt.subplots()[1]
    picture = ax.imshow(values.numpy(), cmap="viridis", aspect="auto")
    ax.spines[:].set_visible(False)
    for name, names, size, place in (
        ("row_labels", row_labels, values.shape[0], ax.set_yticks),
        ("col_labels", col_labels, values.shape[1], ax.set_xticks),
    ):
        if names is not None:
            _expect.length(name, names, size)
            place(range(size), list(names))
    bar = ax.figure.colorbar(picture, ax=ax, label=label or "")
    bar.outline.set_visible(False)
    if annotate is not None:
        _write_numbers(ax, values, annotate)
    return ax


def scatter_codes(
    codes: Tensor, labels: Tensor, *, classes: Sequence[str], ax: Axes | None = None
) -> Axes:
    """Codes (N, 2) as points coloured by labels (N,), each class named at its median.

    The names stand in the cloud since not everyone tells ten colours apart.
    """
    _expect.tensor("codes", codes, "(N, 2)")
    _expect.tensor("labels", labels, "(N,)")
    _expect.length("labels", labels, len(codes))
    if codes.shape[1] != 2:
        raise ValueError(f"codes must be (N, 2), got {tuple(codes.shape)}")
    if labels.is_floating_point():
        raise TypeError(f"labels must be integers, got {labels.dtype}")
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < len(classes):
        raise ValueError(
            f"labels must lie in [0, {len(classes)}), one for each of classes, "
            f"got {int(labels.min())} to {int(labels.max())}"
        )
    ax = ax or plt.subplots(figsize=(6.4, 4.8))[1]
    points, labels = codes.detach().cpu(), labels.detach().cpu()
    for index in labels.unique().tolist():
        chosen = points[labels == index]
        colour = plt.get_cmap("tab10")(index % 10)
        ax.scatter(*chosen.T.numpy(), s=6, color=colour, linewidths=0, alpha=0.7)
        x, y = chosen.median(dim=0).values.tolist()
        box = {"facecolor": "white", "edgecolor": colour, "boxstyle": "round,pad=0.2"}
        ax.text(x, y, classes[index], ha="center", color="black", size=8, bbox=box)
    ax.set(xlabel="code 1", ylabel="code 2")
    return ax


def _curves_of(history: object, term: str) -> dict[str, list[float]]:
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
        name: [None if epoch is None else epoch[term] for epoch in epochs]
        for name, epochs in curves.items()
        if epochs
    }


def _write_numbers(ax: Axes, values: Tensor, spec: str) -> None:
    middle = (values.min() + values.max()) / 2
    for row in range(values.shape[0]):
        for column in range(values.shape[1]):
            value = values[row, column]
            ink = "black" if value > middle else "white"  # viridis is bright on top
            text = format(float(value), spec)
            ax.text(column, row, text, ha="center", va="center", color=ink, size=7)
