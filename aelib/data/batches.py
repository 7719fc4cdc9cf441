"""Mini-batches of tensors that already live on their device."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from aelib import _expect


class Batches:
    """Mini-batches of resident tensors: no workers, no copy of the data, re-iterable.

    Iterating yields a tensor (B, ...) where `tensors` is one tensor, else a tuple of
    them; the last batch is smaller unless `drop_last`. Memory formats such as
    channels_last are kept. Unshuffled batches are views: do not write into them.

    Args:
        tensors: one tensor (N, ...), or several of equal N on one device. Floating
            values must be finite: they are looked at once, here.
        batch_size: examples in a batch, B.
        shuffle: draw a new order for every iteration.
        generator: source of the orders, on the tensors' device or on the CPU (the order
            is then the same on every device). By default a new one on the tensors'
            device, seeded from torch's global generator.
        drop_last: leave out the last batch where it is smaller.

    Raises:
        TypeError: an argument is of another type.
        ValueError: an argument is empty, of unequal length, not finite, on another
            device, or leaves no batch.
    """

    def __init__(
        self,
        tensors: Tensor | Sequence[Tensor],
        batch_size: int,
        *,
        shuffle: bool = True,
        generator: torch.Generator | None = None,
        drop_last: bool = False,
    ) -> None:
        self._single = isinstance(tensors, Tensor)
        self.tensors = (tensors,) if isinstance(tensors, Tensor) else tuple(tensors)
        _check_tensors(self.tensors)
        self.n_examples = len(self.tensors[0])
        self.device = self.tensors[0].device
        self.batch_size = _expect.integer("batch_size", batch_size, least=1)
        if drop_last and batch_size > self.n_examples:
            raise ValueError(
                f"batch_size must be at most the {self.n_examples} examples with "
                f"drop_last, got {batch_size}"
            )
        self.shuffle, self.drop_last = shuffle, drop_last
        self.generator = _chosen_generator(generator, self.device) if shuffle else None
        self._sources = [_Source(tensor) for tensor in self.tensors]

    def __len__(self) -> int:
        """Number of batches in one iteration."""
        whole, rest = divmod(self.n_examples, self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Tensor | tuple[Tensor, ...]]:
        for parts in self._shuffled() if self.shuffle else self._in_order():
            yield parts[0] if self._single else parts

    def _in_order(self) -> Iterator[tuple[Tensor, ...]]:
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            yield tuple(t[start : start + self.batch_size] for t in self.tensors)

    def _shuffled(self) -> Iterator[tuple[Tensor, ...]]:
        order = torch.randperm(
            self.n_examples, generator=self.generator, device=self.generator.device
        ).to(self.device)
        # One index_select a batch: measured on a CPU, half the time of tensor[indices]
        # and a quarter of gathering a whole epoch, which needs the memory twice.
        for indices in order.split(self.batch_size)[: len(self)]:
            yield tuple(source.select(indices) for source in self._sources)

    def state_dict(self) -> dict[str, Any]:
        """Everything that later iterations depend on, as plain values and tensors."""
        state = self._settings()
        if self.generator is not None:
            state["generator"] = self.generator.get_state()
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on as the batches whose `state_dict()` this is.

        Raises:
            ValueError: those batches had other settings than these.
        """
        for name, value in self._settings().items():
            if state.get(name) != value:
                raise ValueError(
                    f"state must be of batches with {name}={value!r}, "
                    f"got {name}={state.get(name)!r}"
                )
        if self.generator is not None:
            self.generator.set_state(state["generator"])

    def _settings(self) -> dict[str, Any]:
        device = None if self.generator is None else self.generator.device.type
        return {
            "n_examples": self.n_examples,
            "batch_size": self.batch_size,
            "shuffle": self.shuffle,
            "drop_last": self.drop_last,
            "generator_device": device,
        }


class _Source:
    """A tensor to take rows from; index_select alone would undo channels_last."""

    def __init__(self, tensor: Tensor) -> None:
        last, first = torch.channels_last, torch.contiguous_format
        self.moved = (
            tensor.ndim == 4
            and tensor.is_contiguous(memory_format=last)
            and not tensor.is_contiguous(memory_format=first)
        )
        self.rows = tensor.permute(0, 2, 3, 1) if self.moved else tensor

    def select(self, indices: Tensor) -> Tensor:
        rows = self.rows.index_select(0, indices)
        return rows.permute(0, 3, 1, 2) if self.moved else rows


def _check_tensors(tensors: tuple[Tensor, ...]) -> None:
    if not tensors:
        raise ValueError("tensors must hold at least one tensor, got none")
    for position, tensor in enumerate(tensors):
        _expect.tensor(f"tensors[{position}]", tensor)
        if tensor.ndim == 0 or len(tensor) == 0:
            raise ValueError(
                f"tensors[{position}] must hold examples along its first axis, "
                f"got shape {tuple(tensor.shape)}"
            )
        if tensor.requires_grad:
            raise ValueError(
                f"tensors[{position}] must be data, got a tensor that requires grad: "
                "detach() it"
            )
    lengths = [len(tensor) for tensor in tensors]
    if len(set(lengths)) > 1:
        raise ValueError(f"tensors must have equal first lengths, got {lengths}")
    devices = [str(tensor.device) for tensor in tensors]
    if len(set(devices)) > 1:
        raise ValueError(f"tensors must be on one device, got {devices}")
    for position, tensor in enumerate(tensors):
        _check_finite(tensor, position)


def _check_finite(tensor: Tensor, position: int) -> None:
    if not tensor.is_floating_point() or tensor.numel() == 0:
        return
    low, high = tensor.aminmax()  # both are NaN if any value is
    if not (low.isfinite() & high.isfinite()):
        bad = ~tensor.reshape(len(tensor), -1).isfinite().all(dim=1)  # (N,)
        raise ValueError(
            f"tensors[{position}] must be finite, got NaN or Inf in {int(bad.sum())} "
            f"of {len(tensor)} examples, first in example {int(bad.nonzero()[0])}"
        )


def _chosen_generator(
    generator: torch.Generator | None, device: torch.device
) -> torch.Generator:
    if generator is None:
        seed = int(torch.randint(2**62, ()))
        return torch.Generator(device).manual_seed(seed)
    _expect.instance("generator", generator, torch.Generator, "a torch.Generator")
    own = generator.device  # its number may be missing, which is the current one
    elsewhere = own.type != device.type or own.index not in (None, device.index)
    if own.type != "cpu" and elsewhere:
        raise ValueError(
            f"generator must be on the tensors' device {device} or on the CPU, "
            f"got one on {generator.device}"
        )
    return generator
