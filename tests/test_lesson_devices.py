"""Each lesson's objectives run on a GPU, pretended; and the finder of them works."""

import json
import re
from pathlib import Path

import chapters
import pytest
from fake_device import NotAnObjective
from objectives import Called, call_objectives

SETTINGS = """
import torch
from torch import nn, Tensor
import aelib
from aelib import data, losses, models
from aelib.data import Batches
from aelib.train import evaluate, train

device = aelib.start()
fashion = data.fashion_mnist(profile="fast").to(device)
images = fashion.train.images
weight = 0.5
"""
MODEL = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Sequential(nn.Flatten(), nn.Linear(784, width))
        self.decode = nn.Sequential(nn.Linear(width, 784), nn.Unflatten(1, (1, 28, 28)))

    def forward(self, x):
        return self.decode(self.encode(x))


# `width` is bound after the class that needs it, and before the model
width = 4
model = Net().to(device)
"""
LOOP = """
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
for x in Batches(images[:256], 128):
    error = (model(x) - x).square().flatten(1).sum(dim=1).mean()
    optimizer.zero_grad()
    error.backward()
    optimizer.step()
print(error.item())
"""
LOSS = """
def loss(model, x):
    return {"loss": weight * losses.gaussian_nll(model(x), x).mean()}
"""
TRAIN = """
batches = Batches(images, 128)
history = train(model, loss, batches, val_batches=Batches(images[:100], 50), epochs=3)
assert history.last["loss"] < 20, "a value that is not there"
"""


@pytest.fixture
def notebook(tmp_path):
    """Makes a notebook of these cells; a cell with a tag is a pair."""

    def make(*sources: str | tuple[str, str]) -> Path:
        cells = []
        for index, source in enumerate(sources):
            text, *tags = source if isinstance(source, tuple) else (source,)
            cells.append(
                {
                    "cell_type": "code",
                    "id": str(index),
                    "metadata": {"tags": tags},
                    "source": text,
                }
            )
        path = tmp_path / "99_made.ipynb"
        path.write_text(json.dumps({"cells": cells}))
        return path

    return make


def test_the_objective_of_a_lesson_is_called(notebook):
    path = notebook(SETTINGS, MODEL, LOOP, LOSS, TRAIN, "raise SystemExit")
    assert call_objectives(path) == [Called("loss", ("loss",))]


def test_statements_that_no_training_needs_are_not_run(notebook):
    path = notebook(SETTINGS, "raise SystemExit", MODEL, LOSS, "unknown()", TRAIN)
    assert [called.name for called in call_objectives(path)] == ["loss"]


def test_every_way_to_train_is_found(notebook):
    inside = """
def fit(scale):
    net = Net().to(device)

    def scaled(model, x):
        terms = loss(model, x)
        return {**terms, "scaled": scale * terms["loss"].detach()}

    return net, train(net, scaled, Batches(images, 64), epochs=2)
"""
    uses = """
runs = {scale: fit(scale) for scale in (1, 2)}
for name, net in {"one": model, "two": Net().to(device)}.items():
    print(name, evaluate(net, loss, Batches(images[:9], 9))["loss"])
"""
    bare = "\nreached = train(model, lambda m, x: loss(m, x), [images[:3]], epochs=1)\n"
    found = call_objectives(notebook(SETTINGS, MODEL, LOSS, inside, uses, bare))
    assert [called.name for called in found] == [
        *["scaled"] * 2,
        *["loss"] * 2,
        "<lambda>",
    ]
    assert found[0].terms == ("loss", "scaled")


def test_an_objective_that_is_only_defined_is_called_too(notebook):
    other = """
def objective(model, x):
    return {"loss": model(x).square().mean() + weight}


def loss_of(model):
    raise SystemExit
"""
    found = call_objectives(notebook(SETTINGS, MODEL, LOSS, TRAIN, other))
    assert [called.name for called in found] == ["loss", "objective"]


def test_stubs_of_exercises_are_left_out(notebook):
    stub = ("def loss(model, x):\n    raise NotImplementedError\n", "raises-exception")
    path = notebook(SETTINGS, MODEL, LOSS, TRAIN, stub)
    assert [called.name for called in call_objectives(path)] == ["loss"]


MIXING = {
    "noise of the CPU": LOSS.replace("model(x), x", "model(x + torch.rand(28)), x"),
    "a constant of the CPU": "scale = torch.ones(1, 28, 28)\n"
    + LOSS.replace("model(x), x", "model(x * scale), x"),
    "a generator of the CPU": LOSS.replace(
        "weight *",
        "torch.rand((), device=x.device, generator=torch.Generator()) *",
    ),
    "float64": LOSS.replace("model(x), x", "model(x), x).double().mul(1"),
    "a term on the CPU": LOSS.replace("}", ', "weight": torch.tensor(weight)}'),
    "no gradient": LOSS.replace(".mean()", ".mean().detach()"),
}


@pytest.mark.parametrize("name", MIXING)
def test_an_objective_that_mixes_devices_is_red(notebook, name):
    path = notebook(SETTINGS, MODEL, MIXING[name], TRAIN)
    words = "device|float64|on cpu|no gradient"
    with pytest.raises((RuntimeError, TypeError, AssertionError), match=words):
        call_objectives(path)


def test_a_second_objective_that_is_wrong_is_red(notebook):
    both = """
def silent(model, x):
    return {"loss": torch.zeros((), device=x.device)}


for chosen in (loss, silent):
    train(model, chosen, Batches(images, 64), epochs=1)
"""
    with pytest.raises(NotAnObjective, match="the loss has no gradient"):
        call_objectives(notebook(SETTINGS, MODEL, LOSS, both))


@pytest.mark.parametrize("missing", [".to(device)\nimages", "model = Net().to(device)"])
def test_data_or_a_model_left_on_the_cpu_is_red(notebook, missing):
    kept = missing.replace(".to(device)", "")
    settings = SETTINGS.replace(missing, kept)
    model = MODEL.replace(missing, kept)
    assert (settings, model) != (SETTINGS, MODEL)
    with pytest.raises(NotAnObjective, match=r"is on .*cpu"):
        call_objectives(notebook(settings, model, LOSS, TRAIN))


def test_what_fails_before_the_training_is_red(notebook):
    with pytest.raises(ZeroDivisionError):
        call_objectives(notebook(SETTINGS, MODEL + "\nwidth = 1 // 0\n", LOSS, TRAIN))


# A notebook without a number writes and reads pictures in files, which needs the values
# that a fake device has not; a real GPU runs it whole (scripts/gpu.py).
@pytest.mark.parametrize("path", chapters.CHAPTERS, ids=lambda path: path.stem)
def test_objectives_of_the_lesson_run_on_a_gpu(path):
    code = "\n".join(c.source for c in chapters.cells(path) if c.kind == "code")
    trains = re.search(r"(?<![\w.])(?:train|evaluate)\(", code) is not None
    assert bool(call_objectives(path)) == trains
