"""Training that knows no data set, no model class and no loss: the objective is given.

An objective takes the model and a batch and returns a dict of scalars with "loss":

    def objective(model, x):
        distortion = losses.gaussian_nll(model(x), x).mean()
        return {"loss": distortion, "distortion": distortion}

    history = train(model, objective, batches, val_batches=held_out, epochs=8, lr=4e-3)
    history.last

A batch is what the batches yield: a tensor, or a tuple of tensors, of B examples each.
The loss is a mean over them: means over an epoch are weighted by B.

The arguments of `train`:

model: on one device, that of the batches; left in train mode.
objective: see above; its other terms are recorded under their names.
batches: an iterable with a length, such as aelib.data.Batches.
val_batches: evaluated after every epoch, by the same objective.
epochs: passes over the batches; a checkpoint's epochs count.
lr: learning rate of the default optimizer, at the peak of the schedule.
optimizer: by default fused AdamW with betas (0.9, 0.95) and no weight decay. One handed
    in brings its own learning rates, which are then the peaks; `lr` is not used.
schedule: by default one-cycle: the learning rate rises from 1/25 of the peak over the
    first 30 % of the steps and falls to nothing after; betas stay. Else "constant", or
    a function that makes an LRScheduler of the optimizer; it is stepped once a batch.
grad_clip: largest norm of the whole gradient.
checkpoint: file that is written after every epoch, and with `resume` continued from;
    the result equals that of an uninterrupted run, bit for bit on a CPU. The checkpoint
    of a finished run gives its history and parameters at once. One of another model,
    optimizer, schedule or batches is refused; whether objective and data are the same
    cannot be seen from it.
tracker: gets the scalars of every epoch.
progress: whether to show a bar; by default aelib.config.progress().
compile: hand the objective torch.compile(model) instead of the model.
"""

from aelib.train.checkpoints import load_checkpoint, save_checkpoint
from aelib.train.evaluation import Batch, Objective, evaluate
from aelib.train.history import History
from aelib.train.loop import train

__all__ = [
    "Batch",
    "History",
    "Objective",
    "evaluate",
    "load_checkpoint",
    "save_checkpoint",
    "train",
]
