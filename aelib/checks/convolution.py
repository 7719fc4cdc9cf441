"""Checks of chapter 03."""

from collections.abc import Callable

import torch
from torch.nn.functional import conv1d

from aelib import _expect
from aelib.checks.expect import as_scalar, expect_close


def check_out_size(out_size: Callable[[int, int, int, int, int], int]) -> None:
    """Size after a convolution, for input n, kernel k, stride s, padding p, dilation d.

    Taught in: chapter 03.
    """
    _expect.function("out_size", out_size)
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
        expect_close(
            "the size",
            as_scalar("out_size", out_size(n, k, s, p, d), given),
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
    _expect.function("receptive_field", receptive_field)
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
        expect_close(
            "the receptive field",
            as_scalar("receptive_field", receptive_field(list(layers)), given),
            (signal.grad != 0).sum().double(),
            given,
            "a kernel adds k - 1 jumps, and a stride lengthens the jumps of the layers "
            "after it, not its own",
        )
    print("ok: receptive_field")
