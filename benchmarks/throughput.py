"""Training speed: aelib.train beside the loops a reader would use instead.

    python benchmarks/throughput.py [--rows S0-FC ...] [--rounds 3] [--images 6000]

Source loop: a data set with torchvision's semantics (a PIL image, then ToTensor),
DataLoader(batch_size=32, num_workers=0), Adam 1e-3, `.item()` every step. Lightning
trains the same data set, pythae its own; both are left out where they are not
installed (requirements.txt beside this file). Ours: aelib.train on resident tensors.

Speeds are images per CPU second of this process, on one thread. The methods take turns
in every round; a ratio is that of one round, and the median over the rounds is shown.
Images are real where the book has enough of their size. A second table gives the
arithmetic: FLOPs for training on an image, by formula and counted, and the share of
the machine's matrix product that ours reaches.

Prints tables; writes results/throughput.json beside this file.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from aelib import data, losses, systems
from aelib.data import Batches
from aelib.train import train

OUT = Path(__file__).parent / "results" / "throughput.json"
SOURCE = "source b32"


class Row(NamedTuple):
    """A network, and the batch sizes and memory formats that ours is tried with."""

    build: Callable[[], nn.Module]
    image_shape: tuple[int, int, int]
    settings: tuple[tuple[int, bool], ...]  # batch size, channels_last
    share_of_images: float = 1.0


CONNECTED = ((128, False), (512, False))
CONV = ((128, False), (128, True), (512, True))
ROWS = {
    "S0-FC": Row(systems.s0_fc, (1, 28, 28), CONNECTED),
    "S0-CONV": Row(systems.s0_conv, (1, 28, 28), CONV),
    "S1-CONV": Row(systems.s1_conv, (1, 28, 28), CONV),
    "S3-AE": Row(systems.s3_ae, (1, 28, 28), CONNECTED),
    "S3-VAE": Row(systems.s3_vae_repaired, (1, 28, 28), CONNECTED),
    "S4-VAE": Row(systems.s4_vae_repaired, (3, 64, 64), CONV[:2], 1 / 8),
}
TARGETS = {  # ours against the source loop, by batch size; see README.md
    "S0-FC": {128: 9.0, 512: 12.0},
    "S0-CONV": {128: 4.0},
    "S1-CONV": {128: 4.0},
    "S3-AE": {512: 7.0},
    "S3-VAE": {512: 6.5},
    "S4-VAE": {128: 1.1},
}


class PictureDataset(Dataset):
    """What torchvision's MNIST does for an item: array -> PIL image -> transform."""

    def __init__(self, images: Tensor) -> None:
        from torchvision.transforms import ToTensor

        pixels = (images * 255).round().byte().permute(0, 2, 3, 1)  # (N, H, W, C)
        self.data = pixels.squeeze(-1).contiguous()
        self.targets = torch.zeros(len(images), dtype=torch.long)
        self.transform = ToTensor()

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        from PIL import Image

        picture = Image.fromarray(self.data[index].numpy())
        return self.transform(picture), int(self.targets[index])


def images_for(row: Row, n: int) -> Tensor:
    """(n, C, H, W) in [0, 1]: the book's pictures, repeated where they are too few."""
    source = data.fashion_mnist if row.image_shape[0] == 1 else data.emoji
    pictures = source(profile="fast") if source is data.fashion_mnist else source()
    images = pictures.train.images
    return images.repeat(-(-n // len(images)), 1, 1, 1)[:n].contiguous()


def loss_terms(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """The objective of an autoencoder or a VAE, with sigma^2 = 1/2 as the sources'."""
    output = model(x)
    if isinstance(output, Tensor):
        return {"loss": (output - x).square().flatten(1).sum(dim=1).mean()}
    x_hat, posterior = output
    distortion = (x_hat - x).square().flatten(1).sum(dim=1).mean()
    rate = losses.kl_standard_normal(*posterior).mean()
    return {"loss": distortion + rate, "distortion": distortion, "rate": rate}


def source_loop(row: Row, images: Tensor) -> float:
    """CPU seconds of an epoch of the plain loop."""
    model, total = row.build(), 0.0
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loader = DataLoader(
        PictureDataset(images), batch_size=32, shuffle=True, num_workers=0
    )
    start = time.process_time()
    for x, _ in loader:
        loss = loss_terms(model, x)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    return time.process_time() - start


def ours(row: Row, images: Tensor, batch_size: int, channels_last: bool) -> float:
    """CPU seconds an epoch of all that aelib.train does, from call to return."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = row.build().to(memory_format=layout)
    resident, epochs = images.contiguous(memory_format=layout), 3
    start = time.process_time()
    batches = Batches(resident, batch_size)
    train(model, loss_terms, batches, epochs=epochs, lr=1e-3, progress=False)
    return (time.process_time() - start) / epochs


def methods(row: Row) -> dict[str, Callable[[Tensor], float]]:
    """Name -> seconds of an epoch over the given images, for what is installed."""
    found = {SOURCE: lambda images: source_loop(row, images)}
    try:
        from benchmarks import others
    except ImportError:
        import others  # started as a script: this folder is on the path
    found |= others.methods(row, PictureDataset, loss_terms)
    for size, last in row.settings:
        name = f"ours b{size}" + (" channels_last" if last else "")
        found[name] = lambda images, size=size, last=last: ours(row, images, size, last)
    return found


def measure(name: str, n_rounds: int, n_images: int) -> dict[str, list[float]]:
    """Method -> images per CPU second, one a round; the methods take turns."""
    row = ROWS[name]
    images = images_for(row, max(64, int(n_images * row.share_of_images)))
    tried = methods(row)
    for method in tried.values():  # first steps import and allocate
        method(images[:64])
    speeds: dict[str, list[float]] = {method: [] for method in tried}
    for _ in range(n_rounds):
        for method, run in tried.items():
            speeds[method].append(len(images) / run(images))
    return speeds


def flops_by_formula(row: Row) -> int:
    """For training on one image: three products a layer, two for the first layers.

    Forward, gradient of the weights, gradient of the input; nobody asks for the
    gradient of the image.
    """
    total, model = 0, row.build()

    def count(layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        nonlocal total
        places = output if isinstance(layer, nn.Conv2d) else inputs[0]
        n_places = places[0, 0].numel() if places.ndim == 4 else 1
        products = 3 if inputs[0].requires_grad else 2
        total += 2 * products * layer.weight.numel() * n_places

    kinds = nn.Linear | nn.Conv2d | nn.ConvTranspose2d
    for layer in model.modules():
        if isinstance(layer, kinds):
            layer.register_forward_hook(count)
    model(torch.rand(1, *row.image_shape))
    return total


def flops_counted(row: Row) -> int:
    """The same as PyTorch's own counter sees it."""
    from torch.utils.flop_counter import FlopCounterMode

    model, x = row.build(), torch.rand(1, *row.image_shape)
    with FlopCounterMode(display=False) as counter:
        loss_terms(model, x)["loss"].backward()
    return counter.get_total_flops()


def matrix_peak(n: int = 1024, repeats: int = 8) -> float:
    """FLOP per CPU second of a large float32 matrix product, the best of repeats."""
    a, b = torch.randn(n, n), torch.randn(n, n)
    out, best = torch.empty(n, n), 0.0
    for _ in range(repeats):
        start = time.process_time()
        torch.mm(a, b, out=out)
        best = max(best, 2 * n**3 / (time.process_time() - start))
    return best


def summarise(name: str, speeds: dict[str, list[float]], peak: float) -> dict:
    """Medians of speeds and of ratios round by round."""
    flops = flops_by_formula(ROWS[name])
    table = {}
    for method, values in speeds.items():
        ratios = [a / b for a, b in zip(values, speeds[SOURCE], strict=True)]
        speed = statistics.median(values)
        table[method] = {
            "images_per_cpu_second": speed,
            "times_source": statistics.median(ratios),
            "times_source_low": min(ratios),
            "times_source_high": max(ratios),
            "share_of_peak": speed * flops / peak,
        }
    return {
        "flops_per_image": flops,
        "flops_counted": flops_counted(ROWS[name]),
        "targets": {str(size): times for size, times in TARGETS[name].items()},
        "methods": table,
    }


def environment() -> dict[str, str | int]:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    versions = {}
    for package in ("torch", "torchvision", "pythae", "lightning"):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "cpu": names[0] if names else platform.processor(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "date": date.today().isoformat(),
        **versions,
    }


def show(rows: dict[str, dict]) -> None:
    head = ("images/CPU-s", "x source", "lowest", "highest", "of peak")
    print(f"{'network':8} {'method':24}" + "".join(f"{h:>13}" for h in head))
    for name, row in rows.items():
        for method, entry in row["methods"].items():
            print(
                f"{name:8} {method:24}{entry['images_per_cpu_second']:13,.0f}"
                f"{entry['times_source']:13.2f}{entry['times_source_low']:13.2f}"
                f"{entry['times_source_high']:13.2f}{entry['share_of_peak']:13.1%}"
            )
    print(f"\n{'network':8} {'MFLOP/image':>12} {'counted':>9}   targets, x source")
    for name, row in rows.items():
        wanted = ", ".join(f"{v:g} at b{k}" for k, v in row["targets"].items())
        flops, counted = row["flops_per_image"] / 1e6, row["flops_counted"] / 1e6
        print(f"{name:8} {flops:12.2f} {counted:9.2f}   {wanted}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=6000)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    torch.set_num_threads(1)
    peak, rows = matrix_peak(), {}
    for name in options.rows:
        speeds = measure(name, options.rounds, options.images)
        rows[name] = summarise(name, speeds, peak) | {"rounds": speeds}
        show({name: rows[name]})
    report = {"environment": environment(), "matrix_peak": peak, "rows": rows}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=2) + "\n")
    print(f"matrix product: {peak / 1e9:.0f} GFLOP per CPU second")
    show(rows)
    print(f"written to {options.out}")


if __name__ == "__main__":
    main()
