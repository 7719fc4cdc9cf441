"""Checks of chapter 02."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from aelib.checks.expect import TRIALS, as_scalar, expect_close, expect_near


def check_dead_units(dead_units: Callable[[Tensor], int]) -> None:
    """How many units of a code have one and the same value for every example.

    `dead_units(codes)` gets codes (N, D) and returns a count; a dead unit need not be
    zero, and a unit that is zero for some examples only, or moves little, is alive.

    Taught in: chapter 02.
    """
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
    for n_in, n_out in ((300, 100), (50, 400), (200, 200)):
        layer = nn.Linear(n_in, n_out)
        glorot_uniform(layer)
        weight = layer.weight.detach().double().flatten()
        bound = math.sqrt(6 / (n_in + n_out))
        given = f"a layer from {n_in} to {n_out}"
        expect_near(
            "the largest |weight|",
            weight.abs().max(),
            bound,
            given,
            "the bound, reached from below: uniform, and each weight drawn by itself",
            within=0.002,  # of thousands of weights the largest is nearer still
        )
        expect_near(
            "the mean weight plus the bound",
            weight.mean() + bound,
            bound,
            given,
            "weights of both signs: from -bound to +bound",
        )
        expect_near(
            "the mean square of the weights",
            weight.square().mean(),
            bound**2 / 3,
            given,
            "the weights are uniform, not normal",
        )
        expect_near(
            "the mean |bias|", layer.bias.detach().abs().mean(), 0.0, given, "the bias"
        )
    print("ok: glorot_uniform")
