"""Checks of what `train` is given, and its default optimizer and schedule."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR

from aelib import _expect
from aelib.train.evaluation import device_of

Schedule = str | Callable[[torch.optim.Optimizer], LRScheduler] | None


def check_arguments(
    model: nn.Module,
    objective: Callable[..., Any],
    batches: Any,
    epochs: int,
    lr: float,
    grad_clip: float | None,
) -> tuple[int, float]:
    """Epochs and lr as plain numbers, also where those of NumPy were given.

    Raises:
        TypeError, ValueError: names the first argument that cannot be meant.
    """
    if not callable(objective):
        raise TypeError(f"objective must be callable, got {type(objective).__name__}")
    epochs = _expect.integer("epochs", epochs, least=1)
    lr = _expect.number("lr", lr, above=0)
    if grad_clip is not None:
        _expect.number("grad_clip", grad_clip, above=0)
    if not hasattr(batches, "__len__"):
        raise TypeError(
            "batches must have a length and be iterable again and again, "
            f"got {type(batches).__name__}"
        )
    if len(batches) == 0:
        raise ValueError("batches must hold at least one batch, got none")
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError("model must have a parameter that requires grad, got none")
    device_of(model)
    return epochs, lr


def default_optimizer(model: nn.Module, lr: float) -> torch.optim.Optimizer:
    """Fused AdamW without decay, so that what is minimised is the objective itself.

    A second beta of 0.95 forgets early gradients sooner than the usual 0.999, which
    pays in runs of a few thousand steps.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    return torch.optim.AdamW(
        parameters, lr=lr, betas=(0.9, 0.95), weight_decay=0.0, fused=True
    )


def check_optimizer(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Raises TypeError or ValueError where it is not an optimizer of this model."""
    kind = torch.optim.Optimizer
    _expect.instance("optimizer", optimizer, kind, "a torch.optim.Optimizer")
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    strangers = len(held - {id(parameter) for parameter in model.parameters()})
    if strangers:
        raise ValueError(
            f"optimizer must hold parameters of this model, got {strangers} others"
        )


def make_schedule(
    schedule: Schedule, optimizer: torch.optim.Optimizer, n_steps: int
) -> tuple[LRScheduler | None, str]:
    """The scheduler, stepped once a batch, and the name a checkpoint knows it by.

    Raises:
        TypeError: `schedule` is something else, or makes something else.
        ValueError: `schedule` is another word than "constant".
    """
    if schedule is None:
        peaks = [group["lr"] for group in optimizer.param_groups]
        # Momentum is left alone: the betas of the optimizer mean what they say.
        one_cycle = OneCycleLR(
            optimizer, peaks, total_steps=n_steps, cycle_momentum=False
        )
        return one_cycle, f"one-cycle over {n_steps} steps"
    if isinstance(schedule, str):
        if schedule != "constant":
            raise ValueError(f"schedule must be 'constant' if a word, got {schedule!r}")
        return None, "constant"
    scheduler = schedule(optimizer) if callable(schedule) else schedule
    if not callable(schedule) or not isinstance(scheduler, LRScheduler):
        raise TypeError(
            "schedule must be None, 'constant' or a function that makes an LRScheduler "
            f"of the optimizer, got {type(scheduler).__name__}"
        )
    settings = ", ".join(
        f"{name}={value!r}"
        for name, value in sorted(scheduler.state_dict().items())
        if isinstance(value, int | float | str)
    )
    return scheduler, f"{type(scheduler).__name__}({settings})"


@contextlib.contextmanager
def denormals_flushed() -> Iterator[None]:
    """Let the CPU take float32 numbers below 1.2e-38 for 0, as GPUs do.

    The moments of a unit that died shrink into that range and stay there, where each
    operation on them takes many times longer: after 40 epochs of a ReLU code on digits,
    a fifth of the moments were there and an epoch took three times as long.
    """
    was_flushed = (torch.tensor(2e-38) / 4).item() == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(was_flushed)
