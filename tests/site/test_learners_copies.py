"""The learner's copies beside the pages: whole, of the same code, numbered alike."""

import re

import nbformat
import pytest
from bs4 import BeautifulSoup
from chapters import NOTEBOOKS, UNNUMBERED, code_cells

from scripts.screens import SITE

pytestmark = pytest.mark.site


def is_chapter(path) -> bool:
    return path.stem not in UNNUMBERED


def read(path):
    return nbformat.read(SITE / "copies" / path.name, as_version=4)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_copy_has_the_code_of_its_chapter_and_its_outputs(path):
    copy = read(path)
    install, *cells = [c for c in copy.cells if c.cell_type == "code"]
    shown = [c.source for c in code_cells(path, without=("remove-cell",))]
    assert [c.source for c in cells] == shown
    assert (SITE / "copies" / re.search(r"[\w.-]+\.whl", install.source)[0]).exists()
    assert sum(bool(c.outputs) for c in cells) >= (6 if is_chapter(path) else 1)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_copy_is_plain_markdown_and_its_links_lead_somewhere(path):
    text = "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")
    assert not re.findall(r"\{[\w:-]+\}`|^`{3,}\{|^\([\w-]+\)=$|\]\(\.\./", text, re.M)
    for name in re.findall(r"\]\(([\w-]+\.ipynb)", text):
        assert (SITE / "copies" / name).exists(), name
    n_folded = text.count("<details>")
    assert n_folded == text.count("</details>") >= (4 if is_chapter(path) else 0)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_copy_numbers_as_its_page_does(path):
    page = SITE / "notebooks" / f"{path.stem}.html"
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    article = soup.find("article").get_text()
    text = "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")
    for found in re.findall(r"^### (Exercise \d+\.\d+)", text, re.M):
        assert found in article
    captions = re.findall(r"^\*Figure ([\d.]+): (.{8})", text, re.M)
    assert len(captions) >= (3 if is_chapter(path) else 1)
    assert all(("." in number) == is_chapter(path) for number, _ in captions)
    for number, words in captions:
        figure = rf"Fig\. {number}\s+{re.escape(words)}"
        assert "$" in words or re.search(figure, article), (number, words)
    assert all(f"({n})" in article for n in re.findall(r"\\tag\{([\d.]+)\}", text))
    button = soup.select_one("a.book-button[download]")
    assert button["href"].endswith(f"copies/{path.name}")
