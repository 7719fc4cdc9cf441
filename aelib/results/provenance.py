"""Where a number came from: commit, device, torch version, date, profile."""

import datetime
import subprocess
from pathlib import Path

import torch

from aelib import config


def collect() -> dict[str, str]:
    """What can be found out here and now; no checkout: the commit is "unknown"."""
    return {
        "profile": config.profile(),
        "commit": _commit(),
        "device": _device(),
        "torch": torch.__version__.split("+")[0],
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
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


def _device() -> str:
    device = config.default_device()
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
