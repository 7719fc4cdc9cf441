"""Checks of what `train` is given, and its default optimizer and schedule."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR, ReduceLROnPlateau

from aelib import _expect
from aelib.train.calls import device_of
from aelib.train.checkpoints import load_checkpoint
from aelib.train.sources import check_source
from aelib.train.stopping import StopEarly

DEFAULT_LR = 1e-3
Schedule = str | Callable[[torch.optim.Optimizer], LRScheduler] | None


def check_arguments(
    model: nn.Module,
    objective: Callable[..., Any],
    batches: Any,
    val_batches: Any,
    stop: Any,
    tracker: Any,
) -> None:
    """Raises TypeError or ValueError, naming the first that cannot be meant."""
    _expect.instance("model", model, nn.Module, "an nn.Module")
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError("model must have a parameter that requires grad, got none")
    device_of(model)
    _expect.function("objective", objective)
    check_source("batches", batches)
    if val_batches is not None:
        check_source("val_batches", val_batches)
    if stop is not None:
        _expect.function("stop", stop)
    if isinstance(stop, StopEarly) and val_batches is None:
        raise ValueError("stop must come with val_batches, which it looks at, got none")
    if tracker is not None and not callable(getattr(tracker, "scalars", None)):
        raise TypeError(
            "tracker must have a method scalars(step, values), "
            f"got {type(tracker).__name__}"
        )
    if getattr(tracker, "closed", False):
        raise ValueError("tracker must be open, got a closed one")


def check_settings(
    epochs: int, lr: float, grad_clip: float | None, **flags: bool
) -> tuple[int, float]:
    """Epochs and lr as plain numbers, also where those of NumPy were given.

    Raises:
        TypeError, ValueError: names the first setting that cannot be meant.
    """
    epochs = _expect.integer("epochs", epochs, least=1)
    lr = _expect.number("lr", lr, above=0)
    if grad_clip is not None:
        _expect.number("grad_clip", grad_clip, above=0)
    for name, value in flags.items():
        _expect.flag(name, value)
    return epochs, lr


def weights_of(start: Any, model: nn.Module) -> dict[str, Tensor]:
    """The model's weights from a checkpoint's path or a state_dict.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError, ValueError: it is neither, or not of this model, or not finite.
    """
    found = start if isinstance(start, Mapping) else _read(start)
    if isinstance(found.get("best"), Mapping):  # what the model was left with
        found = found["best"]
    elif isinstance(found.get("model"), Mapping):
        found = found["model"]
    expected = model.state_dict()
    for name in {**expected, **found}:
        have, want = found.get(name), expected.get(name)
        if not isinstance(have, Tensor) or want is None or have.shape != want.shape:
            raise ValueError(
                f"start must hold the weights of this model, got {_shape(have)} for "
                f"{name!r} instead of {_shape(want)}"
            )
        if not have.isfinite().all():
            raise ValueError(f"start must be finite, got NaN or Inf in {name!r}")
    return dict(found)


def _read(start: Any) -> dict[str, Any]:
    if not isinstance(start, str | os.PathLike):
        cure = ": its state_dict()" if isinstance(start, nn.Module) else ""
        raise TypeError(
            "start must be a checkpoint's path or a state_dict, "
            f"got {type(start).__name__}{cure}"
        )
    try:
        return load_checkpoint(start)
    except OSError as error:
        raise type(error)(
            f"start must be a checkpoint that can be read, got {str(start)!r}: "
            f"{error.strerror}"
        ) from error


def _shape(value: Any) -> str:
    return f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else "none"


def default_optimizer(model: nn.Module, lr: float) -> torch.optim.Optimizer:
    """Fused AdamW without decay, so that what is minimised is the objective itself.

    A second beta of 0.95 forgets early gradients sooner than the usual 0.999, which
    pays in runs of a few thousand steps.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    return torch.optim.AdamW(
        parameters, lr=lr, betas=(0.9, 0.95), weight_decay=0.0, fused=True
    )


def check_optimizer(
    model: nn.Module, optimizer: torch.optim.Optimizer, lr: float
) -> None:
    """Raises TypeError or ValueError where it is not one of this model and this lr."""
    kind = torch.optim.Optimizer
    _expect.instance("optimizer", optimizer, kind, "a torch.optim.Optimizer")
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    strangers = len(held - {id(parameter) for parameter in model.parameters()})
    if strangers:
        raise ValueError(
            f"optimizer must hold parameters of this model, got {strangers} others"
        )
    rates = [group.get("initial_lr", group["lr"]) for group in optimizer.param_groups]
    if lr not in (DEFAULT_LR, *rates):
        raise ValueError(
            f"lr must be left out beside an optimizer, which has its own {rates}, "
            f"got {lr}"
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
    _check_scheduler(schedule, scheduler, n_steps)
    settings = ", ".join(
        f"{name}={value!r}"
        for name, value in sorted(scheduler.state_dict().items())
        if isinstance(value, int | float | str)
    )
    return scheduler, f"{type(scheduler).__name__}({settings})"


def _check_scheduler(schedule: Any, scheduler: Any, n_steps: int) -> None:
    if isinstance(scheduler, ReduceLROnPlateau):
        raise TypeError(
            "schedule must be stepped without a metric, got ReduceLROnPlateau"
        )
    if not callable(schedule) or not isinstance(scheduler, LRScheduler):
        raise TypeError(
            "schedule must be None, 'constant' or a function that makes an LRScheduler "
            f"of the optimizer, got {type(scheduler).__name__}"
        )
    if getattr(scheduler, "total_steps", n_steps) < n_steps:
        raise ValueError(
            f"schedule must last for the {n_steps} steps of this run, "
            f"got {scheduler.total_steps}"
        )


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
