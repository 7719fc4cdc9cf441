"""Writing evidence: all its files or none, with digests to tell what belongs."""

import hashlib
import json
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import Tensor

from aelib import _files


def file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write(
    path: Path, content: Mapping[str, Any], files: Mapping[str, Mapping[str, Tensor]]
) -> Path:
    """Write evidence to `path` (JSON) and the tensors beside it, whole or not at all.

    Args:
        path: .../NN_slug.json; the other files go to .../NN_slug/.
        content: what the JSON holds; "files", their digests, is added.
        files: file name -> tensors by name; float tensors are stored as they are.

    Raises:
        OSError: a file cannot be written; what was there before still is.
    """
    home = path.with_suffix("")
    new, old = (home.with_name(f".{home.name}.{uuid.uuid4().hex}") for _ in range(2))
    digests = {}
    try:
        for name, tensors in files.items():
            plain = {key: t.detach().cpu().contiguous() for key, t in tensors.items()}
            _files.write_bytes(new / name, save(plain))
            digests[name] = file_digest(new / name)
        text = json.dumps(
            {**content, "files": digests}, indent=1, ensure_ascii=False, allow_nan=False
        )
        _swap(home, new, old)
        try:
            _files.write_text(path, text + "\n")
        except BaseException:
            _swap(home, old, new)
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return path


def _swap(home: Path, new: Path, old: Path) -> None:
    """Put `new` in the place of `home`, which becomes `old`; either may be missing."""
    if home.exists():
        home.rename(old)
    if new.exists():
        new.rename(home)
