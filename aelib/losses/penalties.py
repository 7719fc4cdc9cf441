"""Penalties of regularised autoencoders: what the code must not follow, or be."""

from collections.abc import Callable

import torch
from torch import Tensor

from aelib import _expect


def contractive_penalty(h: Tensor, weight: Tensor) -> Tensor:
    """Squared Frobenius norm of dh/dx for h = sigmoid(W x + b), in closed form.

    sum_j (h_j (1 - h_j))^2 |W_j|^2: no Jacobian is formed. A unit that was set to 0
    (by `top_k`, say) adds nothing, as it should.

    Args:
        h: codes behind the sigmoid, (B, D).
        weight: W, (D, N), a row for each unit.

    Returns:
        (B,), in (units of h per unit of x) squared.

    Raises:
        TypeError, ValueError: `h` is not (B, D), `weight` not (D, N), or the two are
            not of one dtype, float32 or float64, on one device.

    Source: Rifai et al., ICML 2011.

    Taught in: chapter 06.

    >>> h = torch.tensor([[0.5, 1.0]])  # where the sigmoid is steepest, and saturated
    >>> contractive_penalty(h, torch.ones(2, 3))  # (1/4)^2 * 3, and nothing
    tensor([0.1875])
    """
    _expect.codes(h=h)
    _expect.floating("weight", weight, "(D, N)")
    _expect.together("weight", weight, "h", h)
    if weight.shape[0] != h.shape[1]:
        raise ValueError(
            f"weight must be (D, N) with D = {h.shape[1]}, got {tuple(weight.shape)}"
        )
    slopes = (h * (1 - h)).square()  # (B, D)
    return slopes @ weight.square().sum(dim=1)


def jacobian_penalty(
    fn: Callable[[Tensor], Tensor],
    x: Tensor,
    *,
    n_probes: int = 1,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Unbiased random estimate of |d fn / dx|_F^2 for each example, (B, ...) -> (B,).

    The mean of |v' J|^2 over random signs v, each by one backward pass: the cost does
    not grow with the size of the code. Differentiable, where gradients are enabled.

    Args:
        fn: maps (B, ...) to (B, ...), each example by itself (no batch statistics).
        x: where, (B, ...).
        n_probes: random vectors for each example; the variance falls as 1 / n_probes.
        generator: where the signs come from, on x's device or on the CPU; None:
            torch's global one.

    Raises:
        TypeError, ValueError: `x` is not a (B, ...) of float32 or float64, `fn` no
            function to a tensor with a gradient in it, or `n_probes` < 1.

    Source: Hutchinson, Communications in Statistics 19 (1990). Taught in: chapter 06.

    >>> jacobian_penalty(lambda x: 2 * x, torch.zeros(3, 5)).tolist()  # 5 rows of 2^2
    [20.0, 20.0, 20.0]
    """
    _expect.function("fn", fn)
    _expect.examples("x", x)
    _expect.precise("x", x)
    n_probes = _expect.integer("n_probes", n_probes, least=1)
    _expect.generator("generator", generator)
    training = torch.is_grad_enabled()
    with torch.enable_grad():
        x = x if x.requires_grad else x.detach().requires_grad_()
        output = _checked_output(fn(x), len(x))
        rows = [_projected(output, x, generator, training) for _ in range(n_probes)]
    norms = torch.stack([row.square().flatten(1).sum(dim=1) for row in rows])
    return norms.mean(dim=0)  # (B,)


def _checked_output(output: object, n_examples: int) -> Tensor:
    if not isinstance(output, Tensor) or not output.requires_grad:
        got = "none" if isinstance(output, Tensor) else type(output).__name__
        raise ValueError(f"fn must return a tensor with a gradient, got {got}")
    if output.ndim == 0 or len(output) != n_examples:
        raise ValueError(
            f"fn must return ({n_examples}, ...), a row an example, "
            f"got {tuple(output.shape)}"
        )
    return output


def _projected(
    output: Tensor, x: Tensor, generator: torch.Generator | None, training: bool
) -> Tensor:
    """v' J for random signs v, in the shape of x."""
    drawn_on = output.device if generator is None else generator.device
    signs = torch.randint(0, 2, output.shape, generator=generator, device=drawn_on)
    signs = signs.to(output)
    return torch.autograd.grad(
        output, x, 2 * signs - 1, create_graph=training, retain_graph=True
    )[0]


def l1_penalty(h: Tensor) -> Tensor:
    """Sum of the absolute activations of each example, (B, D) -> (B,).

    Raises:
        TypeError, ValueError: `h` is not a (B, D) of float32 or float64.

    Taught in: chapter 06.

    >>> l1_penalty(torch.tensor([[1.0, -2.0, 0.0]]))
    tensor([3.])
    """
    _expect.codes(h=h)
    return h.abs().sum(dim=1)


def kl_sparsity(activation: Tensor, target: float) -> Tensor:
    """KL from Bernoulli(target) to Bernoulli(activation) of each unit, in nats.

    Args:
        activation: mean activation of each unit *over examples*, (D,), in (0, 1): take
            the mean over the batch, axis 0, first.
        target: wanted mean activation, in (0, 1).

    Returns:
        (D,): the caller sums over the units. Infinite for a unit that is always 0 or 1.

    Raises:
        TypeError, ValueError: `activation` is not a (D,) of float32 or float64, or
            `target` is not in (0, 1).

    Source: Ng, CS294A lecture notes, "Sparse autoencoder".

    Taught in: chapter 06.

    >>> h = torch.tensor([[0.25, 0.5], [0.75, 1.0]])  # means 1/2 and 3/4
    >>> kl_sparsity(h.mean(dim=0), 0.5)
    tensor([0.0000, 0.1438])
    """
    _expect.precise("activation", activation, "(D,)")
    target = _expect.number("target", target, above=0, below=1)
    on = target * (target / activation).log()
    off = (1 - target) * ((1 - target) / (1 - activation)).log()
    return on + off


def top_k(h: Tensor, k: int) -> Tensor:
    """The k largest numbers of each code, the others set to 0, (B, D) -> (B, D).

    Exactly k are kept, also where several are equal; the gradient passes through them.

    Raises:
        TypeError, ValueError: `h` is not a floating-point (B, D), or `k` is not an int
            in [1, D].

    Source: arXiv:1312.5663.

    Taught in: chapter 06.

    >>> top_k(torch.tensor([[3.0, 0.5, 1.0, 2.0]]), 2)
    tensor([[3., 0., 0., 2.]])
    """
    _expect.floating("h", h, "(B, D)")
    k = _expect.integer("k", k, least=1, most=h.shape[1])
    kept = h.topk(k, dim=1).indices  # (B, k)
    return h * torch.zeros_like(h).scatter(1, kept, 1.0)
