"""NaN, now what? What is not finite, looked for where it came from."""

import contextlib
from collections.abc import Iterable, Iterator
from itertools import islice

import torch
from torch import Tensor, nn

from aelib.train.calls import Batch, device_of, to_device

_LARGE = 20.0  # exp(20) is 5e8: no posterior of a working VAE is that wide or narrow


def terms_not_finite(names: Iterable[str], values: Tensor) -> str | None:
    """Every bad term; "loss" only where it is alone, since the others made it so."""
    pairs = zip(names, values, strict=True)
    bad = [name for name, value in pairs if not value.isfinite()]
    bad = [name for name in bad if name != "loss"] or bad
    if not bad:
        return None
    if len(bad) == 1:
        return f"term {bad[0]!r} is not finite"
    first = ", ".join(map(repr, bad[:-1]))
    return f"terms {first} and {bad[-1]!r} are not finite"


def cause(model: nn.Module, batches: Iterable[Batch], index: int) -> str:
    """The likely cause in the batch of that index or in the model, and a cure."""
    batch = next(islice(batches, index, None), None)  # None where it comes but once
    if batch is not None:
        batch = to_device(batch, device_of(model))
    parts = (batch,) if isinstance(batch, Tensor) else batch or ()
    for number, part in enumerate(parts):
        name = "the batch" if len(parts) == 1 else f"part {number} of the batch"
        if isinstance(part, Tensor) and (found := _in_examples(part)):
            return f"{name} holds {found}: mend the data"
    for name, parameter in model.named_parameters():
        if not parameter.isfinite().all():
            return f"{name!r} of the model is not finite: start anew with a lower lr"
    largest = max(_log_vars(model, batch), default=0.0)
    if not largest < _LARGE:
        return f"largest |log_var| {largest:.3g}: bound it, or lower lr"
    return "lower lr, or pass grad_clip=1.0"


def _in_examples(part: Tensor) -> str | None:
    bad = ~part.reshape(len(part), -1).isfinite().all(dim=1)  # (B,)
    if not bad.any():
        return None
    kind = "NaN" if part.isnan().any() else "Inf"
    things = "images" if part.ndim == 4 else "examples"
    return f"{kind} in {int(bad.sum())} of {len(part)} {things}"


def _log_vars(model: nn.Module, batch: Batch | None) -> Iterator[float]:
    """Largest |log_var| of what the model's `encode`, or its call, makes of x."""
    x = batch if isinstance(batch, Tensor) or batch is None else batch[0]
    with contextlib.suppress(Exception), torch.no_grad():  # on the way to an error
        output = getattr(model, "encode", model)(x)
        for part in (output, *(output if isinstance(output, tuple) else ())):
            if hasattr(part, "log_var"):
                yield float(part.log_var.abs().max())
