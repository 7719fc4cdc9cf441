"""From rows, tables and strips to the files that aelib.results reads."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from aelib import _expect
from aelib.lab.runs import Finished, file_name

Waiting = dict[int, Callable[[], Finished]]  # seed -> the run, once it is there


def has_seeds(entry: Mapping[Any, Any]) -> bool:
    """Whether a row's entry is of runs, {seed: ...}, and not of plain numbers."""
    return callable(next(iter(entry.values())))


def measured(
    entries: Mapping[str, Mapping[Any, Any]],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The rows' numbers, waited for, and where each run was made."""
    rows, about = {}, []
    for row, entry in entries.items():
        if not has_seeds(entry):
            rows[row] = dict(entry)
            continue
        found = {seed: wait() for seed, wait in entry.items()}
        about += [run.about for run in found.values()]
        columns = next(iter(found.values())).values
        rows[row] = {
            column: {str(seed): run.values[column] for seed, run in found.items()}
            for column in columns
        }
    return rows, about


def baselines_first(
    table: dict[str, Any], entries: Mapping[str, Mapping[Any, Any]]
) -> dict[str, Any]:
    """The table with its rows without seeds before the others, else as given."""
    labels = sorted(table["rows"].items(), key=lambda item: has_seeds(entries[item[0]]))
    return {**table, "rows": dict(labels)}


def kept_networks(
    kept: Mapping[str, Callable[[], Finished]],
) -> tuple[dict[str, Any], dict[str, Any], dict[str, dict[str, Tensor]]]:
    """row -> history, row -> file name, file name -> float16 weights."""
    histories, names, tensors = {}, {}, {}
    for row, wait in kept.items():
        run = wait()
        histories[row], names[row] = run.history, f"{file_name(row)}.safetensors"
        if names[row] in tensors:
            raise ValueError(
                f"kept rows must differ in letters and digits, got {row!r} beside "
                f"another for {names[row]}"
            )
        tensors[names[row]] = {
            name: t.half() if t.is_floating_point() else t
            for name, t in run.weights.items()
        }
    return histories, names, tensors


def checked_strip(label: str, images: Tensor) -> Tensor:
    """Images (N, C, H, W) in [0, 1] as bytes; TypeError or ValueError for others."""
    name = f"images[{label!r}]"
    _expect.values(name, images)
    if images.ndim != 4 or not 0 <= images.min() <= images.max() <= 1:
        raise ValueError(
            f"{name} must be (N, C, H, W) in [0, 1], got {tuple(images.shape)}, "
            f"{images.min():.3g} to {images.max():.3g}"
        )
    return (255 * images).round().byte()


def checked_curve(label: str, values: Any) -> Tensor:
    """Finite numbers as float32; raises TypeError or ValueError for others."""
    try:
        line = torch.as_tensor(values).float()
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            f"values[{label!r}] must be numbers, got {type(values).__name__}"
        ) from None
    if not line.isfinite().all():
        raise ValueError(f"values[{label!r}] must be finite, got NaN or Inf")
    return line


def strips(
    kinds: Mapping[str, Mapping[str, Mapping[str, Tensor]]],
) -> dict[str, Tensor]:
    """ "kind/name/label" -> tensor, as Evidence looks for them."""
    return {
        f"{kind}/{name}/{label}": tensor
        for kind, named in kinds.items()
        for name, labels in named.items()
        for label, tensor in labels.items()
    }


def labels(named: Mapping[str, Mapping[str, Tensor]]) -> dict[str, list[str]]:
    return {name: list(strip) for name, strip in named.items()}
