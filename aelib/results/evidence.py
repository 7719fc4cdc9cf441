"""What a chapter's experiment script measured, read by its page and its claims."""

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from aelib import _expect
from aelib.results.table import MAX_COLUMNS, MAX_ROWS, NOT_RUN, Table
from aelib.results.value import Value

_MISSING = Value(float("nan"), n=0)


@dataclass(frozen=True)
class Evidence:
    """Values by row and column, tables, pictures, curves, histories, kept networks.

    `evidence[row, column]` is a Value. Where a chapter's evidence has not been made,
    `is_missing` is true and everything asked for says "not run yet": no page fails.

    >>> rows = {"a": {"MSE": {"0": 1.0, "1": 2.0}}, "b": {"MSE": {"0": 1.5, "1": 2.4}}}
    >>> evidence = Evidence("02_a", Path(), {"rows": rows, "columns": {"MSE": ""}})
    >>> evidence["a", "MSE"].mean
    1.5
    >>> evidence.less("a", "b", "MSE")  # by .5 and .4 on the two seeds
    True
    """

    slug: str
    folder: Path
    content: Mapping[str, Any] = field(default_factory=dict)
    is_stale: bool = False

    @property
    def is_missing(self) -> bool:
        return not self.content

    @property
    def rows(self) -> list[str]:
        return list(self.content.get("rows", ()))

    @property
    def columns(self) -> dict[str, str]:
        """Name -> unit, "" where there is none."""
        return dict(self.content.get("columns", {}))

    def __getitem__(self, place: tuple[str, str]) -> Value:
        """The Value of (row, column).

        Raises:
            KeyError: there is no such row or column, or nothing was measured there; the
                message lists the nearest names.
            TypeError: `place` is not two names.
        """
        if not isinstance(place, tuple) or len(place) != 2:
            raise TypeError(
                f"place must be a row and a column, got {type(place).__name__}"
            )
        if self.is_missing:
            return _MISSING
        row, column = place
        values = _named("row", row, self.content["rows"])
        _named("column", column, self.content["columns"])
        numbers = _named("column", column, values, f"column of row {row!r}")
        if isinstance(numbers, dict):
            return Value.over({int(seed): x for seed, x in numbers.items()})
        return Value(numbers)

    def difference(self, row_a: str, row_b: str, column: str) -> Value:
        """Row a minus row b, seed by seed over the common seeds."""
        return self[row_a, column] - self[row_b, column]

    def less(self, row_a: str, row_b: str, column: str) -> bool:
        """Whether a lies below b by more than twice the paired difference's own error.

        False means "not resolved here", not "no difference".

        Raises:
            KeyError: as `evidence[row, column]`.
            ValueError: the two have fewer than two seeds in common.
        """
        return self.difference(row_a, row_b, column).is_below_zero()

    def table(self, name: str) -> Table:
        """A selection of rows and columns that the script named, baselines first.

        Raises:
            KeyError: there is no such table.
            ValueError: it has more than 8 rows or 5 columns, too much for a page.
        """
        if self.is_missing:
            return Table({NOT_RUN: [_MISSING]}, {name: ""}, self.provenance)
        chosen = _named("name", name, self.content["tables"], "table")
        labels, columns = chosen["rows"], chosen["columns"]
        if len(labels) > MAX_ROWS or len(columns) > MAX_COLUMNS:
            raise ValueError(
                f"table {name!r} must have at most {MAX_ROWS} rows and {MAX_COLUMNS} "
                f"columns on a page, got {len(labels)} and {len(columns)}"
            )
        measured = self.content["rows"]
        rows = {
            label: [self[row, c] if c in measured[row] else None for c in columns]
            for row, label in labels.items()
        }
        units = {column: self.columns[column] for column in columns}
        return Table(rows, units, self.provenance)

    @property
    def provenance(self) -> str:
        """One line: seeds, device, versions, commit and date of the numbers."""
        if self.is_missing:
            return f"{self.slug}: {NOT_RUN}"
        about = self.content["provenance"]
        seeds = about["seeds"]
        spread = f"mean \u00b1 standard deviation over seeds {_spoken(seeds)}"
        parts = [
            f"seed {seeds[0]}" if len(seeds) == 1 else spread,
            f"trained on: {about['device']}",
            f"torch {about['torch']}",
            f"commit {', '.join(about['commits'])}",
            about["date"],
        ]
        stale = "made by an older version of the code" if self.is_stale else None
        return " \u00b7 ".join(part for part in (*parts, stale) if part)

    def restore(self, row: str, into: nn.Module) -> nn.Module:
        """Load the kept weights of a row into a model, on its device, in eval mode.

        Returns:
            `into`, with the weights of the first seed (kept as float16).

        Raises:
            KeyError: no network of that row was kept.
            TypeError, ValueError: `into` is no model, or one with other layers.
        """
        _expect.instance("into", into, nn.Module, "an nn.Module")
        if not self.is_missing:
            name = _named("row", row, self.content["kept"], "kept network")
            weights = _floats(load_file(self.folder / name))
            _check_layers(row, into, weights)
            into.load_state_dict(weights)
        return into.eval()

    def pictures(self, name: str) -> dict[str, Tensor]:
        """Kept strips, label -> images (N, C, H, W) in [0, 1]."""
        return {
            label: images.float() / 255 for label, images in self._kept("picture", name)
        }

    def curve(self, name: str) -> dict[str, Tensor]:
        """Kept curves, label -> float32 values."""
        return dict(self._kept("curve", name))

    def history(self, row: str) -> dict[str, list[float]]:
        """How the first seed of a kept row trained: term -> its mean in each epoch."""
        if self.is_missing:
            return {NOT_RUN: [0.0]}
        epochs = _named("row", row, self.content["histories"], "history")["train"]
        return {term: [epoch[term] for epoch in epochs] for term in epochs[0]}

    def _kept(self, kind: str, name: str) -> Iterable[tuple[str, Tensor]]:
        if self.is_missing:
            return [(NOT_RUN, torch.zeros(1, 1, 28, 28))]
        labels = _named("name", name, self.content[f"{kind}s"], kind)
        tensors = load_file(self.folder / "pictures.safetensors")
        return [(label, tensors[f"{kind}/{name}/{label}"]) for label in labels]


def read(path: Path) -> dict[str, Any]:
    """The content of a results file.

    Raises:
        ValueError: it is no such file, or a file that it names is missing or another.
    """
    from aelib.results.files import file_digest

    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
        for name, wanted in content["files"].items():
            if file_digest(path.with_suffix("") / name) != wanted:
                raise ValueError(f"{name} is not the file that was saved with it")
        missing = {"columns", "rows", "tables", "provenance", "made_by"} - set(content)
        if missing:
            raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise ValueError(
            f"{path} must hold a chapter's evidence, but {error}"
        ) from error
    return content


def _check_layers(row: str, model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """torch's own message is a page."""
    there = {name: tuple(t.shape) for name, t in model.state_dict().items()}
    kept = {name: tuple(t.shape) for name, t in weights.items()}
    odd = [n for n in (*kept, *there) if kept.get(n) != there.get(n)]
    if odd:
        wanted, got = (shapes.get(odd[0], "nothing") for shapes in (kept, there))
        raise ValueError(
            f"into must have the layers that were kept of {row!r}: {odd[0]} is "
            f"{wanted} there, got {got}"
        )


def _named(argument: str, name: str, there: Mapping[str, Any], kind: str = "") -> Any:
    _expect.text(argument, name)
    if name not in there:
        near = difflib.get_close_matches(str(name), there, n=3, cutoff=0.3)
        raise KeyError(
            f"{kind or argument} must be one of {len(there)} names, got {name!r}; "
            f"the nearest are {near or list(there)[:3]}"
        )
    return there[name]


def _spoken(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds))


def _floats(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in tensors.items()
    }


def _refuse(name: str) -> float:
    raise ValueError(f"its numbers must be finite, got {name}")
