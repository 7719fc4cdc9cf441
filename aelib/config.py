"""Settings from the environment: the only module that reads it.

AELIB_PROFILE      fast (default) | full: how much data and how many epochs
AELIB_DEVICE       cpu | cuda | mps (optionally with an index, such as cuda:1)
AELIB_DATA         folder for fetched data sets, an absolute path (~ is allowed)
AELIB_OFFLINE      1: never touch the network
AELIB_PROGRESS     0 | 1: progress bars; off by default under CI
AELIB_SEED_OFFSET  integer added to every seed, to run a chapter under other seeds
AELIB_SCALE        full (default) | smoke: how long experiments/ run; no chapter asks
"""

import os
import random
import warnings
from pathlib import Path
from typing import TypeVar

import torch

from aelib import _expect, _files

T = TypeVar("T")

_OLDEST_TORCH = (2, 11)  # of those that were tried

_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


def profile() -> str:
    """Profile in force, "fast" or "full", from AELIB_PROFILE.

    Raises:
        ValueError: AELIB_PROFILE holds anything else.
    """
    return _one_of("AELIB_PROFILE", "fast", "full")


def scale() -> str:
    """Scale of the experiments, "full" or "smoke", from AELIB_SCALE.

    Raises:
        ValueError: AELIB_SCALE holds anything else.
    """
    return _one_of("AELIB_SCALE", "full", "smoke")


def pick(*, fast: T, full: T) -> T:
    """The value for the profile in force; both stay visible where they are written."""
    return fast if profile() == "fast" else full


def seed_everything(seed: int) -> torch.Generator:
    """Seed the generators of Python, NumPy and torch; return a new one, on the CPU.

    AELIB_SEED_OFFSET is added to `seed`: a chapter runs under other seeds unchanged.

    Raises:
        TypeError: `seed` is not an int.
        ValueError: the sum is negative, or AELIB_SEED_OFFSET is not an integer.
    """
    seed = _expect.integer("seed", seed)
    text = os.environ.get("AELIB_SEED_OFFSET") or "0"
    try:
        total = seed + int(text)
    except ValueError:
        raise ValueError(
            f"AELIB_SEED_OFFSET must be an integer, got {text!r}"
        ) from None
    if not 0 <= total < 2**32:
        raise ValueError(f"seed + AELIB_SEED_OFFSET must be in [0, 2**32), got {total}")
    random.seed(total)
    _seed_numpy(total)
    torch.manual_seed(total)
    return torch.Generator().manual_seed(total)


def _seed_numpy(seed: int) -> None:
    import numpy  # here, so that reading the environment costs no import of NumPy

    # The global generator is what third-party code draws from.
    numpy.random.seed(seed)  # noqa: NPY002


def default_device() -> torch.device:
    """AELIB_DEVICE if set, else cuda, mps or cpu, the first that is available.

    Raises:
        ValueError: AELIB_DEVICE is none of cpu, cuda, mps (an index may follow a
            colon), or names a device that is not available here.
    """
    value = os.environ.get("AELIB_DEVICE")
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if not value:
        return torch.device(next(name for name, there in available.items() if there))
    kind = value.split(":")[0]
    try:
        device = torch.device(value) if kind in available else None
    except RuntimeError:  # what follows the colon is no index
        device = None
    if device is None:
        raise ValueError(f"AELIB_DEVICE must be cpu, cuda or mps, got {value!r}")
    if not available[kind]:
        raise ValueError(
            f"AELIB_DEVICE is {value!r}, but no {kind} device is available here"
        )
    n_devices = torch.cuda.device_count() if kind == "cuda" else 1
    if (device.index or 0) >= n_devices:
        raise ValueError(
            f"AELIB_DEVICE is {value!r}, but only {n_devices} of {kind} are here"
        )
    return device if kind == "cuda" else torch.device(kind)


def data_root() -> Path:
    """Folder for fetched data: AELIB_DATA, else $XDG_CACHE_HOME or ~/.cache, /aelib.

    Raises:
        ValueError: AELIB_DATA is relative, or stands below a home folder that does not
            exist.
    """
    value = os.environ.get("AELIB_DATA")
    if value:
        root = _files.expanded("AELIB_DATA", value)
        if not root.is_absolute():  # each notebook runs in a folder of its own
            raise ValueError(
                f"AELIB_DATA must be an absolute path, got {value!r}: "
                f"from here it is {root.absolute()}"
            )
        return root
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
        if not cache.is_absolute():  # to be ignored, says its specification
            cache = Path("~/.cache").expanduser()
    except RuntimeError:
        raise ValueError(
            "AELIB_DATA must be set where there is no home folder, got nothing"
        ) from None
    return cache / "aelib"


def offline() -> bool:
    """Whether the network must not be touched (AELIB_OFFLINE=1)."""
    return _flag("AELIB_OFFLINE", default=False)


def progress() -> bool:
    """Whether progress bars are shown: AELIB_PROGRESS, else yes unless CI is set."""
    return _flag("AELIB_PROGRESS", default=not os.environ.get("CI"))


def _one_of(name: str, default: str, other: str) -> str:
    value = os.environ.get(name) or default
    if value not in (default, other):
        raise ValueError(f"{name} must be {default!r} or {other!r}, got {value!r}")
    return value


def _flag(name: str, *, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() not in _YES + _NO:
        raise ValueError(f"{name} must be 0 or 1, got {value!r}")
    return value.lower() in _YES


def _name_old_torch(version: str) -> None:
    """A host's own torch is not replaced when aelib is installed, only named."""
    if tuple(map(int, version.split(".")[:2])) < _OLDEST_TORCH:
        wanted = ".".join(map(str, _OLDEST_TORCH))
        warnings.warn(
            f"aelib was tried with torch {wanted} and newer; this is {version}",
            stacklevel=2,
        )


_name_old_torch(torch.__version__)
