"""One row of trainings: how a network is made, trained, measured, and read again."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aelib import _expect
from aelib.lab import provenance
from aelib.lab.runs import Finished
from aelib.train import Objective, train


@dataclass(frozen=True)
class Training:
    """The arguments of Study.train that make a network, and the device."""

    build: Callable[[], nn.Module]
    objective: Objective
    batches: Callable[[int], Iterable]
    measure: Callable[[nn.Module], Mapping[str, float]]
    recipe: Mapping[str, Any]
    device: torch.device

    def __post_init__(self) -> None:
        for name in ("build", "objective", "batches", "measure"):
            _expect.function(name, getattr(self, name))

    def run(self, seed: int, unfinished: Path) -> Finished:
        """Train and measure; goes on from the checkpoint `unfinished`, if it exists."""
        model = self.build().to(self.device)
        device = provenance.device_of(model)
        options = dict(self.recipe)
        if "optimizer" in options:
            options["optimizer"] = options["optimizer"](model)
        batches = self.batches(seed)
        history = train(
            model, self.objective, batches, checkpoint=unfinished, **options
        )
        model.eval()
        with torch.no_grad():
            values = dict(self.measure(model))
        unfinished.unlink(missing_ok=True)
        about = {"device": provenance.device_name(device)}
        return Finished(values, about, history.to_dict(), model.state_dict())

    def restore(self, weights: Mapping[str, Tensor]) -> nn.Module:
        model = self.build().to(self.device)
        model.load_state_dict(weights)
        return model.eval()
