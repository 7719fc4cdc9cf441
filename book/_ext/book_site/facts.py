"""What stands at the head of a chapter: how long it takes to read, and to run."""

import json
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from sphinx.application import Sphinx

WORDS_A_MINUTE = 150  # prose with formulas; code is not counted
NOT_PROSE = "pre, .math, .solution, .cell_output, figure, table, script, style, svg"


def run_seconds(app: Sphinx, pagename: str) -> float | None:
    """Seconds the chapter took: in this build, else in its last test, else None."""
    measured = getattr(app.env, "nb_metadata", {}).get(pagename, {}).get("exec_data")
    if measured and measured.get("runtime"):
        return float(measured["runtime"])
    times = Path(app.srcdir) / "_build" / "times" / f"{Path(pagename).name}.json"
    if times.exists():
        return float(json.loads(times.read_text())["wall_seconds"])
    return None


def count_words(article: Tag) -> int:
    """Words of prose, without code, formulas, outputs, tables and folded solutions."""
    copy = BeautifulSoup(str(article), "html.parser")
    for node in copy.select(NOT_PROSE):
        node.decompose()
    return len(copy.get_text(" ").split())


def sentence(words: int, seconds: float | None) -> str:
    minutes = max(1, round(words / WORDS_A_MINUTE))
    parts = [f"{minutes} minute{'s' if minutes > 1 else ''} to read ({words:,} words)"]
    if seconds is not None:
        parts.append(f"{seconds:.0f} seconds to run, when this page was built")
    return " · ".join(parts)
