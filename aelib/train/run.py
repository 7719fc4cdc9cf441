"""One training run: what it holds, its epochs, and how it is stored and resumed."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn
from tqdm import tqdm

from aelib.train.checkpoints import load_checkpoint, pack
from aelib.train.evaluation import (
    Batch,
    Objective,
    batch_length,
    check_device,
    check_gradient,
    check_terms,
    evaluate,
    has_state,
    memory_explained,
)
from aelib.train.guard import Guard
from aelib.train.history import History
from aelib.train.preparation import (
    Schedule,
    check_optimizer,
    default_optimizer,
    make_schedule,
)
from aelib.train.state import (
    check_identity,
    get_generators,
    identity,
    set_generators,
)


class ScalarTracker(Protocol):
    """What a run asks of its tracker; aelib.trackers has some."""

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Note the values of an epoch; `step` is its number, from 1."""


class Run:
    """The state of one call of `train`, whose arguments these are."""

    def __init__(
        self,
        model: nn.Module,
        objective: Objective,
        batches: Iterable[Batch],
        val_batches: Iterable[Batch] | None,
        grad_clip: float | None,
        compile: bool,
    ) -> None:
        self.model = model
        self.called = torch.compile(model) if compile else model
        self.objective = objective
        self.batches, self.val_batches = batches, val_batches
        self.grad_clip = grad_clip
        self.history = History()

    def prepare(
        self,
        optimizer: torch.optim.Optimizer | None,
        schedule: Schedule,
        lr: float,
        epochs: int,
    ) -> None:
        """Make what is missing of optimizer and schedule, and the guard."""
        if optimizer is None:
            optimizer = default_optimizer(self.model, lr)
        check_optimizer(self.model, optimizer)
        self.optimizer = optimizer
        self.n_steps = epochs * len(self.batches)
        self.scheduler, name = make_schedule(schedule, optimizer, self.n_steps)
        self.identity = identity(self.model, optimizer, name, self.grad_clip)
        self.guard = Guard(self.model, optimizer)
        self.device = self.guard.device

    def epoch(self, bar: tqdm) -> None:
        """One pass over the batches, then the validation; adds to the history."""
        start = time.perf_counter()
        self.model.train()
        self.guard.start_epoch()
        for batch in self.batches:
            self._step(batch)
            bar.update()
        means = self.guard.read(len(self.history) + 1)
        val = None
        if self.val_batches is not None:
            val = evaluate(self.called, self.objective, self.val_batches)
        self.history.append(train=means, val=val, seconds=time.perf_counter() - start)
        bar.set_postfix(self.history.last)

    def _step(self, batch: Batch) -> None:
        guard, size = self.guard, batch_length(batch)
        first = not guard.record.sizes
        with memory_explained(size):
            if first:
                check_device(batch, self.device)
            guard.before_forward()
            terms = self.objective(self.called, batch)
            if first:
                check_terms(terms)
                check_gradient(terms["loss"])
            self.optimizer.zero_grad(set_to_none=True)
            terms["loss"].backward()
            guard.after_backward(terms, size)
            if self.grad_clip is not None:
                nn.utils.clip_grad_norm_(guard.parameters, self.grad_clip)
            guard.step()
        if self.scheduler is not None:
            self.scheduler.step()

    @property
    def n_done(self) -> int:
        """Steps of the epochs in the history."""
        return len(self.history) * len(self.batches)

    def scalars(self) -> dict[str, float]:
        """The last epoch for a tracker."""
        history = self.history
        values = {f"train/{name}": mean for name, mean in history.train[-1].items()}
        if history.val:
            values |= {f"val/{name}": mean for name, mean in history.val[-1].items()}
        rate = float(self.optimizer.param_groups[0]["lr"])
        return {**values, "lr": rate, "seconds": history.seconds[-1]}

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds: all that the remaining epochs depend on."""
        batches = self.batches
        return {
            "identity": self.identity,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.scheduler.state_dict() if self.scheduler else None,
            "batches": batches.state_dict() if has_state(batches) else None,
            "generators": get_generators(self.device),
            "history": self.history.to_dict(),
        }

    def start_from(self, path: Path, epochs: int, resume: bool) -> None:
        """Go on from the checkpoint at `path`, if there is one and `resume`.

        Raises:
            TypeError: this run could not be stored in one.
            ValueError: the file is damaged, or of another run.
        """
        if not (resume and path.exists()):
            pack(self.state())  # now, not after the first epoch
            return
        state = load_checkpoint(path)
        if not state.keys() >= self.state().keys():
            raise ValueError(
                f"checkpoint {path} must be written by train to resume it, "
                f"got one that holds {sorted(map(str, state))}"
            )
        check_identity(path, state["identity"], self.identity)
        history = History.from_dict(state["history"])
        if len(history) > epochs:
            raise ValueError(
                f"epochs must be at least the {len(history)} that checkpoint {path} "
                f"holds, got {epochs}"
            )
        self._load(state)
        self.history = history

    def _load(self, state: dict[str, Any]) -> None:
        if has_state(self.batches) and state["batches"] is not None:
            self.batches.load_state_dict(state["batches"])  # may refuse, so comes first
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["schedule"])
        set_generators(state["generators"], self.device)
