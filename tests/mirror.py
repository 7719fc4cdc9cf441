"""What a reader meets in a lesson, counted; and the most that there may be of it.

Only what stands before the heading "Exercises" counts. A cell is *folded* with the tag
`hide-input` ("Show the code"), *hidden* with `remove-cell`, else *visible*.

    python tests/mirror.py [notebooks/02_autoencoder.ipynb ...]      all notebooks
"""

import ast
import re
import statistics
import sys
from pathlib import Path

from chapters import NOTEBOOKS, Cell, cells
from lesson_text import paragraphs

BUDGETS = {
    "first picture": 15,  # visible lines of code before it
    "between": 40,  # visible lines between two pictures
    "visible": 250,
    "folded": 100,
    "fold": 25,  # the longest folded cell
    "hidden": 0,
    "words": 2500,
    "numbers": 4,  # in one paragraph: three, or two pairs
    "median": 10,  # lines of a visible cell
    "trainings": 4,
}
# A page with its own budgets says why.
OWN_BUDGETS = {
    # its proofs stand on the page
    "07_kl_divergence": {"words": 2700},
    # its table of messages is folded code, and training is what it is about
    "your_own_images": {"folded": 185, "trainings": 8},
}
FOLDED = {"hide-input", "hide-cell"}
HIDDEN = {"remove-cell", "remove-input"}
NO_PICTURE = {"remove-cell", "remove-output"}
PICTURE = re.compile(r"\bplots\.(?!use_style\b)\w+\(|\bimshow\(|\.plot\(|plt\.subplots")
DRAWING = re.compile(r"!\[|<svg|<img|\{(?:figure|image)\}")
TRAINERS = {"train", "train_many"}


def lesson_part(path: Path) -> list[Cell]:
    """The cells before the heading "Exercises"."""
    found = cells(path)
    heads = (
        c.index
        for c in found
        if c.kind == "markdown" and re.search(r"^## Exercises$", c.source, re.M)
    )
    return found[: next(heads, len(found))]


def kind_of(cell: Cell) -> str:
    """How a reader meets a cell: "text", "visible", "folded" or "hidden"."""
    tags = set(cell.tags)
    if cell.kind == "markdown":
        return "text"
    if HIDDEN & tags:
        return "hidden"
    return "folded" if FOLDED & tags else "visible"


def is_picture(cell: Cell) -> bool:
    """Whether a cell shows one: a figure of its own, or a drawing in the text."""
    if cell.kind == "markdown":
        return bool(DRAWING.search(cell.source))
    shown = not NO_PICTURE & set(cell.tags)
    return shown and bool(cell.figure or PICTURE.search(cell.source))


def n_lines(cell: Cell) -> int:
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def has_backward(node: ast.AST) -> bool:
    return any(
        isinstance(inner, ast.Call)
        and isinstance(inner.func, ast.Attribute)
        and inner.func.attr == "backward"
        for inner in ast.walk(node)
    )


def called_names(node: ast.AST) -> list[str]:
    """Names of the functions called anywhere inside, methods left out."""
    return [
        inner.func.id
        for inner in ast.walk(node)
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name)
    ]


def trainers(found: list[Cell]) -> set[str]:
    """Functions that train: the library's, and the lesson's own, directly or not."""
    known = set(TRAINERS)
    own = [
        node
        for cell in found
        if cell.kind == "code"
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.FunctionDef)
    ]
    loops = [
        n for n in own if any(isinstance(x, ast.For | ast.While) for x in ast.walk(n))
    ]
    known |= {node.name for node in loops if has_backward(node)}
    while True:
        more = {node.name for node in own if known & set(called_names(node))}
        if more <= known:
            return known
        known |= more


def trainings_in(cell: Cell, known: set[str]) -> int:
    """Calls of a trainer, and training loops written out, outside of functions."""
    count = 0
    waiting: list[ast.AST] = [ast.parse(cell.source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        if isinstance(node, ast.For | ast.While) and has_backward(node):
            count += 1
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            count += node.func.id in known
        waiting += ast.iter_child_nodes(node)
    return count


def most_of(path: Path) -> dict[str, int]:
    """The budgets of one notebook."""
    return BUDGETS | OWN_BUDGETS.get(path.stem, {})


def look(path: Path) -> dict[str, float]:
    """The counts of one notebook, under the names of BUDGETS."""
    part = lesson_part(path)
    seen: dict[str, float] = dict.fromkeys(BUDGETS, 0)
    first, stretch, sizes = None, 0, []
    known = trainers(part)
    for cell in part:
        kind = kind_of(cell)
        if kind == "text":
            add_text(seen, cell.source)
        else:
            lines = n_lines(cell)
            seen[kind] += lines
            seen["trainings"] += trainings_in(cell, known)
        if kind == "visible":
            stretch += lines
            sizes.append(lines)
            seen["between"] = max(seen["between"], stretch)
        if kind == "folded":
            seen["fold"] = max(seen["fold"], lines)
        if is_picture(cell):
            first, stretch = (seen["visible"] if first is None else first), 0
    seen["first picture"] = seen["visible"] if first is None else first
    seen["median"] = statistics.median(sizes) if sizes else 0
    return seen


def add_text(seen: dict[str, float], source: str) -> None:
    found = paragraphs(source)
    seen["words"] += sum(paragraph.n_words for paragraph in found)
    seen["numbers"] = max([seen["numbers"], *(len(p.numbers) for p in found)])


def main() -> None:
    paths = [Path(name).resolve() for name in sys.argv[1:]] or NOTEBOOKS
    print(f"{'':28s}" + "".join(f"{name:>14s}" for name in BUDGETS))
    for path in paths:
        row, most = look(path).items(), most_of(path)
        print(
            f"{path.stem[:27]:28s}"
            + "".join(f"{v:>13g}{'*' if v > most[k] else ' '}" for k, v in row)
        )
    print(f"{'at most':28s}" + "".join(f"{v:>13g} " for v in BUDGETS.values()))


if __name__ == "__main__":
    main()
