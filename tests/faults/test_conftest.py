"""What conftest.py demands of a notebook's cells, each demand alone."""

from pathlib import Path

import books
import pytest

pytestmark = pytest.mark.faults

REDRAW = """
from IPython.display import clear_output
print("first")
clear_output()
print("second")
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return books.make(tmp_path)


def test_a_good_notebook_is_green(book):
    done = books.nbval(book)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout and "one: " in done.stdout
    books.write_chapter(book, "raise NotImplementedError", tags=["raises-exception"])
    assert books.nbval(book).returncode == 0


@pytest.mark.parametrize(
    ("source", "tags", "words"),
    [
        ("1 / 0", ["raises-exception"], "alone, got ['ZeroDivisionError']"),
        ("a = 1", ["raises-exception"], "alone, got no exception"),
        ("import sys; print('oh', file=sys.stderr)", [], "wrote to stderr: oh"),
        (REDRAW, [], "redrew what it had shown (clear_output)"),
    ],
    ids=["stub raises another", "stub raises nothing", "stderr", "redraws"],
)
def test_a_bad_cell_is_red(book, source, tags, words):
    books.write_chapter(book, source, tags=tags)
    done = books.nbval(book)
    assert done.returncode == 1 and words in done.stdout, done.stdout
    assert "1 failed, 1 passed" in done.stdout


TRAIN = """
# aelib.start() stands in every lesson
import torch
for _ in range({n}):
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
"""


def test_a_lesson_that_trains_more_than_four_networks_is_red(book):
    books.write_chapter(book, TRAIN.format(n=4))
    done = books.nbval(book)
    assert done.returncode == 0, done.stdout
    books.write_chapter(book, TRAIN.format(n=5))
    done = books.nbval(book)
    assert done.returncode == 1, done.stdout
    assert "5 trainings before the exercises, more than 4" in done.stdout
    often = books.write_chapter(book, TRAIN.format(n=5))
    often.rename(often.with_name("your_own_images.ipynb"))
    assert books.nbval(book).returncode == 0


def test_a_chapter_that_takes_too_long_is_red(book):
    text = (book / "conftest.py").read_text()
    assert text.count("\nCPU_LIMIT = 60.0") == 1
    nothing = text.replace("CPU_LIMIT = 60.0", "CPU_LIMIT = 0")
    (book / "conftest.py").write_text(nothing)
    done = books.nbval(book)
    assert done.returncode == 1 and "CPU seconds, more than 0" in done.stdout
    assert books.nbval(book, AELIB_PROFILE="full").returncode == 0


def test_times_that_cannot_be_written_are_named(book):
    (book / "_build").write_text("a file where a folder should be")
    done = books.nbval(book)
    assert done.returncode == 1
    assert f"{book / '_build' / 'times'} must be a folder" in done.stdout, done.stdout
