"""Means of an objective over batches, which leave no trace in what they look at."""

import contextlib
import copy
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor, nn

from aelib import _expect
from aelib.train import objectives
from aelib.train.calls import (
    Batch,
    Objective,
    batch_length,
    device_of,
    first_terms,
    memory_explained,
    to_device,
)
from aelib.train.diagnosis import cause, terms_not_finite
from aelib.train.generators import get_generators, set_generators
from aelib.train.sources import (
    check_yields_batches,
    has_state,
    load_source_state,
    source_state,
)


def evaluate(
    model: nn.Module, objective: Objective, batches: Iterable[Batch]
) -> dict[str, float]:
    """Means over all examples of every term, in eval mode.

    >>> def objective(model, x):
    ...     return {"loss": (model(x) - x).square().mean()}
    >>> evaluate(nn.Identity(), objective, [torch.ones(3, 2), torch.zeros(1, 2)])
    {'loss': 0.0}

    Gradients are off by torch.no_grad(), not inference_mode(), so that an objective
    that needs gradients of its own (a Jacobian penalty, a score) can turn them on. The
    mode of every submodule, the global generators, those of the batches and of the
    objective, and its state, if it has state_dict(), are left as they were.

    Raises:
        TypeError: an argument is of another kind, or the objective returns no dict of
            scalars that holds "loss".
        ValueError: there is no batch, or it is on a device that is not the model's.
        FloatingPointError: a term is not finite; says which, in which batch, and why.
    """
    _expect.instance("model", model, nn.Module, "an nn.Module")
    _expect.function("objective", objective)
    check_yields_batches("batches", batches)
    back = snapshot(model, objective, batches)
    with in_mode(model, train=False):
        try:
            with torch.no_grad():
                return _means(model, objective, batches, back)
        finally:
            back()


def _means(
    model: nn.Module,
    objective: Objective,
    batches: Iterable[Batch],
    back: Callable[[], None],
) -> dict[str, float]:
    record, device = Record(), device_of(model)
    for batch in batches:
        size = batch_length(batch)
        with memory_explained(size):
            batch = to_device(batch, device)
            call = objective if record.sizes else _first(objective)
            try:
                record.add(call(model, batch), size)
            except _expect.NotFiniteError as error:  # one of our metrics looked
                index = len(record.sizes)
                bad = f"batch {index + 1}: {error}"
                raise _explained(model, batches, back, index, bad) from None
    if not record.sizes:
        raise ValueError("batches must hold at least one batch, got none")
    table, _ = record.read()
    rows = (~table.isfinite().all(dim=1)).nonzero()
    if len(rows):
        index = int(rows[0])
        words = terms_not_finite(record.names, table[index])
        bad = f"batch {index + 1} of {len(table)}: {words}"
        raise _explained(model, batches, back, index, bad)
    return record.means(table)


def _explained(
    model: nn.Module,
    batches: Iterable[Batch],
    back: Callable[[], None],
    index: int,
    what: str,
) -> FloatingPointError:
    back()  # to where the pass began, so that the batch comes again
    return FloatingPointError(f"{what}; {cause(model, batches, index)}")


def _first(objective: Objective) -> Objective:
    return lambda model, batch: first_terms(objective, model, batch)


def try_next_batch(
    model: nn.Module, objective: Objective, batches: Iterable[Batch]
) -> None:
    """Call the objective on the next batch as `evaluate` does, and leave no trace."""
    device, attributes = device_of(model), objectives.Attributes(objective, model)
    back = snapshot(model, objective, batches)
    with in_mode(model, train=False):
        try:
            batch = next(iter(batches), None)
            with memory_explained(batch_length(batch)), torch.no_grad():
                first_terms(objective, model, to_device(batch, device))
        except _expect.NotFiniteError as error:
            bad = f"first batch of val_batches: {error}"
            raise _explained(model, batches, back, 0, bad) from None
        finally:
            back()
            attributes.put_back(attributes.at_start())


def snapshot(
    model: nn.Module, objective: Objective, batches: Iterable[Batch]
) -> Callable[[], None]:
    """A function that puts back to now all that a pass over the batches moves."""
    device = device_of(model)
    shared, source = get_generators(device), source_state(batches)
    own = objectives.generators(objective, model).values()
    states = [(generator, generator.get_state()) for generator in own]
    holder = objectives.owner(objective)
    state = copy.deepcopy(holder.state_dict()) if has_state(holder) else None

    def back() -> None:
        set_generators(shared, device)
        load_source_state(batches, source)
        for generator, saved in states:
            generator.set_state(saved)
        if state is not None:
            holder.load_state_dict(copy.deepcopy(state))

    return back


@contextlib.contextmanager
def in_mode(model: nn.Module, *, train: bool) -> Iterator[None]:
    """Train or eval mode, and afterwards the mode of every submodule as it was."""
    modes = [(module, module.training) for module in model.modules()]
    model.train(train)
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


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
