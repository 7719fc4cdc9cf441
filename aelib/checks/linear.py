"""Checks of chapter 01."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from aelib import _expect
from aelib.checks.expect import TRIALS, as_scalar, expect_close, expect_pair


def check_als_step(
    als_step: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
) -> None:
    """One sweep of alternating least squares: (C, W) -> (V, new W).

    `als_step(covariance, decoder)` gets the data covariance C (N, N) and a decoder W
    (N, k), float64, and returns the best encoder V (k, N) for that decoder, then the
    best decoder (N, k) for that encoder.

    Taught in: chapter 01.
    """
    _expect.function("als_step", als_step)
    generator = torch.Generator().manual_seed(0)
    for trial in range(TRIALS):
        n, k = 6 + trial, 1 + trial % 3
        covariance = _random_covariance(n, generator)
        decoder = torch.randn(n, k, generator=generator, dtype=torch.float64)
        given = f"a covariance {n}x{n} and a decoder {n}x{k}"
        answer = als_step(covariance.clone(), decoder.clone())
        expect_pair("als_step", answer, "(encoder, decoder)", given)
        encoder = torch.linalg.pinv(decoder)  # (W'W)^-1 W'
        expect_close(
            "the encoder",
            answer[0],
            encoder,
            given,
            "the best V for a given W solves W'W V = W'",
        )
        cross = covariance @ encoder.T  # (N, k)
        expected = cross @ torch.linalg.inv(encoder @ cross)
        expect_close(
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
    _expect.function("ppca_log_likelihood", ppca_log_likelihood)
    generator = torch.Generator().manual_seed(0)
    for trial in range(TRIALS):
        n, k = 5 + trial, trial
        covariance = _random_covariance(n, generator)
        eigenvalues = torch.linalg.eigvalsh(covariance).flip(0)
        given = f"{n} eigenvalues and k = {k}"
        answer = ppca_log_likelihood(eigenvalues.clone(), k)
        expect_close(
            "the log-likelihood",
            as_scalar("ppca_log_likelihood", answer, given),
            torch.tensor(_gaussian_at_maximum(covariance, k), dtype=torch.float64),
            given,
            "sigma^2 is the mean of the N - k smallest eigenvalues, each of which "
            "enters the log-determinant as log sigma^2; the whole is "
            "-1/2 [N log 2 pi + log-determinant + N]",
        )
    print("ok: ppca_log_likelihood")


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
