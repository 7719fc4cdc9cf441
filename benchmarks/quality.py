"""Test error against CPU seconds: the source documents' recipe beside the book's.

    python benchmarks/quality.py [--systems S0-FC S0-CONV] [--seeds 2]

Source recipe: torchvision's Fashion-MNIST, ToTensor, DataLoader(batch_size=32), Adam
1e-3, `.item()` every step. Ours: aelib.train with its defaults, from
`initialise_at_mean`. Both train the same network on [-1, 1] for its Tanh; errors are in
[0, 1] units, on the 10,000 test images. Only training is timed, by time.process_time
(other processes do not count), on one thread; the two take turns, seed by seed.

Prints a table; writes results/quality.json beside this file.
"""

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from aelib import data, systems
from aelib.data import Batches, ImageData, store
from aelib.data.registry import REGISTRY
from aelib.initialise import initialise_at_mean
from aelib.train import train

OUT = Path(__file__).parent / "results" / "quality.json"
SOURCE, OURS = "source recipe", "ours"


class Setting(NamedTuple):
    """One of our runs: a one-cycle run has one length."""

    epochs: int
    batch_size: int = 128
    lr: float = 5e-3  # the peak


class Plan(NamedTuple):
    """Epochs at which the source is looked at; our runs; our memory format."""

    source_epochs: tuple[int, ...]
    settings: tuple[Setting, ...]
    memory_format: torch.memory_format


class Point(NamedTuple):
    """One measured point: what, after how much, how good."""

    system: str
    recipe: str
    epochs: int
    batch_size: int
    seed: int
    cpu_seconds: float
    test_mse: float


PLANS = {
    "S0-FC": Plan(
        (1, 2, 5, 10),
        (Setting(2), Setting(5, 128, 6e-3), Setting(7, 256, 8e-3), Setting(30)),
        torch.contiguous_format,
    ),
    "S0-CONV": Plan((1, 2), (Setting(1), Setting(2), Setting(8)), torch.channels_last),
}


def torchvision_dataset(folder: Path) -> Dataset:
    """The training set as a reader of the source documents would get it."""
    from torchvision.datasets import FashionMNIST
    from torchvision.transforms import ToTensor

    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name, content in store.load(REGISTRY["fashion_mnist"]).items():
        (raw / name).write_bytes(content)
    return FashionMNIST(folder, train=True, transform=ToTensor(), download=False)


@torch.no_grad()
def test_mse(model: nn.Module, images: Tensor) -> float:
    """Mean squared error per pixel in [0, 1] units; images in [-1, 1]."""
    model.eval()
    parts = [(model(x) - x).square().sum() for x in images.split(1000)]
    model.train()
    return sum(parts).item() / 4 / images.numel()


def source_run(
    name: str, plan: Plan, seed: int, dataset: Dataset, test: Tensor
) -> Iterator[Point]:
    """The plain loop; a point whenever an epoch of the plan is complete."""
    torch.manual_seed(seed)
    model = systems.SYSTEMS[name].build()
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loader = DataLoader(dataset, batch_size=32, shuffle=True)
    seconds = 0.0
    for epoch in range(1, max(plan.source_epochs) + 1):
        start = time.process_time()
        running = 0.0
        for x, _ in loader:
            x = 2 * x - 1
            loss = criterion(model(x), x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            running += loss.item()
        seconds += time.process_time() - start
        if epoch in plan.source_epochs:
            yield Point(name, SOURCE, epoch, 32, seed, seconds, test_mse(model, test))


def our_run(
    name: str, setting: Setting, seed: int, images: Tensor, test: Tensor
) -> Point:
    """aelib.train from start to end."""
    torch.manual_seed(seed)
    memory_format = PLANS[name].memory_format
    start = time.process_time()
    model = initialise_at_mean(systems.SYSTEMS[name].build(), images.mean(dim=0))
    model = model.to(memory_format=memory_format)

    def objective(net: nn.Module, x: Tensor) -> dict[str, Tensor]:
        return {"loss": (net(x) - x).square().flatten(1).sum(dim=1).mean()}

    epochs, batch_size, lr = setting
    batches = Batches(images.contiguous(memory_format=memory_format), batch_size)
    train(model, objective, batches, epochs=epochs, lr=lr, progress=False)
    seconds = time.process_time() - start
    return Point(name, OURS, epochs, batch_size, seed, seconds, test_mse(model, test))


def measure(names: list[str], n_seeds: int) -> list[Point]:
    sets: ImageData = data.fashion_mnist(profile="full")
    images, test = (2 * split.images - 1 for split in (sets.train, sets.test))
    points = []
    with tempfile.TemporaryDirectory() as folder:
        dataset = torchvision_dataset(Path(folder))
        for name in names:
            plan = PLANS[name]
            our_run(name, Setting(1), 0, images[:1280], images[:1280])  # imports
            for seed in range(n_seeds):
                for setting in plan.settings:
                    points.append(our_run(name, setting, seed, images, test))
                    print(points[-1], flush=True)
                for point in source_run(name, plan, seed, dataset, test):
                    points.append(point)
                    print(point, flush=True)
    return points


def summarise(points: list[Point]) -> list[dict]:
    """Mean and deviation over the seeds of each (system, recipe, epochs, batch)."""
    rows = []
    for key in dict.fromkeys(point[:4] for point in points):
        same = [point for point in points if point[:4] == key]
        row = dict(zip(("system", "recipe", "epochs", "batch_size"), key, strict=True))
        row["n_runs"] = len(same)
        for field in ("test_mse", "cpu_seconds"):
            values = [getattr(point, field) for point in same]
            row[field] = statistics.mean(values)
            row[f"{field}_sd"] = statistics.stdev(values) if len(same) > 1 else None
        rows.append(row)
    for row in rows:
        last = [
            r for r in rows if (r["system"], r["recipe"]) == (row["system"], SOURCE)
        ]
        row["share_of_source_seconds"] = row["cpu_seconds"] / last[-1]["cpu_seconds"]
    return rows


def machine() -> dict[str, str | int]:
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text() if cpuinfo.exists() else ""
    models = [
        line.split(":", 1)[1] for line in text.splitlines() if "model name" in line
    ]
    return {
        "cpu": models[0].strip() if models else platform.processor(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "date": date.today().isoformat(),
    }


def add_other_systems(report: dict, path: Path, systems: list[str]) -> None:
    """Keep what an earlier run on this machine measured of the other systems."""
    if not path.exists():
        return
    before = json.loads(path.read_text())
    if before["machine"] | {"date": None} != report["machine"] | {"date": None}:
        print(f"{path} is from another machine or version: replaced as a whole")
        return
    for part in ("rows", "points"):
        others = [row for row in before[part] if row["system"] not in systems]
        report[part] = sorted(
            others + report[part], key=lambda row: list(PLANS).index(row["system"])
        )


def show(rows: list[dict]) -> None:
    print(
        f"{'system':8} {'recipe':14} {'epochs':>6} {'batch':>5} {'runs':>4}"
        f" {'test MSE':>9} {'sd':>8} {'CPU s':>7} {'of source':>9}"
    )
    for row in rows:
        sd = "-" if row["test_mse_sd"] is None else f"{row['test_mse_sd']:.5f}"
        print(
            f"{row['system']:8} {row['recipe']:14} {row['epochs']:6d}"
            f" {row['batch_size']:5d} {row['n_runs']:4d} {row['test_mse']:9.5f} {sd:>8}"
            f" {row['cpu_seconds']:7.1f} 1/{1 / row['share_of_source_seconds']:.1f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--systems", nargs="+", choices=list(PLANS), default=["S0-FC"])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    torch.set_num_threads(1)
    points = measure(options.systems, options.seeds)
    rows = summarise(points)
    report = {
        "machine": machine(),
        "rows": rows,
        "points": [p._asdict() for p in points],
    }
    add_other_systems(report, options.out, options.systems)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=2) + "\n")
    show(report["rows"])
    print(f"written to {options.out}")


if __name__ == "__main__":
    main()
