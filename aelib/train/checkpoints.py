"""Checkpoints: files of tensors and plain values that prove their own integrity.

Layout: MAGIC, the SHA-256 of the rest as 64 hexadecimal digits, a line feed, and the
bytes of torch.save. The digest is compared before anything is unpacked, and unpacking
builds tensors and plain values only: a checkpoint is data, never code.
"""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from aelib import _files

MAGIC = b"aelib checkpoint 1\n"
_START = len(MAGIC) + 65  # digest and line feed


def save_checkpoint(path: str | Path, state: Mapping[str, Any]) -> None:
    """Write `state` to `path`, whole or not at all; missing folders are made.

    Args:
        path: where, `~` for the home folder; an older checkpoint there is replaced.
        state: tensors, state_dicts, numbers, strings, and lists, tuples, dicts of them.

    Raises:
        TypeError: `state` holds anything that `load_checkpoint` would refuse.
        OSError: the file cannot be written; what was at `path` is still there.
    """
    payload = pack(state)
    _files.write_bytes(path, b"".join([MAGIC, _digest(payload), b"\n", payload]))


def load_checkpoint(path: str | Path) -> dict[str, Any]:
    """Read what `save_checkpoint` wrote; tensors come on the CPU.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no checkpoint, is damaged, or holds pickled code.
    """
    data = Path(path).expanduser().read_bytes()
    if not data.startswith(MAGIC):
        raise ValueError(
            f"{path} must be a checkpoint written by save_checkpoint, got a file that "
            f"starts with {data[:12]!r}; nothing in it was read further"
        )
    payload = data[_START:]
    if data[len(MAGIC) : _START] != _digest(payload) + b"\n":
        raise ValueError(
            f"{path} is damaged: its {len(data)} bytes do not match their own SHA-256 "
            "digest; delete it to start anew"
        )
    try:
        return _unpack(payload)
    except Exception as error:  # whatever a crafted file makes the reader raise
        raise ValueError(
            f"{path} must hold tensors and plain values only, got pickled code or "
            "objects; nothing of it was run"
        ) from error


def _digest(payload: bytes) -> bytes:
    return hashlib.sha256(payload).hexdigest().encode()


def pack(state: Mapping[str, Any]) -> bytes:
    """The bytes of a state; raises TypeError where they could not be read back."""
    buffer = io.BytesIO()
    try:
        torch.save(dict(state), buffer)
        payload = buffer.getvalue()
        _unpack(payload)
    except Exception as error:
        raise TypeError(
            f"state must hold tensors and plain values only, got others: {error}"
        ) from error
    return payload


def _unpack(payload: bytes) -> dict[str, Any]:
    state = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    if not isinstance(state, dict):
        raise TypeError(f"state must be a dict, got {type(state).__name__}")
    return state
