"""aelib.train against loops written by hand, and its promises about failure."""

import contextlib
import copy
import math
import os
import random
import stat
import warnings
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import ExponentialLR, OneCycleLR, StepLR
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from aelib import metrics
from aelib.data.batches import Batches
from aelib.trackers import FileTracker, read_scalars
from aelib.train import (
    History,
    evaluate,
    load_checkpoint,
    save_checkpoint,
    train,
)
from aelib.train.calls import to_device
from aelib.train.guard import Guard

N, FEATURES, SIZE = 50, 6, 16


@pytest.fixture(autouse=True)
def seeded(monkeypatch):
    monkeypatch.setenv("AELIB_PROGRESS", "0")
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 (the global generator is part of a run's state)


def data() -> torch.Tensor:
    return torch.rand(N, FEATURES, generator=torch.Generator().manual_seed(1))


def linear() -> nn.Module:
    torch.manual_seed(2)
    return nn.Sequential(nn.Linear(FEATURES, 2), nn.Linear(2, FEATURES))


def batches(x: torch.Tensor | None = None, **options) -> Batches:
    generator = torch.Generator().manual_seed(3)
    return Batches(data() if x is None else x, SIZE, generator=generator, **options)


def objective(model, x):
    distortion = (model(x) - x).square().sum(dim=1).mean()
    size = sum(p.square().sum() for p in model.parameters())
    return {"loss": distortion + 1e-3 * size, "distortion": distortion}


def by_hand(model, x, *, epochs, lr, optimizer=None, scheduler=None, clip=None):
    """The plain loop; returns the weighted means of the loss, epoch by epoch."""
    generator = torch.Generator().manual_seed(3)
    n_steps = epochs * -(-len(x) // SIZE)
    optimizer = optimizer or torch.optim.AdamW(
        model.parameters(), lr=lr, betas=(0.9, 0.95), weight_decay=0.0, fused=True
    )
    scheduler = scheduler or OneCycleLR(
        optimizer, max_lr=lr, total_steps=n_steps, cycle_momentum=False
    )
    means = []
    for _ in range(epochs):
        total = 0.0
        for indices in torch.randperm(len(x), generator=generator).split(SIZE):
            batch = x[indices]
            loss = objective(model, batch)["loss"]
            optimizer.zero_grad()
            loss.backward()
            if clip is not None:
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            scheduler.step()
            total += loss.item() * len(batch)
        means.append(total / len(x))
    return means


def same(first: nn.Module, second: nn.Module) -> bool:
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("clip", [None, 0.1])
def test_equals_the_loop_by_hand(clip):
    ours, theirs = linear(), linear()
    expected = by_hand(theirs, data(), epochs=5, lr=0.03, clip=clip)
    history = train(
        ours, objective, batches(), epochs=5, lr=0.03, grad_clip=clip, progress=False
    )
    assert same(ours, theirs)
    assert [row["loss"] for row in history.train] == pytest.approx(expected, rel=1e-12)
    assert expected[-1] < 0.9 * expected[0]


def test_own_optimizer_and_constant_rate_equal_the_loop_by_hand():
    ours, theirs = linear(), linear()
    sgd = torch.optim.SGD(theirs.parameters(), lr=0.02, momentum=0.9)
    constant = ExponentialLR(sgd, gamma=1.0)
    by_hand(theirs, data(), epochs=3, lr=0.0, optimizer=sgd, scheduler=constant)
    sgd = torch.optim.SGD(ours.parameters(), lr=0.02, momentum=0.9)
    train(ours, objective, batches(), epochs=3, optimizer=sgd, schedule="constant")
    assert same(ours, theirs)


def test_schedule_by_function_is_stepped_once_a_batch():
    ours, theirs = linear(), linear()
    adam = torch.optim.Adam(theirs.parameters(), lr=0.05)
    by_hand(
        theirs, data(), epochs=2, lr=0, optimizer=adam, scheduler=StepLR(adam, 3, 0.5)
    )
    adam = torch.optim.Adam(ours.parameters(), lr=0.05)
    schedule = lambda optimizer: StepLR(optimizer, 3, 0.5)  # noqa: E731
    train(ours, objective, batches(), epochs=2, optimizer=adam, schedule=schedule)
    assert same(ours, theirs)


def test_evaluate_weights_the_smaller_last_batch():
    model, x = linear(), data()
    per_example = (model(x) - x).square().sum(dim=1).double()
    held_out = Batches(x, 16, shuffle=False)  # 16, 16, 16, 2
    result = evaluate(model, objective, held_out)
    assert result["distortion"] == pytest.approx(per_example.mean().item(), rel=1e-6)
    unweighted = torch.stack([part.mean() for part in per_example.split(16)]).mean()
    assert abs(unweighted.item() / per_example.mean().item() - 1) > 1e-3
    assert list(result) == ["loss", "distortion"]


def noisy(model, x):
    scale = 1 + torch.rand(()) + random.random() + np.random.rand()  # noqa: NPY002
    return {"loss": scale * (model(x) - x).square().sum(dim=1).mean()}


def global_draws() -> tuple:
    return torch.rand(()).item(), random.random(), np.random.rand()  # noqa: NPY002


def test_evaluate_leaves_everything_as_it_was():
    model = nn.Sequential(linear(), nn.Dropout(), nn.BatchNorm1d(FEATURES))
    model[2].eval()
    shuffled = batches()
    expected_order = next(iter(batches()))
    before = copy.deepcopy(model.state_dict())
    torch.manual_seed(4)
    expected = [evaluate(model, noisy, shuffled), *global_draws()]
    torch.manual_seed(4)
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    assert global_draws() == tuple(expected[1:])
    assert torch.equal(next(iter(shuffled)), expected_order)
    assert (model.training, model[1].training, model[2].training) == (True, True, False)
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


def test_evaluate_runs_in_eval_mode_and_restores_it_after_an_error():
    model = nn.Sequential(nn.Dropout(0.5))
    identity_loss = evaluate(
        model, lambda m, x: {"loss": (m(x) - x).abs().sum()}, [data()]
    )
    assert identity_loss == {"loss": 0.0}
    with pytest.raises(TypeError, match="objective must return a dict"):
        evaluate(model, lambda m, x: x.sum(), [data()])
    assert model.training


def test_evaluate_lets_an_objective_use_gradients():
    def jacobian_penalty(model, x):
        jacobian = torch.func.vmap(torch.func.jacrev(model))(x)
        return {"loss": jacobian.square().sum(dim=(1, 2)).mean()}

    model = linear()
    product = model[1].weight @ model[0].weight
    result = evaluate(model, jacobian_penalty, batches())
    assert result["loss"] == pytest.approx(product.square().sum().item(), rel=1e-5)


def test_validation_is_the_evaluation_after_each_epoch():
    model, held_out = linear(), Batches(data()[:21], 8)
    history = train(model, objective, batches(), val_batches=held_out, epochs=2)
    assert len(history.val) == 2
    assert history.val[-1] == evaluate(model, objective, held_out)
    assert history.last["val_loss"] == history.val[-1]["loss"]
    assert history.last["epoch"] == len(history) == 2
    other = linear()
    train(other, objective, batches(), epochs=2)
    assert same(model, other)  # to look changes nothing


def test_tuple_batches_and_datasets_of_others():
    x, y = data(), data() @ torch.ones(FEATURES, 1)

    def regression(model, batch):
        inputs, targets = batch
        return {"loss": (model(inputs) - targets).square().mean()}

    history = train(
        nn.Linear(FEATURES, 1), regression, batches((x, y)), epochs=20, lr=0.1
    )
    assert history.train[-1]["loss"] < 0.05 * history.train[0]["loss"]
    listed = [(x[:9], y[:9]), (x[9:], y[9:])]
    assert len(train(nn.Linear(FEATURES, 1), regression, listed, epochs=1)) == 1


# Resume


def equal(first, second) -> bool:
    """Nested states, bit for bit."""
    if isinstance(first, torch.Tensor):
        return first.dtype == second.dtype and torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(
            equal(first[key], second[key]) for key in first
        )
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(equal, first, second))
    return first == second


def stop_after(epoch: int):
    """A tracker that ends the run, after its checkpoint of `epoch` was written."""

    class Stop:
        def scalars(self, step, values):
            if step == epoch + 1:
                raise KeyboardInterrupt

    return Stop()


def make_run(optimizer: str, folder):
    torch.manual_seed(5)
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    model = nn.Sequential(linear(), nn.Dropout(0.2), nn.BatchNorm1d(FEATURES))
    options = {"epochs": 5, "lr": 0.02, "val_batches": Batches(data()[:20], 7)}
    if optimizer == "sgd":
        sgd = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
        options |= {"optimizer": sgd, "schedule": lambda o: StepLR(o, 4, 0.7)}
    shuffled = batches()
    return model, shuffled, options | {"checkpoint": folder / "run.ckpt"}


@pytest.mark.parametrize("optimizer", ["default", "sgd"])
@pytest.mark.parametrize("epoch", [1, 4])
def test_resumed_run_equals_the_uninterrupted_one(tmp_path, optimizer, epoch):
    whole, shuffled, options = make_run(optimizer, tmp_path / "whole")
    expected = train(whole, noisy, shuffled, **options)
    expected_draws = (*global_draws(), next(iter(shuffled)).sum().item())

    parts, shuffled, options = make_run(optimizer, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        train(parts, noisy, shuffled, tracker=stop_after(epoch), **options)
    parts, shuffled, options = make_run(optimizer, tmp_path)
    torch.manual_seed(77)  # the checkpoint decides, not what is found
    random.seed(77)
    np.random.seed(77)  # noqa: NPY002
    for parameter in parts.parameters():
        nn.init.zeros_(parameter)
    history = train(parts, noisy, shuffled, **options)
    assert (*global_draws(), next(iter(shuffled)).sum().item()) == expected_draws
    assert same(parts, whole)
    assert (history.train, history.val) == (expected.train, expected.val)
    first = load_checkpoint(tmp_path / "whole" / "run.ckpt")
    second = load_checkpoint(tmp_path / "run.ckpt")
    for name in ("optimizer", "schedule", "generators", "batches", "model"):
        assert equal(second[name], first[name]), name
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["run.ckpt"]


def test_finished_run_says_so_and_returns_its_history_and_parameters(tmp_path, capsys):
    path = tmp_path / "run.ckpt"
    model, fresh = linear(), linear()
    history = train(model, objective, batches(), epochs=2, checkpoint=path)
    assert capsys.readouterr().out == ""
    calls = []

    def counted(model, x):
        calls.append(model.training)
        return objective(model, x)

    content = path.read_bytes()
    again = train(fresh, counted, batches(), epochs=2, checkpoint=path)
    assert again == history
    assert same(fresh, model) and fresh.training
    assert calls == [True]  # once, to see whether it is the same objective
    assert path.read_bytes() == content
    line = f"history of 2 epochs read from {path}; nothing was trained\n"
    assert capsys.readouterr().out == line


def test_resume_false_starts_anew(tmp_path):
    path = tmp_path / "run.ckpt"
    first = train(linear(), objective, batches(), epochs=2, checkpoint=path)
    again = train(
        linear(), objective, batches(), epochs=2, checkpoint=path, resume=False
    )
    assert again.train == first.train
    assert again.seconds != first.seconds


def test_constant_run_can_be_extended_but_not_shortened(tmp_path):
    path, whole, parts = tmp_path / "run.ckpt", linear(), linear()
    train(whole, objective, batches(), epochs=4, schedule="constant")
    for epochs in (2, 4):
        options = {"schedule": "constant", "checkpoint": path}
        history = train(parts, objective, batches(), epochs=epochs, **options)
    assert len(history) == 4
    assert same(parts, whole)
    with pytest.raises(ValueError, match="epochs must be at least the 4"):
        train(parts, objective, batches(), epochs=3, **options)


class Other(nn.Sequential):
    """The same tensors under another class."""


def sgd_of(model):
    return torch.optim.SGD(model.parameters(), lr=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": Other(*linear())}, "another model: Sequential instead of Other"),
        ({"model": nn.Sequential(nn.Linear(6, 3), nn.Linear(3, 6))}, "0.weight"),
        ({"optimizer": sgd_of}, "another optimizer: AdamW instead of SGD"),
        ({"lr": 2e-3}, "optimizer's .*initial_lr|optimizer's .*max_lr"),
        ({"schedule": "constant"}, "another"),
        ({"epochs": 3}, "another schedule: one-cycle over 8 steps"),
        ({"grad_clip": 1.0}, "another grad_clip: None instead of 1.0"),
        ({"batches": Batches(data(), 15)}, "another batch_size of batches: 16 instead"),
        ({"batches": Batches(data(), 16, shuffle=False)}, "another shuffle of batches"),
    ],
)
def test_checkpoint_of_another_run_is_refused(tmp_path, change, message):
    path = tmp_path / "run.ckpt"
    train(linear(), objective, batches(), epochs=2, checkpoint=path)
    options = {"model": linear(), "batches": batches(), "epochs": 2} | change
    model, shuffled = options.pop("model"), options.pop("batches")
    if "optimizer" in options:
        options["optimizer"] = options["optimizer"](model)
    before = copy.deepcopy(model)
    with pytest.raises(ValueError, match=message):
        train(model, objective, shuffled, checkpoint=path, **options)
    assert same(model, before)


def test_damaged_or_foreign_checkpoints_are_refused(tmp_path):
    path = tmp_path / "run.ckpt"
    train(linear(), objective, batches(), epochs=1, checkpoint=path)
    data_bytes = path.read_bytes()
    for damaged in (
        data_bytes[:-1],
        data_bytes + b"\0",
        data_bytes[:-9] + bytes([data_bytes[-9] ^ 1]) + data_bytes[-8:],
    ):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"is damaged: its .* SHA-256"):
            train(linear(), objective, batches(), epochs=1, checkpoint=path)
    torch.save({"model": linear().state_dict()}, path)
    with pytest.raises(ValueError, match="must be a checkpoint written by"):
        load_checkpoint(path)
    save_checkpoint(path, {"model": linear().state_dict()})
    with pytest.raises(ValueError, match="must be written by train to resume it"):
        train(linear(), objective, batches(), epochs=1, checkpoint=path)


def test_saved_values_come_back_and_objects_are_refused(tmp_path):
    path = tmp_path / "deep" / "state.ckpt"
    state = {"x": torch.arange(3), "n": 1, "rows": [{"a": 0.1}, (None, "b")]}
    save_checkpoint(path, state)
    loaded = load_checkpoint(path)
    assert torch.equal(loaded.pop("x"), state.pop("x"))
    assert loaded == state
    with pytest.raises(TypeError, match=r"state\['x'\] must be a tensor.*got History"):
        save_checkpoint(path, {"x": History()})
    assert load_checkpoint(path)["n"] == 1
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path / "none.ckpt")


# Numbers that are not finite


def poisoned(step: int, what: str):
    """An objective that goes wrong at its `step`-th call, counted from 0."""
    calls = iter(range(10**6))

    def call(model, x):
        bad = next(calls) == step
        terms = objective(model, x)
        if bad and what == "rate":
            terms["rate"] = terms["loss"] * float("inf")
            terms["loss"] = terms["loss"] + terms["rate"]
        elif bad and what == "gradient":
            weight = model[0].weight
            # The value is that of the loss, its derivative is 0 * Inf.
            terms["loss"] = terms["loss"] + (weight - weight.detach()).sum().sqrt()
        terms.setdefault("rate", terms["loss"] * 0)
        return terms

    return call


OPTIMIZERS = {
    "default": lambda model: None,
    "fused sgd": lambda m: torch.optim.SGD(
        m.parameters(), lr=0.01, momentum=0.9, fused=True
    ),
    "sgd": lambda m: torch.optim.SGD(
        m.parameters(), lr=0.01, momentum=0.9, weight_decay=0.1
    ),
    "rmsprop": lambda m: torch.optim.RMSprop(m.parameters(), lr=0.01),
}


@pytest.mark.parametrize("make_optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("rate", "epoch 2, step 3 of 4: term 'rate' is not finite"),
        ("gradient", "epoch 2, step 3 of 4: gradient of '0.weight' is not finite"),
    ],
)
@pytest.mark.parametrize("clip", [None, 1.0])
def test_no_parameter_changes_from_the_first_bad_step(
    make_optimizer, what, message, clip
):
    model, seen = linear(), []
    inner = poisoned(6, what)

    def recording(model, x):
        seen.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
        return inner(model, x)

    with pytest.raises(FloatingPointError, match=message):
        train(
            model,
            recording,
            batches(),
            epochs=4,
            optimizer=make_optimizer(model),
            grad_clip=clip,
        )
    assert len(seen) == 8  # the epoch ends, then the host looks
    assert not torch.equal(seen[5], seen[6])
    assert torch.equal(seen[6], seen[7])
    last = torch.cat([p.detach().flatten() for p in model.parameters()])
    assert torch.equal(seen[6], last)


def test_last_finite_checkpoint_and_buffers_are_kept(tmp_path):
    path = tmp_path / "run.ckpt"
    model = nn.Sequential(linear(), nn.BatchNorm1d(FEATURES))
    calls = iter(range(100))

    def infected(model, x):
        bad = model.training and next(calls) == 9
        return {"loss": (model(x / 0 if bad else x) - x).square().mean()}

    with pytest.raises(FloatingPointError, match=r"epoch 3, step 2 of 4: term 'loss'"):
        train(model, infected, batches(), epochs=4, checkpoint=path)
    assert len(load_checkpoint(path)["history"]["train"]) == 2
    assert all(tensor.isfinite().all() for tensor in model.state_dict().values())


def test_large_but_finite_gradients_pass():
    model = nn.Linear(FEATURES, 1, bias=False)
    history = train(
        model, lambda m, x: {"loss": m(x).mean() * 1e30}, batches(), epochs=1
    )
    assert len(history) == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 3e38])
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_gradient_sizes_of_both_kinds_are_finite_where_gradients_are(device, value):
    model = linear()
    guard = Guard(model, sgd_of(model))
    guard.device = SimpleNamespace(type=device)  # the way taken, not the place
    for parameter in list(model.parameters())[:3]:  # the last one has no gradient
        parameter.grad = torch.ones_like(parameter)
    model[0].weight.grad[1, 2] = value
    finite = [bool(size.isfinite()) for size in guard._gradient_sizes()]
    assert finite == [abs(value) < float("inf"), True, True, True]


def poisoned_at(place, value, x):
    """Model, objective and batches with one value that is not finite at that place."""
    model, targets = vae_like(), x.clone()
    if place == "data":
        x = x.clone()
        x[2, 1] = value
    if place == "targets":
        targets[2, 1] = value
    if place == "weights":
        model.decoder.weight.data[0, 0] = value
    if place == "code":
        model.encoder.bias.data[2:] = 200.0

    def elbo(model, b):
        logits, q = model(b[0])
        distortion = (logits - b[1]).square().sum(dim=1).mean()
        rate = (q.log_var.exp() + q.mean.square() - 1 - q.log_var).sum(dim=1).mean()
        extra = value if place == "loss" and model.training else 0.0
        terms = {"distortion": distortion, "rate": rate + extra}
        return {"loss": distortion + terms["rate"], **terms}

    return model, elbo, DataLoader(TensorDataset(x, targets), SIZE)


class Posterior(NamedTuple):
    mean: torch.Tensor
    log_var: torch.Tensor


class VAELike(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.Linear(FEATURES, 4), nn.Linear(2, FEATURES)

    def forward(self, x):
        q = Posterior(*self.encoder(x).chunk(2, dim=1))
        return self.decoder(q.mean + q.log_var.exp()), q


def vae_like():
    torch.manual_seed(1)
    return VAELike()


CAUSES = {
    "data": r"step 1 of 4: terms 'distortion' and 'rate' .* part 0 of the batch holds",
    "targets": r"step 1 of 4: term 'distortion' .* part 1 of the batch holds",
    "weights": r"'distortion' is not .* 'decoder.weight' of the model is not finite: ",
    "code": r"'distortion' and 'rate' are not .* largest \|log_var\| \d+: bound it, or",
    "loss": r"term 'rate' is not finite; lower lr, or pass grad_clip=1.0; no parameter",
}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", CAUSES)
def test_every_bad_term_is_named_and_the_cause_with_a_cure(place, value):
    model, elbo, source = poisoned_at(place, value, data())
    before = copy.deepcopy(model)
    with pytest.raises(
        FloatingPointError, match=f"epoch 1, .*{CAUSES[place]}"
    ) as error:
        train(model, elbo, source, epochs=2)
    assert "\n" not in str(error.value)
    if place != "weights":  # NaN is not equal to itself
        assert same(model, before)
    if place != "loss":
        words = CAUSES[place].replace("step 1 of 4", "batch 1 of 4")
        with pytest.raises(FloatingPointError, match=words):
            evaluate(model, elbo, source)
    held_out = poisoned_at(place, value, data())
    if place in ("data", "targets"):
        model, _, good = poisoned_at("none", value, data())
        with pytest.raises(FloatingPointError, match="validation of epoch 1: batch 1"):
            train(model, held_out[1], good, val_batches=held_out[2], epochs=2)


FOUND_BY_A_METRIC = {
    "data": r"step 1 of 4: x must be finite, got \d+ .*; part 0 of the batch holds",
    "targets": r"step 1 of 4: x_hat must be finite, got .*; part 1 of the batch holds",
    "weights": r"x_hat must be finite, .* 'decoder.weight' of the model is not finite",
    "code": r"x_hat must be finite, got .*; largest \|log_var\| \d+: bound it, or",
}


@pytest.mark.parametrize("place", FOUND_BY_A_METRIC)
def test_what_a_metric_in_the_objective_refuses_is_explained_too(place):
    model, _, source = poisoned_at(place, math.nan, data())
    words = FOUND_BY_A_METRIC[place]

    def measured(model, b):
        metrics.sse(b[1], b[0])
        return {"loss": metrics.sse(model(b[0])[0], b[1]).mean()}

    with pytest.raises(FloatingPointError, match=f"epoch 1, .*{words}") as error:
        train(model, measured, source, epochs=2)
    assert "\n" not in str(error.value) and len(error.value.history) == 0
    with pytest.raises(FloatingPointError, match=r"batch 1: .*must be finite"):
        evaluate(model, measured, source)
    good_model, _, good = poisoned_at("none", math.nan, data())
    if place in ("data", "targets"):
        with pytest.raises(FloatingPointError, match="first batch of val_batches: x"):
            train(good_model, measured, good, val_batches=source, epochs=2)


def test_a_bad_step_before_the_one_that_a_metric_refuses_comes_first():
    calls = iter(range(10))

    def measured(model, x):
        n = next(calls)
        x_hat = model(x) * (math.nan if n == 2 else 1.0)
        error = metrics.sse(x_hat, x).mean()
        return {"loss": error * (math.nan if n == 1 else 1.0)}

    with pytest.raises(FloatingPointError, match="step 2 of 4: term 'loss' is not fin"):
        train(linear(), measured, batches(), epochs=1)


@pytest.mark.parametrize("shuffle", [True, False])
def test_the_batch_is_found_again_in_any_order(shuffle):
    x = torch.rand(N, 1, 2, 3, generator=torch.Generator().manual_seed(1))
    x[17, 0, 0, 0] = math.nan
    model = nn.Sequential(nn.Flatten(), linear())
    source = DataLoader(x, 8, shuffle=shuffle)
    f = lambda m, b: objective(m, b.flatten(1))  # noqa: E731
    torch.manual_seed(3)
    with pytest.raises(
        FloatingPointError, match="the batch holds NaN in 1 of 8 images"
    ):
        train(model, f, source, epochs=1)
    after = torch.rand(())
    torch.manual_seed(3)
    list(source)
    assert torch.rand(()) == after  # to look for it has moved nothing


# Wrong calls


def no_dict(model, x):
    return (model(x) - x).square().mean()


def no_loss(model, x):
    return {"distortion": (model(x) - x).square().mean()}


def not_scalar(model, x):
    return {"loss": (model(x) - x).square().mean(dim=1)}


def a_float(model, x):
    return {**objective(model, x), "rate": 0.5}


def changing(model, x):
    terms = objective(model, x)
    return terms if len(x) == SIZE else terms | {"more": terms["loss"]}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"epochs": 0}, ValueError, "epochs must be at least 1, got 0"),
        ({"epochs": -2}, ValueError, "epochs must be at least 1, got -2"),
        ({"epochs": 1.5}, TypeError, "epochs must be an int, got float"),
        ({"lr": 0.0}, ValueError, "lr must be a finite number above 0, got 0.0"),
        ({"lr": -1.0}, ValueError, "lr must be a finite number above 0, got -1.0"),
        ({"lr": float("nan")}, ValueError, "lr must be a finite number above 0"),
        ({"grad_clip": 0.0}, ValueError, "grad_clip must be a finite number above 0"),
        ({"batches": []}, ValueError, "batches must hold at least one batch, got none"),
        ({"batches": iter([data()])}, TypeError, "batches must have a length"),
        ({"batches": [[1.0, 2.0]]}, TypeError, "batches must yield a tensor"),
        ({"batches": [data().to("meta")]}, ValueError, "model's device cpu, got meta"),
        ({"model": nn.Flatten()}, ValueError, "model must have a parameter"),
        ({"objective": None}, TypeError, "objective must be a function, got NoneType"),
        ({"objective": no_dict}, TypeError, "objective must return a dict that holds"),
        ({"objective": no_loss}, TypeError, r"'loss', got keys \['distortion'\]"),
        ({"objective": not_scalar}, TypeError, r"of shape \(16,\) for 'loss'"),
        ({"objective": a_float}, TypeError, "scalar tensors, got float for 'rate'"),
        ({"objective": changing}, TypeError, "same terms for every batch"),
        ({"schedule": "cosine"}, ValueError, "schedule must be 'constant'.*'cosine'"),
        ({"schedule": lambda o: 3}, TypeError, "makes an LRScheduler.*got int"),
        ({"optimizer": "adam"}, TypeError, "optimizer must be a torch.optim.Optimizer"),
        ({"optimizer": sgd_of(linear())}, ValueError, "got 4 others"),
    ],
)
def test_wrong_calls_are_named(change, error, message):
    options = {"model": linear(), "objective": objective, "batches": batches()}
    options |= {"epochs": 1} | change
    with pytest.raises(error, match=message):
        train(**options)


class Full:
    """A tracker, or what stands for one, that fails from its third epoch on."""

    def scalars(self, step, values):
        if step == 3:
            raise OSError(28, "No space left on device")


class Endless(IterableDataset):
    def __iter__(self):
        while True:
            yield data()[0]


def plateau(optimizer):
    return torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)


def short(optimizer):
    return OneCycleLR(optimizer, 0.1, total_steps=7)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"model": None}, TypeError, "model must be an nn.Module, got NoneType"),
        ({"objective": "sse"}, TypeError, "objective must be a function, got str"),
        ({"batches": data()}, TypeError, r"a Tensor: Batches\(batches, batch_size\)"),
        (
            {"batches": (data(), data())},
            TypeError,
            "batches must yield batches, got a t",
        ),
        (
            {"batches": TensorDataset(data())},
            TypeError,
            r"a TensorDataset: DataLoader\(batches, batch_size\)",
        ),
        ({"batches": 3}, TypeError, "batches must be iterable, got int"),
        (
            {"val_batches": data()},
            TypeError,
            "val_batches must yield batches, got a Te",
        ),
        ({"val_batches": iter([data()])}, TypeError, "val_batches must have a length"),
        (
            {"batches": DataLoader(Endless(), 16)},
            TypeError,
            "batches must have a length .* got DataLoader",
        ),
        ({"val_batches": []}, ValueError, "val_batches must hold at least one batch"),
        ({"val_batches": [3.0]}, TypeError, "batches must yield a tensor.* got float"),
        ({"tracker": "scalars"}, TypeError, "tracker must have a method scalars.*str"),
        ({"schedule": plateau}, TypeError, "without a metric, got ReduceLROnPlateau"),
        (
            {"schedule": short},
            ValueError,
            "schedule must last for the 12 steps.* got 7",
        ),
        (
            {"optimizer": sgd_of, "lr": 0.1},
            ValueError,
            r"lr must be left out beside an optimizer, which has its own \[0.001\]",
        ),
        ({"resume": "no"}, TypeError, "resume must be True or False, got str"),
        ({"compile": 1}, TypeError, "compile must be True or False, got int"),
        ({"progress": "bar"}, TypeError, "progress must be True or False, got str"),
        ({"checkpoint": 3}, TypeError, "checkpoint must be a path, got int"),
        ({"checkpoint": True}, TypeError, "checkpoint must be a path, got bool"),
        (
            {"checkpoint": "file/x.ckpt"},
            OSError,
            "checkpoint file/x.ckpt cannot be wri",
        ),
        (
            {"checkpoint": "runs"},
            IsADirectoryError,
            "checkpoint runs cannot .* directory",
        ),
        (
            {"checkpoint": "/proc/x.ckpt"},
            OSError,
            r"checkpoint /proc/x.ckpt cannot .* it",
        ),
        (
            {"run_key": linear()},
            TypeError,
            "run_key must be a number, .* got Sequential",
        ),
        (
            {"run_key": {"x": data()}},
            TypeError,
            r"run_key\['x'\] must be .* got Tensor",
        ),
        (
            {"run_key": [{"a": {1}}]},
            TypeError,
            r"run_key\[0\]\['a'\] must be .* got set",
        ),
    ],
)
def test_what_is_needed_later_is_tried_before_the_first_call(
    tmp_path, monkeypatch, change, error, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "runs").mkdir()
    calls, model = [], linear()

    def counted(model, x):
        calls.append(1)
        return objective(model, x)

    options = {"model": model, "objective": counted, "batches": batches(), "epochs": 3}
    options |= change
    if callable(options.get("optimizer")):
        options["optimizer"] = sgd_of(model)
    with pytest.raises(error, match=message) as caught:
        train(**options)
    assert calls == [] and same(model, linear())
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "runs"]


@pytest.mark.parametrize(
    ("model", "f", "source", "message"),
    [
        (None, objective, [data()], "model must be an nn.Module, got NoneType"),
        (linear(), None, [data()], "objective must be a function, got NoneType"),
        (linear(), objective, data(), r"a Tensor: Batches\(batches, batch_size\)"),
        (linear(), objective, None, "batches must be iterable, got NoneType"),
    ],
)
def test_wrong_evaluations_are_named(model, f, source, message):
    with pytest.raises(TypeError, match=message):
        evaluate(model, f, source)


def test_a_closed_tracker_is_refused(tmp_path):
    tracker = FileTracker(tmp_path)
    tracker.close()
    with pytest.raises(ValueError, match="tracker must be open, got a closed one"):
        train(linear(), objective, batches(), epochs=1, tracker=tracker)


def test_validation_is_tried_before_the_first_step():
    model = linear()
    with pytest.raises(RuntimeError, match="mat1 and mat2"):  # plain torch's own words
        train(model, objective, batches(), val_batches=[data()[:, :3]], epochs=3)
    assert same(model, linear())


def disk_full(monkeypatch):
    real, syncs = os.fsync, []

    def fsync(descriptor):
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            syncs.append(1)
            if len(syncs) == 4:  # the trial, and three epochs
                raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


def test_a_full_disk_takes_no_finished_epoch(tmp_path, monkeypatch):
    path, expected = (
        tmp_path / "run.ckpt",
        train(linear(), objective, batches(), epochs=9),
    )
    disk_full(monkeypatch)
    with pytest.raises(
        OSError, match=r"run.ckpt cannot be written: No space.* \d+ byt"
    ):
        train(linear(), objective, batches(), epochs=9, checkpoint=path)
    assert len(load_checkpoint(path)["history"]["train"]) == 2
    assert train(linear(), objective, batches(), epochs=9, checkpoint=path).train == (
        expected.train
    )


def interrupt(step, error):
    calls = iter(range(1000))

    def call(model, x):
        if model.training and next(calls) == step:
            raise error
        return objective(model, x)

    return call


@pytest.mark.parametrize(
    ("what", "error", "n_epochs"),
    [
        ({"objective": interrupt(13, KeyboardInterrupt())}, KeyboardInterrupt, 3),
        ({"objective": interrupt(13, torch.OutOfMemoryError())}, RuntimeError, 3),
        ({"objective": poisoned(9, "rate")}, FloatingPointError, 1),
        ({"tracker": Full()}, OSError, 3),
        ({"stop": lambda h: 1 // (len(h) - 3) > 9}, ZeroDivisionError, 3),
        ({"full": True}, OSError, 3),
    ],
)
def test_whatever_ends_a_run_early_carries_its_history(
    tmp_path, monkeypatch, what, error, n_epochs
):
    options = {"objective": objective, "val_batches": [data()], "epochs": 10} | what
    if options.pop("full", False):
        options["checkpoint"] = tmp_path / "run.ckpt"
        disk_full(monkeypatch)
    with pytest.raises(error) as caught:
        train(linear(), batches=batches(), **options)
    history = caught.value.history
    assert len(history) == len(history.val) == len(history.seconds) == n_epochs
    assert History.from_dict(history.to_dict()) == history


def test_an_interrupt_inside_the_history_leaves_it_whole():
    for wanted in ("train", "val", "seconds"):
        history = History()
        history.append(train={"loss": 1.0}, val=None, seconds=1.0)

        class Broken(list):
            def append(self, value):
                raise KeyboardInterrupt

        setattr(history, wanted, Broken(getattr(history, wanted)))
        with contextlib.suppress(KeyboardInterrupt):
            history.append(train={"loss": 2.0}, val={"loss": 2.0}, seconds=1.0)
        kept = history.up_to(len(history))
        assert History.from_dict(kept.to_dict()) == kept


def pairs_of(kind):
    x, y = data(), torch.arange(N)
    return {
        "DataLoader": DataLoader(TensorDataset(x, y), SIZE),
        "Batches": Batches((x, y), SIZE),
        "list": [(x, y)],
    }[kind]


@pytest.mark.parametrize("kind", ["DataLoader", "Batches", "list"])
@pytest.mark.parametrize("made", [nn.Linear(6, 6), nn.Sequential(nn.Flatten())])
def test_pairs_for_an_objective_of_images_are_named(kind, made):
    words = (
        r"b is a (list|tuple) of 2: use b\[0\], \(\d+, 6\), or b\[1\], \(\d+,\); got"
    )
    model = nn.Sequential(made, nn.Linear(6, 6))
    pairs = pairs_of(kind)
    for call in (
        lambda: train(model, objective, pairs, epochs=1),
        lambda: evaluate(model, objective, pairs),
    ):
        with pytest.raises(TypeError, match=f"objective must take .*: {words}"):
            call()
    first = lambda m, b: objective(m, b[0])  # noqa: E731
    assert len(train(model, first, pairs, epochs=1)) == 1
    with pytest.raises(TypeError, match=r"must yield a tensor .* got dict"):
        train(model, objective, [{"image": data()}], epochs=1)


class Pair(NamedTuple):
    image: torch.Tensor
    name: str


def test_batches_of_the_cpu_are_moved_to_the_model():
    there, x = torch.device("meta"), data()  # a device without values will do
    assert to_device(x, torch.device("cpu")) is x
    assert to_device(x, there).device == there
    pair = Pair(x, "a")
    moved = to_device(pair, there)
    assert type(moved) is Pair and moved.image.device == there and moved.name == "a"
    assert [part.device for part in to_device([x, x], there)] == [there, there]
    assert type(to_device((x, x), there)) is tuple
    assert to_device((x, x), torch.device("cpu"))[0] is x
    with pytest.raises(
        ValueError, match="on the CPU or the model's device cpu, got me"
    ):
        to_device((x, x.to("meta")), torch.device("cpu"))


def test_loss_without_gradient_is_named():
    with pytest.raises(TypeError, match="'loss' that depends on the model"):
        train(linear(), lambda m, x: {"loss": x.mean()}, batches(), epochs=1)


@pytest.mark.parametrize(("size", "advice"), [(16, "try 8"), (1, "cannot be smaller")])
def test_out_of_memory_names_the_batch_size(size, advice):
    def greedy(model, x):
        raise torch.OutOfMemoryError("the device has nothing left")

    parts = Batches(data(), size)
    for call in (
        lambda: train(linear(), greedy, parts, epochs=1),
        lambda: evaluate(linear(), greedy, parts),
    ):
        with pytest.raises(torch.OutOfMemoryError, match=advice) as caught:
            call()
        assert f"a batch of {size} examples" in str(caught.value)
        assert isinstance(caught.value.__cause__, torch.OutOfMemoryError)


# The rest


def test_tracker_gets_every_epoch(tmp_path):
    tracker = FileTracker(tmp_path)
    history = train(
        linear(), objective, batches(), val_batches=batches(), epochs=3, tracker=tracker
    )
    tracker.close()
    rows = read_scalars(tmp_path)
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert [row["train/loss"] for row in rows] == [r["loss"] for r in history.train]
    assert [row["val/loss"] for row in rows] == [r["loss"] for r in history.val]
    assert rows[-1]["lr"] < rows[1]["lr"]


def test_progress_is_shown_only_when_asked(capsys):
    train(linear(), objective, batches(), epochs=1)
    assert capsys.readouterr() == ("", "")
    train(linear(), objective, batches(), epochs=1, progress=True)
    assert "4/4" in capsys.readouterr().err


def test_frozen_and_unused_parameters_stay():
    model = nn.ModuleDict({"used": linear(), "unused": linear()})
    model["used"][0].bias.requires_grad_(False)
    before = copy.deepcopy(model)
    train(model, lambda m, x: objective(m["used"], x), batches(), epochs=2, lr=0.1)
    assert same(model["unused"], before["unused"])
    assert torch.equal(model["used"][0].bias, before["used"][0].bias)
    assert not torch.equal(model["used"][0].weight, before["used"][0].weight)


def test_compile_hands_over_the_compiled_model(monkeypatch):
    calls = []

    def fake(model):
        calls.append(model)
        return lambda x: model(x)

    monkeypatch.setattr(torch, "compile", fake)
    plain = lambda m, x: {"loss": (m(x) - x).square().mean()}  # noqa: E731
    ours, theirs = linear(), linear()
    train(ours, plain, batches(), epochs=1, compile=True)
    train(theirs, plain, batches(), epochs=1)
    assert calls == [ours]
    assert same(ours, theirs)


def flushed() -> bool:
    return (torch.tensor(2e-38) / 4).item() == 0


@pytest.mark.parametrize("before", [False, True])
def test_denormal_numbers_are_flushed_in_training_only(before):
    if not torch.set_flush_denormal(before):
        pytest.skip("this processor cannot flush denormal numbers")
    seen = []

    def watching(model, x):
        seen.append(flushed())
        return objective(model, x)

    try:
        train(linear(), watching, batches(), epochs=1)
        assert seen == [True] * 4
        assert flushed() is before
    finally:
        torch.set_flush_denormal(False)


def test_history_round_trip_and_errors():
    history = History()
    with pytest.raises(IndexError, match="history must hold an epoch"):
        _ = history.last
    history.append(train={"loss": 1.0}, val=None, seconds=0.5)
    assert history.last == {"epoch": 1, "loss": 1.0}
    assert History.from_dict(history.to_dict()) == history
    with pytest.raises(ValueError, match="values must hold seconds, val"):
        History.from_dict({"train": []})
    with pytest.raises(ValueError, match="one entry an epoch"):
        History.from_dict(history.to_dict() | {"seconds": []})


def test_training_itself_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(linear(), objective, batches(), epochs=1)
