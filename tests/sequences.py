"""Random sequences of calls of `train` on one checkpoint, and what must hold of them.

Whatever a call wrote, the next one reads and gives back equal, or refuses it by name
before its first step and changes nothing.
"""

import random
from pathlib import Path

import torch
from torch import nn

from aelib.data.batches import Batches
from aelib.train import History, load_checkpoint, train

N, FEATURES, LONGEST = 12, 3, 6


def model() -> nn.Module:
    torch.manual_seed(2)
    return nn.Linear(FEATURES, FEATURES)


def batches(seed: int = 3) -> Batches:
    x = torch.rand(N, FEATURES, generator=torch.Generator().manual_seed(seed))
    return Batches(x, 5, generator=torch.Generator().manual_seed(4))


class Killed(KeyboardInterrupt):
    """An end in the middle of a step."""


def objective(*, more: bool = False, kill_at: int | None = None):
    steps = iter(range(10**6))

    def call(model, x):
        if model.training and next(steps) == kill_at:
            raise Killed
        noise = torch.rand(())
        loss = (model(x) - x).square().sum(dim=1).mean() * (1 + noise)
        return {"loss": loss, "noise": noise} if more else {"loss": loss}

    return call


def expected() -> list[float]:
    """The training losses of the uninterrupted run."""
    torch.manual_seed(5)
    history = train(
        model(), objective(), batches(), epochs=LONGEST, schedule="constant"
    )
    return [row["loss"] for row in history.train]


def try_sequence(rng: random.Random, path: Path, losses: list[float]) -> list[str]:
    """Some calls at random; what became of each."""
    found, validation = [], batches(6)
    for _ in range(rng.randrange(3, 7)):
        before = path.read_bytes() if path.exists() else None
        torch.manual_seed(5)
        network = model()
        weights = network.weight.clone()
        call = objective(
            more=rng.random() < 0.1,
            kill_at=rng.randrange(12) if rng.random() < 0.3 else None,
        )
        options = {
            "epochs": rng.randrange(1, LONGEST + 1),
            "val_batches": rng.choice([None, validation, validation]),
            "resume": rng.random() < 0.95,
            "run_key": "other" if rng.random() < 0.05 else None,
        }
        options |= {"checkpoint": path, "schedule": "constant", "progress": False}
        try:
            history = train(network, call, batches(), **options)
        except Killed as killed:
            # None where the end came into the repetition of the first step.
            check(getattr(killed, "history", History()), losses)
            found.append("killed")
        except ValueError as error:
            name, refused = str(error).split()[0], torch.equal(weights, network.weight)
            assert name in ("checkpoint", "epochs"), error
            assert "got" in str(error) and refused
            assert path.read_bytes() == before
            found.append("refused")
        else:
            assert len(history) == options["epochs"]
            check(history, losses)
            stored = load_checkpoint(path)["history"]
            assert History.from_dict(stored) == history
            found.append("done")
    return found


def check(history: History, losses: list[float]) -> None:
    assert History.from_dict(history.to_dict()) == history
    assert [row["loss"] for row in history.train] == losses[: len(history)]
    assert len(history.val) in (0, len(history))
