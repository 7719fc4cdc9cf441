"""Measures of a code: what of it is used, and what it spans."""

import torch
from torch import Tensor

from aelib import _expect


def active_units(mean: Tensor, *, threshold: float = 0.01) -> int:
    """Coordinates whose posterior mean moves with the image: Var_x(mean_j) > threshold.

    Args:
        mean: posterior means of many images, (N, D), N at least 2.
        threshold: a variance; 0.01 is custom.

    Source: arXiv:1509.00519.

    Raises:
        TypeError, ValueError: `mean` is not as above or not finite, or `threshold` < 0.

    >>> moves, stays = torch.linspace(-1, 1, 50), torch.full((50,), 3.0)
    >>> active_units(torch.stack([moves, stays], dim=1))
    1
    """
    _check_codes("mean", mean)
    threshold = _expect.number("threshold", threshold, least=0)
    return int((mean.var(dim=0, correction=0) > threshold).sum())


def dead_units(codes: Tensor) -> int:
    """Coordinates with one and the same value for every example, (N, D) -> count.

    A unit behind a ReLU that no example switches on is dead: it is 0 for all of them.

    Raises:
        TypeError, ValueError: `codes` is not (N, D) with N at least 2, or not finite.

    >>> dead_units(torch.tensor([[0.0, 2.0], [0.0, 3.0]]))
    1
    """
    _check_codes("codes", codes)
    return int((codes.amax(dim=0) == codes.amin(dim=0)).sum())


def principal_angles(a: Tensor, b: Tensor) -> Tensor:
    """Angles between the column spaces of a and b, in degrees, ascending.

    Args:
        a, b: (N, k) and (N, m), each with independent columns.

    Returns:
        (min(k, m),), float64 on the CPU, in [0, 90]; all zero if one space holds the
        other.

    Source: Knyazev and Argentati, SIAM J. Sci. Comput. 23 (2002): the sine serves the
    small angles, where the cosine loses half of the digits.

    Raises:
        TypeError, ValueError: the shapes do not fit, a value is not finite, or columns
            are dependent.

    >>> axis, diagonal = torch.tensor([[1.0], [0.0]]), torch.tensor([[1.0], [1.0]])
    >>> principal_angles(axis, diagonal)
    tensor([45.0000], dtype=torch.float64)
    """
    bases = [_orthonormal("a", a), _orthonormal("b", b)]
    if len(a) != len(b):
        raise ValueError(f"a and b must have as many rows, got {len(a)} and {len(b)}")
    _expect.together("b", b, "a", a)
    large, small = sorted(bases, key=lambda basis: -basis.shape[1])
    cosines = torch.linalg.svdvals(large.T @ small).clamp(max=1)  # descending
    outside = small - large @ (large.T @ small)
    sines = torch.linalg.svdvals(outside).flip(0).clamp(max=1)  # ascending
    sines = sines[: len(cosines)]
    angles = torch.where(cosines.square() > 0.5, sines.asin(), cosines.acos())
    return angles.rad2deg()


def _orthonormal(name: str, columns: Tensor) -> Tensor:
    """A basis of the space that the columns span, float64 on the CPU."""
    _expect.measured(name, columns, "(N, k)")
    matrix = columns.detach().cpu().double()
    rank = int(torch.linalg.matrix_rank(matrix))
    if rank < matrix.shape[1]:
        raise ValueError(
            f"{name} must have independent columns, got rank {rank} of "
            f"{matrix.shape[1]}"
        )
    return torch.linalg.qr(matrix).Q


def _check_codes(name: str, codes: Tensor) -> None:
    _expect.measured(name, codes, "(N, D)")
    if len(codes) < 2:
        raise ValueError(f"{name} must hold at least 2 examples, got {len(codes)}")
