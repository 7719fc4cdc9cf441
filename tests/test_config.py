"""aelib.config: every variable it reads, good and bad values."""

import random
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from aelib import config

VARIABLES = (
    *("PROFILE", "DEVICE", "DATA", "OFFLINE", "PROGRESS", "SEED_OFFSET", "SCALE"),
)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(f"AELIB_{name}", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("CI", raising=False)


@pytest.mark.parametrize(
    ("value", "expected"), [(None, "fast"), ("", "fast"), ("full", "full")]
)
def test_profile_is_fast_or_full(monkeypatch, value, expected):
    if value is not None:
        monkeypatch.setenv("AELIB_PROFILE", value)
    assert config.profile() == expected
    assert config.pick(fast=1, full=2) == {"fast": 1, "full": 2}[expected]


def test_other_profiles_are_refused(monkeypatch):
    monkeypatch.setenv("AELIB_PROFILE", "Full")
    with pytest.raises(ValueError, match=r"AELIB_PROFILE must be .* got 'Full'"):
        config.pick(fast=1, full=2)


@pytest.mark.parametrize(
    ("value", "expected"), [(None, "full"), ("", "full"), ("smoke", "smoke")]
)
def test_scale_is_full_or_smoke(monkeypatch, value, expected):
    if value is not None:
        monkeypatch.setenv("AELIB_SCALE", value)
    assert config.scale() == expected


def test_other_scales_are_refused(monkeypatch):
    monkeypatch.setenv("AELIB_SCALE", "fast")
    with pytest.raises(ValueError, match=r"AELIB_SCALE must be .* got 'fast'"):
        config.scale()


def test_every_variable_is_in_the_docstring():
    described = re.findall(r"^AELIB_(\w+)", config.__doc__, flags=re.M)
    read = re.findall(r'"AELIB_(\w+)"', Path(config.__file__).read_text())
    assert sorted(described) == sorted(set(read)) == sorted(VARIABLES)


def draws(generator: torch.Generator) -> tuple:
    # The legacy global generator is what is being tested.
    from_numpy = np.random.rand()  # noqa: NPY002
    own = torch.rand((), generator=generator).item()
    return random.random(), from_numpy, torch.rand(()).item(), own


def test_seeding_repeats_every_generator():
    first = draws(config.seed_everything(7))
    assert draws(config.seed_everything(7)) == first
    other = draws(config.seed_everything(8))
    assert all(a != b for a, b in zip(first, other, strict=True))


def test_seed_is_the_plain_seed():
    generator = config.seed_everything(3)
    expected = torch.rand(4, generator=torch.Generator().manual_seed(3))
    assert torch.equal(torch.rand(4, generator=generator), expected)
    assert random.random() == random.Random(3).random()


def test_offset_is_added(monkeypatch):
    expected = draws(config.seed_everything(12))
    monkeypatch.setenv("AELIB_SEED_OFFSET", "10")
    assert draws(config.seed_everything(2)) == expected


@pytest.mark.parametrize("seed", [1.0, "1", None, True])
def test_seed_must_be_an_int(seed):
    with pytest.raises(TypeError, match="seed must be an int, got"):
        config.seed_everything(seed)


def test_seed_range_and_offset_are_checked(monkeypatch):
    for seed in (-1, 2**32):
        with pytest.raises(ValueError, match="seed"):
            config.seed_everything(seed)
    monkeypatch.setenv("AELIB_SEED_OFFSET", "two")
    with pytest.raises(ValueError, match="AELIB_SEED_OFFSET must be an integer"):
        config.seed_everything(0)


def test_device_from_the_environment(monkeypatch):
    monkeypatch.setenv("AELIB_DEVICE", "cpu")
    assert config.default_device() == torch.device("cpu")
    monkeypatch.setenv("AELIB_DEVICE", "tpu")
    with pytest.raises(ValueError, match="AELIB_DEVICE must be cpu, cuda or mps"):
        config.default_device()


def test_device_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert config.default_device() == torch.device("cpu")
    monkeypatch.setenv("AELIB_DEVICE", "cuda:1")
    with pytest.raises(ValueError, match="'cuda:1', but no cuda device"):
        config.default_device()


def test_cuda_comes_before_mps_and_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert config.default_device() == torch.device("cuda")


def test_data_root(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert config.data_root() == tmp_path / ".cache" / "aelib"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert config.data_root() == tmp_path / "cache" / "aelib"
    monkeypatch.setenv("AELIB_DATA", "~/sets")
    assert config.data_root() == tmp_path / "sets"
    assert isinstance(config.data_root(), Path)


@pytest.mark.parametrize(
    ("variable", "value", "place"),
    [
        ("AELIB_DATA", "", "home/.cache/aelib"),
        ("AELIB_DATA", "~/sets", "home/sets"),
        ("AELIB_DATA", "sets", None),
        ("AELIB_DATA", ".", None),
        ("AELIB_DATA", "~nobody-of-this-name/sets", None),
        ("XDG_CACHE_HOME", "", "home/.cache/aelib"),
        ("XDG_CACHE_HOME", "~/cache", "home/cache/aelib"),
        ("XDG_CACHE_HOME", "cache", "home/.cache/aelib"),  # its specification: ignored
        ("XDG_CACHE_HOME", "~nobody-of-this-name/cache", None),
    ],
)
def test_a_data_root_is_a_place_or_one_sentence(
    monkeypatch, tmp_path, variable, value, place
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv(variable, value)
    if place is not None:
        assert config.data_root() == tmp_path / place
        return
    with pytest.raises(ValueError, match=r"^AELIB_DATA must be .*, got ") as caught:
        config.data_root()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "expected"), [("1", True), ("TRUE", True), ("0", False), ("", False)]
)
def test_flags(monkeypatch, value, expected):
    monkeypatch.setenv("AELIB_OFFLINE", value)
    monkeypatch.setenv("AELIB_PROGRESS", value)
    assert config.offline() is expected
    assert config.progress() is expected


def test_flag_defaults(monkeypatch):
    assert config.offline() is False
    assert config.progress() is True
    monkeypatch.setenv("CI", "true")
    assert config.progress() is False


def test_unreadable_flags_are_refused(monkeypatch):
    monkeypatch.setenv("AELIB_OFFLINE", "maybe")
    with pytest.raises(ValueError, match="AELIB_OFFLINE must be 0 or 1, got 'maybe'"):
        config.offline()
