"""Runs that are stored, resumed, extended, stopped and started from others' weights."""

import copy
import functools
import json
import math
import random

import numpy as np
import pytest
import sequences
import torch
from test_train import batches, data, equal, linear, objective, same
from torch import nn
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    Sampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from aelib import plots
from aelib.data.batches import Batches
from aelib.trackers import FileTracker, read_scalars
from aelib.train import (
    History,
    evaluate,
    load_checkpoint,
    save_checkpoint,
    stop_early,
    train,
)
from aelib.train.objectives import Attributes


@pytest.fixture(autouse=True)
def seeded(monkeypatch):
    monkeypatch.setenv("AELIB_PROGRESS", "0")
    torch.manual_seed(0)


CONSTANT = {"schedule": "constant", "lr": 0.02}
HELD_OUT = Batches(data()[:20], 7, shuffle=False)


def go(path=None, epochs=3, f=objective, b=None, model=None, **options):
    options = CONSTANT | options
    model, b = model or linear(), batches() if b is None else b
    return train(model, f, b, epochs=epochs, checkpoint=path, **options)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.ckpt"


# What is written can be read


def test_validation_added_later_leaves_a_gap(path):
    go(path, 3)
    history = go(path, 5, val_batches=HELD_OUT)
    assert history.val[:3] == [None] * 3 and len(history.val) == 5
    assert go(path, 5, val_batches=HELD_OUT) == history
    assert history.last["val_loss"] == history.val[4]["loss"]
    assert json.loads(json.dumps(history.to_dict(), allow_nan=False)) == (
        history.to_dict()
    )
    (_, drawn) = plots.history(history, ylabel="SSE").lines
    assert [math.isnan(y) for y in drawn.get_ydata()] == [True] * 3 + [False] * 2
    plots.charts.plt.close("all")


def test_validation_dropped_later_leaves_a_gap(path):
    go(path, 2, val_batches=HELD_OUT)
    history = go(path, 4)
    assert [row is None for row in history.val] == [False, False, True, True]
    assert "val_loss" not in history.last
    assert go(path, 4) == history
    with pytest.raises(ValueError, match="another data in val_batches"):
        go(path, 5, val_batches=Batches(data()[20:40], 7, shuffle=False))
    assert go(path, 5, val_batches=HELD_OUT).val[4] is not None


def test_whatever_train_writes_it_reads_or_refuses_by_name(tmp_path):
    losses, rng = sequences.expected(), random.Random(0)
    seen = []
    for trial in range(12):  # and 200 in tests/faults
        seen += sequences.try_sequence(rng, tmp_path / f"{trial}.ckpt", losses)
    assert {"done", "refused", "killed"} == set(seen)


def test_history_stays_valid_or_says_what_differs():
    rng = random.Random(2)
    for _ in range(200):
        history, terms = History(), rng.sample(["loss", "rate", "size"], 2)
        for _ in range(rng.randrange(6)):
            row = dict.fromkeys(terms, rng.random())
            val = rng.choice([None, row])
            history.append(train=row, val=val, seconds=1.0)
            with pytest.raises(ValueError, match="every epoch must have the same"):
                history.append(train=row | {"new": 1.0}, val=val, seconds=1.0)
        assert History.from_dict(history.to_dict()) == history
        assert len(history.val) in (0, len(history))
        assert history.up_to(2).train == history.train[:2]


# Who resumes whose run


def test_another_loss_is_refused(path):
    history = go(path)
    torch.manual_seed(7)
    model, shuffled = nn.Sequential(nn.Linear(6, 2), nn.Linear(2, 6)), batches()
    before, order = copy.deepcopy(model), shuffled.state_dict()
    f = Weighted(10.0)
    torch.manual_seed(8)
    with pytest.raises(ValueError, match=r"another objective or data: 'loss' of the f"):
        go(path, f=f, b=shuffled, model=model)
    drawn = torch.rand(())
    torch.manual_seed(8)
    assert torch.rand(()) == drawn
    assert same(model, before) and equal(shuffled.state_dict(), order)
    with pytest.raises(ValueError, match=r"'distortion' of the first batch w.* none"):
        go(path, f=lambda m, x: {"loss": objective(m, x)["loss"]})
    assert go(path) == history


BETA = 1.0


def weighted(model, x, weight=1.0):
    return {"loss": objective(model, x)["loss"] * BETA * weight}


class Weighted:
    def __init__(self, weight):
        self.weight = weight

    def __call__(self, model, x):
        return weighted(model, x, self.weight)

    def method(self, model, x):
        return self(model, x)


def closure(weight):
    def call(model, x):
        return sum(weighted(model, x, weight)["loss"] for _ in range(1))

    return lambda model, x: {"loss": call(model, x), "weight": torch.tensor(weight)}


@pytest.mark.parametrize(
    "make",
    [
        closure,
        Weighted,
        lambda weight: Weighted(weight).method,
        lambda weight: functools.partial(weighted, weight=weight),
    ],
)
def test_another_number_in_an_objective_is_refused(path, make):
    go(path, f=make(1.0))
    assert len(go(path, f=make(1.0))) == 3
    with pytest.raises(ValueError, match=r"\(weight was 1.0 and is 1.01\)"):
        go(path, f=make(1.01))


def test_another_global_number_is_refused(path, monkeypatch):
    go(path, f=weighted)
    monkeypatch.setitem(globals(), "BETA", 4.0)
    with pytest.raises(ValueError, match=r"\(BETA was 1.0 and is 4.0\)"):
        go(path, f=weighted)


def test_an_objective_may_be_mended_where_its_terms_stay_the_same(path):
    whole = go(None, 4)
    with pytest.raises(KeyboardInterrupt):
        go(path, 4, interrupted_at(9, objective))
    assert go(path, 4).train == whole.train


class Images(Dataset):
    """A data set of one's own; its noise comes from where `draw` says."""

    def __init__(self, x, draw=lambda: 0.0, **others):
        self.x, self.draw = x, draw
        vars(self).update(others)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index] + 0.1 * self.draw()


def test_other_data_are_refused(path):
    go(path)
    zeros = batches(torch.zeros_like(data()))
    with pytest.raises(ValueError, match="another data in batches: SHA-256"):
        go(path, b=zeros)
    loader = path.with_name("loader.ckpt")
    go(loader, b=DataLoader(data(), 16))
    for other, words in (
        (DataLoader(data(), 10), "another number of batches: 4 instead of 5"),
        (DataLoader(data(), 15), "another batch_size of batches: 16 instead of 15"),
        (DataLoader(data(), 16, shuffle=True), "another sampler of batches"),
        (DataLoader(data() * 2, 16), "another data in batches"),
        (batches(), "another batches: DataLoader instead of Batches"),
        (list(batches()), "another batches: DataLoader instead of list"),
    ):
        with pytest.raises(ValueError, match=words):
            go(loader, b=other)
    own = path.with_name("own.ckpt")  # such data are seen by the loss alone
    go(own, b=DataLoader(Images(data()), 16))
    with pytest.raises(ValueError, match="another objective or data"):
        go(own, b=DataLoader(Images(data() + 1), 16))


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ({"data": 1}, {"data": 2}, r"another run_key\['data'\]: 1 instead of 2"),
        ({"a": 1.0, "b": None}, {"a": 1.0}, r"another run_key\['b'\]: None instead"),
        ("one", None, "another run_key: 'one' instead of None"),
        ([1, 2], (1, 3), r"another run_key: \[1, 2\] instead of \[1, 3\]"),
    ],
)
def test_what_cannot_be_seen_is_named_by_the_user(path, first, second, words):
    go(path, run_key=first)
    assert len(go(path, run_key=copy.deepcopy(first))) == 3
    with pytest.raises(ValueError, match=words):
        go(path, run_key=second)


def test_numbers_of_numpy_are_plain_ones(path):
    go(path, run_key={"n": np.int64(3), "beta": np.float32(0.5)})
    assert len(go(path, run_key={"n": 3, "beta": 0.5})) == 3
    save_checkpoint(path, {"best": np.float32(0.5), "n": [np.int64(2)]})
    assert load_checkpoint(path) == {"best": 0.5, "n": [2]}


def test_another_run_on_the_same_checkpoint_is_told(path):
    class Other:
        def scalars(self, step, values):
            if step == 2:
                save_checkpoint(path, {"of": "another"})

    with pytest.raises(FileExistsError, match="another has written meanwhile") as error:
        go(path, tracker=Other())
    assert len(error.value.history) == 3
    assert load_checkpoint(path) == {"of": "another"}


# Parts with a state


class WarmUp:
    """Counts its training steps; `beta` rises over the first ten."""

    n = 0
    stop: int | None = None

    def __call__(self, model, x):
        if self.n == self.stop:
            raise KeyboardInterrupt
        self.n += model.training
        beta = torch.tensor(min(1.0, self.n / 10))
        return objective(model, x) | {"beta": beta}


class Remembered(WarmUp):
    def state_dict(self):
        return {"n": self.n}

    def load_state_dict(self, state):
        self.n = state["n"]


class Centred(nn.Module):
    """An objective with a buffer that it moves itself."""

    def __init__(self):
        super().__init__()
        self.register_buffer("centre", torch.zeros(6))
        self.n = 0
        self.stop = None

    def forward(self, model, x):
        if self.n == self.stop:
            raise KeyboardInterrupt
        self.n += model.training
        self.centre.lerp_(x.mean(dim=0), 0.1)  # in evaluation too: put back after it
        return {"loss": (model(x) - self.centre).square().sum(dim=1).mean()}


class Noisy:
    """An objective with a generator of its own."""

    def __init__(self):
        self.generator = torch.Generator().manual_seed(8)

    def __call__(self, model, x):
        noise = torch.rand(x.shape, generator=self.generator)
        return {"loss": (model(x + noise) - x).square().sum(dim=1).mean()}


def interrupted_at(step, f):
    """`f`, ended in that step of training."""
    steps = iter(range(10**6))

    def call(model, x):
        if model.training and next(steps) == step:
            raise KeyboardInterrupt
        return f(model, x)

    return call


@pytest.mark.parametrize("kind", [Remembered, Centred])
@pytest.mark.parametrize("val", [None, HELD_OUT])
def test_an_objective_with_a_state_is_resumed(path, kind, val):
    whole, parts = linear(), linear()
    expected = go(None, 4, kind(), model=whole, val_batches=val)
    first, second = kind(), kind()
    first.stop = 7
    with pytest.raises(KeyboardInterrupt):
        go(path, 4, first, val_batches=val)
    history = go(path, 4, second, model=parts, val_batches=val)
    assert (history.train, history.val) == (expected.train, expected.val)
    assert same(parts, whole)
    assert second.n == 16


@pytest.mark.parametrize(
    "made", [lambda f: f.__call__, lambda f: functools.partial(f), lambda f: f]
)
def test_the_state_is_found_behind_a_method_or_a_partial(path, made):
    expected = go(None, 4, made(Remembered()))
    first = Remembered()
    with pytest.raises(KeyboardInterrupt):
        go(path, 4, made(first), stop=interrupt_after(2), val_batches=HELD_OUT)
    assert first.n == 8
    assert go(path, 4, made(Remembered())).train == expected.train


def test_evaluation_leaves_the_state_of_an_objective():
    for f in (Remembered(), Centred()):
        go(None, 1, f)
        before = copy.deepcopy(f.state_dict())
        evaluate(linear(), f, HELD_OUT)
        assert equal(dict(f.state_dict()), dict(before))
    noisy = Noisy()
    first = evaluate(linear(), noisy, HELD_OUT)
    assert evaluate(linear(), noisy, HELD_OUT) == first


def test_generators_of_an_objective_are_resumed(path):
    whole, parts = linear(), linear()
    expected = go(None, 4, Noisy(), model=whole)
    with pytest.raises(KeyboardInterrupt):
        go(path, 4, Noisy(), stop=interrupt_after(2))
    assert go(path, 4, Noisy(), model=parts).train == expected.train
    assert same(parts, whole)
    with pytest.raises(
        ValueError, match="another set of generators: generator instead"
    ):
        go(path, 4)


class MovedTensor:
    def __init__(self):
        self.centre, self.n, self.stop = torch.zeros(6), 0, None

    def __call__(self, model, x):
        if self.n == self.stop:
            raise KeyboardInterrupt
        self.n += 1
        self.centre = self.centre * 0.9 + 0.1 * x.mean(dim=0)
        return {"loss": (model(x) - self.centre).square().sum(dim=1).mean()}

    def method(self, model, x):
        return self(model, x)


def test_another_tensor_in_the_place_of_a_freed_one_is_a_change():
    held = MovedTensor()
    for _ in range(50):
        held.centre = torch.zeros(6)
        attributes = Attributes(held, linear())
        del held.centre
        held.centre = torch.ones(6)  # often where the freed one was
        assert list(attributes.changed()) == ["objective.centre"]


@pytest.mark.parametrize("kind", [WarmUp, MovedTensor])
@pytest.mark.parametrize("method", ["__call__", "method"])
def test_attributes_that_change_in_training_are_resumed(path, kind, method):
    def callee(f):
        return getattr(f, method) if method in vars(kind) and method == "method" else f

    whole, parts = linear(), linear()
    expected = go(None, 4, callee(kind()), model=whole)
    first, second = kind(), kind()
    first.stop = 7
    with pytest.raises(KeyboardInterrupt):
        go(path, 4, callee(first))
    history = go(path, 4, callee(second), model=parts)
    assert history.train == expected.train and same(parts, whole)
    assert second.n == 16 and second.stop is None  # the one moved, the other stayed


def interrupt_after(epoch):
    """A rule that ends the run in its own way."""

    def rule(history):
        if len(history) == epoch:
            raise KeyboardInterrupt
        return False

    return rule


class Cooling(nn.Module):
    """A model that counts its steps and draws from a generator of its own."""

    def __init__(self):
        super().__init__()
        self.net, self.n = linear(), 0
        self.generator = torch.Generator().manual_seed(8)

    def forward(self, x):
        self.n += self.training
        return self.net(x + torch.rand(x.shape, generator=self.generator) / self.n)


def test_numbers_and_generators_of_a_model_are_resumed(path):
    whole, parts = nn.Sequential(Cooling()), nn.Sequential(Cooling())
    expected = go(None, 4, model=whole, val_batches=HELD_OUT)
    with pytest.raises(KeyboardInterrupt):
        go(path, 4, model=nn.Sequential(Cooling()), stop=interrupt_after(2))
    history = go(path, 4, model=parts, val_batches=HELD_OUT)
    assert history.train == expected.train and history.val[2:] == expected.val[2:]
    assert parts[0].n == whole[0].n == 16 and same(parts, whole)


def test_a_state_that_cannot_be_put_back_is_noticed(path):
    n = 0

    def f(model, x):
        nonlocal n
        n += model.training
        return {"loss": objective(model, x)["loss"] * min(1.0, n / 10)}

    with pytest.raises(KeyboardInterrupt):
        go(path, 4, f, stop=interrupt_after(1))
    n, model = 0, linear()  # a new process
    with pytest.raises(ValueError, match="the objective's n came to 4 and cannot be"):
        go(path, 4, f, model=model)
    assert same(model, linear())


@pytest.mark.parametrize(
    "rng", [np.random.default_rng(0), random.Random(0), np.random.RandomState(0)]
)
def test_generators_that_cannot_be_put_back_are_refused_by_name(path, rng):
    def f(model, x):
        return {"loss": objective(model, x)["loss"] * (1 + rng.random())}

    kind = type(rng).__name__
    with pytest.raises(TypeError, match=f"objective's rng must be a torch.*{kind}"):
        go(path, f=f)
    loader = DataLoader(Images(data(), rng.random, rng=rng), 16)
    with pytest.raises(TypeError, match=r"batches.dataset.rng must be a torch.Gener"):
        go(path, b=loader)


def torch_noise():
    return torch.rand(())


def loaders():
    def own():
        return torch.Generator().manual_seed(9)

    x, g = data(), own()
    weights = torch.ones(len(x))
    return {
        "in order": DataLoader(x, 16),
        "global": DataLoader(x, 16, shuffle=True),
        "own": DataLoader(x, 16, shuffle=True, generator=own()),
        "drop last": DataLoader(TensorDataset(x), 16, drop_last=True, generator=own()),
        "augmented": DataLoader(Images(x, torch_noise), 16, shuffle=True),
        "numpy": DataLoader(Images(x, np.random.rand), 16),
        "subset": DataLoader(x, 16, sampler=SubsetRandomSampler(range(40), own())),
        "weighted": DataLoader(
            x, 16, sampler=WeightedRandomSampler(weights, 50, generator=own())
        ),
        "generator of the data": DataLoader(
            Images(x, lambda: torch.rand((), generator=g), generator=g), 16
        ),
        "list": [x[:20], x[20:]],
        "pairs": DataLoader(TensorDataset(x, x), 16, shuffle=True),
    }


def first_part(model, b):
    return objective(model, b if isinstance(b, torch.Tensor) else b[0])


@pytest.mark.parametrize("kind", loaders())
def test_each_source_of_batches_is_resumed(path, kind):
    np.random.seed(0)  # noqa: NPY002 (the global one is meant)
    whole, parts = linear(), linear()
    torch.manual_seed(1)
    expected = go(None, 4, first_part, loaders()[kind], whole, val_batches=[data()])
    np.random.seed(0)  # noqa: NPY002
    killed = linear()
    torch.manual_seed(1)
    with pytest.raises(KeyboardInterrupt):
        f = interrupted_at(2 * len(loaders()[kind]) + 1, first_part)
        go(path, 4, f, loaders()[kind], killed, val_batches=[data()])
    torch.manual_seed(99)
    history = go(path, 4, first_part, loaders()[kind], parts, val_batches=[data()])
    assert (history.train, history.val) == (expected.train, expected.val)
    assert same(parts, whole)


class Stream(IterableDataset):
    def __iter__(self):
        yield from data()

    def __len__(self):
        return len(data())


class OwnSampler(Sampler):
    def __iter__(self):
        yield from range(16)

    def __len__(self):
        return 16


class OwnSource:
    def __iter__(self):
        yield data()

    def __len__(self):
        return 1


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (DataLoader(Stream(), 16), "batches.dataset must .*the stream Stream"),
        (DataLoader(data(), 16, sampler=OwnSampler()), "batches.sampler .* OwnSampler"),
        (OwnSource(), "batches must have state_dict.* got OwnSource"),
    ],
)
def test_sources_that_cannot_be_put_back_are_refused_by_name(path, source, name):
    with pytest.raises(TypeError, match=name):
        go(path, b=source)
    go(None, b=source)


def test_a_tracker_shows_one_run(tmp_path, path):
    for epochs, lr in ((6, 1e-3), (2, 1e-1)):
        tracker = FileTracker(tmp_path / "a")
        history = go(None, epochs, tracker=tracker, lr=lr)
        tracker.close()
    rows = read_scalars(tmp_path / "a")
    assert [row["train/loss"] for row in rows] == [r["loss"] for r in history.train]

    stopped = FileTracker(tmp_path / "b")  # holds six epochs of another run
    go(None, 6, tracker=stopped, lr=0.1)
    with pytest.raises(KeyboardInterrupt):
        go(path, 5, interrupted_at(9, objective))
    go(path, 5, tracker=stopped, val_batches=HELD_OUT)
    stopped.close()
    rows = read_scalars(tmp_path / "b")
    history = go(path, 5)
    assert [row["train/loss"] for row in rows] == [r["loss"] for r in history.train]
    assert ["val/loss" in row for row in rows] == [False] * 2 + [True] * 3
    assert [row["lr"] for row in rows] == [0.02] * 5


# Start from others' weights


def test_start_takes_the_weights_and_nothing_else(path):
    source = linear()
    go(path, model=source, lr=0.1)
    continued, by_hand = linear(), linear()
    history = train(continued, objective, batches(), epochs=6, start=path, lr=1e-4)
    by_hand.load_state_dict(source.state_dict())
    expected = train(by_hand, objective, batches(), epochs=6, lr=1e-4)
    assert len(history) == 6 and history.train == expected.train
    assert same(continued, by_hand)
    for start in (source.state_dict(), {"model": source.state_dict()}, str(path)):
        other = linear()
        train(other, objective, batches(), epochs=6, start=start, lr=1e-4)
        assert same(other, continued)


def test_start_and_checkpoint_go_together(path):
    go(path)
    second, options = path.with_name("second.ckpt"), {"start": path, "lr": 1e-3}
    whole, parts = linear(), linear()
    expected = go(None, 4, model=whole, **options)
    with pytest.raises(KeyboardInterrupt):
        go(second, 4, interrupted_at(9, objective), **options)
    assert go(second, 4, model=parts, **options).train == expected.train
    assert same(parts, whole)
    with pytest.raises(ValueError, match=r"another start: weights of .* instead of"):
        go(second, 4, lr=1e-3)
    with pytest.raises(ValueError, match="another start: none instead of weights"):
        go(path, start=linear().state_dict())
    assert len(go(path, start=linear().state_dict(), resume=False)) == 3
    assert len(go(path, 5, start=path, resume=False)) == 5  # read, then replaced


def test_a_longer_one_cycle_is_refused_with_the_way_out(path):
    options = {"schedule": None, "lr": 0.02}
    go(path, **options)
    with pytest.raises(ValueError, match=r"12 steps instead of .*24 .*start=") as error:
        go(path, 6, **options)
    assert repr(str(path)) in str(error.value)
    assert len(go(None, 6, start=path, **options)) == 6


@pytest.mark.parametrize(
    ("start", "error", "words"),
    [
        ("none.ckpt", FileNotFoundError, "start must be a checkpoint .*'none.ckpt'"),
        (".", IsADirectoryError, "start must be a checkpoint that can be read"),
        (3, TypeError, "start must be a checkpoint's path or a state_dict, got int"),
        (linear(), TypeError, r"got Sequential: its state_dict\(\)"),
        ({}, ValueError, "start must hold the weights .* none for '0.weight'"),
        ({**linear().state_dict(), "2.bias": torch.ones(1)}, ValueError, "'2.bias'"),
        (
            nn.Sequential(nn.Linear(6, 3), nn.Linear(3, 6)).state_dict(),
            ValueError,
            r"shape \(3, 6\) for '0.weight' instead of shape \(2, 6\)",
        ),
        (
            {**linear().state_dict(), "1.bias": torch.full((6,), math.nan)},
            ValueError,
            "start must be finite, got NaN or Inf in '1.bias'",
        ),
    ],
)
def test_wrong_starts_are_named(start, error, words):
    model = linear()
    with pytest.raises(error, match=words):
        go(None, start=start, model=model)
    assert same(model, linear())


# Stop early


def overfitting():
    """Few examples, a large rate: the validation loss falls, then rises."""
    x = data()
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(6, 64), nn.Tanh(), nn.Linear(64, 6))
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(4))
    pairs = ((x + noise)[:8], x[:8])
    shuffled = Batches(pairs, 4, generator=torch.Generator().manual_seed(5))
    return model, shuffled, Batches(((x + noise)[8:], x[8:]), 42, shuffle=False)


def denoising(model, b):
    return {"loss": (model(b[0]) - b[1]).square().sum(dim=1).mean()}


def stopped(path=None, f=denoising, epochs=100, patience=5, keep_best=True, **options):
    model, shuffled, val = overfitting()
    stop = stop_early(patience=patience, keep_best=keep_best)
    options = {"val_batches": val, "epochs": epochs, "stop": stop} | options
    options = {"schedule": "constant", "lr": 0.003, "checkpoint": path} | options
    return model, train(model, f, shuffled, **options), val


@pytest.mark.parametrize("keep_best", [True, False])
def test_stop_early_ends_after_the_best_and_keeps_it(keep_best):
    model, history, val = stopped(keep_best=keep_best)
    losses = [row["loss"] for row in history.val]
    best = losses.index(min(losses)) + 1
    assert 1 < best < 60 and len(history) == best + 5
    assert history.best_epoch == (best if keep_best else None)
    found = evaluate(model, denoising, val)["loss"]
    assert found == losses[best - 1 if keep_best else -1]
    assert model.training
    assert History.from_dict(history.to_dict()) == history


@pytest.mark.parametrize("at", [1, 9, 22, 29])
def test_a_stopped_run_is_resumed_as_the_uninterrupted_one(path, at, capsys):
    whole, expected, _ = stopped()
    n_steps = 2 * len(expected)
    with pytest.raises(KeyboardInterrupt):
        stopped(path, interrupted_at(min(at, n_steps - 1), denoising))
    parts, history, _ = stopped(path)
    assert (history.train, history.val) == (expected.train, expected.val)
    assert history.best_epoch == expected.best_epoch
    assert same(parts, whole)
    again, history_again, _ = stopped(path)
    assert history_again == history and same(again, whole)
    assert f"history of {len(history)} epochs read" in capsys.readouterr().out
    started, _, val = stopped(epochs=1, stop=None, start=path, lr=1e-9)
    assert evaluate(started, denoising, val)["loss"] == pytest.approx(
        min(row["loss"] for row in history.val), rel=1e-3
    )


def test_rules_may_be_changed_where_the_run_stays_the_same(path):
    whole, expected, _ = stopped(patience=8)
    stopped(path)
    parts, history, _ = stopped(path, patience=8)  # more patience: it goes on
    assert history.val == expected.val and same(parts, whole)
    with pytest.raises(ValueError, match=r"stop must let the run reach the .* ends it"):
        stopped(path, patience=2)
    other = path.with_name("other.ckpt")
    stopped(other, epochs=4, keep_best=False)
    with pytest.raises(ValueError, match="must hold the weights of the best epoch"):
        stopped(other, epochs=6)


def test_a_rule_that_keeps_nothing_leaves_the_last_weights(path):
    stopped(path, epochs=9)
    parts, history, _ = stopped(path, epochs=30, stop=None)
    whole, expected, _ = stopped(epochs=30, stop=None)
    assert history.val == expected.val and history.best_epoch is None
    assert same(parts, whole)


def test_a_rule_of_ones_own(path):
    history = go(path, 9, stop=lambda history: len(history) == 4)
    assert len(history) == 4 and history.best_epoch is None
    assert go(path, 9, stop=lambda history: len(history) == 4) == history


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: stop_early(patience=0), ValueError, "patience must be at least 1"),
        (lambda: stop_early(patience=1.5), TypeError, "patience must be an int"),
        (lambda: stop_early(patience=1, keep_best=1), TypeError, "keep_best must be"),
        (lambda: stop_early(patience=1, term=1), TypeError, "term must be the name of"),
        (lambda: go(stop=stop_early(patience=1)), ValueError, "come with val_batches"),
        (lambda: go(stop=5), TypeError, "stop must be a function, got int"),
        (
            lambda: go(stop=stop_early(patience=1, term="kl"), val_batches=HELD_OUT),
            ValueError,
            r"stop's term must be one of \['distortion', 'loss'\], got 'kl'",
        ),
    ],
)
def test_wrong_rules_are_named(make, error, words):
    with pytest.raises(error, match=words):
        make()
