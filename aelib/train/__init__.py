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

model: on one device; left in train mode. Numbers that its modules hold as attributes
    and change in training are treated as those of the objective.
objective: see above; its other terms are recorded under their names. One that has
    state_dict() and load_state_dict(), such as a warm-up that counts its steps, is
    saved and restored with the run, and left by `evaluate` as it was. Without them,
    numbers, words and tensors that it holds as attributes and that change in training
    are saved and restored, but no list or other object. A global counter, or one of an
    enclosing function, cannot be: the run is then not resumed.
batches: an iterable with a length, such as aelib.data.Batches or a DataLoader. Batches
    on the CPU are moved to the model's device.
val_batches: evaluated after every epoch, by the same objective. They may be left out or
    added when a run is resumed; the epochs without them hold None.
epochs: passes over the batches; a checkpoint's epochs count.
lr: learning rate of the default optimizer, at the peak of the schedule.
optimizer: by default fused AdamW with betas (0.9, 0.95) and no weight decay. One handed
    in brings its own learning rates, which are then the peaks; another `lr` is refused.
schedule: by default one-cycle: the learning rate rises from 1/25 of the peak over the
    first 30 % of the steps and falls to nothing after; betas stay. Else "constant", or
    a function that makes an LRScheduler of the optimizer; it is stepped once a batch.
grad_clip: largest norm of the whole gradient.
stop: a rule that may end the run before its last epoch: `stop_early(...)`, or any
    function that says so of a History. It is asked after every epoch.
checkpoint: file that is written after every epoch, and with `resume` continued from; no
    other run may write it meanwhile. On a CPU, with the same versions and number of
    threads, a resumed run equals an uninterrupted one bit for bit, but for its seconds.
    So model, optimizer, schedule and the objective's state are saved, the global
    generators, and those of torch that model, objective, batches, or the sampler and
    data set of a DataLoader hold. What of these cannot be put back is refused at the
    start, by name. So is a checkpoint of another model, device, optimizer, schedule,
    start, run_key, batches or data: tensors are compared by a digest, and the objective
    with all behind it by repeating the first step of the run, whose terms may differ
    by 1e-3 of their size. A finished run trains nothing, says so, and gives its history
    and parameters.
resume: False starts anew and replaces the checkpoint.
run_key: what else identifies the run: a dict of numbers and words, such as
    {"data": "digits v2"}; a checkpoint with another one is refused.
start: weights to go on from in a new run, with an optimizer and schedule of its own: a
    checkpoint's path or a state_dict. Of a run with keep_best they are the best ones.
    Where this run's own checkpoint exists already, it is resumed instead.
tracker: gets the scalars of every epoch, on resume those before it too.
progress: whether to show a bar; by default aelib.config.progress().
compile: hand the objective torch.compile(model) instead of the model.

What a run needs is tried before its first step: the checkpoint's folder by writing
there, val_batches by one call of the objective. Of a step that is not finite no trace
stays: no parameter has changed since, the checkpoint is that of the epoch before, and
FloatingPointError names the epoch, the step, every bad term and the likely cause.
torch.OutOfMemoryError names the batch size tried, and a smaller one. Whatever ends a
run early, an interrupt too, carries the History of its complete epochs as
`error.history`.
"""

from aelib.train.calls import Batch, Objective
from aelib.train.checkpoints import load_checkpoint, save_checkpoint
from aelib.train.evaluation import evaluate
from aelib.train.history import History
from aelib.train.loop import train
from aelib.train.stopping import StopEarly, stop_early

__all__ = [
    "Batch",
    "History",
    "Objective",
    "StopEarly",
    "evaluate",
    "load_checkpoint",
    "save_checkpoint",
    "stop_early",
    "train",
]
