"""Checks of chapter 06."""

from collections.abc import Callable

import torch
from torch import Tensor

from aelib import _expect
from aelib.checks.expect import (
    TRIALS,
    as_scalar,
    expect_close,
    expect_gradient,
    expect_reached,
    expect_same_gradient,
)

_MOVE = 1e-4  # of an input, for a slope by central differences


def check_reconstruction_jacobian(
    reconstruction_jacobian: Callable[[Tensor, Tensor], Tensor],
) -> None:
    """|dr/dx|_F^2 of the tied network r(x) = W' sigmoid(W x + b) + c.

    `reconstruction_jacobian(h, weight)` gets codes h = sigmoid(W x + b), (B, D), and
    W, (D, N), and returns (B,), differentiable in both.

    Taught in: chapter 06.
    """
    _expect.function("reconstruction_jacobian", reconstruction_jacobian)
    generator = torch.Generator().manual_seed(0)
    for trial in range(TRIALS):
        n_batch, n_units, n_inputs = 2 + trial, 3 + trial, 7 - trial
        weight = torch.randn(n_units, n_inputs, generator=generator).double()
        bias = torch.randn(n_units, generator=generator).double()
        x = torch.randn(n_batch, n_inputs, generator=generator).double()

        def rebuild(x: Tensor, weight: Tensor = weight, bias: Tensor = bias) -> Tensor:
            return (x @ weight.T + bias).sigmoid() @ weight

        expected = torch.zeros(n_batch).double()
        for i in range(n_inputs):  # by differences: no formula to share with the reader
            step = _MOVE * torch.eye(n_inputs)[i].double()
            slope = (rebuild(x + step) - rebuild(x - step)) / (2 * _MOVE)
            expected += slope.square().sum(dim=1)
        h = (x @ weight.T + bias).sigmoid().requires_grad_()
        weight.requires_grad_()
        answer = reconstruction_jacobian(h.clone(), weight.clone())
        given = f"{n_batch} codes of {n_units} units and W {n_units}x{n_inputs}"
        hint = "J = W' diag(h (1 - h)) W, so units j and k meet in (W_j . W_k)^2"
        expect_close("the squared norm", answer, expected, given, hint)
        jacobian = torch.einsum("jn,bj,jm->bnm", weight, h * (1 - h), weight)
        inputs, truth = {"h": h, "weight": weight}, jacobian.square().sum(dim=(1, 2))
        name = "reconstruction_jacobian"
        expect_same_gradient(name, answer, truth, inputs, given, hint)
    print("ok: reconstruction_jacobian")


def _codes_without_ties(
    n_units: int, k: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Codes (6, n_units), and where the k largest are: the next lies 1e-3 below."""
    ranked = torch.randn(6, n_units, generator=generator).sort(descending=True).values
    ranked[:, k:] -= (ranked[:, k] - ranked[:, k - 1] + 1e-3)[:, None]
    order = torch.rand(6, n_units, generator=generator).argsort(dim=1)
    kept = (torch.arange(n_units) < k).expand(6, n_units).gather(1, order)
    return ranked.gather(1, order).requires_grad_(), kept


def _expect_k_active(
    top_k: Callable[[Tensor, int], Tensor], n_units: int, k: int
) -> None:
    """Of `n_units` equal numbers exactly `k` stay."""
    answer = top_k(torch.ones(3, n_units), k)
    expect_close(
        "the number of active units",
        torch.as_tensor((answer != 0).sum(dim=1), dtype=torch.float64),
        torch.full((3,), float(k)).double(),
        f"{n_units} equal numbers and k = {k}",
        "a threshold keeps all that are equal to it; choose places, not values",
    )


def _expect_larger_kept(top_k: Callable[[Tensor, int], Tensor]) -> None:
    """Ties may be broken in any way, never at a larger number's expense."""
    tied = torch.tensor([[1.0, 1.0, 2.0], [1.0, 2.0, 1.0]])
    expect_close(
        "the code, sorted,",
        top_k(tied, 2).sort(dim=1).values,
        torch.tensor([[0.0, 1.0, 2.0]] * 2, dtype=torch.float64),
        "the numbers 1, 1, 2 in two orders and k = 2",
        "of equal numbers drop any, but never a larger one for a smaller",
    )


def check_top_k(top_k: Callable[[Tensor, int], Tensor]) -> None:
    """The k largest numbers of each code, the others 0; exactly k, also with ties.

    `top_k(h, k)` gets float32 codes (B, D) and returns (B, D), differentiable.

    Taught in: chapter 06.
    """
    _expect.function("top_k", top_k)
    generator = torch.Generator().manual_seed(0)
    for trial in range(TRIALS):
        n_units, k = 4 + trial, 1 + trial
        h, kept = _codes_without_ties(n_units, k, generator)
        given = f"codes 6x{n_units} without ties and k = {k}"
        answer = top_k(h.clone(), k)
        expect_gradient("top_k", answer, given)
        expect_close(
            "the code",
            answer,
            torch.where(kept, h, 0.0).double(),
            given,
            "the largest values, not the largest absolute values, of each row",
        )
        (slope,) = torch.autograd.grad(answer.sum(), h, allow_unused=True)
        expect_reached("h", slope, given)
        expect_close(
            "the gradient of top_k(h, k).sum() in h",
            slope,
            kept.double(),
            given,
            "it is 1 where a number was kept and 0 elsewhere: nothing detached",
        )
        _expect_k_active(top_k, n_units, k)
    _expect_larger_kept(top_k)
    print("ok: top_k")


def check_kl_sparsity(kl_sparsity: Callable[[Tensor, float], Tensor]) -> None:
    """Sum over units of the KL from the wanted to the mean activation of each unit.

    `kl_sparsity(h, target)` gets codes (B, D) in (0, 1) and returns one number, in
    nats: the mean is over examples, for each unit by itself.

    Taught in: chapter 06.
    """
    _expect.function("kl_sparsity", kl_sparsity)
    generator = torch.Generator().manual_seed(0)
    for trial in range(TRIALS):
        n_batch, n_units, target = 5 + trial, 3 + trial, 0.05 * (1 + trial)
        h = torch.rand(n_batch, n_units, generator=generator).double().requires_grad_()
        expected = torch.zeros((), dtype=torch.float64)
        for j in range(n_units):
            wanted = torch.distributions.Bernoulli(torch.tensor(target).double())
            found = torch.distributions.Bernoulli(h[:, j].mean())
            expected += torch.distributions.kl_divergence(wanted, found)
        given = f"codes {n_batch}x{n_units} and target {target:.2f}"
        answer = kl_sparsity(h.clone(), target)
        hint = "average over the examples, axis 0, take the KL of each unit, then sum"
        expect_gradient("kl_sparsity", answer, given)
        answer = as_scalar("kl_sparsity", answer, given)
        expect_close("the penalty", answer, expected, given, hint)
        expect_same_gradient("kl_sparsity", answer, expected, {"h": h}, given, hint)
    print("ok: kl_sparsity")
