"""A chapter has no hidden state: other folders, second runs and orders are safe."""

import json
import random

import nbformat
import pytest
from chapters import NOTEBOOKS, ROOT, cells
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

pytestmark = pytest.mark.faults

# Two chapters a run, the first and the newest, so that the stage does not grow.
CHOSEN = sorted({NOTEBOOKS[0], NOTEBOOKS[-1]})

GLUED = """
import json as _json
print(_json.dumps({k: repr(v) for k, v in sorted(_glued.items())}))
"""
RECORD = """
import myst_nb
_glued = {}
myst_nb.glue = lambda name, value, display=True: _glued.__setitem__(name, value)
"""


def sources(path):
    """The code cells but for the exercises' stubs, which raise on purpose."""
    return [
        cell.source
        for cell in cells(path)
        if cell.kind == "code" and "raises-exception" not in cell.tags
    ]


def run(code, folder):
    """Execute the cells in order in one kernel; the glued values, as text by name."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(text) for text in [RECORD, *code, GLUED]]
    )
    client = NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    return json.loads(notebook.cells[-1].outputs[-1]["text"])


def timeless(glued):
    """Without what a clock decides."""
    return {name: value for name, value in glued.items() if "seconds" not in name}


@pytest.mark.parametrize("path", CHOSEN, ids=lambda p: p.stem)
def test_twice_in_one_kernel_and_from_another_folder(path, tmp_path):
    code = sources(path)
    once = timeless(run(code, ROOT / "notebooks"))
    assert once, "the chapter glues nothing: this test would compare nothing"
    twice = timeless(run(code + code, tmp_path))
    assert twice == once


@pytest.mark.parametrize("path", CHOSEN, ids=lambda p: p.stem)
def test_another_order_raises_or_gives_the_same_numbers(path, tmp_path):
    code = sources(path)
    shuffled = code[:]
    random.Random(7).shuffle(shuffled)
    try:
        glued = timeless(run(shuffled, tmp_path))
    except CellExecutionError:
        return  # a name was missing: nobody is misled
    assert glued == timeless(run(code, tmp_path))
