"""Train the classifiers of aelib.features: python scripts/train_features.py [NAME ...].

About two minutes each on one CPU thread, from the whole data sets, so fetch them first:
python -m aelib.data fetch mnist. From the embedded subsets alone Fashion-MNIST stays
just below its bar (.859 on the 10,000 test images). The result is the same, byte for
byte, on every run of one machine and version of torch.
"""

import argparse
import json
import math
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

from aelib import config, data, features
from aelib.train import train

LOADERS = {"fashion_mnist": data.fashion_mnist, "mnist": data.mnist}
BARS = {"fashion_mnist": 0.86, "mnist": 0.95}  # accuracies, below which none is written
N_EPOCHS, BATCH_SIZE, LR, SEED = 5, 128, 1e-2, 0
SHIFT = 2  # pixels, either way
OUT = Path(features.__file__).parent


def shifted(images: Tensor) -> Tensor:
    """The whole batch moved by up to SHIFT pixels each way, black flowing in."""
    dy, dx = torch.randint(2 * SHIFT + 1, (2,)).tolist()
    height, width = images.shape[-2:]
    return pad(images, [SHIFT] * 4)[..., dy : dy + height, dx : dx + width]


def mirrored(images: Tensor) -> Tensor:
    """Each image left-right mirrored by the toss of a coin."""
    coin = torch.rand(len(images), 1, 1, 1) < 0.5
    return torch.where(coin, images.flip(-1), images)


def fit(name: str) -> features.FeatureNet:
    sets = LOADERS[name](profile="full")
    config.seed_everything(SEED)
    model = features.FeatureNet(len(sets.classes))

    def objective(net: nn.Module, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        images, labels = batch
        if name == "fashion_mnist":  # a mirrored shoe is a shoe, a mirrored 2 no digit
            images = mirrored(images)
        return {"loss": cross_entropy(net(shifted(images)), labels)}

    batches = data.Batches(sets.train, BATCH_SIZE)
    train(model, objective, batches, epochs=N_EPOCHS, lr=LR)
    return model.eval()


@torch.no_grad()
def measure(model: features.FeatureNet, test: data.Split) -> float:
    right = model.head(model.features(test.images)).argmax(1) == test.labels
    return right.double().mean().item()


def write(model: features.FeatureNet, name: str, folder: Path) -> float:
    """Round to float16, measure that on the test images, write; return the accuracy."""
    small = {
        key: value.half() if value.is_floating_point() else value
        for key, value in model.state_dict().items()
    }
    model.load_state_dict(small)
    sets = LOADERS[name](profile="full")
    accuracy = measure(model, sets.test)
    if accuracy < BARS[name]:
        raise SystemExit(f"{name}: accuracy {accuracy:.4f} is below {BARS[name]}")
    n_train, n_test = len(sets.train.labels), len(sets.test.labels)
    provenance = {
        "accuracy": accuracy,
        "accuracy on the embedded test images": measure(
            model, LOADERS[name](profile="fast").test
        ),
        "measured on": f"{n_test} test images of {sets.source}",
        "trained on": f"{n_train} training images of {sets.source}",
        "recipe": f"{N_EPOCHS} epochs, batch {BATCH_SIZE}, AdamW, one-cycle to {LR}, "
        f"shifts of {SHIFT} pixels, seed {SEED}",
        "torch": torch.__version__.split("+")[0],
        "device": "cpu",
    }
    path = folder / f"{name}.safetensors"
    # one entry: safetensors writes several in an order that changes from run to run
    save_file(small, path, metadata={"provenance": json.dumps(provenance)})
    path.chmod(0o644)  # safetensors writes for the owner alone
    return accuracy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(LOADERS))
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write to")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(LOADERS)
    if unknown:
        parser.error(f"NAME must be one of {', '.join(LOADERS)}, got {unknown.pop()!r}")
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)  # sums would be split otherwise, and end a digit apart
    for name in arguments.names or LOADERS:
        accuracy = write(fit(name), name, arguments.out)
        n_kb = math.ceil((arguments.out / f"{name}.safetensors").stat().st_size / 1000)
        print(f"{name}: accuracy {accuracy:.4f}, {n_kb} kB")


if __name__ == "__main__":
    main()
