"""What concerns the old form of a chapter alone; it goes with the last of them."""

import re

import pytest
from chapters import NOTEBOOKS, OLD, cells, code_cells, markdown

from aelib.results import old

# The chapters that were in the old form when the new one came.
FIRST_OLD = {
    "01_linear_autoencoder",
    "03_convolutional_autoencoder",
    "04_reconstruction_losses",
    "05_denoising_autoencoder",
    "06_regularized_autoencoder",
    "07_kl_divergence",
    "08_evidence_lower_bound",
}
OLD_CHAPTERS = [path for path in NOTEBOOKS if path.stem in OLD]
EVERY_OLD_CHAPTER = pytest.mark.parametrize("path", OLD_CHAPTERS, ids=lambda p: p.stem)

# Digits in prose that no cell computes, each read and approved: names, not results.
ALLOWED_DIGITS = (
    r"E\d \(\d+ minutes",  # an exercise's head
    r"\bS\d\b|\bB\d\d\b",  # systems and exhibits
    r"\b(?:19|20)\d\d\b",  # years
    r"\bPython 3\.1[0-9]\b|\b3\.1[0-9]\b",  # versions of Python
    r"CC BY(?:-SA)? \d\.\d|Apache-2\.0",  # licences
    r"^\s*\d+\. ",  # numbered lists
    r"arXiv:\d{4}\.\d{4,5}",
)


def test_the_list_of_old_chapters_only_shrinks():
    assert set(OLD) <= FIRST_OLD
    assert len(set(OLD)) == len(OLD)
    assert {path.stem for path in OLD_CHAPTERS} == set(OLD), "a slug without a notebook"
    assert OLD, "the last old chapter is rewritten: delete this file and the list"


@EVERY_OLD_CHAPTER
def test_template(path):
    found = cells(path)
    for heading in (
        "What you will be able to do",
        "Summary",
        "What can go wrong",
        "Exercises",
        "Further reading",
    ):
        assert f"## {heading}" in markdown(path), heading
    assert 3 <= len(re.findall(r"^- ", found[1].source, flags=re.M)) <= 6
    config = next(c for c in found if c.kind == "code" and "pick(" in c.source)
    imports = next(c for c in found if c.kind == "code")
    assert config.index == imports.index + 1, "the settings follow the imports"
    assert "seed_everything(" in config.source


@EVERY_OLD_CHAPTER
def test_asserted_and_with_its_old_table(path):
    asserts = [
        c for c in code_cells(path) if re.search(r"\bassert|assert_close", c.source)
    ]
    assert len(asserts) >= 5
    code = "".join(c.source for c in code_cells(path))
    assert re.search(rf'\b(?:results|old)\.load\("{path.stem}"\)', code)


@EVERY_OLD_CHAPTER
def test_figures_are_named_in_the_text(path):
    for cell in code_cells(path):
        if name := cell.figure.get("name"):
            named = f"{{numref}}`{name}`" in markdown(path)
            assert named or name.endswith("-data"), name


def prose(text: str) -> str:
    """Text without code, mathematics, roles, links' addresses and directive lines."""
    text = re.sub(r"```+\{math\}.*?```+", " ", text, flags=re.S)
    text = re.sub(r"^(```+)(?!\{)\w*\n.*?^\1`*\s*$", " ", text, flags=re.S | re.M)
    text = re.sub(r"\$\$.*?\$\$", " ", text, flags=re.S)
    text = re.sub(r"\$[^$]*\$", " ", text)
    text = re.sub(r"^:{1,4}.*$|^\s*[`~]{3,}.*$", " ", text, flags=re.M)
    text = re.sub(r"^\([\w-]+\)=$", " ", text, flags=re.M)
    text = re.sub(r"\{[\w:]+\}`[^`]*`", " ", text)
    text = re.sub(r"`[^`]*`", " ", text)
    return re.sub(r"\]\([^)]*\)|<[^>]*>", " ", text)


@EVERY_OLD_CHAPTER
def test_numbers_in_prose_come_from_cells(path):
    """Digits outside mathematics, glue and citations are results nobody computes."""
    for cell in cells(path):
        if cell.kind != "markdown":
            continue
        text = prose(cell.source)
        for pattern in ALLOWED_DIGITS:
            text = re.sub(pattern, " ", text, flags=re.M)
        found = [line.strip() for line in text.splitlines() if re.search(r"\d", line)]
        assert not found, (cell.id, found)


@EVERY_OLD_CHAPTER
def test_glued_names_exist(path):
    text = markdown(path)
    used = set(re.findall(r"\{glue:\w+\}`([\w]+)", text))
    code = "".join(c.source for c in code_cells(path))
    glued = set(re.findall(r"glue\(\s*\"(\w+)\"", code))
    assert used <= glued, used - glued
    assert glued <= used, f"glued and never shown: {glued - used}"


# the tables that these chapters still show ------------------------------------------


@pytest.mark.parametrize("slug", OLD)
def test_their_tables_are_whole_and_can_be_cut(slug):
    table = old.load(slug)
    assert table.provenance["profile"] == "full"
    row = next(iter(table.rows))
    column = next(c for c in table.columns if table.rows[row].get(c) is not None)
    shown = table.text(row=row, column=column)
    part = table.part(columns=[column])
    assert part.text(row=row, column=column) == shown
    assert shown in repr(part) and part.provenance == table.provenance
    with pytest.raises(ValueError, match="row must be one of"):
        table.value(row="misspelt", column=column)


def test_a_table_that_is_not_there_says_so(tmp_path):
    assert old.load("02_autoencoder", folder=tmp_path).is_missing
    (tmp_path / "02_autoencoder.json").write_text("{")
    with pytest.raises(ValueError, match="must hold a results table"):
        old.load("02_autoencoder", folder=tmp_path)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (16.2543, "16.25"),
        (223_456, "223,456"),
        ({"mean": 0.01301, "sd": 0.00012, "n": 5}, "0.01301 ± 0.00012"),
        ({"mean": -1.0, "sd": 0.25, "n": 5}, "\u22121.00 ± 0.25"),
        (None, "-"),
    ],
)
def test_their_numbers_are_shown_with_digits_that_mean_something(value, text):
    assert old.show(value) == text
