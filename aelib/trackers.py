"""Where the numbers and pictures of a run go.

Every tracker has three methods: `scalars(step, values)`, `images(step, name, images)`
and `close()`. `FileTracker` writes plain files and needs no server.
"""

import io
import json
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from aelib import _expect, _files

SCALARS = "scalars.jsonl"
_NAME = re.compile(r"[\w-]+(/[\w-]+)*", re.ASCII)


class Tracker(Protocol):
    """What a notebook or a training run may ask of a tracker."""

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Note the values of one step."""

    def images(self, step: int, name: str, images: Tensor) -> None:
        """Note images (N, C, H, W) in [0, 1] under a name, such as "val/x_hat"."""

    def close(self) -> None:
        """Finish; a second call does nothing."""


class FileTracker:
    """Scalars as JSON lines in `scalars.jsonl`, images as PNG in `images/<name>/`.

    A line reaches the file whole or, where the process dies inside the write, as a torn
    last line, which the next tracker of that folder removes and `read_scalars` skips.

    Args:
        folder: made if missing. A tracker adds to what it finds there; a step that was
            noted before begins anew there, and what followed it no longer counts.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = _files.expanded("folder", folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        _heal(self.folder / SCALARS)
        self._file = (self.folder / SCALARS).open("ab", buffering=0)

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Append {"step": step, name: value, ...} as one line.

        Raises:
            TypeError: `step` or a value is not a number, or a name no text.
            ValueError: a value is named "step", or is not finite, which JSON cannot
                say, or the tracker is closed.
        """
        step = _expect.integer("step", step, least=0)
        _expect.instance("values", values, Mapping, "a dict of numbers")
        if "step" in values:
            raise ValueError("values must not hold a name 'step', got one")
        plain = {}
        for name, value in values.items():
            _expect.instance(f"the name {name!r} in values", name, str, "text")
            plain[name] = _expect.number(f"values[{name!r}]", value)
        line = json.dumps({"step": step, **plain}) + "\n"
        self._open_file().write(line.encode())  # one write: at worst the end is missing

    def images(self, step: int, name: str, images: Tensor) -> None:
        """Write one PNG of all images in rows; values outside [0, 1] are clipped.

        Raises:
            TypeError: `images` is not a floating tensor.
            ValueError: its shape, its values or the name cannot be meant.
        """
        step = _expect.integer("step", step, least=0)
        self._open_file()
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"name must be letters, digits, '_', '-' and '/' between, got {name!r}"
            )
        path = self.folder / "images" / name / f"{step:08d}.png"
        _files.write_bytes(path, _png(images))

    def close(self) -> None:
        self._file.close()

    @property
    def closed(self) -> bool:
        return self._file.closed

    def _open_file(self) -> Any:
        if self._file.closed:
            raise ValueError(
                f"the tracker of {self.folder} must be open, got a closed one"
            )
        return self._file


def read_scalars(folder: str | Path) -> list[dict[str, float]]:
    """The lines of a FileTracker by increasing step.

    A line of a step that is not above those before begins anew there: the earlier lines
    of that step and of later ones were left by a run that was resumed or given up, and
    no longer count. So the rows are those of one run.

    Raises:
        FileNotFoundError: the folder holds no scalars.
        ValueError: a line before the last is not one of a FileTracker.
    """
    path = _files.expanded("folder", folder) / SCALARS
    whole, _ = _split_torn(path.read_bytes())
    rows: list[dict[str, float]] = []
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            row = json.loads(line)
            step = _expect.integer("step", row["step"], least=0)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{path} must hold a JSON object with 'step' in line {number}, "
                f"got {line[:40]!r}"
            ) from error
        while rows and rows[-1]["step"] >= step:
            rows.pop()
        rows.append(row)
    return rows


def _split_torn(content: bytes) -> tuple[bytes, bytes]:
    """Whole lines, and what follows the last line feed."""
    end = content.rfind(b"\n") + 1
    return content[:end], content[end:]


def _heal(path: Path) -> None:
    """Cut off a last line that a killed process left without its end."""
    if path.exists():
        whole, torn = _split_torn(path.read_bytes())
        if torn:
            os.truncate(path, len(whole))


def _png(images: Tensor) -> bytes:
    """Images (N, C, H, W) as one PNG, about as many to a row as there are rows."""
    _expect.images("images", images)
    _expect.values("images", images)
    from matplotlib import image  # here, so that a run without pictures starts sooner

    n, c, h, w = images.shape
    n_columns = math.ceil(math.sqrt(n))
    n_rows = math.ceil(n / n_columns)
    canvas = images.new_ones(n_rows * n_columns, c, h, w)
    canvas[:n] = images.detach().clamp(0, 1)
    rows = canvas.reshape(n_rows, n_columns, c, h, w).permute(0, 3, 1, 4, 2)
    picture = rows.reshape(n_rows * h, n_columns * w, c).expand(-1, -1, 3)
    buffer = io.BytesIO()
    image.imsave(buffer, (picture * 255).round().byte().cpu().numpy(), format="png")
    return buffer.getvalue()
