"""What an objective is called with, and what it must return."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

Batch = Tensor | Sequence[Tensor]
Objective = Callable[[nn.Module, Any], dict[str, Tensor]]


def device_of(model: nn.Module) -> torch.device:
    """The one device of all parameters; the CPU for a model without any.

    Raises:
        ValueError: there are several.
    """
    devices = {parameter.device for parameter in model.parameters()}
    if len(devices) > 1:
        names = sorted(map(str, devices))
        raise ValueError(f"model must be on one device, got {names}")
    return devices.pop() if devices else torch.device("cpu")


def batch_length(batch: Batch) -> int:
    """Number of examples, B.

    Raises:
        TypeError: the batch is neither a tensor nor a sequence of tensors.
    """
    first = batch
    if not isinstance(batch, Tensor):
        first = batch[0] if isinstance(batch, list | tuple) and batch else None
    if not isinstance(first, Tensor) or first.ndim == 0:
        raise TypeError(
            "batches must yield a tensor (B, ...) or a tuple of them, "
            f"got {type(batch).__name__}"
        )
    return len(first)


def to_device(batch: Batch, device: torch.device) -> Batch:
    """The batch on the model's device: from the CPU it is moved, else it is there.

    Raises:
        ValueError: it is on a third device.
    """
    if isinstance(batch, Tensor):
        return _moved(batch, device)
    parts = [p for p in batch if isinstance(p, Tensor) and p.device != device]
    if not parts:
        return batch
    moved = [_moved(p, device) if isinstance(p, Tensor) else p for p in batch]
    if hasattr(batch, "_fields"):  # a NamedTuple
        return type(batch)(*moved)
    return moved if isinstance(batch, list) else tuple(moved)


def _moved(tensor: Tensor, device: torch.device) -> Tensor:
    if tensor.device == device:
        return tensor
    if tensor.device.type != "cpu":
        raise ValueError(
            f"batches must be on the CPU or the model's device {device}, "
            f"got {tensor.device}"
        )
    # From pinned memory the copy overlaps with what the GPU is doing.
    return tensor.to(device, non_blocking=device.type == "cuda")


def first_terms(objective: Objective, model: nn.Module, batch: Batch) -> dict:
    """The terms of the first batch of a pass, checked; others are like it.

    Raises:
        TypeError: the objective cannot take such a batch, or returns something else
            than a dict of scalar tensors with a "loss".
    """
    try:
        terms = objective(model, batch)
    except (TypeError, AttributeError) as error:
        if isinstance(batch, Tensor):
            raise
        raise TypeError(
            f"objective must take what the batches yield: {_described(batch)}; "
            f"got {type(error).__name__}: {error}"
        ) from error
    check_terms(terms)
    return terms


def _described(batch: Sequence) -> str:
    parts = [
        f"b[{i}], {tuple(part.shape) if isinstance(part, Tensor) else type(part)}"
        for i, part in enumerate(batch)
    ]
    return f"b is a {type(batch).__name__} of {len(parts)}: use {', or '.join(parts)}"


def check_terms(terms: Any) -> None:
    """Raises TypeError where this is not a dict of scalar tensors with a "loss"."""
    if not isinstance(terms, dict) or "loss" not in terms:
        got = f"keys {sorted(terms)}" if isinstance(terms, dict) else repr(type(terms))
        raise TypeError(f"objective must return a dict that holds 'loss', got {got}")
    for name, term in terms.items():
        if not isinstance(term, Tensor) or term.ndim != 0:
            shape = f" of shape {tuple(term.shape)}" if isinstance(term, Tensor) else ""
            raise TypeError(
                f"objective must return scalar tensors, got {type(term).__name__}"
                f"{shape} for {name!r}: take the mean over the batch"
            )


def check_gradient(loss: Tensor) -> None:
    """Raises TypeError where there is nothing to go backward through."""
    if not loss.requires_grad:
        raise TypeError(
            "objective must return a 'loss' that depends on the model's parameters, "
            "got one without a gradient"
        )


@contextlib.contextmanager
def memory_explained(size: int) -> Iterator[None]:
    """Say which batch size was tried when the device's memory does not suffice."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        advice = f"try {size // 2}" if size > 1 else "it cannot be smaller"
        raise torch.OutOfMemoryError(
            f"a batch of {size} examples does not fit into the device's memory: "
            f"{advice} ({error})"
        ) from error
