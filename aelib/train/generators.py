"""The generators of random numbers that all code shares, taken and put back."""

import random
from typing import Any

import numpy as np
import torch


def get_generators(device: torch.device) -> dict[str, Any]:
    """States of the global generators: torch's, the device's, Python's and NumPy's."""
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002 (the global one is meant)
    version, words, normal = random.getstate()
    states = {
        "torch": torch.get_rng_state(),
        "python": (version, torch.tensor(words), normal),  # 625 words at once
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
    version, words, normal = states["python"]
    random.setstate((version, tuple(words.tolist()), normal))
    kind, keys, *rest = states["numpy"]
    state = (kind, keys.numpy().astype(np.uint32), *rest)
    np.random.set_state(state)  # noqa: NPY002 (the global one is meant)
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
    elif device.type == "mps" and "mps" in states:
        torch.mps.set_rng_state(states["mps"])
