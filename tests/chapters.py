"""What the chapter tests share: the notebooks, read but not run."""

import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGES = sorted((ROOT / "book").glob("*.md"))


class Cell(NamedTuple):
    index: int
    kind: str  # "code" or "markdown"
    source: str
    metadata: dict
    id: str

    @property
    def tags(self) -> list[str]:
        return self.metadata.get("tags", [])


@cache
def raw(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def cells(path: Path) -> list[Cell]:
    return [
        Cell(i, c["cell_type"], "".join(c["source"]), c["metadata"], c["id"])
        for i, c in enumerate(raw(path)["cells"])
    ]


def markdown(path: Path) -> str:
    """The text of a page, or of a chapter's Markdown cells."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    return "\n\n".join(c.source for c in cells(path) if c.kind == "markdown")


def prose(text: str) -> str:
    """Text without code, mathematics, roles, links' addresses and directive lines."""
    text = re.sub(r"```+\{math\}.*?```+", " ", text, flags=re.S)
    text = re.sub(r"^(```+)(?!\{)\w*\n.*?^\1`*\s*$", " ", text, flags=re.S | re.M)
    text = re.sub(r"\$\$.*?\$\$", " ", text, flags=re.S)
    text = re.sub(r"\$[^$]*\$", " ", text)
    text = re.sub(r"^:{1,4}.*$|^\s*[`~]{3,}.*$", " ", text, flags=re.M)
    text = re.sub(r"^\([\w-]+\)=$", " ", text, flags=re.M)
    text = re.sub(r"\{[\w:]+\}`[^`]*`", " ", text)
    text = re.sub(r"`[^`]*`", " ", text)
    return re.sub(r"\]\([^)]*\)|<[^>]*>", " ", text)
