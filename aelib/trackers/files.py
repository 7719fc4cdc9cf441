"""Lines of JSON and pictures in a folder: no server, nothing to install."""

import json
import os
from pathlib import Path
from typing import Any

from torch import Tensor

from aelib import _expect, _files
from aelib.trackers import notes

SCALARS = "scalars.jsonl"


class FileTracker:
    """Scalars as JSON lines in `scalars.jsonl`, pictures as PNG in `images/<name>/`.

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
        step, plain = notes.scalars(step, values)
        line = json.dumps({"step": step, **plain}) + "\n"
        self._open_file().write(line.encode())  # one write: at worst the end is missing

    def images(self, step: int, name: str, images: Tensor) -> None:
        """Write one PNG of all images in rows; values outside [0, 1] are clipped.

        Raises:
            TypeError: `images` is not a floating tensor.
            ValueError: its shape, its values or the name cannot be meant.
        """
        step = notes.place(step, name)
        self._write(step, name, notes.png(notes.montage(images)))

    def scatter(
        self, step: int, name: str, points: Tensor, labels: Tensor | None = None
    ) -> None:
        """Draw points (N, 2) or (N, 3) into a PNG, in the colours of their labels.

        Raises:
            TypeError: `points` or `labels` is no tensor of numbers.
            ValueError: a shape, a value or the name cannot be meant.
        """
        step = notes.place(step, name)
        self._write(step, name, notes.drawn_scatter(points, labels))

    def _write(self, step: int, name: str, png: bytes) -> None:
        self._open_file()
        _files.write_bytes(self.folder / "images" / name / f"{step:08d}.png", png)

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
