"""Mini-batches of tensors that already live on their device."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from aelib import _expect


class Batches:
    """Mini-batches of resident tensors: no workers, no copy of the data, re-iterable.

    >>> batches = Batches(torch.rand(10, 1, 28, 28), 4, low=0, high=1)
    >>> [len(x) for x in batches]
    [4, 4, 2]

    Iterating yields a tensor (B, ...) where `tensors` is one tensor, else a tuple of
    them; the last batch is smaller unless `drop_last`. Memory formats such as
    channels_last are kept. Unshuffled batches are views: do not write into them.

    Args:
        tensors: one tensor (N, ...), or a tuple of several of equal N on one device.
            Floating values must be finite: they are looked at once, here.
        batch_size: examples in a batch, B.
        shuffle: draw a new order for every iteration.
        generator: source of the orders, on the tensors' device or on the CPU (the order
            is then the same on every device). By default a new one on the tensors'
            device, seeded from torch's global generator.
        drop_last: leave out the last batch where it is smaller.
        low, high: range of the first tensor, the images, both ends included: looked at
            once, here. None: not bounded on that side.

    Raises:
        TypeError: an argument is of another type, such as a list of images.
        ValueError: an argument is empty, of unequal length, not finite, out of range,
            on another device, or leaves no batch.
    """

    def __init__(
        self,
        tensors: Tensor | tuple[Tensor, ...],
        batch_size: int,
        *,
        shuffle: bool = True,
        generator: torch.Generator | None = None,
        drop_last: bool = False,
        low: float | None = None,
        high: float | None = None,
    ) -> None:
        _check_kind(tensors)
        self._single = isinstance(tensors, Tensor)
        self.tensors = (tensors,) if isinstance(tensors, Tensor) else tuple(tensors)
        _check_tensors(self.tensors)
        _check_range(self.tensors[0], low, high)
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


def _check_kind(tensors: object) -> None:
    if isinstance(tensors, Tensor | tuple):
        return
    cure = ""
    if isinstance(tensors, list):
        shapes = {getattr(part, "shape", None) for part in tensors}
        alike = len(shapes) == 1 and None not in shapes
        sets = "tuple(tensors) if each holds a set of its own"
        cure = f" of {len(tensors)}" + (
            f" tensors of one shape: torch.stack them, or {sets}"
            if alike
            else f": {sets}"
        )
    elif type(tensors).__name__ == "ndarray":
        cure = ": torch.from_numpy(...)"
    raise TypeError(
        "tensors must be a tensor or a tuple of tensors, "
        f"got {type(tensors).__name__}{cure}"
    )


def _check_range(images: Tensor, low: float | None, high: float | None) -> None:
    if (low is None and high is None) or images.numel() == 0:
        return
    low = -math.inf if low is None else _expect.number("low", low)
    high = math.inf if high is None else _expect.number("high", high)
    if not low < high:
        raise ValueError(f"high must be above low, {low:g}, got {high:g}")
    least, most = (end.item() for end in images.aminmax())
    if least < low or most > high:
        cure = ""
        if (low, high) == (0, 1) and least >= 0 and 1 < most <= 255:
            cure = ": divide by 255"
        elif (low, high) == (0, 1) and -1 <= least < 0 and most <= 1:
            cure = ": (x + 1) / 2"
        raise ValueError(
            f"tensors[0] must be in [{low:g}, {high:g}], "
            f"got {least:g} to {most:g}{cure}"
        )


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
