"""Tables of the chapters that are still in their old form; it goes with the last one.

These tables were measured by the chapters themselves and are not made any more: a
chapter that becomes a lesson gets evidence instead (`aelib.results`).
"""

import html
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

Value = float | int | dict[str, float] | None

NOT_RUN = "full profile: not run yet"
_REQUIRED = ("profile", "commit", "device", "torch", "date", "seeds")
_TINY = 1e-3  # from here on zeros would take more room than digits
_MINUS, _PLUS_MINUS, _DOT = "\u2212", "\u00b1", "\u00b7"


@dataclass(frozen=True)
class Table:
    """Rows of numbers and where they came from; `value` and `text` read one of them.

    Attributes:
        slug: the chapter.
        columns: name -> unit, "" where there is none.
        rows: row name -> column name -> number, {"mean", "sd", "n"}, or None.
        provenance: profile, commit, device, torch, date, seeds, and more.
        row_header: what the rows are.
    """

    slug: str
    columns: dict[str, str]
    rows: dict[str, dict[str, Value]]
    provenance: dict[str, Any]
    row_header: str = "method"

    @property
    def is_missing(self) -> bool:
        """Whether the full profile has not been run: there are no numbers."""
        return not self.rows

    def value(self, *, row: str, column: str) -> float:
        """The number at a place; of several runs their mean.

        Raises:
            ValueError: there is no such row, column or number, or no table yet.
        """
        entry = self._entry(row, column)
        return float(entry["mean"] if isinstance(entry, dict) else entry)

    def sd(self, *, row: str, column: str) -> float:
        """Standard deviation over the runs at a place.

        Raises:
            ValueError: as `value`, or the number comes from one run.
        """
        entry = self._entry(row, column)
        if not isinstance(entry, dict):
            raise ValueError(f"row {row!r}, column {column!r} must hold several runs")
        return float(entry["sd"])

    def text(self, *, row: str, column: str) -> str:
        """The number as the table shows it, for prose; or "not run yet"."""
        return "not run yet" if self.is_missing else show(self._entry(row, column))

    def part(self, start: str = "", columns: Sequence[str] = ()) -> "Table":
        """Some rows and columns of a table that is too wide to be read as one.

        Args:
            start: the rows whose names begin so; it is left out of their names.
            columns: names to keep, in this order; none named: all. Of these, rows and
                columns without any value are left out.

        Returns:
            A Table with the same provenance; a missing table is its own part.

        Raises:
            ValueError: there is no such column, or nothing would be left.
        """
        if self.is_missing:
            return self
        unknown = [name for name in columns if name not in self.columns]
        if unknown:
            known = list(self.columns)
            raise ValueError(f"columns must be among {known}, got {unknown}")
        wanted = columns or list(self.columns)
        rows = {
            name.removeprefix(start): {column: row.get(column) for column in wanted}
            for name, row in self.rows.items()
            if name.startswith(start)
            and any(row.get(column) is not None for column in wanted)
        }
        if not rows:
            raise ValueError(
                f"some row with a value must begin with start, got {start!r}; "
                f"the rows are {list(self.rows)}"
            )
        used = {
            column: self.columns[column]
            for column in wanted
            if any(row[column] is not None for row in rows.values())
        }
        kept = {name: {c: row[c] for c in used} for name, row in rows.items()}
        return replace(self, rows=kept, columns=used)

    def _entry(self, row: str, column: str) -> float | dict[str, float]:
        if self.is_missing:
            raise ValueError(f"{self.slug}: {NOT_RUN}")
        for name, key, there in (
            ("row", row, self.rows),
            ("column", column, self.columns),
        ):
            if key not in there:
                raise ValueError(f"{name} must be one of {list(there)}, got {key!r}")
        entry = self.rows[row].get(column)
        if entry is None:
            raise ValueError(f"row {row!r} must have a value in {column!r}, got none")
        return entry

    def provenance_line(self) -> str:
        if self.is_missing:
            return NOT_RUN
        known = self.provenance
        seeds = ", ".join(map(str, known["seeds"]))
        parts = [
            f"{known['profile']} profile",
            f"commit {known['commit']}",
            f"device: {known['device']}",
            f"torch {known['torch']}",
            str(known["date"]),
            f"seeds {seeds}",
            *(f"{key} {known[key]}" for key in known if key not in _REQUIRED),
        ]
        if any(isinstance(v, dict) for row in self.rows.values() for v in row.values()):
            parts.append(f"mean {_PLUS_MINUS} standard deviation")
        return f" {_DOT} ".join(parts)

    def _cells(self) -> list[list[str]]:
        """Header and body as text."""
        if self.is_missing:
            return [["results"], [NOT_RUN]]
        units = [
            f"{name} ({unit})" if unit else name for name, unit in self.columns.items()
        ]
        body = [
            [name, *(show(row.get(column)) for column in self.columns)]
            for name, row in self.rows.items()
        ]
        return [[self.row_header, *units], *body]

    def __repr__(self) -> str:
        cells = self._cells()
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
            for line in cells
        ]
        return "\n".join(lines if self.is_missing else [*lines, self.provenance_line()])

    def _repr_markdown_(self) -> str:
        head, *body = self._cells()
        rule = [":--", *["--:"] * (len(head) - 1)]
        lines = [
            "| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |"
            for line in (head, rule, *body)
        ]
        tail = [] if self.is_missing else ["", f"*{self.provenance_line()}*"]
        return "\n".join([*lines, *tail])

    def _repr_html_(self) -> str:
        head, *body = [[html.escape(cell) for cell in line] for line in self._cells()]
        tie = f"{_PLUS_MINUS}&nbsp;"  # a narrow cell breaks before the sign, not after
        body = [[c.replace(f"{_PLUS_MINUS} ", tie) for c in line] for line in body]
        columns = "".join(f'<th scope="col">{cell}</th>' for cell in head)
        rows = "".join(
            f'<tr><th scope="row">{line[0]}</th>'
            + "".join(f"<td>{cell}</td>" for cell in line[1:])
            + "</tr>"
            for line in body
        )
        line = html.escape(self.provenance_line())
        below = "" if self.is_missing else f'<p class="results-provenance">{line}</p>'
        return (  # a region of its own, since wide tables scroll on phones
            '<div class="results-table" tabindex="0" role="region" '
            'aria-label="results of the full profile"><table class="table"><thead>'
            f"<tr>{columns}</tr></thead><tbody>{rows}</tbody></table>{below}</div>"
        )


def show(value: Value) -> str:
    """A value as a reader wants it: digits that mean something, a true minus sign."""
    if value is None:
        return "-"
    if isinstance(value, dict):
        mean, sd = value["mean"], value["sd"]
        if sd == 0:
            return f"{_number(mean)} {_PLUS_MINUS} 0"
        if max(abs(mean), sd) < _TINY / 10:
            sign = _MINUS if mean < 0 else ""
            return f"{sign}{abs(mean):.1e} {_PLUS_MINUS} {sd:.1e}"
        # two digits of the deviation, and the mean to the same place
        places = max(0, 1 - math.floor(math.log10(sd)))
        text = f"{mean:,.{places}f} {_PLUS_MINUS} {sd:,.{places}f}"
        return text.replace("-", _MINUS)
    return _number(value)


def _number(value: float) -> str:
    """Four digits, fewer where they say all; thousands are grouped."""
    size = abs(value)
    if 0 < size < _TINY:
        return f"{value:.2e}"
    if isinstance(value, int) or size >= 1e4 or size == 0:
        places = 0
    else:
        places = 3 - math.floor(math.log10(size))
    text = f"{value:,.{places}f}"
    if "." in text and math.isclose(float(text.replace(",", "")), value, rel_tol=1e-12):
        text = text.rstrip("0").rstrip(".")  # a setting such as 0.1, not a measurement
    return text.replace("-", _MINUS)


def load(slug: str, *, folder: Path | None = None) -> Table:
    """The table of chapter `slug`; with `is_missing` where there is none.

    Raises:
        ValueError: the file is malformed; the message names it.
    """
    path = (folder or Path(__file__).parent) / f"{slug}.json"
    if not path.exists():
        return Table(slug, {}, {}, {})
    try:
        return Table(slug, **json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} must hold a results table, but {error}") from error
