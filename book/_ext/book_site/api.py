"""aelib's docstrings are plain text; a few of its characters mean something else in
reStructuredText, and are escaped here, so that any docstring gives a clean page.
"""

import re

_QUOTED = re.compile(r"(`[^`]*`)")
_FIELD = re.compile(r"^([a-z_]\w*): (?=\S)|^([A-Z][A-Z_]+)  +(?=\S)")


def make_safe(app, what: str, name: str, obj, options, lines: list[str]) -> None:
    lines[:] = [_escape(line) for line in lines]
    if what == "module":
        lines[:] = [_FIELD.sub(_as_field, line) for line in lines]


def _as_field(match: re.Match) -> str:
    """A table of names, as module docstrings write it, becomes a list of fields."""
    return f":{match[1] or match[2]}: "


def _escape(line: str) -> str:
    """Escape what would start emphasis, a substitution or a reference."""
    parts = _QUOTED.split(line)
    for i in range(0, len(parts), 2):
        parts[i] = re.sub(r"([*|])", r"\\\1", parts[i])
        parts[i] = re.sub(r"(?<=\w)_(?!\w)", r"\\_", parts[i])
    return "".join(parts)
