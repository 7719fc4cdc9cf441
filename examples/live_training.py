"""Train the three-number code of digits, and watch it while it learns.

python -m aelib.trackers            # once, in another terminal: a visdom server
python examples/live_training.py    # its curves, pictures and codes on the page
python examples/live_training.py --to tensorboard  # then: tensorboard --logdir runs
"""

import argparse

import torch
from torch import Tensor, nn

from aelib import data
from aelib.config import seed_everything
from aelib.data import Batches, Split
from aelib.models import Autoencoder, MLPDecoder, MLPEncoder
from aelib.trackers import (
    FileTracker,
    TensorBoardTracker,
    Tracker,
    VisdomTracker,
    new_run,
)
from aelib.train import stop_early, train

TRACKERS = {
    "visdom": lambda port: VisdomTracker("digits", port=port),
    "tensorboard": lambda port: TensorBoardTracker("runs/digits"),
    "files": lambda port: FileTracker(new_run("runs/digits")),
}


class Watched:
    """Passes on the numbers of every epoch, and looks at the same digits each time."""

    def __init__(self, tracker: Tracker, model: nn.Module, test: Split) -> None:
        self.tracker, self.model = tracker, model
        self.images, self.labels = test.images[:1000], test.labels[:1000]
        tracker.images(0, "digits", self.images[:25])

    @torch.no_grad()
    def scalars(self, step: int, values: dict[str, float]) -> None:
        self.tracker.scalars(step, values)
        code = self.model.encoder(self.images)
        self.tracker.images(step, "rebuilt", self.model.decoder(code[:25]))
        self.tracker.scatter(step, "codes", code, self.labels)


def error(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """The squared error, summed over the pixels of a digit; mean over the digits."""
    return {"loss": (model(x) - x).square().flatten(1).sum(dim=1).mean()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--to", choices=TRACKERS, default="visdom")
    parser.add_argument("--port", type=int, default=8097, help="of the visdom server")
    parser.add_argument("--epochs", type=int, default=30)
    asked = parser.parse_args()
    seed_everything(0)
    digits = data.mnist()
    train_images, val_images = digits.train.images[:-1000], digits.train.images[-1000:]
    encoder = MLPEncoder((1, 28, 28), [128, 64, 12], 3)
    model = Autoencoder(encoder, MLPDecoder(3, [12, 64, 128], (1, 28, 28)))
    tracker = TRACKERS[asked.to](asked.port)
    history = train(
        model,
        error,
        Batches(train_images, 128),
        val_batches=Batches(val_images, 500, shuffle=False),
        epochs=asked.epochs,
        lr=2e-3,
        stop=stop_early(patience=5, keep_best=True),
        tracker=Watched(tracker, model, digits.test),
    )
    tracker.close()
    print(f"{len(history)} epochs, validation error {history.val[-1]['loss']:.1f}")


if __name__ == "__main__":
    main()
