"""Results: what is saved is loaded and shown; what is malformed or missing says so."""

import datetime
import html.parser
import json
import stat
import subprocess

import pytest
import torch

from aelib import results
from aelib.results import table as tables

SLUG = "01_linear_autoencoder"
COLUMNS = {"test SSE": "squared pixel units", "parameters": "", "seconds": "s"}
ROWS = {
    "PCA": {"test SSE": 16.254321, "parameters": 13_328, "seconds": None},
    "AE <linear>": {
        "test SSE": {"mean": 16.3123, "sd": 0.0421, "n": 3},
        "parameters": 25_888,
        "seconds": {"mean": 12.5, "sd": 1.27, "n": 3},
    },
}


@pytest.fixture
def saved(tmp_path):
    results.save(SLUG, ROWS, COLUMNS, seeds=[0, 1, 2], folder=tmp_path)
    return tmp_path


def test_what_is_saved_is_loaded(saved):
    table = results.load(SLUG, folder=saved)
    assert table.rows == ROWS and table.columns == COLUMNS and not table.is_missing
    assert list(table.rows) == list(ROWS)  # order too
    assert table.value(row="PCA", column="test SSE") == 16.254321
    assert table.value(row="AE <linear>", column="test SSE") == 16.3123
    assert table.sd(row="AE <linear>", column="seconds") == 1.27
    assert [path.name for path in saved.iterdir()] == [f"{SLUG}.json"]


def test_provenance_says_where_the_numbers_come_from(saved):
    table = results.load(SLUG, folder=saved)
    git = ["git", "rev-parse", "--short=10", "HEAD"]
    done = subprocess.run(
        git, cwd=results._FOLDER, capture_output=True, text=True, check=False
    )
    commit = done.stdout.strip() if done.returncode == 0 else "unknown"
    line = table.provenance_line()
    assert f"commit {commit}" in line
    assert f"torch {torch.__version__.split('+')[0]}" in line
    assert str(datetime.datetime.now(datetime.UTC).date()) in line
    for part in ("fast profile", "device: ", "seeds 0, 1, 2", "standard deviation"):
        assert part in line


def test_provenance_can_be_given(tmp_path):
    results.save(
        SLUG, ROWS, COLUMNS, seeds=[0], folder=tmp_path, commit="abc", profile="full",
        device="H100", data="60,000 images",
    )  # fmt: skip
    line = results.load(SLUG, folder=tmp_path).provenance_line()
    for part in ("full profile", "commit abc", "device: H100", "data 60,000 images"):
        assert part in line


class Cells(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.rows, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        self.inside = tag

    def handle_data(self, text):
        self.text += text
        if self.inside in ("td", "th"):
            self.rows[-1][-1] += text


def test_html_holds_every_number_and_escapes(saved):
    table = results.load(SLUG, folder=saved)
    page = table._repr_html_()
    assert "<linear>" not in page
    cells = Cells()
    cells.feed(page)
    assert cells.rows == [
        ["method", "test SSE (squared pixel units)", "parameters", "seconds (s)"],
        ["PCA", "16.25", "13,328", "-"],
        ["AE <linear>", "16.312 ±\xa00.042", "25,888", "12.5 ±\xa01.3"],
    ]
    assert table.provenance_line() in cells.text


def test_text_and_markdown_hold_the_same(saved):
    table = results.load(SLUG, folder=saved)
    for text in (repr(table), table._repr_markdown_()):
        for part in ("16.312 ± 0.042", "25,888", "AE <linear>", "seconds (s)"):
            assert part in text
        assert table.provenance_line() in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0130412, "0.01304"),
        (0.5, "0.5"),
        (0.50004, "0.5000"),
        (0.001, "0.001"),
        (0.1**2 / 2, "0.005"),
        (-3.14159, "\u22123.142"),
        (9_999.4, "9,999"),
        (60_000, "60,000"),
        (7, "7"),
        (2.0, "2"),
        (120.0, "120"),
        (1.5e-5, "1.50e-05"),
        (0.0, "0"),
        (None, "-"),
        ({"mean": 0.01301, "sd": 0.00012, "n": 5}, "0.01301 ± 0.00012"),
        ({"mean": 12_345.6, "sd": 234.5, "n": 5}, "12,346 ± 234"),
        ({"mean": -1.0, "sd": 0.25, "n": 5}, "\u22121.00 ± 0.25"),
        ({"mean": 2.0, "sd": 0.0, "n": 5}, "2 ± 0"),
        ({"mean": 1.88e-8, "sd": 5.13e-9, "n": 5}, "1.9e-08 ± 5.1e-09"),
        ({"mean": -1.6e-4, "sd": 9.1e-4, "n": 5}, "\u22120.00016 ± 0.00091"),
        ({"mean": -1.1e-5, "sd": 2.4e-5, "n": 5}, "\u22121.1e-05 ± 2.4e-05"),
        ({"mean": 1.1e-5, "sd": 2.4e-3, "n": 5}, "0.0000 ± 0.0024"),
    ],
)
def test_numbers_are_shown_with_digits_that_mean_something(value, text):
    assert tables.show(value) == text


def test_a_missing_file_is_one_visible_row(tmp_path):
    table = results.load("02_autoencoder", folder=tmp_path)
    assert table.is_missing
    for shown in (repr(table), table._repr_html_(), table._repr_markdown_()):
        assert shown.count("full profile: not run yet") == 1
    assert table.text(row="PCA", column="test SSE") == "not run yet"
    with pytest.raises(ValueError, match="02_autoencoder: full profile: not run yet"):
        table.value(row="PCA", column="test SSE")


WIDE = {
    "clothes: AE": {"SSE": 4.5, "probe": 84.25, "error": None},
    "clothes: raw": {"SSE": None, "probe": 83.5, "error": None},
    "tuned: AE": {"SSE": None, "probe": None, "error": 2.25},
}


@pytest.fixture
def wide(tmp_path):
    columns = {"SSE": "", "probe": "%", "error": "%"}
    results.save(SLUG, WIDE, columns, seeds=[0], folder=tmp_path)
    return results.load(SLUG, folder=tmp_path)


@pytest.mark.parametrize(
    ("start", "columns", "cells"),
    [
        ("clothes: ", (), [["AE", "4.5", "84.25"], ["raw", "-", "83.5"]]),
        ("clothes: ", ["probe"], [["AE", "84.25"], ["raw", "83.5"]]),
        ("clothes: ", ["error", "SSE"], [["AE", "4.5"]]),
        ("tuned: ", (), [["AE", "2.25"]]),
        (
            "",
            ["SSE", "error"],
            [["clothes: AE", "4.5", "-"], ["tuned: AE", "-", "2.25"]],
        ),
    ],
)
def test_a_part_has_the_rows_and_columns_that_say_something(
    wide, start, columns, cells
):
    part = wide.part(start, columns)
    assert part._cells()[1:] == cells
    assert part.provenance_line() == wide.provenance_line()
    assert wide.rows == WIDE  # the whole is as it was


def test_a_part_of_nothing_is_refused(wide, tmp_path):
    with pytest.raises(ValueError, match=r"columns must be among .* got \['FID'\]"):
        wide.part("clothes: ", ["probe", "FID"])
    with pytest.raises(ValueError, match="must begin with start, got 'digits: '"):
        wide.part("digits: ")
    with pytest.raises(ValueError, match="must begin with start, got 'tuned: '"):
        wide.part("tuned: ", ["SSE"])
    missing = results.load("02_autoencoder", folder=tmp_path)
    assert missing.part("clothes: ", ["FID"]) is missing


def test_wrong_places_are_named(saved):
    table = results.load(SLUG, folder=saved)
    with pytest.raises(
        ValueError, match=r"row must be one of \['PCA', 'AE <linear>'\]"
    ):
        table.value(row="pca", column="test SSE")
    with pytest.raises(ValueError, match="column must be one of"):
        table.value(row="PCA", column="SSE")
    with pytest.raises(ValueError, match="must have a value in 'seconds'"):
        table.value(row="PCA", column="seconds")
    with pytest.raises(ValueError, match="several runs"):
        table.sd(row="PCA", column="test SSE")


def broken(change):
    content = {
        "columns": {"a": ""},
        "rows": {"r": {"a": 1.0}},
        "row_header": "method",
        "provenance": {
            "profile": "full",
            "commit": "abc",
            "device": "cpu",
            "torch": "2",
            "date": "2000-01-01",
            "seeds": [0],
        },
    }
    change(content)
    return json.dumps(content)


MALFORMED = {
    "empty": "",
    "cut": broken(lambda c: None)[:40],
    "a list": "[]",
    "no rows": broken(lambda c: c.pop("rows")),
    "empty rows": broken(lambda c: c.update(rows={})),
    "another key": broken(lambda c: c.update(more=1)),
    "unknown column": broken(lambda c: c["rows"]["r"].update(b=1)),
    "text for a number": broken(lambda c: c["rows"]["r"].update(a="1")),
    "true for a number": broken(lambda c: c["rows"]["r"].update(a=True)),
    "NaN": broken(lambda c: c["rows"]["r"].update(a=float("nan"))),
    "overflow": broken(lambda c: None).replace("1.0", "1e999"),
    "mean without n": broken(lambda c: c["rows"]["r"].update(a={"mean": 1, "sd": 1})),
    "one run": broken(lambda c: c["rows"]["r"].update(a={"mean": 1, "sd": 1, "n": 1})),
    "negative sd": broken(
        lambda c: c["rows"]["r"].update(a={"mean": 1, "sd": -1, "n": 2})
    ),
    "no commit": broken(lambda c: c["provenance"].pop("commit")),
    "seeds": broken(lambda c: c["provenance"].update(seeds="0")),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_files_are_named(tmp_path, name):
    path = tmp_path / f"{SLUG}.json"
    path.write_text(broken(lambda c: None))
    assert results.load(SLUG, folder=tmp_path).value(row="r", column="a") == 1
    path.write_text(MALFORMED[name])
    with pytest.raises(ValueError, match=rf"{SLUG}\.json must hold a results table"):
        results.load(SLUG, folder=tmp_path)


def test_a_refused_save_leaves_the_old_file(saved):
    before = (saved / f"{SLUG}.json").read_bytes()
    for rows in ({"r": {"test SSE": float("inf")}}, {"r": {"x": 1}}, {}):
        with pytest.raises(ValueError):
            results.save(SLUG, rows, COLUMNS, seeds=[0], folder=saved)
    assert (saved / f"{SLUG}.json").read_bytes() == before
    assert len(list(saved.iterdir())) == 1


def test_a_failed_write_leaves_the_old_file_and_no_litter(saved, monkeypatch):
    before = (saved / f"{SLUG}.json").read_bytes()

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="no space left"):
        results.save(SLUG, ROWS, COLUMNS, seeds=[0], folder=saved)
    assert (saved / f"{SLUG}.json").read_bytes() == before
    assert len(list(saved.iterdir())) == 1
    assert stat.S_ISREG((saved / f"{SLUG}.json").stat().st_mode)


@pytest.mark.parametrize("slug", ["linear", "../01_x", "1_x", "01_X", "01_x.json", ""])
def test_slugs_are_checked(slug):
    with pytest.raises(ValueError, match="slug must look like"):
        results.load(slug)


def test_every_committed_file_is_whole():
    for path in results._FOLDER.glob("*.json"):
        table = results.load(path.stem)
        assert not table.is_missing
        assert table.provenance["profile"] == "full"


def test_over_seeds_is_the_number_of_one_run_and_the_spread_of_several():
    assert results.over_seeds([0.25]) == 0.25
    several = [1.0, 2.0, 4.0]
    found = results.over_seeds(several)
    assert found["n"] == 3
    assert found["mean"] == pytest.approx(7 / 3)
    assert found["sd"] == pytest.approx(torch.tensor(several).double().std().item())
    assert results.over_seeds([None]) is results.over_seeds([1.0, None]) is None
    with pytest.raises(ValueError, match="at least one run, got none"):
        results.over_seeds([])
