"""Checks of chapter 02."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from aelib import _expect
from aelib.checks.expect import TRIALS, as_scalar, expect_close, expect_near


def check_dead_units(dead_units: Callable[[Tensor], int]) -> None:
    """How many units of a code have one and the same value for every example.

    `dead_units(codes)` gets codes (N, D) and returns a count; a dead unit need not be
    zero, and a unit that is zero for some examples only, or moves little, is alive.

    Taught in: chapter 02.
    """
    _expect.function("dead_units", dead_units)
    generator = torch.Generator().manual_seed(0)
    cases = [(trial, 4 + trial) for trial in range(TRIALS)]
    for n_dead, n_units in [*cases, (1, 1)]:
        codes = torch.randn(20, n_units, generator=generator).relu()
        dead = torch.randperm(n_units, generator=generator)[:n_dead]
        # 0.1 first: its mean over the rows is rounded, and of a single column even the
        # deviation, so equality must be asked of the values themselves
        codes[:, dead] = torch.tensor([0.1, 0.0, 1.5, -0.5])[torch.arange(n_dead) % 4]
        if n_units > 1:
            quiet = torch.randn(20, 1, generator=generator)  # alive, of spread 1e-4
            codes = torch.cat([codes, 0.1 + 1e-4 * quiet], dim=1)
        given = f"codes 20x{codes.shape[1]} of which {n_dead} units are constant"
        expect_close(
            "the count",
            as_scalar("dead_units", dead_units(codes.clone()), given),
            torch.tensor(float(n_dead), dtype=torch.float64),
            given,
            "compare over the examples, the rows, with any constant, not with 0, and "
            "each value with another, since a mean or a deviation is rounded",
        )
    print("ok: dead_units")


def check_glorot_uniform(glorot_uniform: Callable[[nn.Linear], object]) -> None:
    """Keras' default start of a linear layer, in place.

    `glorot_uniform(layer)` fills layer.weight (n_out, n_in) uniformly within
    +-sqrt(6 / (n_in + n_out)) and sets layer.bias to zero.

    Taught in: chapter 02.
    """
    _expect.function("glorot_uniform", glorot_uniform)
    for n_in, n_out in ((300, 100), (50, 400), (200, 200)):
        given = f"a layer from {n_in} to {n_out}"
        with torch.random.fork_rng(devices=[]):  # nothing drawn from the reader's
            layer, other = nn.Linear(n_in, n_out), nn.Linear(n_in, n_out)
            glorot_uniform(layer)
            glorot_uniform(other)
        if torch.equal(layer.weight, other.weight):
            raise AssertionError(
                f"given {given}, two layers should start differently, got equal "
                "weights; look for a seed inside the function, or weights not drawn"
            )
        bound = math.sqrt(6 / (n_in + n_out))
        _expect_uniform(layer.weight.detach().double(), bound, given)
        bias = layer.bias.detach().abs().mean()
        expect_near("the mean |bias|", bias, 0.0, given, "the bias")
    print("ok: glorot_uniform")


def _expect_uniform(weight: Tensor, bound: float, given: str) -> None:
    """Weights uniform in +-bound, and not related to their neighbours."""
    variance = bound**2 / 3
    apart = "each weight is drawn by itself"
    for what, value, expected, hint, within in (
        (
            "the largest |weight|",
            weight.abs().max(),
            bound,
            f"the bound, reached from below: uniform, and {apart}",
            0.002,  # of thousands of weights the largest is nearer still
        ),
        (
            "the mean weight plus the bound",
            weight.mean() + bound,
            bound,
            "weights of both signs: from -bound to +bound",
            0.05,
        ),
        (
            "the mean square of the weights",
            weight.square().mean(),
            variance,
            "the weights are uniform, not normal",
            0.05,
        ),
    ):
        expect_near(what, value, expected, given, hint, within)
    for what, pairs in (
        ("in a row", weight[:, 1:] * weight[:, :-1]),
        ("in a column", weight[1:] * weight[:-1]),
    ):
        correlation = 1 + pairs.mean() / variance
        what = f"1 + the correlation of neighbours {what}"
        expect_near(what, correlation, 1.0, given, apart)
