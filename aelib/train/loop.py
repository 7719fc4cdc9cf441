"""The public loop; one run's state and steps are in `run`."""

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm

from aelib import config
from aelib.train.checkpoints import save_checkpoint
from aelib.train.evaluation import Batch, Objective
from aelib.train.history import History
from aelib.train.preparation import Schedule, check_arguments, denormals_flushed
from aelib.train.run import Run, ScalarTracker


def train(
    model: nn.Module,
    objective: Objective,
    batches: Iterable[Batch],
    *,
    val_batches: Iterable[Batch] | None = None,
    epochs: int,
    lr: float = 1e-3,
    optimizer: torch.optim.Optimizer | None = None,
    schedule: Schedule = None,
    grad_clip: float | None = None,
    checkpoint: str | Path | None = None,
    resume: bool = True,
    tracker: ScalarTracker | None = None,
    progress: bool | None = None,
    compile: bool = False,
) -> History:
    """Minimise the objective's "loss" over the batches; the arguments: aelib.train.

    Raises:
        TypeError, ValueError: an argument, or the checkpoint, is not of this run.
        FloatingPointError: a loss or gradient was not finite; no parameter has changed
            since, and the checkpoint is that of the epoch before.
        torch.OutOfMemoryError: names the batch size tried, and a smaller one.
    """
    epochs, lr = check_arguments(model, objective, batches, epochs, lr, grad_clip)
    run = Run(model, objective, batches, val_batches, grad_clip, compile)
    run.prepare(optimizer, schedule, lr, epochs)
    if checkpoint is not None:
        run.start_from(Path(checkpoint).expanduser(), epochs, resume)
    shown = config.progress() if progress is None else progress
    bar = tqdm(total=run.n_steps, initial=run.n_done, unit="step", disable=not shown)
    with bar, denormals_flushed():
        while len(run.history) < epochs:
            run.epoch(bar)
            if tracker is not None:
                tracker.scalars(len(run.history), run.scalars())
            if checkpoint is not None:
                save_checkpoint(checkpoint, run.state())
    return run.history
