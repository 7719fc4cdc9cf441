"""scripts/run_full.py on a chapter of two lines."""

import nbformat
import pytest

from aelib import results
from scripts import run_full

TABLE = """
from aelib import config
full_results = {
    "rows": {"one": {"loss": 0.25}},
    "columns": {"loss": "nats"},
    "seeds": [0],
}
"""


@pytest.fixture
def chapter(tmp_path, monkeypatch):
    monkeypatch.setenv("AELIB_PROFILE", "full")
    monkeypatch.setattr(run_full, "ROOT", tmp_path)

    def write(*sources):
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        path = tmp_path / "99_tiny.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        return path

    return write


def test_writes_the_table_with_provenance(chapter, tmp_path, capsys):
    assert run_full.run(chapter(TABLE), tmp_path) == 0
    table = results.load("99_tiny", folder=tmp_path)
    assert table.value(row="one", column="loss") == 0.25
    assert table.provenance["profile"] == "full"
    assert table.provenance["seeds"] == [0]
    assert "99_tiny.json" in capsys.readouterr().out


def test_a_failing_cell_writes_nothing(chapter, tmp_path, capsys):
    assert run_full.run(chapter(TABLE, "assert 1 == 2"), tmp_path) == 1
    assert not (tmp_path / "99_tiny.json").exists()
    assert "assert 1 == 2" in capsys.readouterr().err


def test_a_table_that_does_not_fit_is_kept(chapter, tmp_path):
    assert run_full.run(chapter(TABLE, "full_results['seeds'] = 3"), tmp_path) == 1
    assert "'loss': 0.25" in (tmp_path / "_build" / "99_tiny.unsaved.txt").read_text()


def test_a_failed_assert_keeps_the_table_and_saves_nothing(chapter, tmp_path, capsys):
    assert run_full.run(chapter("assert 1 == 2", TABLE), tmp_path) == 1
    assert not (tmp_path / "99_tiny.json").exists()
    assert "'loss': 0.25" in (tmp_path / "_build" / "99_tiny.unsaved.txt").read_text()
    assert "assert 1 == 2" in capsys.readouterr().err


def test_any_other_error_stops_at_once(chapter, tmp_path, capsys):
    assert run_full.run(chapter("1 / 0", TABLE), tmp_path) == 1
    assert not (tmp_path / "_build").exists()
    assert "ZeroDivisionError" in capsys.readouterr().err
