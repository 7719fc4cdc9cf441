"""A book of two pages with this project's configuration, builder and test rules."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from chapters import ROOT

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from book_site import environment

FOLDERS = ("IPYTHONDIR", "MPLCONFIGDIR")
COPIED = (
    *("_config.yml", "book/_ext", "book/_static", "book/vendor"),
    *("conftest.py", "pyproject.toml", "scripts/build_book.py"),
)
# the kernel starts in notebooks/; the book's aelib is a folder that it must find first
FIND_AELIB = """
import sys; sys.modules.pop('aelib', None); sys.path.insert(0, '..')
'not shown';
"""
GOOD_CELL = "from aelib.settings import VALUE\nprint(f'value {VALUE}')"


def make(folder: Path) -> Path:
    """Write the book: one chapter that prints aelib.settings.VALUE."""
    for name in COPIED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        elif source.exists():
            shutil.copy(source, target)
    for name in ("notebooks", "aelib"):
        (folder / name).mkdir()
    (folder / "requirements.lock").write_text("")
    (folder / "aelib" / "__init__.py").write_text("")
    (folder / "aelib" / "settings.py").write_text("VALUE = 1\n")
    (folder / "book" / "index.md").write_text("(front)=\n# A Book\n\nText.\n")
    (folder / "book" / "references.bib").write_text("")
    (folder / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nchapters:\n- file: notebooks/one\n"
    )
    write_chapter(folder, GOOD_CELL)
    return folder


def code_cell(name: str, source: str, **metadata: object) -> dict:
    return {
        "cell_type": "code",
        "id": name,
        "metadata": metadata,
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def write_chapter(book: Path, source: str, **metadata: object) -> Path:
    """The chapter with `source` as its second code cell, of that metadata."""
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# One"},
        code_cell("b", FIND_AELIB),
        code_cell("c", source, **metadata),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {
        "cells": cells,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path = book / "notebooks" / "one.ipynb"
    path.write_text(json.dumps(notebook))
    return path


def run(book: Path, *command: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *command],
        cwd=book,
        capture_output=True,
        text=True,
        timeout=120,
        env={
            **os.environ,
            "AELIB_PROFILE": "fast",
            "PYTHONPATH": str(book),
            "PYTEST_ADDOPTS": "",
            **environment,
        },
    )


def plain_build(book: Path) -> subprocess.CompletedProcess:
    """The command that everybody knows, without anything that `make` sets."""
    unset = [f"--unset={name}" for name in (*environment.SETTINGS, *FOLDERS)]
    tool = str(Path(sys.executable).with_name("jupyter-book"))
    words = ["env", *unset, tool, "build", "."]
    return subprocess.run(words, cwd=book, capture_output=True, text=True, timeout=120)


def build(book: Path, *options: str, **environment: str) -> subprocess.CompletedProcess:
    script = str(ROOT / "scripts" / "build_book.py")
    return run(book, script, "--root", str(book), *options, **environment)


def nbval(book: Path, *options: str, **environment: str) -> subprocess.CompletedProcess:
    """Run the notebooks as tests, as `make notebooks` does."""
    words = "--nbval-lax --nbval-current-env -p no:cacheprovider -q notebooks"
    return run(book, "-m", "pytest", *words.split(), *options, **environment)


def page(book: Path) -> str:
    return (book / "_build/html/notebooks/one.html").read_text()
