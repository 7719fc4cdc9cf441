"""Seconds an epoch of 60,000 images takes aelib.train on a GPU, and on a CPU thread.

    python benchmarks/devices.py [--device cuda] [--rows S0-FC ...] [--images 60000]

The networks and settings of throughput.py, each trained three times over the images,
which lie on the device; the faster of the last two epochs counts, in wall seconds. The
CPU beside it trains on a tenth of the images. Both are scaled to 60,000: the time grows
with the number of steps.

Prints a table; writes --out, by default results/devices.json beside this file.
"""

import argparse
import json
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))  # also when imported from elsewhere
from throughput import ROWS, Row, environment, images_for, loss_terms

from aelib.data import Batches
from aelib.train import train

OUT = Path(__file__).parent / "results" / "devices.json"
N_IMAGES, EPOCHS = 60_000, 3


def epoch_seconds(
    row: Row, device: str, n_images: int, batch_size: int, channels_last: bool
) -> float:
    """Wall seconds of an epoch, data on the device, scaled to 60,000 images."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    n_images = max(batch_size, int(n_images * row.share_of_images))
    images = images_for(row, n_images).to(device).contiguous(memory_format=layout)
    model = row.build().to(device, memory_format=layout)
    batches = Batches(images, batch_size)
    history = train(model, loss_terms, batches, epochs=EPOCHS, progress=False)
    # the first epoch imports and allocates
    return min(history.seconds[1:]) * N_IMAGES / n_images


def measure(names: list[str], device: str, n_images: int) -> list[dict]:
    """A row for each network and setting, printed as it is measured."""
    print(f"Seconds an epoch of {N_IMAGES:,} images:\n")
    print(f"| network | setting | {device} | a CPU thread | ratio |")
    print("|---|---|---|---|---|", flush=True)
    rows = []
    for name in names:
        for batch_size, last in ROWS[name].settings:
            setting = f"b{batch_size}" + (" channels_last" if last else "")
            here, cpu = (
                epoch_seconds(ROWS[name], where, n, batch_size, last)
                for where, n in ((device, n_images), ("cpu", n_images // 10))
            )
            row = {"network": name, "setting": setting}
            rows.append({**row, "seconds": here, "cpu_seconds": cpu})
            times = f"{here:.2f} | {cpu:.2f} | {cpu / here:.1f}"
            print(f"| {name} | {setting} | {times} |", flush=True)
    print("\nThe CPU thread trained on a tenth of the images; its times are scaled.")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--images", type=int, default=N_IMAGES)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = measure(options.rows, options.device, options.images)
    about = environment()
    if torch.device(options.device).type == "cuda":
        about["gpu"] = torch.cuda.get_device_name(options.device)
    about["device"] = options.device
    report = {"environment": about, "images": options.images, "rows": rows}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
