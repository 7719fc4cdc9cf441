"""Where a run was made: asked before its first step, never looked up afterwards."""

import datetime
import subprocess
from pathlib import Path
from typing import Any

import torch
from torch import nn


def origin() -> dict[str, str]:
    """Commit, torch and date of now: asked once, when a script begins."""
    return {
        "commit": _commit(),
        "torch": torch.__version__.split("+")[0],
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def device_of(model: nn.Module) -> torch.device:
    """Where a model's parameters are; the CPU for one without any."""
    return next((p.device for p in model.parameters()), torch.device("cpu"))


def device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def joined(runs: list[dict[str, Any]], seeds: list[int]) -> dict[str, Any]:
    """The provenance of evidence from that of its runs; the last is that of saving.

    Raises:
        ValueError: the runs were made on different devices or by different torches.
    """
    found = {key: sorted({run[key] for run in runs}) for key in runs[0]}
    for key in ("device", "torch"):
        if len(found[key]) > 1:
            raise ValueError(
                f"all runs must share one {key}, got {' and '.join(found[key])}: "
                "remove _build/evidence and run the script again"
            )
    last = runs[-1]["commit"]
    return {
        "commits": [*(c for c in found["commit"] if c != last), last],
        "device": found["device"][0],
        "torch": found["torch"][0],
        "date": found["date"][-1],
        "seeds": seeds,
    }


def _commit() -> str:
    """Short commit, with "+" where tracked files differ from it."""
    try:
        commit = _git("rev-parse", "--short=10", "HEAD")
        return commit + ("+" if _git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return done.stdout.strip()
