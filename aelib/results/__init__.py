"""Results of the full profile: numbers that a chapter shows with where they came from.

`load("01_linear_autoencoder")` gives a Table, which a notebook shows with its
provenance line; where the file is missing it gives one whose only row says so. `save`
is for scripts/run_full.py.
"""

import json
import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aelib.results.provenance import collect
from aelib.results.table import Table, Value, check_table

__all__ = ["Table", "Value", "load", "over_seeds", "save"]

_FOLDER = Path(__file__).parent
_KEYS = {"columns", "rows", "row_header", "provenance"}


def load(slug: str, *, folder: Path | None = None) -> Table:
    """The table of chapter `slug`, such as "01_linear_autoencoder".

    Args:
        slug: name of the notebook without its ending.
        folder: where the file lies; None: beside this module.

    Returns:
        A Table; with `is_missing` where the full profile has not been run.

    Raises:
        ValueError: `slug` is not of the form NN_name, or the file is malformed: the
            message names it.
    """
    path = _path(slug, folder)
    if not path.exists():
        return Table(slug, {}, {}, {})
    try:
        content = json.loads(
            path.read_text(encoding="utf-8"), parse_constant=_refuse_constant
        )
        if not isinstance(content, dict) or set(content) != _KEYS:
            raise ValueError(f"it must be an object with {sorted(_KEYS)}")
        table = Table(slug, **content)
        check_table(table)
    except (ValueError, TypeError, OSError) as error:
        raise ValueError(f"{path} must hold a results table, but {error}") from error
    return table


def over_seeds(values: Sequence[float | None]) -> Value:
    """What a table holds of one run, its number, or of several: mean, sd and n.

    The standard deviation is that of a sample (n - 1). None where a run has no such
    number.

    Raises:
        ValueError: there are no values.
    """
    if len(values) == 0:
        raise ValueError("values must hold the number of at least one run, got none")
    if None in values:
        return None
    if len(values) == 1:
        return float(values[0])
    sd = statistics.stdev(values)
    return {"mean": statistics.fmean(values), "sd": sd, "n": len(values)}


def save(
    slug: str,
    rows: Mapping[str, Mapping[str, Value]],
    columns: Mapping[str, str],
    *,
    seeds: list[int],
    row_header: str = "method",
    folder: Path | None = None,
    **provenance: str,
) -> Path:
    """Write the table of chapter `slug`, whole or not at all; returns the file's path.

    Args:
        slug: name of the notebook without its ending.
        rows: row name -> column name -> value, in the order to show: a number, None for
            "does not apply", or {"mean", "sd", "n"} over n runs.
        columns: column name -> unit, "" where there is none, in the order to show.
        seeds: seeds of the runs that the numbers come from.
        row_header: what the rows are.
        folder: where to write; None: beside this module.
        provenance: replaces what is found out here: commit, device, torch, date,
            profile. Further entries, such as seconds, are shown too.

    Raises:
        ValueError: `slug` is not of the form NN_name; a value, row or column does not
            fit, or is not finite.
        OSError: the file could not be written; the old one, if any, is whole.
    """
    path = _path(slug, folder)
    found: dict[str, Any] = {**collect(), "seeds": list(seeds), **provenance}
    plain_rows = {name: dict(row) for name, row in rows.items()}
    table = Table(slug, dict(columns), plain_rows, found, row_header)
    check_table(table)
    content = {key: getattr(table, key) for key in sorted(_KEYS)}
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    _write(path, text)
    return path


def _write(path: Path, text: str) -> None:
    """Whole or not at all: a temporary file beside it, then a move."""
    temporary = path.with_name(path.name + ".part")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _path(slug: str, folder: Path | None) -> Path:
    if not isinstance(slug, str) or not re.fullmatch(r"\d\d_[a-z0-9_]+", slug):
        raise ValueError(f"slug must look like '01_linear_autoencoder', got {slug!r}")
    return (folder or _FOLDER) / f"{slug}.json"


def _refuse_constant(name: str) -> float:
    raise ValueError(f"its values must be finite, got {name}")
