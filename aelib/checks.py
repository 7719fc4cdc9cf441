"""Checks for exercises: each compares the reader's own function with the truth.

A check prints one line when all is well. Otherwise it raises AssertionError with one
sentence: what was given, what was expected, what came, and where to look. A stub's
NotImplementedError passes through.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d

_TRIALS = 5  # random inputs of different sizes: one could be right by luck


def check_als_step(
    als_step: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
) -> None:
    """One sweep of alternating least squares: (C, W) -> (V, new W).

    `als_step(covariance, decoder)` gets the data covariance C (N, N) and a decoder W
    (N, k), float64, and returns the best encoder V (k, N) for that decoder, then the
    best decoder (N, k) for that encoder.

    Taught in: chapter 01.
    """
    generator = torch.Generator().manual_seed(0)
    for trial in range(_TRIALS):
        n, k = 6 + trial, 1 + trial % 3
        covariance = _random_covariance(n, generator)
        decoder = torch.randn(n, k, generator=generator, dtype=torch.float64)
        given = f"a covariance {n}x{n} and a decoder {n}x{k}"
        answer = als_step(covariance.clone(), decoder.clone())
        _expect_pair("als_step", answer, "(encoder, decoder)", given)
        encoder = torch.linalg.pinv(decoder)  # (W'W)^-1 W'
        _expect_close(
            "the encoder",
            answer[0],
            encoder,
            given,
            "the best V for a given W solves W'W V = W'",
        )
        cross = covariance @ encoder.T  # (N, k)
        expected = cross @ torch.linalg.inv(encoder @ cross)
        _expect_close(
            "the decoder",
            answer[1],
            expected,
            given,
            "it is the best W for the new V, W (V C V') = C V', in which C must appear",
        )
    print("ok: als_step")


def check_ppca_log_likelihood(
    ppca_log_likelihood: Callable[[Tensor, int], float],
) -> None:
    """The largest mean log-likelihood that probabilistic PCA can reach: (lambda, k).

    `ppca_log_likelihood(eigenvalues, k)` gets all N eigenvalues of the data covariance,
    (N,), float64, descending, and the number of components k < N; it returns the mean
    log-likelihood of an example in nats.

    Taught in: chapter 01.
    """
    generator = torch.Generator().manual_seed(0)
    for trial in range(_TRIALS):
        n, k = 5 + trial, trial
        covariance = _random_covariance(n, generator)
        eigenvalues = torch.linalg.eigvalsh(covariance).flip(0)
        given = f"{n} eigenvalues and k = {k}"
        answer = ppca_log_likelihood(eigenvalues.clone(), k)
        _expect_close(
            "the log-likelihood",
            _as_scalar("ppca_log_likelihood", answer, given),
            torch.tensor(_gaussian_at_maximum(covariance, k), dtype=torch.float64),
            given,
            "sigma^2 is the mean of the n - k smallest eigenvalues, each of which "
            "enters the log-determinant as log sigma^2; the quadratic term is N",
        )
    print("ok: ppca_log_likelihood")


def check_dead_units(dead_units: Callable[[Tensor], int]) -> None:
    """How many units of a code have one and the same value for every example.

    `dead_units(codes)` gets codes (N, D) and returns a count; a dead unit need not be
    zero, and a unit that is zero for some examples only is alive.

    Taught in: chapter 02.
    """
    generator = torch.Generator().manual_seed(0)
    for trial in range(_TRIALS):
        n_dead, n_units = trial, 4 + trial
        codes = torch.randn(20, n_units, generator=generator).relu()
        dead = torch.randperm(n_units, generator=generator)[:n_dead]
        codes[:, dead] = torch.tensor([0.0, 1.5, -0.5])[torch.arange(n_dead) % 3]
        given = f"codes 20x{n_units} of which {n_dead} units are constant"
        _expect_close(
            "the count",
            _as_scalar("dead_units", dead_units(codes.clone()), given),
            torch.tensor(float(n_dead), dtype=torch.float64),
            given,
            "compare over the examples, the rows, and with any constant, not with 0",
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
        _expect_near(
            "the largest |weight|", weight.abs().max(), bound, given, "the bound"
        )
        _expect_near(
            "the mean square of the weights",
            weight.square().mean(),
            bound**2 / 3,
            given,
            "the weights are uniform, not normal",
        )
        _expect_near(
            "the mean |bias|", layer.bias.detach().abs().mean(), 0.0, given, "the bias"
        )
    print("ok: glorot_uniform")


def check_out_size(out_size: Callable[[int, int, int, int, int], int]) -> None:
    """Size after a convolution, for input n, kernel k, stride s, padding p, dilation d.

    Taught in: chapter 03.
    """
    generator = torch.Generator().manual_seed(0)
    for _ in range(50):
        k, s, p, d = (
            int(torch.randint(low, high, (), generator=generator))
            for low, high in ((1, 6), (1, 5), (0, 4), (1, 4))
        )
        n = d * (k - 1) + 1 + int(torch.randint(0, 20, (), generator=generator))
        signal, kernel = torch.zeros(1, 1, n), torch.zeros(1, 1, k)
        truth = conv1d(signal, kernel, stride=s, padding=p, dilation=d).shape[2]
        given = f"n={n}, k={k}, s={s}, p={p}, d={d}"
        _expect_close(
            "the size",
            _as_scalar("out_size", out_size(n, k, s, p, d), given),
            torch.tensor(float(truth), dtype=torch.float64),
            given,
            "padding counts on both sides, the kernel spans d (k - 1) + 1, and the "
            "division is rounded down",
        )
    print("ok: out_size")


def check_receptive_field(
    receptive_field: Callable[[list[tuple[int, int]]], int],
) -> None:
    """Width that one unit sees after layers of (kernel, stride), in input pixels.

    The truth is counted: pixels with a gradient from the middle unit of all-ones
    convolutions.

    Taught in: chapter 03.
    """
    for layers in (
        [(3, 1)],
        [(3, 1), (3, 1)],
        [(4, 2), (3, 1)],
        [(3, 3), (2, 2), (3, 2)],
        [(2, 2), (2, 1), (5, 3), (3, 2)],
    ):
        signal = torch.ones(1, 1, 200, dtype=torch.float64, requires_grad=True)
        units = signal
        for k, s in layers:
            units = conv1d(units, torch.ones(1, 1, k, dtype=torch.float64), stride=s)
        units[0, 0, units.shape[2] // 2].backward()
        given = f"layers {layers}"
        _expect_close(
            "the receptive field",
            _as_scalar("receptive_field", receptive_field(list(layers)), given),
            (signal.grad != 0).sum().double(),
            given,
            "a kernel adds k - 1 jumps, and a stride lengthens the jumps of the layers "
            "after it, not its own",
        )
    print("ok: receptive_field")


def _gaussian_at_maximum(covariance: Tensor, k: int) -> float:
    """-1/2 [N log 2 pi + log det M + tr M^-1 C] with pPCA's M, from its definition."""
    n = len(covariance)
    values, vectors = torch.linalg.eigh(covariance)
    values, vectors = values.flip(0), vectors.flip(1)
    noise = values[k:].mean()
    kept = vectors[:, :k] * (values[:k] - noise)
    model = kept @ vectors[:, :k].T + noise * torch.eye(n, dtype=torch.float64)
    quadratic = torch.linalg.solve(model, covariance).trace()
    total = n * math.log(2 * math.pi) + torch.logdet(model) + quadratic
    return -0.5 * total.item()


def _random_covariance(n: int, generator: torch.Generator) -> Tensor:
    root = torch.randn(n, n, generator=generator, dtype=torch.float64)
    return root @ root.T / n + 0.1 * torch.eye(n, dtype=torch.float64)


def _expect_pair(name: str, answer: object, wanted: str, given: str) -> None:
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        count = f" of {len(answer)}" if isinstance(answer, tuple | list) else ""
        raise AssertionError(
            f"given {given}, {name} should return the pair {wanted}, "
            f"got {type(answer).__name__}{count}; look at the return line"
        )


def _as_scalar(name: str, answer: object, given: str) -> Tensor:
    if isinstance(answer, Tensor | int | float):
        return torch.as_tensor(answer, dtype=torch.float64)
    raise AssertionError(
        f"given {given}, {name} should return a number, got {type(answer).__name__}; "
        "look at the return line"
    )


def _expect_near(
    what: str, answer: Tensor, expected: float, given: str, hint: str
) -> None:
    """As _expect_close for a random number: within 5 %, exactly where 0 is expected."""
    if not abs(answer.item() - expected) <= 0.05 * expected:
        raise AssertionError(
            f"given {given}, {what} should be {expected:.4g}, got {answer.item():.4g}; "
            f"look at this: {hint}"
        )


def _expect_close(
    what: str, answer: object, expected: Tensor, given: str, hint: str
) -> None:
    """One sentence: given, expected, got, and what to look at."""
    if not isinstance(answer, Tensor):
        raise AssertionError(
            f"given {given}, {what} should be a tensor, got {type(answer).__name__}; "
            "look at the return line"
        )
    if answer.shape != expected.shape:
        raise AssertionError(
            f"given {given}, {what} should have shape {tuple(expected.shape)}, "
            f"got {tuple(answer.shape)}; look at which side each matrix stands on"
        )
    close = torch.isclose(answer.double(), expected, rtol=1e-6, atol=1e-8)
    if not close.all():
        index = tuple((~close).nonzero()[0].tolist())
        place = f"[{', '.join(map(str, index))}]" if index else ""
        raise AssertionError(
            f"given {given}, {what}{place} should be {expected[index].item():.6g}, "
            f"got {answer[index].item():.6g}; look at this: {hint}"
        )
