"""Checkpoints: files of tensors and plain values that prove their own integrity.

Layout: MAGIC, the SHA-256 of the rest as 64 hexadecimal digits, a line feed, and the
bytes of torch.save. The digest is compared before anything is unpacked, and unpacking
builds tensors and plain values only: a checkpoint is data, never code.
"""

import contextlib
import hashlib
import io
import numbers
import shutil
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aelib import _expect, _files

MAGIC = b"aelib checkpoint 1\n"
_START = len(MAGIC) + 65  # digest and line feed
_KINDS = (bool, int, float, complex, str, bytes, torch.Size, torch.dtype)
_KINDS += (torch.device, Tensor, nn.Parameter)  # what torch.load builds unasked


def save_checkpoint(path: str | Path, state: Mapping[str, Any]) -> None:
    """Write `state` to `path`, whole or not at all; missing folders are made.

    Args:
        path: where, `~` for the home folder; an older checkpoint there is replaced.
        state: tensors, state_dicts, numbers, text, None, and lists, tuples, dicts of
            them. A number of NumPy is stored as Python's.

    Raises:
        TypeError: `state` holds anything else; says under which key.
        OSError: the file cannot be written; what was at `path` is still there.
    """
    data = pack(state)
    with _explained(path, len(data)):
        _files.write_bytes(path, data)


def try_checkpoint(path: str | Path, state: Mapping[str, Any]) -> None:
    """All of `save_checkpoint` but the new file: raises what that would raise."""
    data = pack(state)
    with _explained(path, len(data)):
        _files.try_bytes(path, data)


def load_checkpoint(path: str | Path) -> dict[str, Any]:
    """Read what `save_checkpoint` wrote; tensors come on the CPU.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no checkpoint, is damaged, or holds pickled code.
    """
    data = _files.expanded("path", path).read_bytes()
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


def digest_of(path: Path) -> bytes | None:
    """The digest of the checkpoint there; None where there is no file."""
    try:
        with path.open("rb") as file:
            return file.read(_START)[len(MAGIC) :]
    except FileNotFoundError:
        return None


def _digest(payload: bytes) -> bytes:
    return hashlib.sha256(payload).hexdigest().encode()


def pack(state: Mapping[str, Any]) -> bytes:
    """The bytes of a checkpoint; raises TypeError where they could not be read back."""
    _expect.instance("state", state, Mapping, "a dict")
    buffer = io.BytesIO()
    torch.save(_plain("state", dict(state)), buffer)
    payload = buffer.getvalue()
    try:
        _unpack(payload)
    except Exception as error:  # whatever torch's reader makes of an unusual tensor
        raise TypeError(
            "state must hold tensors that can be read back, got others"
        ) from error
    return b"".join([MAGIC, _digest(payload), b"\n", payload])


def _plain(name: str, value: Any) -> Any:
    """The same of kinds that can be read back; `name` is its place in the state."""
    kind = type(value)
    if value is None or kind in _KINDS:
        return value
    if isinstance(value, Mapping):
        made = {
            _plain(f"a key of {name}", key): _plain(f"{name}[{key!r}]", item)
            for key, item in value.items()
        }
        if kind is not OrderedDict:
            return made
        ordered = OrderedDict(made)
        if hasattr(value, "_metadata"):  # the versions of a state_dict's modules
            ordered._metadata = value._metadata
        return ordered
    if kind in (list, tuple):
        return kind(_plain(f"{name}[{i}]", item) for i, item in enumerate(value))
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    cures = {"ndarray": ": torch.from_numpy(...)", "set": ": sorted(...)"}
    cure = ": str(...)" if isinstance(value, Path) else cures.get(kind.__name__, "")
    raise TypeError(
        f"{name} must be a tensor, a number, text, None or a list, tuple or dict of "
        f"them, got {kind.__name__}{cure}"
    )


@contextlib.contextmanager
def _explained(path: str | Path, n_bytes: int) -> Iterator[None]:
    """An error of the file system with the path, the bytes, and what to do."""
    try:
        yield
    except OSError as error:
        kind, number, reason = type(error), error.errno, error.strerror or error
        advice = "choose another file or folder"
        with contextlib.suppress(OSError):
            folder = _files.expanded("path", path).absolute().parent
            while not folder.exists():
                folder = folder.parent
            free = shutil.disk_usage(folder).free
            if free < 2 * n_bytes:
                advice = f"{free} are free there: {advice}"
        explained = kind(
            f"checkpoint {path} cannot be written: {reason}; "
            f"it takes {n_bytes} bytes; {advice}"
        )
        explained.errno = number
        raise explained from error


def _unpack(payload: bytes) -> dict[str, Any]:
    state = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    if not isinstance(state, dict):
        raise TypeError(f"state must be a dict, got {type(state).__name__}")
    return state
