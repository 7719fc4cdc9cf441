"""aelib.start: seeds, style and device in one line, and a light import."""

import random
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
import torch

import aelib
from aelib import config, plots


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in ("AELIB_DEVICE", "AELIB_SEED_OFFSET"):
        monkeypatch.delenv(name, raising=False)
    with mpl.rc_context():
        yield


def draws() -> tuple[float, float, float]:
    return random.random(), np.random.rand(), torch.rand(()).item()  # noqa: NPY002


def test_start_seeds_every_generator():
    aelib.start()
    first = draws()
    aelib.start(seed=0)
    assert draws() == first
    config.seed_everything(0)
    assert draws() == first
    aelib.start(1)
    assert not set(draws()) & set(first)


def test_start_adds_the_offset_of_the_environment(monkeypatch):
    aelib.start(7)
    expected = draws()
    monkeypatch.setenv("AELIB_SEED_OFFSET", "4")
    aelib.start(3)
    assert draws() == expected


def test_start_makes_the_figure_style():
    plots.use_style()
    wanted = dict(mpl.rcParams)
    mpl.rcdefaults()
    assert dict(mpl.rcParams) != wanted
    aelib.start()
    assert dict(mpl.rcParams) == wanted


def test_start_returns_the_default_device(monkeypatch):
    assert aelib.start() == config.default_device()
    monkeypatch.setenv("AELIB_DEVICE", "cpu")
    assert aelib.start() == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("AELIB_DEVICE", "cuda:1")
    assert aelib.start() == torch.device("cuda:1")
    monkeypatch.setenv("AELIB_DEVICE", "cuda:2")
    with pytest.raises(ValueError, match="'cuda:2', but only 2 of cuda are here"):
        aelib.start()


@pytest.mark.parametrize(
    "value", ["gpu", "tpu:0", "Cpu", "cpu0", "cpu:1", "cpu:x", "cuda", "mps"]
)
def test_an_impossible_device_is_refused_before_anything_is_changed(monkeypatch, value):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setenv("AELIB_DEVICE", value)
    torch.manual_seed(5)
    expected = torch.rand(())
    torch.manual_seed(5)
    with pytest.raises(ValueError, match=f"^AELIB_DEVICE .*'{value}'"):
        aelib.start()
    assert torch.rand(()) == expected


@pytest.mark.parametrize("seed", [True, 1.5, "0"])
def test_a_seed_that_is_no_int_is_refused(seed):
    with pytest.raises(TypeError, match="seed must be an int, got"):
        aelib.start(seed)


def test_importing_aelib_alone_loads_nothing_heavy():
    code = "import sys, aelib; print(*sorted(m.split('.')[0] for m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "aelib" in loaded
    assert not loaded & {"torch", "numpy", "matplotlib", "sklearn"}
