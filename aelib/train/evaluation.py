"""Means of an objective over batches, and the checks that training shares with it."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from aelib.train.state import get_generators, set_generators

Batch = Tensor | Sequence[Tensor]
Objective = Callable[[nn.Module, Any], dict[str, Tensor]]


def evaluate(
    model: nn.Module, objective: Objective, batches: Iterable[Batch]
) -> dict[str, float]:
    """Means over all examples of every term, in eval mode.

    Gradients are off by torch.no_grad(), not inference_mode(), so that an objective
    that needs gradients of its own (a Jacobian penalty, a score) can turn them on. The
    mode of every submodule, the global generators and that of the batches are left as
    they were.

    Raises:
        TypeError: the objective returns no dict of scalars that holds "loss".
        ValueError: there is no batch, or it is not on the model's device.
    """
    device = device_of(model)
    modes = [(module, module.training) for module in model.modules()]
    generators = get_generators(device)
    order = batches.state_dict() if has_state(batches) else None
    model.eval()
    try:
        with torch.no_grad():
            return _means(model, objective, batches, device)
    finally:
        for module, mode in modes:
            module.training = mode
        set_generators(generators, device)
        if order is not None:
            batches.load_state_dict(order)


def _means(
    model: nn.Module,
    objective: Objective,
    batches: Iterable[Batch],
    device: torch.device,
) -> dict[str, float]:
    record = Record()
    for batch in batches:
        size = batch_length(batch)
        with memory_explained(size):
            if not record.sizes:
                check_device(batch, device)
            terms = objective(model, batch)
            if not record.sizes:
                check_terms(terms)
            record.add(terms, size)
    if not record.sizes:
        raise ValueError("batches must hold at least one batch, got none")
    return record.means(record.read()[0])


class Record:
    """Terms of every batch, left on the device and read together."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self.sizes: list[int] = []
        self.rows: list[Tensor] = []

    def add(
        self, terms: dict[str, Tensor], size: int, others: Iterable[Tensor] = ()
    ) -> Tensor:
        """Note the terms of a batch of `size` examples and other scalars; the row."""
        self.names = self.names or tuple(terms)
        if terms.keys() != set(self.names):
            raise TypeError(
                "objective must return the same terms for every batch, got "
                f"{sorted(terms)} after {sorted(self.names)}"
            )
        row = torch.stack([*(terms[name] for name in self.names), *others]).detach()
        self.rows.append(row)
        self.sizes.append(size)
        return row

    def read(self) -> tuple[Tensor, Tensor]:
        """All that was noted, float64 on the CPU: terms (n, T), the others (n, ...)."""
        table = torch.stack(self.rows).cpu().double()
        return table[:, : len(self.names)], table[:, len(self.names) :]

    def means(self, table: Tensor) -> dict[str, float]:
        """Means over examples of the terms (n, T): batches count by their sizes."""
        sizes = torch.tensor(self.sizes, dtype=table.dtype)
        means = (sizes @ table / sizes.sum()).tolist()
        return dict(zip(self.names, means, strict=True))


def has_state(batches: Iterable[Batch]) -> bool:
    """Whether the batches can be put back, as aelib.data.Batches can."""
    return hasattr(batches, "state_dict") and hasattr(batches, "load_state_dict")


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
    first = batch if isinstance(batch, Tensor) else next(iter(batch), None)
    if not isinstance(first, Tensor) or first.ndim == 0:
        raise TypeError(
            "batches must yield a tensor (B, ...) or a tuple of them, "
            f"got {type(batch).__name__}"
        )
    return len(first)


def check_device(batch: Batch, device: torch.device) -> None:
    """Raises ValueError where the batch is not on the model's device."""
    for tensor in (batch,) if isinstance(batch, Tensor) else batch:
        if isinstance(tensor, Tensor) and tensor.device != device:
            raise ValueError(
                f"batches must be on the model's device {device}, got {tensor.device}"
            )


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
