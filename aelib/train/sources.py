"""The source of the batches: what it is, where it stands, and whether that can be kept.

A source is an iterable of batches that can be gone through again and again: Batches, a
DataLoader, a list, or an object with state_dict() and load_state_dict().
"""

import hashlib
import random
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils import data

from aelib.train.calls import Batch

# Their order comes from a torch.Generator of theirs, or from the global one.
_SAMPLERS = (
    data.SequentialSampler,
    data.RandomSampler,
    data.SubsetRandomSampler,
    data.WeightedRandomSampler,
    data.BatchSampler,
)
OTHER_GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)


def has_state(part: Any) -> bool:
    """Whether it can be put back to where it was, as aelib.data.Batches can."""
    return hasattr(part, "state_dict") and hasattr(part, "load_state_dict")


def check_yields_batches(name: str, batches: Any) -> None:
    """Raises TypeError where this yields examples, or cannot be gone through."""
    cure = None
    if isinstance(batches, Tensor):
        cure = f"Batches({name}, batch_size)"
    elif isinstance(batches, tuple) and any(isinstance(b, Tensor) for b in batches):
        cure = "Batches for examples, or a list of batches"
    elif isinstance(batches, data.Dataset):
        cure = f"DataLoader({name}, batch_size)"
    if cure is not None:
        raise TypeError(
            f"{name} must yield batches, got a {type(batches).__name__}: {cure}"
        )
    if not hasattr(batches, "__iter__"):
        raise TypeError(f"{name} must be iterable, got {type(batches).__name__}")


def check_source(name: str, batches: Any) -> None:
    """Raises TypeError or ValueError where this cannot be gone through every epoch."""
    check_yields_batches(name, batches)
    try:
        n_batches = len(batches)
    except TypeError:
        raise TypeError(
            f"{name} must have a length and be iterable again and again, "
            f"got {type(batches).__name__}"
        ) from None
    if n_batches == 0:
        raise ValueError(f"{name} must hold at least one batch, got none")


def check_restorable(name: str, batches: Iterable[Batch]) -> None:
    """Raises TypeError, naming the part whose state a checkpoint could not put back."""
    if has_state(batches) or isinstance(batches, list | tuple):
        return
    if not isinstance(batches, data.DataLoader):
        raise _unsaved(name, type(batches).__name__)
    if isinstance(batches.dataset, data.IterableDataset):
        raise _unsaved(
            f"{name}.dataset", f"the stream {type(batches.dataset).__name__}"
        )
    for part in _samplers(batches):
        if type(part) not in _SAMPLERS and not has_state(part):
            raise _unsaved(f"{name}.sampler", type(part).__name__)
    if batches.num_workers > 0:  # they get a copy of the data set for every epoch
        return
    for dataset in _datasets(batches):
        for attribute, value in vars(dataset).items():
            if isinstance(value, OTHER_GENERATORS):
                kind = type(value).__name__
                raise TypeError(
                    f"{name}.dataset.{attribute} must be a torch.Generator with a "
                    f"checkpoint, got {kind}, which could not be put back"
                )


def _unsaved(name: str, got: str) -> TypeError:
    return TypeError(
        f"{name} must have state_dict() and load_state_dict() with a checkpoint, "
        f"got {got}, which could not be put back"
    )


def source_state(batches: Iterable[Batch]) -> dict[str, Any] | None:
    """All that its later passes depend on, beside the global generators."""
    if has_state(batches):
        return batches.state_dict()
    if not isinstance(batches, data.DataLoader):
        return None
    return {
        "generators": [g.get_state() for g in _generators(batches)],
        "samplers": [s.state_dict() for s in _samplers(batches) if has_state(s)],
    }


def load_source_state(batches: Iterable[Batch], state: dict[str, Any] | None) -> None:
    """Go on as the source whose state this is."""
    if state is None:
        return
    if has_state(batches):
        batches.load_state_dict(state)
        return
    for generator, saved in zip(_generators(batches), state["generators"], strict=True):
        generator.set_state(saved)
    with_state = filter(has_state, _samplers(batches))
    for sampler, saved in zip(with_state, state["samplers"], strict=True):
        sampler.load_state_dict(saved)


def describe_source(name: str, batches: Iterable[Batch]) -> dict[str, str]:
    """What another source with the same meaning must share, by name."""
    about = {name: type(batches).__name__, f"number of {name}": str(len(batches))}
    about |= {
        f"{attribute} of {name}": repr(getattr(batches, attribute))
        for attribute in ("batch_size", "shuffle", "drop_last")
        if hasattr(batches, attribute)
    }
    if isinstance(batches, data.DataLoader):
        kinds = [type(sampler).__name__ for sampler in _samplers(batches)]
        about[f"sampler of {name}"] = " in ".join(kinds)
        about[f"number of examples in {name}"] = str(len(batches.sampler))
        about[f"workers of {name}"] = str(batches.num_workers)
        about[f"number of generators in {name}"] = str(len(_generators(batches)))
    tensors = list(_tensors(batches))
    if tensors:
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in tensors[:3])
        about[f"shapes of the data in {name}"] = shapes
        named = ((str(i), tensor) for i, tensor in enumerate(tensors))
        about[f"data in {name}"] = f"SHA-256 {digest(named)}"
    return about


def _tensors(source: Any) -> Iterator[Tensor]:
    """The tensors that it certainly yields its examples from, if it shows them."""
    if isinstance(source, Tensor):
        yield source
    elif isinstance(source, list | tuple):
        for part in source:
            yield from _tensors(part)
    elif isinstance(source, data.DataLoader):
        yield from _tensors(source.dataset)
    elif hasattr(source, "tensors"):  # Batches, TensorDataset
        yield from _tensors(source.tensors)


def digest(named: Iterable[tuple[str, Tensor]]) -> str:
    """Twelve digits of the SHA-256 of tensors and their names."""
    # 0.1 s for the 188 MB of Fashion-MNIST, once a run.
    found = hashlib.sha256()
    for name, tensor in named:
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        found.update(flat.view(torch.uint8).numpy())
    return found.hexdigest()[:12]


def _samplers(loader: data.DataLoader) -> list[Any]:
    parts = [loader.sampler, loader.batch_sampler]
    parts.append(getattr(loader.batch_sampler, "sampler", None))
    return list({id(part): part for part in parts if part is not None}.values())


def _datasets(loader: data.DataLoader) -> Iterator[Any]:
    """The data set, and those that it is a subset of."""
    dataset = loader.dataset
    while dataset is not None:
        if hasattr(dataset, "__dict__"):
            yield dataset
        dataset = getattr(dataset, "dataset", None)


def _generators(loader: data.DataLoader) -> list[torch.Generator]:
    """Those of torch that its order and its data set draw from, each once."""
    parts = [loader.generator]
    parts += [getattr(sampler, "generator", None) for sampler in _samplers(loader)]
    if loader.num_workers == 0:
        parts += [v for dataset in _datasets(loader) for v in vars(dataset).values()]
    found = {id(g): g for g in parts if isinstance(g, torch.Generator)}
    return list(found.values())
