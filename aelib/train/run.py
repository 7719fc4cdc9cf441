"""One training run: what it holds, its epochs, and how they are noted."""

import time
from collections.abc import Iterable
from typing import Any, Protocol

import torch
from torch import nn
from tqdm import tqdm

from aelib import _expect
from aelib.train.calls import (
    Batch,
    Objective,
    batch_length,
    check_gradient,
    device_of,
    first_terms,
    memory_explained,
    to_device,
)
from aelib.train.diagnosis import cause
from aelib.train.evaluation import evaluate, snapshot, try_next_batch
from aelib.train.guard import BadStep, Guard
from aelib.train.history import History
from aelib.train.preparation import (
    Schedule,
    check_optimizer,
    default_optimizer,
    make_schedule,
)
from aelib.train.stopping import Stop, StopEarly


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
        stop: Stop | None,
        grad_clip: float | None,
        compile: bool,
    ) -> None:
        self.model = model
        self.called = torch.compile(model) if compile else model
        self.objective = objective
        self.batches, self.val_batches = batches, val_batches
        self.stop, self.grad_clip = stop, grad_clip
        self.device = device_of(model)
        self.history = History()
        self.first_terms: dict[str, float] = {}  # of the run's first step
        self.rates: list[float] = []  # of learning, after each epoch
        self.best: dict[str, Any] | None = None  # the weights of the best epoch

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
        else:
            check_optimizer(self.model, optimizer, lr)
        self.optimizer, self.epochs = optimizer, epochs
        self.n_steps = epochs * len(self.batches)
        self.scheduler, self.schedule = make_schedule(schedule, optimizer, self.n_steps)
        self.guard = Guard(self.model, optimizer)

    def try_validation(self) -> None:
        """Call the objective on the first validation batch, as every epoch will."""
        if self.val_batches is not None:
            try_next_batch(self.model, self.objective, self.val_batches)

    @property
    def is_done(self) -> bool:
        """Whether all epochs are done, or the rule to stop says so."""
        n_done = len(self.history)
        stopped = n_done > 0 and self.stop is not None and self.stop(self.history)
        return n_done >= self.epochs or bool(stopped)

    def epoch(self, bar: tqdm) -> None:
        """One pass over the batches, then the validation; adds to the history."""
        start = time.perf_counter()
        self.model.train()
        self.guard.start_epoch()
        back = snapshot(self.model, self.objective, self.batches)
        try:
            for index, batch in enumerate(self.batches):
                self._step(batch, index)
                bar.update()
            means = self.guard.read()
        except BadStep as bad:
            raise self._explained(bad, back) from None
        self.first_terms = self.first_terms or self.guard.first_terms
        val = None
        if self.val_batches is not None:
            val = self._validated()
        self.history.append(train=means, val=val, seconds=time.perf_counter() - start)
        self.rates.append(float(self.optimizer.param_groups[0]["lr"]))
        self._keep_best()
        bar.set_postfix(self.history.last)

    def _step(self, batch: Batch, index: int) -> None:
        guard, size = self.guard, batch_length(batch)
        with memory_explained(size):
            batch = to_device(batch, self.device)
            guard.before_forward()
            terms = self._terms(batch, index)
            self.optimizer.zero_grad(set_to_none=True)
            terms["loss"].backward()
            guard.after_backward(terms, size)
            if self.grad_clip is not None:
                nn.utils.clip_grad_norm_(guard.parameters, self.grad_clip)
            guard.step()
        if self.scheduler is not None:
            self.scheduler.step()

    def _terms(self, batch: Batch, index: int) -> dict[str, torch.Tensor]:
        record = self.guard.record
        try:
            if not record.sizes:
                return self._first_terms(batch)
            return self.objective(self.called, batch)
        except _expect.NotFiniteError as error:  # one of our metrics looked
            if record.sizes:
                self.guard.read()  # an earlier step of this epoch was bad before
            raise BadStep(index, str(error)) from None

    def _first_terms(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Those of an epoch's first batch, looked at more closely than the others."""
        terms = first_terms(self.objective, self.called, batch)
        check_gradient(terms["loss"])
        if self.history.train and terms.keys() != self.history.train[0].keys():
            raise ValueError(
                "objective must return the terms of the epochs before, "
                f"{sorted(self.history.train[0])}, got {sorted(terms)}"
            )
        if isinstance(self.stop, StopEarly) and self.stop.term not in terms:
            raise ValueError(
                f"stop's term must be one of {sorted(terms)}, got {self.stop.term!r}"
            )
        return terms

    def _explained(self, bad: BadStep, back: Any) -> FloatingPointError:
        now = snapshot(self.model, self.objective, self.batches)
        back()  # to where the epoch began, so that the batch comes again
        why = cause(self.model, self.batches, bad.index)
        now()
        n_steps = len(self.batches)
        return FloatingPointError(
            f"epoch {len(self.history) + 1}, step {bad.index + 1} of {n_steps}: "
            f"{bad.words}; {why}; no parameter was changed by this step or a later one"
        )

    def _validated(self) -> dict[str, float]:
        try:
            return evaluate(self.called, self.objective, self.val_batches)
        except FloatingPointError as error:
            epoch = len(self.history) + 1
            raise FloatingPointError(f"validation of epoch {epoch}: {error}") from None

    @property
    def keeps_best(self) -> bool:
        return isinstance(self.stop, StopEarly) and self.stop.keep_best

    def _keep_best(self) -> None:
        if self.keeps_best:
            best = self.stop.best_epoch(self.history)
            if best == len(self.history):
                state = self.model.state_dict()
                self.best = {name: tensor.clone() for name, tensor in state.items()}
            self.history.best_epoch = best

    def finish(self) -> None:
        """Leave the model in train mode, with the weights that were asked for."""
        if self.best is not None:
            self.model.load_state_dict(self.best)
        self.model.train()

    @property
    def n_done(self) -> int:
        """Steps of the epochs in the history."""
        return len(self.history) * len(self.batches)

    def scalars(self, epoch: int) -> dict[str, float]:
        """One epoch, from 1, for a tracker."""
        history, index = self.history, epoch - 1
        values = {f"train/{name}": mean for name, mean in history.train[index].items()}
        val = (history.val[index] if history.val else None) or {}
        values |= {f"val/{name}": mean for name, mean in val.items()}
        return {**values, "lr": self.rates[index], "seconds": history.seconds[index]}
