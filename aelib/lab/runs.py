"""Finished runs on disk: taken by one process, read by all."""

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from filelock import FileLock, Timeout
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from aelib import _files
from aelib.train.generators import get_generators, set_generators

_POLL_SECONDS = 0.2


class Finished(NamedTuple):
    """What one run left: its numbers, how and where it was made, perhaps a network."""

    values: dict[str, float]
    about: dict[str, Any]
    history: dict[str, Any] | None
    weights: dict[str, Tensor]


class Runs:
    """A folder of finished runs, shared by the processes of one script."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, row: str, seed: int, source: str) -> Path:
        """Where the run of a row and seed waits; `source` is the code that makes it."""
        key = hashlib.sha256(f"{row}\0{seed}\0{source}".encode()).hexdigest()[:12]
        return self.folder / f"{file_name(row)}.{seed}.{key}.safetensors"

    def offer(self, path: Path, work: Callable[[], Finished]) -> None:
        """Do the work unless it is done, or another process is at it."""
        if path.exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(path.with_suffix(".lock"), timeout=0):
                if not path.exists():
                    _write(path, work())
        except Timeout:
            return

    def wait_for(self, path: Path, work: Callable[[], Finished]) -> Finished:
        """The finished run, once there is one; done here if the other process died."""
        while not path.exists():
            self.offer(path, work)
            if not path.exists():
                time.sleep(_POLL_SECONDS)
        return _read(path)

    def alone(self, name: str) -> FileLock:
        """A lock that only one process of the script holds at a time."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self.folder / f"{name}.lock")


class Models(Sequence[nn.Module]):
    """The trained networks of a row, one a seed, each read when it is first used.

    Reading one, or training it where that is still to do, leaves the generators as
    they were: what a trial draws must not depend on who used the network before.
    """

    def __init__(
        self, readers: Sequence[Callable[[], nn.Module]], device: torch.device
    ) -> None:
        self._readers, self._device = readers, device
        self._models: dict[int, nn.Module] = {}

    def __len__(self) -> int:
        return len(self._readers)

    def __getitem__(self, index: int) -> nn.Module:
        index = range(len(self))[index]
        if index not in self._models:
            states = get_generators(self._device)
            try:
                self._models[index] = self._readers[index]()
            finally:
                set_generators(states, self._device)
        return self._models[index]

    def __iter__(self) -> Iterator[nn.Module]:
        return (self[index] for index in range(len(self)))


def file_name(row: str) -> str:
    """A row's name as part of a file name; letters and digits stay."""
    return re.sub(r"[^a-z0-9]+", "-", row.lower()).strip("-")


def _write(path: Path, run: Finished) -> None:
    texts = {"values": run.values, "about": run.about, "history": run.history}
    metadata = {name: json.dumps(value) for name, value in texts.items()}
    weights = {name: t.detach().cpu().contiguous() for name, t in run.weights.items()}
    _files.write_bytes(path, save(weights, metadata))


def _read(path: Path) -> Finished:
    with safe_open(path, framework="pt") as file:
        about = {name: json.loads(text) for name, text in file.metadata().items()}
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return Finished(about["values"], about["about"], about["history"], weights)
