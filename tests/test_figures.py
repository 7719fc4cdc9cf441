"""Figures of a chapter that another page shows again: whose picture, and no number."""

import re
import sys
from pathlib import Path

import small_book
from bs4 import BeautifulSoup
from chapters import CHAPTERS, ROOT, cells, markdown
from lesson_text import numbers_in, paragraphs, prose

sys.path.insert(0, str(ROOT / "book" / "_ext"))

from book_site import figures

FRONT = """\
# Front

```{chapter-figure} chapter NAME
As the chapter shows it.
```

```{toctree}
:numbered:
chapter
```

```{toctree}
own
```
"""
PAGE = """\
# Page

```{figure} FILE.svg
:name: fig-FILE
A caption.
```
"""


def prepare(app) -> None:
    app.add_directive("chapter-figure", figures.ChapterFigure)
    app.add_node(figures.chapter_figure)
    app.connect("doctree-resolved", figures.resolve, priority=100)


def build(folder: Path, name: str) -> tuple[dict[str, BeautifulSoup], str]:
    """Pages of a small book, and what Sphinx warned of."""
    texts = {
        "conf.py": 'extensions = ["myst_parser"]\nnumfig = True\n',
        "index.md": FRONT.replace("NAME", name),
        "chapter.md": PAGE.replace("FILE", "one"),
        "own.md": PAGE.replace("FILE", "two"),
        "one.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "two.svg": "<svg xmlns='http://www.w3.org/2000/svg'><g/></svg>",
    }
    pages, complaints = small_book.build(folder, texts, prepare)
    parsed = {name: BeautifulSoup(page, "html.parser") for name, page in pages.items()}
    return parsed, complaints


def test_a_figure_shown_again_is_that_of_the_chapter_and_is_not_counted(tmp_path):
    pages, complaints = build(tmp_path, "fig-one")
    assert not complaints
    shown = pages["index"].select_one("figure.from-chapter")
    assert shown.img["src"] == "_images/one.svg"
    assert shown.get_text().strip() == "As the chapter shows it."
    numbers = {
        name: [number.get_text() for number in page.select(".caption-number")]
        for name, page in pages.items()
        if name in ("index", "chapter", "own")
    }
    assert numbers == {"index": [], "chapter": ["Fig. 1.1 "], "own": ["Fig. 1 "]}


def test_a_figure_that_is_not_there_is_named(tmp_path):
    pages, complaints = build(tmp_path, "fig-nine")
    assert "no figure fig-nine in chapter" in complaints
    assert not pages["index"].select("figure img")


def test_a_number_below_a_borrowed_figure_stands_in_its_chapter_word_for_word():
    """There a claim covers it; a chapter in the old form has none."""
    lessons = {path.stem: path for path in CHAPTERS}
    shown = re.findall(
        r"^```\{chapter-figure\} notebooks/(\w+) [\w-]+\n(.+?)^```",
        markdown(ROOT / "book" / "index.md"),
        flags=re.M | re.S,
    )
    assert len(shown) == 5
    n_numbers = 0
    for slug, caption in shown:
        (words,) = (paragraph.text for paragraph in paragraphs(caption))
        for sentence in re.split(r"(?<=[.!?]) ", words):
            if found := numbers_in(sentence):
                n_numbers += len(found)
                said = [
                    paragraph.text.lower() for paragraph in prose(cells(lessons[slug]))
                ]
                assert any(sentence.lower().rstrip(".") in text for text in said), (
                    sentence
                )
    assert n_numbers
