"""A chapter has no hidden state: other folders, second runs and orders are safe.

Another chapter each day, so that the stage does not grow with the book; all of them
with AELIB_EVERY_CHAPTER=1, as the public workflow runs it once a week.
"""

import datetime
import os
import random

import nbformat
import pytest
from chapters import NOTEBOOKS, ROOT
from mirror import lesson_part
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

pytestmark = pytest.mark.faults

TODAY = datetime.datetime.now(datetime.UTC).date().toordinal() % len(NOTEBOOKS)
EVERY = os.environ.get("AELIB_EVERY_CHAPTER") == "1"
CHOSEN = NOTEBOOKS if EVERY else NOTEBOOKS[TODAY : TODAY + 1]

MOVE = "import os as _os; _os.chdir({!r})"


def sources(path):
    """The code cells before the exercises."""
    return [cell.source for cell in lesson_part(path) if cell.kind == "code"]


def run(code, *folders):
    """Execute the cells in each folder in turn, in one kernel: what each round prints.

    By cell; cells that print nothing are left out.
    """
    texts = []
    for folder in folders:
        texts += [MOVE.format(str(folder)), *code]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(text) for text in texts]
    )
    NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(ROOT / "notebooks")}}
    ).execute()
    n_cells = len(code) + 1
    rounds = [
        notebook.cells[1 + i * n_cells : (i + 1) * n_cells] for i in range(len(folders))
    ]
    return [
        {cell.source: text for cell in cells if (text := printed(cell))}
        for cells in rounds
    ]


def printed(cell):
    """A cell's text, without lines that a clock decides.

    One print may arrive as several outputs: a line and, later, its end.
    """
    texts = [
        out.text
        if out.output_type == "stream"
        else out.data.get("text/plain", "") + "\n"
        for out in cell.outputs
    ]
    lines = "".join(texts).splitlines()
    return "\n".join(line for line in lines if "second" not in line)


def test_a_line_that_arrives_in_two_outputs_is_read_whole():
    pieces = [nbformat.v4.new_output("stream", text=text) for text in ("a", " b\n")]
    assert printed(nbformat.v4.new_code_cell("print()", outputs=pieces)) == "a b"


@pytest.mark.parametrize("path", CHOSEN, ids=lambda p: p.stem)
def test_twice_in_one_kernel_and_from_another_folder(path, tmp_path):
    once, again = run(sources(path), ROOT / "notebooks", tmp_path)
    assert once, "the chapter prints nothing: there is nothing to compare"
    assert again == once


@pytest.mark.parametrize("path", CHOSEN, ids=lambda p: p.stem)
def test_another_order_raises_or_gives_the_same_numbers(path, tmp_path):
    code = sources(path)
    shuffled = code[:]
    random.Random(7).shuffle(shuffled)
    try:
        (found,) = run(shuffled, tmp_path)
    except CellExecutionError:
        return  # a name was missing: nobody is misled
    assert [found] == run(code, tmp_path)
