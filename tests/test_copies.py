"""Learner's copies: plain Markdown, the same code, folded solutions, their branch."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from chapters import ROOT

from scripts import run_copy

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from book_site import copies, launch

TEXT = """(ch-small)=
# Small

A {term}`code` and {term}`dead units <dead unit>` lead to {eq}`eq-one`,
{ref}`ex-one`, {ref}`the task <ex-one>` and [chapter 1](01_linear_autoencoder.ipynb);
see [How to use](../book/how_to_use.md) and
[Two, 2021](../book/bibliography.md#ref-two2021).

![a drawing of the machine](../book/_static/drawings/09_x.svg)

```{math}
:label: eq-one
a = b .
```

```{dropdown} For specialists
Hidden words.
```
"""
EXERCISE = """```{exercise-start} E1 (10 minutes, ●○○, code): the task
:label: ex-one
```
Do it.
```{exercise-end}
```

````{solution-start} ex-one
:class: dropdown
````
The reason."""
AFTER = """More reasons.

````{solution-end}
````

## Further reading"""


def code(source: str, **metadata) -> nbformat.NotebookNode:
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def words(source: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(source)


@pytest.fixture
def notebook():
    figure = {"figure": {"name": "fig-one", "caption": "a caption"}}
    hidden = code("secret = 1", tags=["remove-cell"])
    shown = code("draw()", tags=["hide-input"], mystnb=figure)
    shown.outputs = [nbformat.v4.new_output("stream", name="stdout", text="seen")]
    stub = code("raise NotImplementedError", tags=["raises-exception", "remove-output"])
    solution = code("answer = 42")
    cells = [words(TEXT), hidden, shown, words(EXERCISE), stub, solution, words(AFTER)]
    return nbformat.v4.new_notebook(cells=cells)


@pytest.fixture
def book(notebook):
    return copies.Book(copies.number_all({"02_small": notebook}), "")


@pytest.fixture
def copy(notebook, book, tmp_path):
    (tmp_path / "09_x.svg").write_text("<svg/>")
    made = copies.copy_of(notebook, book, tmp_path)
    nbformat.validate(made)
    return made


def texts(made) -> str:
    return "\n".join(c.source for c in made.cells if c.cell_type == "markdown")


def test_every_role_and_directive_becomes_plain_markdown(copy):
    text = texts(copy)
    assert not re.search(r"\{[\w:-]+\}`|^`{3,}\{|^\([\w-]+\)=$", text, re.M)
    for wanted in (
        "A code and dead units lead to (2.1),\nExercise 2.1, the task and",
        "[chapter 1](01_linear_autoencoder.ipynb);\nsee How to use and\nTwo, 2021.",
        "$$\na = b . \\tag{2.1}\n$$",
        "<details><summary>For specialists</summary>\n\nHidden words.\n\n</details>",
        "### Exercise 2.1 (10 minutes, ●○○, code): the task",
    ):
        assert wanted in text, text


def test_links_lead_to_the_published_site_where_there_is_one(notebook, book):
    book = book._replace(address="https://example.org/")
    text = copies.plain(TEXT, book)
    assert "see [How to use](https://example.org/book/how_to_use.html)" in text
    assert "(https://example.org/book/bibliography.html#ref-two2021)" in text


@pytest.mark.parametrize("baseurl", ["https://a.b/c", "https://a.b/c/"])
def test_a_published_copy_needs_no_file_beside_it(notebook, book, tmp_path, baseurl):
    (tmp_path / "09_x.svg").write_text("<svg/>")
    book = book._replace(address=copies.site_address(baseurl))
    made = copies.copy_of(notebook, book, tmp_path)
    wanted = f"aelib[book] @ https://a.b/c/copies/{copies.WHEEL}"
    assert made.cells[0].source.endswith(f'\n%pip install --quiet "{wanted}"')
    assert run_copy.INSTALL.search(made.cells[0].source)[1] == wanted


def test_without_an_address_there_is_none():
    assert copies.site_address("") == copies.site_address(None) == ""


def test_a_copy_is_tried_with_the_wheel_beside_it():
    beside = f"./{copies.WHEEL}[book]"
    for address in ("", "https://a.b/c/"):
        assert run_copy.beside(copies.requirement(address)) == beside


def test_cells_are_kept_folded_or_left_out_as_on_the_page(copy):
    install, *cells = [cell for cell in copy.cells if cell.cell_type == "code"]
    assert install.source.endswith(f'\n%pip install --quiet "./{copies.WHEEL}[book]"')
    assert [c.source for c in cells] == [
        "draw()",
        "raise NotImplementedError",
        "answer = 42",
    ]
    folded = [c.metadata.get("jupyter", {}).get("source_hidden", False) for c in cells]
    assert folded == [True, True, True]
    assert cells[1].metadata["tags"] == ["raises-exception"]
    assert [out.text for out in cells[0].outputs] == ["seen"]


def test_solutions_are_folded_across_cells(copy):
    text = texts(copy)
    assert "<details><summary>Solution of Exercise 2.1</summary>\n\nThe reason." in text
    assert "<details><summary>Solution, continued</summary>\n\nMore reasons." in text
    assert text.count("<details>") == text.count("</details>") == 3
    assert text.endswith("## Further reading")


def test_figures_have_their_captions_and_drawings_travel_inside(copy):
    assert "*Figure 2.1: a caption*" in texts(copy)
    first = copy.cells[1]
    assert "![a drawing of the machine](attachment:09_x.svg)" in first.source
    assert list(first.attachments["09_x.svg"]) == ["image/svg+xml"]


def test_where_there_is_no_number_figures_are_counted_plainly(notebook):
    second = code("draw()", mystnb={"figure": {"name": "fig-two", "caption": "two"}})
    notebook.cells.append(second)
    numbers = copies.number_all({"your_own": notebook})
    assert (numbers["fig-one"], numbers["fig-two"]) == ("Figure 1", "Figure 2")
    assert (numbers["eq-one"], numbers["ex-one"]) == ("(1)", "Exercise 1")


def test_a_role_that_no_copy_knows_is_an_error(book):
    with pytest.raises(ValueError, match="no copy knows what"):
        copies.plain("see {abbr}`this`", book)
    with pytest.raises(ValueError, match=r"no copy knows what .*ex-nobody"):
        copies.plain("{ref}`ex-nobody`", book)


# --- their branch ---


def git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_branch_is_one_commit_of_the_copies_and_what_binder_needs(tmp_path):
    remote, folder = tmp_path / "remote", tmp_path / "made"
    folder.mkdir()
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    for text in ("first", "second"):
        (folder / "01_x.ipynb").write_text(text)
        (folder / copies.WHEEL).touch()
        script = ROOT / "scripts" / "push_copies.sh"
        subprocess.run(["sh", script, folder, remote], check=True)
    assert git(remote, "branch", "--format=%(refname:short)").split() == [launch.BRANCH]
    assert git(remote, "rev-list", "--count", launch.BRANCH).strip() == "1"
    assert git(remote, "show", f"{launch.BRANCH}:01_x.ipynb") == "second"
    listed = git(remote, "ls-tree", "-r", launch.BRANCH).splitlines()
    modes = {line.split("\t")[1]: line.split()[0] for line in listed}
    binder = {".binder/environment.yml": "100644", ".binder/postBuild": "100755"}
    assert modes == {"01_x.ipynb": "100644", copies.WHEEL: "100644"} | binder


def test_the_branch_is_pushed_when_the_site_is_published():
    path = ROOT / ".github" / "workflows" / "pages.yml"
    workflow = yaml.safe_load(path.read_text())
    build, push = workflow["jobs"]["build"], workflow["jobs"]["copies"]
    assert push["needs"] == "publish"
    kept = [s["with"] for s in build["steps"] if s.get("with", {}).get("name")]
    assert kept == [{"name": "copies", "path": "_build/html/copies"}]
    download, run = push["steps"][-2:]
    assert download["with"] == {"name": "copies", "path": "copies"}
    assert run["run"].startswith("sh scripts/push_copies.sh copies ")
    assert workflow["permissions"] == {"contents": "read"}
    assert push["permissions"] == {"contents": "write"}
    rights = [job.get("permissions", {}) for job in workflow["jobs"].values()]
    assert [found.get("contents") for found in rights].count("write") == 1
