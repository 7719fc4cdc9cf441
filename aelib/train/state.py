"""Everything that the rest of a run depends on, taken and put back."""

import random
from typing import Any

import numpy as np
import torch
from torch import nn


def get_generators(device: torch.device) -> dict[str, Any]:
    """States of the global generators: torch's, the device's, Python's and NumPy's."""
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002 (the global one is meant)
    states = {
        "torch": torch.get_rng_state(),
        "python": random.getstate(),
        "numpy": (str(kind), torch.from_numpy(keys.astype(np.int64)), *rest),
    }
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def set_generators(states: dict[str, Any], device: torch.device) -> None:
    """Put the generators back to where `get_generators` found them."""
    torch.set_rng_state(states["torch"])
    random.setstate(states["python"])
    kind, keys, *rest = states["numpy"]
    state = (kind, keys.numpy().astype(np.uint32), *rest)
    np.random.set_state(state)  # noqa: NPY002 (the global one is meant)
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
    elif device.type == "mps" and "mps" in states:
        torch.mps.set_rng_state(states["mps"])


def identity(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: str,
    grad_clip: float | None,
) -> dict[str, str]:
    """What a checkpoint must share with the run that resumes it, by name."""
    about = {"model": type(model).__name__}
    for name, tensor in model.state_dict().items():
        shape = tuple(tensor.shape)
        about[f"model tensor {name}"] = f"{tensor.dtype} of shape {shape}"
    about["optimizer"] = type(optimizer).__name__
    for index, group in enumerate(optimizer.param_groups):
        for name, value in group.items():
            # "lr" moves with the schedule, which keeps the start as "initial_lr".
            if name != "params" and not (name == "lr" and "initial_lr" in group):
                about[f"optimizer's {name} of group {index}"] = repr(value)
    about["schedule"] = schedule
    about["grad_clip"] = repr(grad_clip)
    return about


def check_identity(path: object, saved: dict[str, str], given: dict[str, str]) -> None:
    """Raises ValueError naming the first thing in which the two differ."""
    for name in {**given, **saved}:
        if saved.get(name) != given.get(name):
            raise ValueError(
                f"checkpoint {path} must be of this run to resume it, got one of "
                f"another {name}: {saved.get(name, 'none')} instead of "
                f"{given.get(name, 'none')}; pass resume=False or another path"
            )
