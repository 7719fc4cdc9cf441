"""A failing cell, a warning or a stale page never ends in a green build."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from chapters import ROOT

pytestmark = pytest.mark.faults

GOOD_CELL = "from aelib.settings import VALUE\nprint(f'value {VALUE}')"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A book of two pages with this project's configuration and builder."""
    for name in ("_config.yml", "book/_ext", "book/_static", "book/vendor"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name)
        elif source.exists():
            shutil.copy(source, tmp_path / name)
    (tmp_path / "book").mkdir(exist_ok=True)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "aelib").mkdir()
    (tmp_path / "requirements.lock").write_text("")
    (tmp_path / "aelib" / "settings.py").write_text("VALUE = 1\n")
    (tmp_path / "book" / "index.md").write_text("(front)=\n# A Book\n\nText.\n")
    (tmp_path / "book" / "references.bib").write_text("")
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nchapters:\n- file: notebooks/one\n"
    )
    write_chapter(tmp_path, GOOD_CELL)
    return tmp_path


def write_chapter(book: Path, source: str) -> None:
    # the kernel starts in notebooks/; its aelib is a folder without __init__.py here
    path_cell = "import sys; sys.modules.pop('aelib', None); sys.path.insert(0, '..')"
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# One"},
        *(
            {
                "cell_type": "code",
                "id": name,
                "metadata": {},
                "source": text,
                "outputs": [],
                "execution_count": None,
            }
            for name, text in (("b", path_cell), ("c", source))
        ),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {
        "cells": cells,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (book / "notebooks" / "one.ipynb").write_text(json.dumps(notebook))


def build(book: Path) -> subprocess.CompletedProcess:
    script = ROOT / "scripts" / "build_book.py"
    return subprocess.run(
        [sys.executable, str(script), "--root", str(book)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "AELIB_PROFILE": "fast"},
    )


def page(book: Path) -> str:
    return (book / "_build/html/notebooks/one.html").read_text()


def test_good_book_builds_and_a_changed_library_is_seen(book):
    (book / "aelib" / "__init__.py").write_text("")
    first = build(book)
    assert first.returncode == 0, first.stderr
    assert "value 1" in page(book)
    (book / "aelib" / "settings.py").write_text("VALUE = 2\n")
    assert build(book).returncode == 0
    assert "value 2" in page(book)


@pytest.mark.parametrize(
    "cell",
    [
        "raise RuntimeError('broken')",
        "import warnings; warnings.warn('deprecated', stacklevel=1)",
    ],
    ids=["failing cell", "warning in a cell"],
)
def test_bad_cell_is_red_and_stays_red(book, cell):
    write_chapter(book, cell)
    for _ in range(2):  # the second run finds the caches of the first
        assert build(book).returncode != 0
    write_chapter(book, "print('healed')")
    healed = build(book)
    assert healed.returncode == 0, healed.stderr
    assert "healed" in page(book)


@pytest.mark.parametrize(
    "text",
    ["See {ref}`nowhere`.", "```{nosuchdirective}\n```", "{cite:t}`nobody1900`"],
    ids=["reference", "directive", "citation"],
)
def test_bad_page_is_red_and_stays_red(book, text):
    (book / "book" / "index.md").write_text(f"(front)=\n# A Book\n\n{text}\n")
    for _ in range(2):
        assert build(book).returncode != 0
