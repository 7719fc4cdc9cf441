"""Where the CPU time of a training step goes, and what could still be saved.

    python benchmarks/profile_step.py [--row S0-FC] [--batch-size 128] [--rounds 5]

A ladder of loops, each with one thing more than the one before, on the same images;
they take turns, and medians over the rounds are printed in microseconds an image. The
first rung, matrix products alone, is what no code around them can pass; it is measured
for fully connected networks only.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parent))  # also when imported from elsewhere
from throughput import ROWS, Row, images_for, loss_terms

from aelib.data import Batches
from aelib.train import train

Loop = Callable[[Tensor], None]


def bare_products(row: Row, batch_size: int) -> Loop:
    """Forward, weight gradient and input gradient of each Linear, into fixed memory."""
    model = row.build()
    layers = [m for m in model.modules() if isinstance(m, nn.Linear)]
    jobs = []
    for index, layer in enumerate(layers):
        n_out, n_in = layer.weight.shape
        x, weight = torch.randn(batch_size, n_in), layer.weight.detach()
        y = torch.randn(batch_size, n_out)
        jobs.append((x, weight.T, torch.empty(batch_size, n_out)))
        jobs.append((y.T, x, torch.empty(n_out, n_in)))
        if index:
            jobs.append((y, weight, torch.empty(batch_size, n_in)))

    def loop(images: Tensor) -> None:
        for _ in range(len(images) // batch_size):
            for left, right, out in jobs:
                torch.mm(left, right, out=out)

    return loop


def plain_loop(
    row: Row,
    batch_size: int,
    channels_last: bool,
    *,
    gather: bool,
    optimize: bool,
    measure: bool,
) -> Loop:
    """Forward and backward, and what is asked for besides."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = row.build().to(memory_format=layout)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.0, fused=True
    )

    def loop(images: Tensor) -> None:
        images = images.contiguous(memory_format=layout)
        fixed = images[:batch_size]
        batches = Batches(images, batch_size, drop_last=True)
        total = torch.zeros(())
        for x in batches if gather else [fixed] * len(batches):
            loss = loss_terms(model, x)["loss"]
            optimizer.zero_grad()
            loss.backward()
            if optimize:
                optimizer.step()
            if measure:
                total += loss.detach() * len(x)

    return loop


def whole(row: Row, batch_size: int, channels_last: bool) -> Loop:
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = row.build().to(memory_format=layout)

    def loop(images: Tensor) -> None:
        images = images.contiguous(memory_format=layout)
        batches = Batches(images, batch_size, drop_last=True)
        train(model, loss_terms, batches, epochs=1, lr=1e-3, progress=False)

    return loop


def ladder(row: Row, batch_size: int, channels_last: bool) -> dict[str, Loop]:
    """Loops by name, each with one thing more than the one before."""
    steps = {
        "forward and backward": {"gather": False, "optimize": False, "measure": False},
        "+ gather": {"gather": True, "optimize": False, "measure": False},
        "+ fused AdamW": {"gather": True, "optimize": True, "measure": False},
        "+ mean of the loss": {"gather": True, "optimize": True, "measure": True},
    }
    loops = {
        name: plain_loop(row, batch_size, channels_last, **parts)
        for name, parts in steps.items()
    }
    connected = not any(isinstance(m, nn.Conv2d) for m in row.build().modules())
    first = {"matrix products": bare_products(row, batch_size)} if connected else {}
    return first | loops | {"aelib.train": whole(row, batch_size, channels_last)}


def measure(
    row: Row, batch_size: int, channels_last: bool, n_rounds: int, n_images: int
) -> dict[str, float]:
    """Name -> median CPU microseconds an image."""
    images = images_for(row, n_images)
    loops = ladder(row, batch_size, channels_last)
    n_used = n_images // batch_size * batch_size
    times: dict[str, list[float]] = {name: [] for name in loops}
    for loop in loops.values():
        loop(images[: 2 * batch_size])
    for _ in range(n_rounds):
        for name, loop in loops.items():
            start = time.process_time()
            loop(images)
            times[name].append(1e6 * (time.process_time() - start) / n_used)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--row", choices=list(ROWS), default="S0-FC")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=12_000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = measure(
        ROWS[options.row],
        options.batch_size,
        options.channels_last,
        options.rounds,
        options.images,
    )
    print(f"{options.row}, batch {options.batch_size}, CPU microseconds an image")
    for name, microseconds in found.items():
        share = microseconds / found["aelib.train"]
        print(f"{name:22} {microseconds:7.2f} {share:7.0%}")


if __name__ == "__main__":
    main()
