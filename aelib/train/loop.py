"""The public loop; one run's state and steps are in `run`, its file in `resume`."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from aelib import config
from aelib.train.calls import Batch, Objective
from aelib.train.history import History
from aelib.train.identity import about_key
from aelib.train.preparation import (
    DEFAULT_LR,
    Schedule,
    check_arguments,
    check_settings,
    denormals_flushed,
    weights_of,
)
from aelib.train.resume import Store
from aelib.train.run import Run, ScalarTracker
from aelib.train.stopping import Stop

Start = str | Path | Mapping[str, Any] | None


def train(
    model: nn.Module,
    objective: Objective,
    batches: Iterable[Batch],
    *,
    val_batches: Iterable[Batch] | None = None,
    epochs: int,
    lr: float = DEFAULT_LR,
    optimizer: torch.optim.Optimizer | None = None,
    schedule: Schedule = None,
    grad_clip: float | None = None,
    stop: Stop | None = None,
    checkpoint: str | Path | None = None,
    resume: bool = True,
    run_key: Any = None,
    start: Start = None,
    tracker: ScalarTracker | None = None,
    progress: bool | None = None,
    compile: bool = False,
) -> History:
    """Minimise the objective's "loss" over the batches; the arguments: aelib.train.

    >>> def objective(model, x):
    ...     return {"loss": (model(x) - x).square().mean()}
    >>> batches = [torch.rand(8, 4), torch.rand(8, 4)]
    >>> len(train(nn.Linear(4, 4), objective, batches, epochs=3, progress=False))
    3

    Raises:
        TypeError, ValueError, OSError: an argument or checkpoint cannot be used.
        FloatingPointError: a loss or gradient was not finite.
    """
    shown = config.progress() if progress is None else progress
    check_arguments(model, objective, batches, val_batches, stop, tracker)
    epochs, lr = check_settings(
        epochs, lr, grad_clip, resume=resume, progress=shown, compile=compile
    )
    run = Run(model, objective, batches, val_batches, stop, grad_clip, compile)
    run.prepare(optimizer, schedule, lr, epochs)
    return _go(run, _begin(run, checkpoint, resume, run_key, start), tracker, shown)


def _begin(
    run: Run,
    checkpoint: str | Path | None,
    resume: bool,
    run_key: Any,
    start: Start,
) -> Store | None:
    """Go on from the checkpoint, or start; what the run will need is tried first."""
    key = about_key(run_key)
    weights = None if start is None else weights_of(start, run.model)
    store = None
    if checkpoint is not None:
        store = Store(run, checkpoint, key, weights)
        if resume and store.path.is_file():
            store.resume()
            weights = None  # the checkpoint is further on
            if run.is_done:
                print(
                    f"history of {len(run.history)} epochs read from {store.path}; "
                    "nothing was trained"
                )
                return store
        store.try_to_write()
    if weights is not None:
        run.model.load_state_dict(weights)
    run.try_validation()
    if store is not None and not run.history:
        store.note_start()
    return store


def _go(
    run: Run, store: Store | None, tracker: ScalarTracker | None, shown: bool
) -> History:
    bar = tqdm(total=run.n_steps, initial=run.n_done, unit="step", disable=not shown)
    try:
        with bar, denormals_flushed():
            for epoch in range(1, 1 + len(run.history)):  # those before a resume
                _track(run, tracker, epoch)
            while not run.is_done:
                run.epoch(bar)
                if store is not None:
                    store.save()
                _track(run, tracker, len(run.history))
    except BaseException as error:
        error.history = run.history.up_to(len(run.history))
        raise
    run.finish()
    return run.history


def _track(run: Run, tracker: ScalarTracker | None, epoch: int) -> None:
    if tracker is not None:
        tracker.scalars(epoch, run.scalars(epoch))
