"""Evidence: values with their runs, tables, files that belong together, digests."""

import ast
import dataclasses
import html.parser
import json
import math

import pytest
import torch
from torch import nn

from aelib import results
from aelib.results import Evidence, Table, Value, digest, files
from aelib.results.table import plain

SLUG = "02_autoencoder"
CONTENT = {
    "columns": {"MSE": "", "dead": "units"},
    "rows": {
        "PCA-16": {"MSE": 0.0204512},
        "AE <16>": {
            "MSE": {"0": 0.0119, "1": 0.0121, "2": 0.0123},
            "dead": {"0": 0, "1": 1, "2": 2},
        },
        "other": {"MSE": {"0": 0.0118, "1": 0.01195, "2": 0.0122}},
        "noisy": {"MSE": {"0": 0.0100, "1": 0.0140, "2": 0.0119}},
        "alone": {"MSE": {"1": 0.01}},
    },
    "tables": {
        "first": {
            "rows": {"PCA-16": "PCA", "AE <16>": "AE <16>"},
            "columns": ["MSE", "dead"],
        },
        "long": {"rows": {f"{i}": f"{i}" for i in range(9)}, "columns": ["MSE"]},
    },
    "pictures": {"opening": ["original", "AE"]},
    "curves": {"codes": ["code"]},
    "histories": {"AE <16>": {"train": [{"loss": 2.0}], "val": [], "seconds": [1.0]}},
    "kept": {"AE <16>": "ae-16.safetensors"},
    "provenance": {
        "commits": ["abc"],
        "device": "cpu",
        "torch": "2.15.0",
        "date": "2026-11-27",
        "seeds": [0, 1, 2],
    },
    "made_by": ["0123"],
}


@pytest.fixture
def saved(tmp_path):
    layer = nn.Linear(3, 2)
    tensors = {
        "ae-16.safetensors": {k: t.half() for k, t in layer.state_dict().items()},
        "pictures.safetensors": {
            "picture/opening/original": torch.full((2, 1, 4, 4), 51).byte(),
            "picture/opening/AE": torch.zeros(2, 1, 4, 4).byte(),
            "curve/codes/code": torch.arange(6.0).reshape(3, 2),
        },
    }
    files.write(tmp_path / f"{SLUG}.json", CONTENT, tensors)
    return tmp_path, layer


@pytest.fixture
def evidence(saved):
    return results.load(SLUG, folder=saved[0])


def test_values_have_mean_deviation_count_and_runs(evidence):
    value = evidence["AE <16>", "MSE"]
    assert value.runs == {0: 0.0119, 1: 0.0121, 2: 0.0123}
    assert (value.mean, value.n) == (pytest.approx(0.0121), 3)
    assert value.sd == pytest.approx(0.0002)  # of a sample, n - 1
    assert float(value) == value.mean
    baseline = evidence["PCA-16", "MSE"]
    assert (baseline.mean, baseline.sd, baseline.n, baseline.runs) == (
        *(0.0204512, 0.0, 1),
        {},
    )
    with pytest.raises(TypeError):
        _ = value < baseline


def test_less_is_judged_by_the_paired_difference(evidence):
    # 0.0001, 0.00015, 0.0001 apart on each seed, while each spreads by 0.0002
    assert evidence.less("other", "AE <16>", "MSE")
    assert not evidence.less("AE <16>", "other", "MSE")
    assert evidence.difference("other", "AE <16>", "MSE").mean == pytest.approx(
        -0.35e-3 / 3
    )
    # lower in the mean, but by less than twice the error of the difference
    assert float(evidence["noisy", "MSE"]) < float(evidence["AE <16>", "MSE"])
    assert not evidence.less("noisy", "AE <16>", "MSE")
    assert not evidence.less("AE <16>", "noisy", "MSE")
    # a baseline without seeds is paired with every run
    assert evidence.difference("AE <16>", "PCA-16", "MSE").n == 3
    assert evidence.less("AE <16>", "PCA-16", "MSE")
    assert not evidence.less("PCA-16", "AE <16>", "MSE")
    with pytest.raises(ValueError, match="at least 2 seeds to be judged, got 1"):
        evidence.less("alone", "other", "MSE")


def test_the_error_is_that_of_the_mean():
    # mean -1, sd 1, n 4: error 0.5, exactly twice below 0: not resolved
    runs = {0: -1.0 - math.sqrt(0.75), 1: -1.0 + math.sqrt(0.75), 2: -1.0, 3: -1.0}
    wide = Value.over({s: -1.0 + (x + 1.0) * math.sqrt(2) for s, x in runs.items()})
    assert wide.sd == pytest.approx(1.0)
    assert not Value(-0.99, 1.0, 4, runs).is_below_zero()
    assert Value(-1.01, 1.0, 4, runs).is_below_zero()


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (("PCA16", "MSE"), "row must be one of 5 names, got 'PCA16'.*'PCA-16'"),
        (("PCA-16", "mse"), "column must be one of 2 names, got 'mse'.*'MSE'"),
        (("PCA-16", "dead"), "column of row 'PCA-16' must be one of 1 names"),
    ],
)
def test_a_misspelt_name_is_an_error_with_the_nearest(evidence, place, words):
    with pytest.raises(KeyError, match=words):
        evidence[place]
    for ask in (evidence.table, evidence.pictures, evidence.curve, evidence.history):
        with pytest.raises(KeyError, match="must be one of"):
            ask("misspelt")
    with pytest.raises(KeyError, match="kept network must be one of"):
        evidence.restore("PCA-16", nn.Linear(3, 2))


class Cells(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.rows, self.heads, self.open = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.open = tag
            if dict(attrs).get("scope") == "col":
                self.heads.append(len(self.rows[-1]) - 1)

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.open = None

    def handle_data(self, data):
        if self.open:
            self.rows[-1][-1] += data


def test_a_table_has_a_header_units_digits_and_where_it_comes_from(evidence):
    table = evidence.table("first")
    cells = Cells(table._repr_html_())
    assert cells.rows == [
        ["", "MSE", "dead (units)"],
        ["PCA", "0.0205", "\u2013"],
        ["AE <16>", "0.0121 \u00b1 0.0002", "1 \u00b1 1"],
    ]
    assert cells.heads == [1, 2]
    assert "<small>\u00b1 0.0002</small>" in table._repr_html_()
    line = evidence.provenance
    for part in ("seeds 0, 1, 2", "trained on: cpu", "torch 2.15.0", "commit abc"):
        assert part in line
    assert line in table._repr_html_() and line in table._repr_markdown_()
    assert "| PCA | 0.0205 | \u2013 |" in table._repr_markdown_()


def test_rows_and_columns_come_in_the_order_asked_for(evidence):
    asked = {
        "rows": {"other": "second", "AE <16>": "first"},
        "columns": ["dead", "MSE"],
    }
    content = {**evidence.content, "tables": {"turned": asked}}
    table = dataclasses.replace(evidence, content=content).table("turned")
    assert list(table.columns) == ["dead", "MSE"]
    assert list(table.rows) == ["second", "first"]
    cells = Cells(table._repr_html_()).rows
    assert cells[0] == ["", "dead (units)", "MSE"] and cells[2][1] == "1 \u00b1 1"


def test_a_cell_says_the_same_in_html_in_markdown_and_in_prose(evidence):
    value = evidence["AE <16>", "MSE"]
    assert plain(value) == "0.0121 \u00b1 0.0002"
    table = evidence.table("first")
    assert Cells(table._repr_html_()).rows[2][1] == plain(value)
    assert f"| AE <16> | {plain(value)} |" in table._repr_markdown_()


@pytest.mark.parametrize("folder", ["~", "~/books"])
def test_a_home_folder_is_put_in(saved, monkeypatch, folder):
    home = saved[0] if folder == "~" else saved[0].parent
    if folder != "~":
        saved[0].rename(home / "books")
    monkeypatch.setenv("HOME", str(home))
    assert not results.load(SLUG, folder=folder).is_missing


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Value(0.0204512), "0.0205"),
        (Value(0.2314), "0.231"),
        (Value(13.866), "13.9"),
        (Value(96.552), "96.6"),
        (Value(223_456.0), "223,456"),
        (Value(1234.5), "1,234"),
        (Value(0.0), "0"),
        (Value(2.59e-10, 2.3e-10, 3), "\u2248 0"),
        (Value(0.000123), "0.000123"),
        (Value(-0.5123), "\u22120.512"),
        (Value(0.01, 0.0, 3), "0.0100 \u00b1 0.0000"),
        (Value(0.0119, 0.00002, 3), "0.0119 \u00b1 less than 0.0001"),
        (Value(3.664, 0.051, 3), "3.66 \u00b1 0.05"),
        (Value(7.0, 2.0, 3), "7 \u00b1 2"),
        (Value(5 / 3, 0.577, 3), "1.67 \u00b1 0.58"),
        (None, "\u2013"),
    ],
)
def test_numbers_have_at_most_three_digits(value, text):
    assert plain(value) == text


def test_the_numbers_of_a_column_end_at_one_place():
    rows = {
        "a": [Value(0.01061, 0.00082, 3), Value(5.667, 1.528, 3)],
        "b": [Value(0.00798, 0.00014, 3), Value(0.0, 0.0, 3)],
        "c": [None, Value(1.667, 0.577, 3)],
        "d": [Value(0.00001), None],
    }
    cells = Cells(Table(rows, {"MSE": "", "dead": ""})._repr_html_()).rows[1:]
    assert cells == [
        ["a", "0.0106 \u00b1 0.0008", "5.67 \u00b1 1.53"],
        ["b", "0.0080 \u00b1 0.0001", "0 \u00b1 0"],
        ["c", "\u2013", "1.67 \u00b1 0.58"],
        ["d", "0.0000100", "\u2013"],
    ]


def test_a_page_shows_no_table_that_is_too_large(evidence):
    with pytest.raises(ValueError, match=r"8 rows and 5 columns .* got 9 and 1"):
        evidence.table("long")


def test_pictures_curves_histories_and_networks_come_back(saved, evidence):
    pictures = evidence.pictures("opening")
    assert list(pictures) == ["original", "AE"]
    assert torch.equal(pictures["original"], torch.full((2, 1, 4, 4), 0.2))
    assert evidence.curve("codes")["code"].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert evidence.history("AE <16>") == {"loss": [2.0]}
    restored = evidence.restore("AE <16>", nn.Linear(3, 2).train())
    assert not restored.training and restored.weight.dtype == torch.float32
    torch.testing.assert_close(restored.weight, saved[1].weight, rtol=1e-3, atol=1e-4)
    words = r"into must .* of 'AE <16>': weight is \(2, 3\) there, got \(2, 4\)"
    with pytest.raises(ValueError, match=words):
        evidence.restore("AE <16>", nn.Linear(4, 2))


def test_missing_evidence_says_so_and_breaks_no_page(tmp_path):
    evidence = results.load(SLUG, folder=tmp_path)
    assert evidence.is_missing and isinstance(evidence, Evidence)
    table = evidence.table("any name")
    assert isinstance(table, Table)
    assert table._repr_html_().count("<td") == 2 and "not run yet" in repr(table)
    assert math.isnan(float(evidence["any row", "any column"]))
    assert evidence.pictures("any")["not run yet"].shape == (1, 1, 28, 28)
    assert evidence.curve("any") and evidence.history("any") == {"not run yet": [0.0]}
    assert not evidence.restore("any", nn.Linear(1, 1)).training


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda home: (home / "ae-16.safetensors").write_bytes(b"x"), "not the file"),
        (lambda home: (home / "pictures.safetensors").unlink(), "No such file"),
        (lambda home: home.with_suffix(".json").write_text("{"), "property name"),
        (lambda home: home.with_suffix(".json").write_text("{}"), "'files'"),
        (lambda home: _edit(home, lambda c: c.pop("made_by")), "lacks made_by"),
        (lambda home: _edit(home, lambda c: c["rows"].update(a=math.nan)), "finite"),
    ],
)
def test_damaged_files_are_named(saved, damage, words):
    damage(saved[0] / SLUG)
    with pytest.raises(ValueError, match=rf"{SLUG}.json must hold .*{words}"):
        results.load(SLUG, folder=saved[0])


def _edit(home, change):
    path = home.with_suffix(".json")
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_a_failed_write_leaves_what_was_there(saved, monkeypatch):
    folder, _ = saved
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr("aelib._files.write_text", fail)
    changed = {"ae-16.safetensors": {"x": torch.zeros(1)}}
    with pytest.raises(OSError, match="no space left"):
        files.write(folder / f"{SLUG}.json", CONTENT, changed)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    assert sorted(p.name for p in folder.iterdir()) == [SLUG, f"{SLUG}.json"]


@pytest.mark.parametrize("slug", ["linear", "../01_x", "1_x", "01_X", "01_x.json", ""])
def test_slugs_are_checked(slug):
    with pytest.raises(ValueError, match="slug must look like"):
        results.load(slug)


SCRIPT = '''"""Text."""
from aelib import data, losses
from aelib.lab import Study

WIDTH = 3


def used(x: int) -> int:
    """Says."""
    if x < 0:
        raise ValueError(f"x must not be negative, got {x}")
    return x + WIDTH


def unused():
    return 7
'''


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ('"""Text."""', '"""Other text."""', True),
        ('"""Says."""', '"""Says more."""', True),
        ("x: int) -> int", "x) -> float", True),
        ("must not be negative", "has to be positive", True),
        ("    return 7", "    return 7  # a comment", True),
        ("return x + WIDTH", "return x - WIDTH", False),
        ("WIDTH = 3", "WIDTH = 4", False),
        ("x < 0", "x <= 0", False),
        ("raise ValueError", "raise TypeError", False),
        ("data, losses", "data", False),
    ],
)
def test_the_digest_sees_what_changes_numbers_and_nothing_else(
    tmp_path, old, new, same
):
    paths = tmp_path / "a.py", tmp_path / "b.py"
    assert SCRIPT.count(old) == 1
    paths[0].write_text(SCRIPT)
    paths[1].write_text(SCRIPT.replace(old, new))
    before, after = map(digest.evidence_digest, paths)
    assert (before == after) is same


def test_the_digest_follows_imports_but_not_into_what_keeps_books(tmp_path):
    script = tmp_path / "a.py"
    script.write_text("from aelib import lab, plots, config\nfrom aelib import train")
    names = {str(p.relative_to(digest._PACKAGE)) for p in digest.needed_modules(script)}
    assert {"train/__init__.py", "train/run.py", "train/guard.py"} <= names
    assert not names & {"config.py", "lab/study.py", "plots/charts.py", "_files.py"}
    script.write_text("import aelib.losses")
    names = {str(p.relative_to(digest._PACKAGE)) for p in digest.needed_modules(script)}
    assert "losses/likelihoods.py" in names and "train/run.py" not in names


def test_f_strings_have_one_digest_however_they_are_written(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("""print(f'{a["b"]:>{width}} {c!r}')""")
    assert "fstring(" in digest.normal_source(path)


def test_only_what_a_name_is_made_of_is_reached(tmp_path):
    path = tmp_path / "a.py"
    path.write_text(SCRIPT)
    found = digest.reachable_source(path, {"used"})
    assert "WIDTH = 3" in found and "def used" in found and "unused" not in found


def test_no_module_of_aelib_is_imported_in_a_way_that_the_digest_misses():
    for path in digest._PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            assert not getattr(node, "level", 0), f"{path}: a relative import"


def test_a_column_whose_numbers_differ_by_powers_shows_each_by_itself():
    numbers = (392.0, 3.92, 0.5, 0.03, 0.0125)
    table = Table({str(x): [Value(x)] for x in numbers}, {"variance": ""})
    cells = [line.split("|")[2].strip() for line in repr(table).splitlines()[2:]]
    assert cells == ["392", "3.92", "0.500", "0.0300", "0.0125"]
    table = Table({str(x): [Value(x)] for x in (48.2, 13.4, 9.36)}, {"error": ""})
    cells = [line.split("|")[2].strip() for line in repr(table).splitlines()[2:]]
    assert cells == ["48.2", "13.4", "9.4"]
