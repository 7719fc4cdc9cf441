"""What the chapter tests share: the notebooks, read but not run."""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))  # the pages with code
PAGES = sorted((ROOT / "book").glob("*.md"))

# Chapters not yet rewritten as lessons. A slug may leave this list and never join it
# (tests/test_old_chapters.py); the last one to leave takes that file with it.
OLD = [
    "07_kl_divergence",
    "08_evidence_lower_bound",
]
# Notebooks that are no chapters: no number, no exercises, no evidence of their own.
UNNUMBERED = ["your_own_images"]
CHAPTERS = [path for path in NOTEBOOKS if path.stem not in UNNUMBERED]
LESSONS = [path for path in CHAPTERS if path.stem not in OLD]
# In the new form, with or without a number: claims, and a run on a GPU.
IN_NEW_FORM = [path for path in NOTEBOOKS if path.stem not in OLD]


class Cell(NamedTuple):
    index: int
    kind: str  # "code" or "markdown"
    source: str
    metadata: dict
    id: str

    @property
    def tags(self) -> list[str]:
        return self.metadata.get("tags", [])

    @property
    def figure(self) -> dict:
        """Caption and name, where the cell draws a numbered figure."""
        return self.metadata.get("mystnb", {}).get("figure", {})

    @property
    def alt(self) -> str:
        return self.metadata.get("mystnb", {}).get("image", {}).get("alt", "")


@cache
def raw(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def cells(path: Path) -> list[Cell]:
    return [
        Cell(i, c["cell_type"], "".join(c["source"]), c["metadata"], c["id"])
        for i, c in enumerate(raw(path)["cells"])
    ]


def code_cells(path: Path, *, without: tuple[str, ...] = ()) -> list[Cell]:
    """The code cells with none of these tags."""
    return [
        c for c in cells(path) if c.kind == "code" and not set(without) & set(c.tags)
    ]


def markdown(path: Path) -> str:
    """The text of a page, or of a chapter's Markdown cells."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    return "\n\n".join(c.source for c in cells(path) if c.kind == "markdown")
