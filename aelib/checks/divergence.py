"""Checks of chapter 07."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Independent, Normal, kl_divergence

from aelib import _expect
from aelib.checks.expect import TRIALS, expect_close, expect_same_gradient


def check_kl(kl: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]) -> None:
    """KL(q || p) of two diagonal Gaussians, one number an example, in nats.

    `kl(mean_q, log_var_q, mean_p, log_var_p)` gets four tensors (B, D) of float64 and
    returns (B,), differentiable in all four.

    Taught in: chapter 07.
    """
    _expect.function("kl", kl)
    generator = torch.Generator().manual_seed(0)
    for trial in range(TRIALS):
        n_examples, n_dims = 3 + trial, 1 + trial
        inputs = {
            name: torch.randn(
                n_examples, n_dims, generator=generator, dtype=torch.float64
            ).requires_grad_()
            for name in ("mean_q", "log_var_q", "mean_p", "log_var_p")
        }
        mean_q, log_var_q, mean_p, log_var_p = inputs.values()
        q = Independent(Normal(mean_q, (log_var_q / 2).exp()), 1)
        p = Independent(Normal(mean_p, (log_var_p / 2).exp()), 1)
        answer, truth = kl(*(v.clone() for v in inputs.values())), kl_divergence(q, p)
        given = f"{n_examples} examples of {n_dims} coordinates"
        hint = (
            "sum over the coordinates and not over the examples, divide by the "
            "variance of p, and mind that exp(log_var) is a variance, not a "
            "standard deviation"
        )
        expect_close("the divergence", answer, truth, given, hint)
        expect_same_gradient("kl", answer, truth, inputs, given, hint)
    print("ok: kl")
