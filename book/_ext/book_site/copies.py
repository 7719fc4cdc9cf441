"""Learner's copies: each page with code as a notebook that reads and runs anywhere.

From the executed notebook: outputs stay, every role and directive becomes plain
Markdown, cells that the page hides go, cells and solutions that it folds stay folded,
drawings travel inside, and a line that installs the library stands in front. The
copies and the library's wheel lie in `copies/` of the site; where that has a public
address, the line installs from there, since Colab and Kaggle open a notebook alone.
"""

import base64
import re
import tomllib
from pathlib import Path
from typing import NamedTuple

import nbformat
from jupyter_cache import get_cache
from sphinx.application import Sphinx

PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
WHEEL = f"aelib-{PROJECT['project']['version']}-py3-none-any.whl"
INSTALL = """# once, in an environment of your own or on a rented machine
%pip install --quiet "{}\""""
ROLE = re.compile(r"\{([\w:-]+)\}`([^`]+)`")
DRAWING = re.compile(r"!\[([^\]]*)\]\(\.\./book/_static/drawings/([\w.-]+)\)")
PAGE = re.compile(r"\[([^\]]*)\]\(\.\./book/([\w.-]+?)\.md(#[\w-]+)?\)")


class Book(NamedTuple):
    """What roles are resolved with."""

    numbers: dict[str, str]  # label -> "Figure 2.1", "(2.1)", "Figure 1"
    address: str  # of the published site, with a slash behind, or "": there is none


def options(text: str) -> tuple[dict[str, str], str]:
    """The `:name: value` lines at the head of a directive, and the rest."""
    found, lines = {}, text.splitlines()
    while lines and (match := re.match(r":([\w-]+): *(.*)", lines[0])):
        found[match[1]] = match[2]
        lines.pop(0)
    return found, "\n".join(lines).strip("\n")


def fences(*names: str) -> re.Pattern:
    """Directives of these names: fence, name, argument, and what is inside."""
    wanted = "|".join(map(re.escape, names))
    pattern = r"^(`{3,})\{(" + wanted + r")\}([^\n]*)\n(.*?)^\1[ ]*$"
    return re.compile(pattern, re.MULTILINE | re.DOTALL)


def number_all(notebooks: dict[str, nbformat.NotebookNode]) -> dict[str, str]:
    """Label -> the number that the pages print, for what they number."""
    found = {}
    for slug, notebook in notebooks.items():
        chapter = re.match(r"\d\d(?=_)", slug)
        before = f"{int(chapter[0])}." if chapter else ""  # "2." in 2.1
        counts = dict.fromkeys(("math", "exercise", "figure"), 0)

        def number(
            kind: str, label: str, form: str, before=before, counts=counts
        ) -> None:
            counts[kind] += 1
            found[label] = form.format(f"{before}{counts[kind]}")

        for cell in notebook.cells:
            if cell.cell_type == "code":
                figure = cell.metadata.get("mystnb", {}).get("figure", {})
                if figure.get("name"):
                    number("figure", figure["name"], "Figure {}")
                continue
            for match in fences("math", "exercise-start").finditer(cell.source):
                label = options(match[4])[0].get("label")
                if match[2] == "math" and label:
                    number("math", label, "({})")
                elif label:
                    number("exercise", label, "Exercise {}")
    return found


def _resolved(book: Book, match: re.Match) -> str:
    """What a role says; those that name other pages stand in no notebook."""
    role, text = match[1], match[2]
    shown, _, target = text.rpartition("<")
    shown, target = (shown.strip(), target.rstrip(">")) if shown else ("", text)
    if role == "term":
        return shown or text
    if role in ("eq", "ref") and target in book.numbers:
        return shown or book.numbers[target]
    raise ValueError(f"no copy knows what {match[0]} says")


def plain(text: str, book: Book) -> str:
    """A Markdown cell without roles and directives; solutions keep their marks."""
    text = re.sub(r"^\([\w-]+\)=\n", "", text, flags=re.MULTILINE)
    text = fences("math").sub(lambda m: _formula(book, m), text)
    text = fences("exercise-start").sub(lambda m: _exercise(book, m), text)
    text = fences("exercise-end").sub("", text)
    text = fences("dropdown", "prf:proof").sub(_folded, text)
    text = fences("note", "prf:theorem").sub(_quoted, text)
    text = ROLE.sub(lambda m: _resolved(book, m), text)
    link = r"[\1](" + book.address + r"book/\2.html\3)" if book.address else r"\1"
    return PAGE.sub(link, text)


def _formula(book: Book, match: re.Match) -> str:
    found, body = options(match[4])
    label = found.get("label")
    tag = f" \\tag{{{book.numbers[label][1:-1]}}}" if label else ""
    return f"$$\n{body}{tag}\n$$"


def _exercise(book: Book, match: re.Match) -> str:
    label = options(match[4])[0]["label"]
    title = re.sub(r"^E\d+ ", "", match[3].strip())  # the number is the page's
    return f"### {book.numbers[label]} {title}\n"


def _folded(match: re.Match) -> str:
    title = match[3].strip() or "Proof"
    body = options(match[4])[1]
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _quoted(match: re.Match) -> str:
    head = f"**{match[3].strip() or match[2].rpartition(':')[2].title()}.**"
    lines = [head, "", *options(match[4])[1].splitlines()]
    return "\n".join(f"> {line}".rstrip() for line in lines)


START, END = fences("solution-start"), fences("solution-end")


def copy_of(
    notebook: nbformat.NotebookNode, book: Book, drawings: Path
) -> nbformat.NotebookNode:
    """The learner's copy of an executed notebook."""
    install = INSTALL.format(requirement(book.address))
    cells = [nbformat.v4.new_code_cell(install, id="install")]
    inside = False
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cells += _code(cell, book, folded=inside)
            continue
        text, inside = _solutions(plain(cell.source, book), inside, book)
        if text.strip():
            new = nbformat.v4.new_markdown_cell(text.strip("\n"), id=cell.id)
            _attach(new, drawings)
            cells.append(new)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def requirement(address: str) -> str:
    """What a copy installs: the wheel at the site's address, or the one beside it."""
    return f"aelib[book] @ {address}copies/{WHEEL}" if address else f"./{WHEEL}[book]"


def _solutions(text: str, inside: bool, book: Book) -> tuple[str, bool]:
    """Fold what stands between the marks; whether a solution is open at the end."""
    summary = "Solution, continued"
    pieces, rest = [], text
    while True:
        match = (END if inside else START).search(rest)
        head, rest = (
            (rest[: match.start()], rest[match.end() :]) if match else (rest, "")
        )
        if inside and head.strip():
            head = (
                f"<details><summary>{summary}</summary>\n\n{head.strip()}\n\n</details>"
            )
        pieces.append(head.strip("\n"))
        if match is None:
            return "\n\n".join(p for p in pieces if p.strip()), inside
        if not inside:
            summary = f"Solution of {book.numbers[match[3].strip()]}"
        inside = not inside


def _code(cell: nbformat.NotebookNode, book: Book, *, folded: bool) -> list:
    tags = cell.metadata.get("tags", [])
    if "remove-cell" in tags:
        return []
    new = nbformat.v4.new_code_cell(cell.source, id=cell.id)
    new.outputs = [] if "remove-output" in tags else cell.get("outputs", [])
    if "raises-exception" in tags:
        new.metadata["tags"] = ["raises-exception"]
    if folded or "hide-input" in tags:
        new.metadata["jupyter"] = {"source_hidden": True}
        new.metadata["cellView"] = "form"  # Colab's word for it
    figure = cell.metadata.get("mystnb", {}).get("figure", {})
    if not figure.get("name"):
        return [new]
    words = f"*{book.numbers[figure['name']]}: {figure['caption']}*"
    return [new, nbformat.v4.new_markdown_cell(words, id=f"{cell.id}-caption")]


def _attach(cell: nbformat.NotebookNode, drawings: Path) -> None:
    def attached(match: re.Match) -> str:
        name = match[2]
        content = base64.b64encode((drawings / name).read_bytes()).decode()
        cell.setdefault("attachments", {})[name] = {"image/svg+xml": content}
        return f"![{match[1]}](attachment:{name})"

    cell.source = DRAWING.sub(attached, cell.source)


# --- with Sphinx ---


def write_all(app: Sphinx, exception: Exception | None) -> None:
    """Write the copies beside the pages, when these are done."""
    if exception is not None or app.builder.format != "html":
        return
    # those of the book alone: a reader's own notebook may lie beside them
    paths = map(app.env.doc2path, sorted(app.env.found_docs))
    paths = [Path(path) for path in paths if str(path).endswith(".ipynb")]
    if not paths:
        return
    where = (
        app.config.nb_execution_cache_path or Path(app.outdir).parent / ".jupyter_cache"
    )
    cache = get_cache(where)
    notebooks = {path.stem: cache.merge_match_into_file(str(path))[1] for path in paths}
    book = Book(number_all(notebooks), site_address(app.config.html_baseurl))
    target = Path(app.outdir) / "copies"
    target.mkdir(exist_ok=True)
    for name, notebook in notebooks.items():
        copy = copy_of(notebook, book, Path(app.srcdir) / "book/_static/drawings")
        nbformat.write(copy, target / f"{name}.ipynb")


def site_address(baseurl: str | None) -> str:
    """The address of the published site with one slash behind, or ""."""
    return f"{baseurl.rstrip('/')}/" if baseurl else ""
