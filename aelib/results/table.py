"""A table as a page shows it: HTML, or Markdown where a notebook is read as text."""

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aelib.results.value import Value

MAX_ROWS, MAX_COLUMNS = 8, 5  # what a reader takes in at a glance
NOT_RUN = "not run yet"
_TINY = 1e-7
_DIGITS = 3
_MINUS, _PLUS_MINUS = "\u2212", "\u00b1"


@dataclass(frozen=True)
class Table:
    """Rows of Values (None: does not apply) under columns with units.

    Attributes:
        rows: label -> one Value or None a column.
        columns: name -> unit, "" where there is none.
        provenance: the line below: where the numbers come from.

    >>> Table({"PCA": [Value(0.0205)]}, {"error": "nats"})
    | | error (nats) |
    |---|---:|
    | PCA | 0.0205 |
    """

    rows: Mapping[str, Sequence[Value | None]]
    columns: Mapping[str, str]
    provenance: str = ""

    def _repr_html_(self) -> str:
        head = "".join(
            f'<th scope="col">{html.escape(title)}</th>' for title in self._titles()
        )
        places = self._places()
        body = "".join(
            f'<tr><th scope="row">{html.escape(label)}</th>'
            + "".join(
                f"<td>{_cell(*pair)}</td>" for pair in zip(values, places, strict=True)
            )
            + "</tr>"
            for label, values in self.rows.items()
        )
        below = (
            f'<p class="results-provenance">{html.escape(self.provenance)}</p>'
            if self.provenance
            else ""
        )
        return (  # a region of its own, since wide tables scroll on phones
            '<div class="results-table" tabindex="0" role="region" '
            'aria-label="results"><table class="table"><thead><tr><td></td>'
            f"{head}</tr></thead><tbody>{body}</tbody></table>{below}</div>"
        )

    def _repr_markdown_(self) -> str:
        lines = [
            "| | " + " | ".join(self._titles()) + " |",
            "|---|" + "---:|" * len(self.columns),
            *(
                f"| {label} | " + " | ".join(map(plain, values, self._places())) + " |"
                for label, values in self.rows.items()
            ),
        ]
        return "\n".join(lines) + (f"\n\n{self.provenance}" if self.provenance else "")

    def _places(self) -> list[int | None]:
        """Decimals of each column: three digits of its largest number.

        None, for three digits of each number, where these would vanish beside it.
        """
        found: list[int | None] = []
        for values in zip(*self.rows.values(), strict=True):
            means = [abs(v.mean) for v in values if v is not None and v.n]
            whole = all(mean == round(mean) for mean in means)
            places = 0 if whole else _three_digits(max(means))
            vanish = [0 < mean < 5 * 10**-places for mean in means if mean >= _TINY]
            found.append(None if sum(vanish) > len(means) / 2 else places)
        return found

    def _titles(self) -> list[str]:
        return [
            f"{name} ({unit})" if unit else name for name, unit in self.columns.items()
        ]

    def __repr__(self) -> str:
        return self._repr_markdown_()


def plain(value: Value | None, places: int | None = None) -> str:
    """A value to so many decimals (None: three digits), with its spread if any."""
    return " ".join(_texts(value, places))


def _cell(value: Value | None, places: int | None) -> str:
    mean, *spread = _texts(value, places)
    return mean + (f" <small>{spread[0]}</small>" if spread else "")


def _texts(value: Value | None, places: int | None) -> list[str]:
    """The mean and, over several seeds, the spread with its sign, to equal places."""
    if value is None:
        return ["\u2013"]
    if value.n == 0:
        return [NOT_RUN]
    if 0 < abs(value.mean) < _TINY:  # what rounding left of a zero
        return ["\u2248 0"]
    own = _places(value.mean)
    if value.mean == 0 or places is None or abs(value.mean) < 0.5 * 10**-places:
        places = own
    mean = f"{value.mean:,.{places}f}".replace("-", _MINUS)
    if value.n < 2:
        return [mean]
    least = 10**-places
    if 0 < value.sd < 0.5 * least:
        return [mean, f"{_PLUS_MINUS} less than {least:.{places}f}"]
    return [mean, f"{_PLUS_MINUS} {value.sd:,.{places}f}"]


def _places(number: float) -> int:
    """Decimals that leave three digits from the first that is not zero."""
    return 0 if number == round(number) else _three_digits(abs(number))


def _three_digits(size: float) -> int:
    return max(0, _DIGITS - 1 - math.floor(math.log10(size)))
