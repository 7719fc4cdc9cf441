"""Checks of plain things: numbers, words, functions, sequences."""

import math
import numbers
from collections.abc import Mapping, Sequence, Sized


def integer(
    name: str, value: object, *, least: int | None = None, most: int | None = None
) -> int:
    """An int, or NumPy's, but no bool; the two bounds belong to what is allowed."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an int, got {type(value).__name__}")
    number = int(value)
    too_small = least is not None and number < least
    if too_small or (most is not None and number > most):
        limits = f"at least {least}" if most is None else f"in [{least}, {most}]"
        raise ValueError(f"{name} must be {limits}, got {number}")
    return number


def number(
    name: str,
    value: object,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    below: float | None = None,
    finite: bool = True,
) -> float:
    """A real number but no bool; `above` and `below` are not allowed themselves.

    A bound on the high side comes with one on the low side.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {type(value).__name__}")
    found = float(value)
    # Written so that NaN, which is neither, fails every bound.
    inside = (
        (not finite or math.isfinite(found))
        and (least is None or found >= least)
        and (above is None or found > above)
        and (most is None or found <= most)
        and (below is None or found < below)
    )
    if not inside:
        limits = _limits(least, above, most, below)
        raise ValueError(f"{name} must be a {limits}, got {found}")
    return found


def _limits(
    least: float | None, above: float | None, most: float | None, below: float | None
) -> str:
    if most is not None or below is not None:
        low = f"[{least:g}" if above is None else f"({above:g}"
        high = f"{most:g}]" if below is None else f"{below:g})"
        return f"number in {low}, {high}"
    if above is not None:
        return f"finite number above {above:g}"
    return "finite number" + ("" if least is None else f" of {least:g} or more")


def instance(name: str, value: object, kind: type, words: str) -> None:
    """`words` say what is wanted, with their article: "an nn.Module"."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {words}, got {type(value).__name__}")


def function(name: str, value: object) -> None:
    if not callable(value):
        raise TypeError(f"{name} must be a function, got {type(value).__name__}")


def flag(name: str, value: object) -> None:
    """True or False: of anything else the truth is a guess."""
    instance(name, value, bool, "True or False")


def text(name: str, value: object) -> None:
    instance(name, value, str, "text")


def mapping(name: str, value: object) -> None:
    """A Mapping that is not empty."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must map names to values, got {type(value).__name__}")
    if not value:
        raise ValueError(f"{name} must not be empty")


def sequence(name: str, value: object, expected: int | None = None) -> None:
    """A list, tuple or range, of `expected` items; text is none of letters here."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise TypeError(f"{name} must be a sequence, got {type(value).__name__}")
    if expected is not None:
        length(name, value, expected)


def length(name: str, values: Sized, expected: int) -> None:
    if len(values) != expected:
        raise ValueError(f"{name} must have length {expected}, got {len(values)}")


def sizes(name: str, value: object) -> list[int]:
    """A sequence of ints of 1 or more."""
    sequence(name, value)
    return [integer(f"{name}[{i}]", size, least=1) for i, size in enumerate(value)]
