"""The checks of arguments: what passes, what is refused, and in which words."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from aelib import _expect

FLOATS, INTEGERS = torch.rand(4, 3), torch.arange(12).reshape(4, 3)


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_integers_become_plain(value):
    found = _expect.integer("k", value, least=3, most=3)
    assert found == 3 and type(found) is int


@pytest.mark.parametrize("value", [1, 1.0, np.float32(1), np.int64(1), Fraction(1)])
def test_numbers_become_plain(value):
    found = _expect.number("rate", value, least=1, most=1)
    assert found == 1.0 and type(found) is float


def test_open_bounds_and_infinity():
    assert _expect.number("x", 0.5, above=0, below=1) == 0.5
    assert _expect.number("x", -7) == -7
    assert _expect.number("x", math.inf, finite=False) == math.inf
    assert math.isnan(_expect.number("x", math.nan, finite=False))


@pytest.mark.parametrize(
    ("value", "bounds", "message"),
    [
        (0, {"least": 1}, "k must be at least 1, got 0"),
        (4, {"least": 1, "most": 3}, "k must be in [1, 3], got 4"),
        (0, {"least": 1, "most": 3}, "k must be in [1, 3], got 0"),
    ],
)
def test_integers_out_of_bounds(value, bounds, message):
    with pytest.raises(ValueError) as caught:
        _expect.integer("k", value, **bounds)
    assert str(caught.value) == message


@pytest.mark.parametrize("value", [True, 1.0, "1", None, torch.tensor(1), np.bool_(1)])
def test_what_is_no_integer(value):
    with pytest.raises(TypeError, match=r"^k must be an int, got \w+$"):
        _expect.integer("k", value)


@pytest.mark.parametrize(
    ("value", "bounds", "message"),
    [
        (0.0, {"above": 0}, "x must be a finite number above 0, got 0.0"),
        (math.inf, {"above": 0}, "x must be a finite number above 0, got inf"),
        (math.nan, {"above": 0}, "x must be a finite number above 0, got nan"),
        (-0.5, {"least": 0}, "x must be a finite number of 0 or more, got -0.5"),
        (
            math.nan,
            {"least": 0, "finite": False},
            "x must be a finite number of 0 or more, got nan",
        ),
        (-math.inf, {}, "x must be a finite number, got -inf"),
        (1.5, {"least": 0, "most": 1}, "x must be a number in [0, 1], got 1.5"),
        (0, {"above": 0, "below": 1}, "x must be a number in (0, 1), got 0.0"),
        (1, {"above": 0, "below": 1}, "x must be a number in (0, 1), got 1.0"),
        (
            math.nan,
            {"least": 0, "most": 1, "finite": False},
            "x must be a number in [0, 1], got nan",
        ),
    ],
)
def test_numbers_out_of_bounds(value, bounds, message):
    with pytest.raises(ValueError) as caught:
        _expect.number("x", value, **bounds)
    assert str(caught.value) == message


@pytest.mark.parametrize("value", [True, "1", None, 1j, torch.tensor(1.0)])
def test_what_is_no_number(value):
    with pytest.raises(TypeError, match=r"^x must be a number, got \w+$"):
        _expect.number("x", value)


def test_what_passes():
    _expect.tensor("x", INTEGERS)
    _expect.tensor("x", INTEGERS, "(N, D)")
    _expect.floating("x", FLOATS[0], "(D,)")
    _expect.examples("x", FLOATS.half())
    _expect.values("x", FLOATS, "(N, D)")
    _expect.labels("y", INTEGERS[:, 0], 4)
    _expect.labels("y", INTEGERS[:, 0] > 2, 4)
    _expect.images("x", FLOATS.reshape(2, 1, 2, 3))
    _expect.pair("a", FLOATS, "b", FLOATS + 1)
    _expect.codes(mean=FLOATS, log_var=FLOATS)
    _expect.mapping("rows", {"a": 1})
    _expect.length("names", ["a", "b", "c"], 3)
    _expect.instance("m", torch.nn.ReLU(), torch.nn.Module, "an nn.Module")
    assert _expect.sizes("hidden", (4, np.int64(2))) == [4, 2]
    assert _expect.sizes("hidden", []) == []


META = FLOATS.to("meta")
REFUSED = {
    "x must be a tensor, got list": lambda: _expect.tensor("x", [1.0]),
    "x must be a tensor (N, D), got list": lambda: _expect.tensor("x", [1], "(N, D)"),
    "x must be (N,), got (4, 3)": lambda: _expect.tensor("x", FLOATS, "(N,)"),
    "x must be floating point, got torch.int64": lambda: _expect.floating(
        "x", INTEGERS
    ),
    "x must be (N, D), got (3,)": lambda: _expect.floating("x", FLOATS[0], "(N, D)"),
    "x must have an axis behind B, got (3,)": lambda: _expect.examples("x", FLOATS[0]),
    "x must not be empty, got (0, 3)": lambda: _expect.values("x", FLOATS[:0]),
    "x must be finite, got 2 NaN or infinite values": lambda: _expect.values(
        "x", torch.tensor([1.0, math.nan, -math.inf])
    ),
    "y must be integers, got torch.float32": lambda: _expect.labels("y", FLOATS[0], 3),
    "y must be (4,), got (4, 3)": lambda: _expect.labels("y", INTEGERS, 4),
    "x must be floating point in [0, 1], got torch.int64; divide 0..255 by 255": (
        lambda: _expect.images("x", INTEGERS.reshape(2, 1, 2, 3))
    ),
    "x must be (N, C, H, W) with C = 1 or 3 and none of them empty, got (1, 2, 2, 3)": (
        lambda: _expect.images("x", FLOATS.reshape(1, 2, 2, 3))
    ),
    "a and b must have the same shape, got (4, 3) and (3,)": lambda: _expect.alike(
        "a", FLOATS, "b", FLOATS[0]
    ),
    "a must be on the device of b, meta, got cpu": lambda: _expect.pair(
        "a", FLOATS, "b", META
    ),
    "log_var must be on the device of mean, cpu, got meta": lambda: _expect.codes(
        mean=FLOATS, log_var=META
    ),
    "log_var must be (B, D), got (3,)": lambda: _expect.codes(
        mean=FLOATS, log_var=FLOATS[0]
    ),
    "p and mean must have the same shape, got (1, 3) and (4, 3)": lambda: _expect.codes(
        mean=FLOATS, q=FLOATS, p=FLOATS[:1]
    ),
    "rows must map names to values, got list": lambda: _expect.mapping("rows", [1]),
    "rows must not be empty": lambda: _expect.mapping("rows", {}),
    "names must have length 2, got 3": lambda: _expect.length("names", [1, 2, 3], 2),
    "names must be a sequence, got str": lambda: _expect.sequence("names", "ab", 2),
    "m must be an nn.Module, got function": lambda: _expect.instance(
        "m", lambda x: x, torch.nn.Module, "an nn.Module"
    ),
    "hidden must be a sequence, got int": lambda: _expect.sizes("hidden", 4),
    "hidden must be a sequence, got str": lambda: _expect.sizes("hidden", "4"),
    "hidden[1] must be at least 1, got 0": lambda: _expect.sizes("hidden", [4, 0]),
    "hidden[0] must be an int, got float": lambda: _expect.sizes("hidden", [4.0]),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_refused(message):
    with pytest.raises((TypeError, ValueError)) as caught:
        REFUSED[message]()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("value", "other", "message"),
    [
        (
            FLOATS,
            FLOATS.double(),
            "b must be torch.float32 like a, got torch.float64: b.float()",
        ),
        (
            FLOATS.double(),
            FLOATS,
            "a must be torch.float32 like b, got torch.float64: a.float()",
        ),
        (
            FLOATS.half(),
            FLOATS,
            "a must be torch.float32 like b, got torch.float16: a.float()",
        ),
        (
            FLOATS.half(),
            FLOATS.double(),
            "a must be torch.float64 like b, got torch.float16: a.to(torch.float64)",
        ),
    ],
)
def test_the_odd_one_out_is_named(value, other, message):
    """The float64 one of two, which NumPy makes, and what to write instead."""
    for call in (
        lambda: _expect.pair("a", value, "b", other),
        lambda: _expect.codes(b=other, a=value),
    ):
        with pytest.raises(TypeError) as caught:
            call()
        assert str(caught.value) == message


def test_only_values_reads_what_is_in_a_tensor():
    """Where values cannot be read (here: meta tensors), all other checks still work."""
    _expect.floating("x", META, "(N, D)")
    _expect.pair("a", META, "b", META)
    _expect.codes(mean=META, log_var=META)
    _expect.images("x", META.reshape(1, 1, 4, 3))
    _expect.labels("y", INTEGERS[:, 0].to("meta"), 4)
    with pytest.raises(
        ValueError, match="x must hold values, got a tensor on the meta"
    ):
        _expect.values("x", META)
