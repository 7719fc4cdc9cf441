"""A failing cell, a warning or a stale page never ends in a green build."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import books
import nbformat
import pytest
from bs4 import BeautifulSoup
from chapters import ROOT
from jupyter_cache.base import CacheBundleIn

from scripts import build_book

pytestmark = pytest.mark.faults

NOTHING_NEW, ONE_NEW = "chapters: 1, executed now: 0,", "chapters: 1, executed now: 1,"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return books.make(tmp_path)


def built(book: Path, *options: str, **environment: str) -> str:
    """Build, which must succeed; what it printed."""
    done = books.build(book, *options, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def change_library(book: Path) -> None:
    (book / "aelib" / "settings.py").write_text("VALUE = 2\n")


def test_good_book_builds_and_a_changed_library_is_seen(book):
    assert ONE_NEW in built(book)
    assert "value 1" in books.page(book)
    change_library(book)
    assert ONE_NEW in built(book)
    assert "value 2" in books.page(book)
    assert NOTHING_NEW in built(book)


def test_every_notebook_of_the_book_has_its_copy_and_no_other(book):
    shutil.copy(book / "notebooks" / "one.ipynb", book / "notebooks" / "mine.ipynb")
    built(book)
    folder = book / "_build" / "html" / "copies"
    assert [path.name for path in folder.glob("*.ipynb")] == ["one.ipynb"]
    copy = nbformat.read(folder / "one.ipynb", nbformat.NO_CONVERT)
    assert "%pip install" in copy.cells[0].source
    assert "value 1" in str(copy.cells[-1].outputs)


@pytest.mark.parametrize(
    "cell",
    [
        "raise RuntimeError('broken')",
        "import warnings; warnings.warn('deprecated', stacklevel=1)",
    ],
    ids=["failing cell", "warning in a cell"],
)
def test_bad_cell_is_red_and_stays_red(book, cell):
    books.write_chapter(book, cell)
    for _ in range(2):  # the second run finds the caches of the first
        assert books.build(book).returncode != 0
    books.write_chapter(book, "print('healed')")
    built(book)
    assert "healed" in books.page(book)


@pytest.mark.parametrize(
    "text",
    ["See {ref}`nowhere`.", "```{nosuchdirective}\n```", "{cite:t}`nobody1900`"],
    ids=["reference", "directive", "citation"],
)
def test_bad_page_is_red(book, text):
    write_front(book, text)
    assert books.build(book).returncode != 0


def test_bad_page_stays_red(book):
    write_front(book, "See {ref}`nowhere`, {cite:t}`nobody1900`.")
    for _ in range(2):  # the second build finds the pages that the first has read
        done = books.build(book)
        assert done.returncode != 0
    assert "nowhere" in done.stderr and "nobody1900" in done.stderr


def write_front(book: Path, text: str) -> None:
    (book / "book" / "index.md").write_text(f"(front)=\n# A Book\n\n{text}\n")


SHOW_SETTINGS = """
import os
print(*(os.environ.get(name) for name in ("AELIB_PROGRESS", "OMP_NUM_THREADS")))
"""


def test_the_plain_command_builds_the_same_clean_site(book):
    books.write_chapter(book, SHOW_SETTINGS)
    done = books.plain_build(book)
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "WARNING" not in said, said
    plain = article(book)
    assert "0 1" in BeautifulSoup(plain, "html.parser").select_one(".output").text
    assert (book / "_build/.ipython/profile_default").is_dir()
    built(book, OMP_NUM_THREADS="1")
    assert article(book) == plain


# --- each notebook is executed once: what nbval ran feeds the build ---

RESULT = """
from IPython.display import HTML, display
from aelib.settings import VALUE
print("one")
print("two")
display(HTML(f"<b class='shown'>{VALUE}</b>"))
VALUE + 41
"""


def run_green(book: Path, *options: str, **environment: str) -> None:
    """Run the chapter as a test, which must pass."""
    done = books.nbval(book, *options, **environment)
    assert done.returncode == 0, done.stdout


def in_cache(book: Path, profile: str = "fast") -> bool:
    """Whether a build would find the chapter; asks as the build does."""
    with build_book.open_cache(book, profile) as cache:
        return not build_book.find_missing(book, cache, refuse=True)


def article(book: Path) -> str:
    """The page's text without the seconds that the chapter took."""
    text = books.page(book).partition("<article")[2].partition("</article>")[0]
    before, _, after = text.partition('class="chapter-facts"')
    return before + after.partition("</p>")[2]


def test_what_nbval_ran_is_what_the_build_would_have_executed(book):
    books.write_chapter(book, RESULT)
    assert ONE_NEW in built(book)
    executed = article(book)
    assert "42" in executed and "shown" in executed
    (book / "_build" / ".executed").unlink()
    assert books.build(book, "--cached").returncode == 1
    run_green(book)
    assert NOTHING_NEW in built(book, "--cached")
    assert article(book) == executed
    assert re.search(r"\d+ seconds? to run", books.page(book))


def test_what_is_kept_is_what_jupyter_would_have_stored(book):
    books.write_chapter(book, RESULT)
    run_green(book)
    with build_book.open_cache(book, "fast") as cache:
        (record,) = cache.list_cache_records()
        notebook = cache.get_cache_bundle(record.pk).nb
    hidden, shown = notebook.cells
    assert not hidden.outputs  # its last line ends with a semicolon
    kinds = [out.output_type for out in shown.outputs]
    assert kinds == ["stream", "display_data", "execute_result"]
    assert shown.outputs[-1].execution_count == shown.execution_count == 2
    assert notebook.metadata.language_info.name == "python"
    assert 0 < record.data["execution_seconds"] < 100


def store(book: Path, profile: str = "fast") -> None:
    """Put the chapter into the cache as if it had been executed."""
    notebook = nbformat.read(book / "notebooks" / "one.ipynb", nbformat.NO_CONVERT)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, 1):
        cell.execution_count = count
    with build_book.open_cache(book, profile) as cache:
        cache.cache_notebook_bundle(CacheBundleIn(notebook, "one.ipynb"))
    assert in_cache(book, profile)


def test_outputs_of_other_code_are_not_kept(book):
    for change in (
        lambda: (book / "requirements.lock").write_text("other==1"),
        lambda: (book / "aelib" / "results.json").write_text("{}"),
        lambda: change_library(book),
        lambda: books.write_chapter(book, "print('other')"),
    ):
        store(book)
        change()
        assert not in_cache(book)


@pytest.mark.parametrize("name", ["AELIB_SEED_OFFSET", "AELIB_DEVICE"])
def test_outputs_of_other_settings_are_not_kept(book, monkeypatch, name):
    with monkeypatch.context() as patch:
        patch.setenv(name, "1")
        store(book)
    assert not in_cache(book)


def test_each_profile_has_its_own_cache(book):
    store(book)
    store(book, "full")
    assert in_cache(book)


def test_what_nbval_ran_in_other_settings_is_not_kept(book):
    run_green(book, AELIB_PROFILE="full", AELIB_SEED_OFFSET="1")
    assert not in_cache(book) and not in_cache(book, "full")


def test_code_that_changes_while_the_notebook_runs_is_seen(book):
    edit = "open('../aelib/settings.py', 'w').write('VALUE = 3')"
    books.write_chapter(book, f"{books.GOOD_CELL}\nif VALUE == 1:\n    {edit}")
    run_green(book)
    assert not in_cache(book)
    run_green(book)
    assert in_cache(book)


def test_a_notebook_that_ran_in_part_or_failed_is_not_kept(book):
    run_green(book, "--deselect", "notebooks/one.ipynb::Cell 0")
    assert not in_cache(book)
    books.write_chapter(book, "print('odd'); import sys; print('oh', file=sys.stderr)")
    assert books.nbval(book).returncode == 1
    assert not in_cache(book)


WRITE_MANY = """
import sys
from pathlib import Path
import nbformat
from jupyter_cache.base import CacheBundleIn
from scripts import build_book
for i in range(12):
    cell = nbformat.v4.new_code_cell(f"{sys.argv[2]} + {i}", execution_count=1)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    with build_book.open_cache(Path(sys.argv[1]), "fast") as cache:
        cache.cache_notebook_bundle(CacheBundleIn(notebook, "x"), overwrite=True)
"""


def test_processes_side_by_side_keep_all_that_they_executed(book):
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE_MANY, str(book), str(100 * number)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for number in range(4)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    with build_book.open_cache(book, "fast") as cache:
        assert len(cache.list_cache_records()) == 48
