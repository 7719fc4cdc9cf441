"""Each rule on the shape of a notebook: one lesson that keeps all of them, and faults.

The lesson is the one that `scripts/new_chapter.py` writes. A fault changes one thing in
it, and turns red the rule that is named beside it, and no other. A notebook without a
number is made of it as well.
"""

import json
from collections.abc import Callable
from pathlib import Path

import chapters
import mirror
import pytest
import rules
from chapters import raw

from scripts import new_chapter

SLUG = "10_a_lesson"
ALL = rules.EVERY | rules.CHAPTER
Change = Callable[[dict], object]

# The lesson's cells, by what they are.
(TITLE, SETTINGS, PICTURE, QUESTION, MODEL, WHY, TRAINING, READING, TABLE) = range(9)
(ENDS, STUB, SOLUTION_HEAD, SOLUTION, MORE, CHECK, LAST) = range(9, 16)


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    new_chapter.main([SLUG], tmp_path)
    return tmp_path / "notebooks" / f"{SLUG}.ipynb"


def change(path: Path, *changes: Change) -> None:
    book = json.loads(path.read_text(encoding="utf-8"))
    for do in changes:
        do(book)
    path.write_text(json.dumps(book), encoding="utf-8")
    raw.cache_clear()


def red(path: Path) -> dict[str, list[str]]:
    wanted = rules.rules_of(path).items()
    return {name: found for name, rule in wanted if (found := rule(path))}


# changes ----------------------------------------------------------------------------


def replace(index: int, old: str, new: str) -> Change:
    def do(book: dict) -> None:
        source = "".join(book["cells"][index]["source"])
        assert source.count(old) == 1, (old, source)
        book["cells"][index]["source"] = source.replace(old, new)

    return do


def append(index: int, text: str) -> Change:
    def do(book: dict) -> None:
        source = "".join(book["cells"][index]["source"])
        book["cells"][index]["source"] = source + text

    return do


def insert(index: int, source: str, *tags: str, kind: str = "code") -> Change:
    def do(book: dict) -> None:
        cell = {"cell_type": kind, "id": f"new-{len(book['cells'])}", "source": source}
        cell["metadata"] = {"tags": list(tags)} if tags else {}
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        book["cells"].insert(index, cell)

    return do


def cell(index: int, **entries: object) -> Change:
    return lambda book: book["cells"][index].update(entries)


def figure(index: int, key: str, value: str) -> Change:
    part = "image" if key == "alt" else "figure"
    return lambda book: book["cells"][index]["metadata"]["mystnb"][part].update(
        {key: value}
    )


def lines(name: str, n: int) -> str:
    return "\n".join(f"{name}_{i} = {i}" for i in range(n))


def several(n: int, size: int, *tags: str) -> list[Change]:
    return [insert(MODEL, lines(f"n{i}", size), *tags) for i in range(n)]


DRAWING = "![a drawing that shows something](../book/_static/favicon.svg)"


def several_with_drawings(n: int, size: int) -> list[Change]:
    drawing = insert(MODEL, DRAWING, kind="markdown")
    return [do for code in several(n, size) for do in (code, drawing)]


OTHER_PYTHON = {"name": "python2"}
FAULTS: dict[str, list[tuple[str, Change | list[Change]]]] = {
    "stored_without_outputs": [
        ("output", cell(MODEL, outputs=[{"output_type": "stream"}])),
        ("count", cell(MODEL, execution_count=3)),
        ("id", [cell(TITLE, id="same"), cell(WHY, id="same")]),
        ("kernel", lambda book: book["metadata"].update(kernelspec=OTHER_PYTHON)),
        ("language", lambda book: book["metadata"].update(language_info={})),
        ("metadata", cell(MODEL, metadata={"collapsed": True})),
    ],
    "known_tags": [("misspelt", cell(MODEL, metadata={"tags": ["hide-inputs"]}))],
    "short_cells": [("long", insert(SOLUTION, lines("v", 41)))],
    "one_title": [
        ("no label", replace(TITLE, "(ch-", "(chapter-")),
        ("two", append(WHY, "\n\n# Again")),
    ],
    "figures_described": [
        ("no caption", figure(TRAINING, "caption", "")),
        ("long caption", figure(TRAINING, "caption", "word " * 13)),
        ("no text instead", figure(TRAINING, "alt", "a curve")),
        ("no name", figure(TRAINING, "name", "training")),
        ("one name for two", figure(TRAINING, "name", "fig-a-lesson-2")),
        ("value beside it", replace(TRAINING, 'error");', 'error")')),
        ("drawing", append(WHY, DRAWING.replace("a drawing that shows ", ""))),
    ],
    "nothing_forbidden": [
        ("show", append(TRAINING, "\nplt.show();")),
        ("path", append(MODEL, '\nwhere = "/home/me"')),
        ("profile", append(MODEL, '\nslow = profile() == "full"')),
    ],
    "exercises_have_solutions": [
        ("kind", replace(ENDS, "code): what", "bug): what")),
        ("minutes", replace(ENDS, "(10 minutes, ", "(")),
        ("number", replace(ENDS, "} E1", "} E2")),
        ("solution of nothing", replace(SOLUTION_HEAD, "-code", "-cod")),
        ("solution open", replace(SOLUTION_HEAD, "\n:class: dropdown", "")),
        (
            "three",
            replace(LAST, "```{exercise-start} E4", "```{exercise-begin} E4"),
        ),
    ],
    "stubs_equal_solutions": [
        ("output", cell(STUB, metadata={"tags": ["raises-exception"]})),
        ("arguments", replace(SOLUTION, "(x: Tensor)", "(y: Tensor)")),
        ("docstring", replace(SOLUTION, "(C, H", "(c, H")),
        ("check", replace(SOLUTION, "checks.check_mean_image(mean_image)", "")),
        ("answer", replace(STUB, "raise NotImplementedError", "pass")),
        ("name", replace(SOLUTION, "def mean_image", "def mean_picture")),
        (
            "no stub",
            [cell(STUB, metadata={}), replace(STUB, "def mean_", "def median_")],
        ),
    ],
    "one_name_one_meaning": [
        ("third", [append(MODEL, "\nerror = 3"), append(SOLUTION, "\nerror + 1")]),
    ],
    "shown_cells_need_no_hidden_one": [
        (
            "secret",
            [
                insert(SOLUTION, "assert (secret := 1)", "remove-cell"),
                insert(LAST, "secret + 1"),
            ],
        ),
    ],
    "citations_exist": [
        ("link", replace(WHY, "#ref-hinton2006reducing", "#ref-nobody2030")),
    ],
    "no_holes": [
        ("role", append(WHY, " {term}``")),
        ("link", append(WHY, " [](01_linear_autoencoder.ipynb)")),
        ("formula", append(WHY, " $\\mathrm{KL}($ 4 $\\Vert$ 9 $)$")),
    ],
    "fits_the_page": [("wide", append(SOLUTION, f"\nlong = {'1' * 82}"))],
    "opens_with_a_picture": [
        ("two sentences", replace(TITLE, "*One", "One. *One")),
        ("list", insert(PICTURE, "- a\n- b", kind="markdown")),
        ("heading", insert(PICTURE, "## Goals", kind="markdown")),
    ],
    "one_settings_cell": [
        ("shown", cell(SETTINGS, metadata={})),
        ("device", replace(SETTINGS, "device = aelib", "place = aelib")),
        ("import", append(MODEL, "\nimport math")),
    ],
    "loads_its_evidence": [("other", replace(SETTINGS, SLUG, "11_other"))],
    "folded_cells_only_draw": [
        ("train", insert(TABLE, "train(model, loss, [])", "hide-input")),
        ("backward", insert(TABLE, "loss(model, x).backward()", "hide-input")),
    ],
    "hidden_cells_only_check": [
        ("code", insert(SOLUTION, "secret = 1", "remove-cell")),
    ],
    "ends_in_order": [
        ("summary", replace(ENDS, "## Summary", "## Sum")),
        ("table", replace(ENDS, "| cure |", "| remedy |")),
        ("reading", replace(LAST, "## Further reading", "## Reading")),
        (
            "order",
            [replace(ENDS, "## Summary", "## In short"), append(LAST, "\n## Summary")],
        ),
    ],
    "reads_everywhere": [
        ("glue", append(WHY, " {glue:text}`a`")),
        ("cite", append(WHY, " {cite:t}`hinton2006reducing`")),
        ("numref", append(WHY, " {numref}`fig-a`")),
        ("doc", append(WHY, " {doc}`07_kl_divergence`")),
        ("ref", append(WHY, " {ref}`ch-kl`")),
        ("ref by words", append(WHY, " {ref}`KL <ch-kl>`")),
    ],
    "links_lead_somewhere": [
        ("dead", replace(QUESTION, "01_linear", "01_linea")),
        ("no key", replace(WHY, "#ref-hinton2006reducing", "")),
    ],
    "citations_say_whom": [
        ("year", replace(WHY, "(2006)]", "(2007)]")),
        ("name", replace(WHY, " and Salakh", " and Sala")),
        ("form", replace(WHY, " (2006)]", ", 2006]")),
    ],
    "no_comment_behind_a_bracket": [
        ("lone", append(SOLUTION, "\ny = (\n    1\n)  # one")),
    ],
    "names_no_document": [
        ("text", append(WHY, " S0-FC is its name.")),
        ("caption", figure(TRAINING, "caption", "the network of S3")),
    ],
    "at most: first picture": [("code", insert(PICTURE, lines("v", 16)))],
    "at most: between": [
        ("code", [insert(TABLE, lines(f"v{i}", 9)) for i in range(5)])
    ],
    "at most: visible": [("code", several_with_drawings(26, 10))],
    "at most: folded": [("code", several(5, 20, "hide-input"))],
    "at most: fold": [("one", several(1, 26, "hide-input"))],
    "at most: hidden": [("assert", insert(TABLE, "assert model", "remove-cell"))],
    "at most: words": [("words", append(WHY, " word" * 2500))],
    "at most: numbers": [("row", append(WHY, " 1.1, 1.2, 1.3, twelve and 15."))],
    "at most: median": [("cells", several_with_drawings(6, 11))],
    "at most: trainings": [
        ("calls", append(MODEL, "\n[train(m, loss, 0) for m in ()]" * 4)),
        (
            "own function",
            [
                append(MODEL, "\n\n\ndef fit(m):\n    train(m, loss, [])"),
                append(TABLE, "\nfit(1)" * 4),
            ],
        ),
        (
            "loops",
            [append(TABLE, "\nfor epoch in range(9):\n    error.backward()" * 4)],
        ),
    ],
}
CASES = [(rule, *case) for rule, cases in FAULTS.items() for case in cases]


def test_the_lesson_keeps_every_rule(lesson):
    assert red(lesson) == {}


@pytest.mark.parametrize(
    ("rule", "name", "changes"), CASES, ids=[f"{r}, {n}" for r, n, _ in CASES]
)
def test_a_fault_turns_its_rule_red_and_no_other(lesson, rule, name, changes):
    change(lesson, *(changes if isinstance(changes, list) else [changes]))
    assert list(red(lesson)) == [rule]


def test_every_rule_was_seen_red():
    # those left out have a test of their own below
    assert set(FAULTS) == set(ALL) - {"has_evidence", "has_claims", "leads_on"}


@pytest.mark.parametrize("source", ["!ls", "%time x", "from torch import *"])
def test_what_is_no_plain_python_is_refused(lesson, source):
    change(lesson, insert(TABLE, source))
    assert rules.nothing_forbidden(lesson)


@pytest.mark.parametrize(
    ("folder", "rule"),
    [("experiments", "has_evidence"), ("tests/claims", "has_claims")],
)
def test_a_lesson_needs_evidence_and_claims(lesson, folder, rule):
    (lesson.parents[1] / folder / f"{SLUG}.py").unlink()
    assert list(red(lesson)) == [rule]


def test_a_chapter_leads_on_to_the_next_one(lesson):
    (lesson.parent / "11_the_next.ipynb").write_text("{}")
    assert list(red(lesson)) == ["leads_on"]
    change(lesson, append(LAST, "\n\nOn to [chapter 11](11_the_next.ipynb)."))
    assert not rules.leads_on(lesson)
    change(lesson, append(LAST, "\n\nOne word more."))
    assert rules.leads_on(lesson)


# without a number -------------------------------------------------------------------


def without_exercises(book: dict) -> None:
    del book["cells"][STUB:]
    source = "".join(book["cells"][ENDS]["source"])
    book["cells"][ENDS]["source"] = source.partition("\n\n## Exercises")[0]


@pytest.fixture
def page(lesson: Path) -> Path:
    (name,) = chapters.UNNUMBERED
    change(
        lesson,
        without_exercises,
        replace(SETTINGS, f'\nevidence = results.load("{SLUG}")', ""),
        replace(TABLE, '\nevidence.table("errors")', ""),
    )
    root = lesson.parents[1]
    (root / "experiments" / f"{SLUG}.py").unlink()
    (root / "tests" / "claims" / f"{SLUG}.py").rename(root / f"tests/claims/{name}.py")
    return lesson.rename(lesson.with_name(f"{name}.ipynb"))


PAGE_FAULTS: list[tuple[str, Change | list[Change]]] = [
    ("ends_with_a_summary", append(ENDS, "\n\n## Further reading\n\nMore.")),
    ("ends_with_a_summary", insert(ENDS, "## Exercises\n\nNone.", kind="markdown")),
    ("ends_with_a_summary", append(WHY, "\n\n```{exercise-start} E1\n```")),
    ("ends_with_a_summary", insert(TABLE, "def f():\n    pass", "raises-exception")),
    ("stored_without_outputs", cell(MODEL, execution_count=3)),
    ("one_settings_cell", replace(SETTINGS, "device = aelib", "place = aelib")),
    ("opens_with_a_picture", insert(PICTURE, "- a\n- b", kind="markdown")),
    ("links_lead_somewhere", replace(QUESTION, "01_linear", "01_linea")),
    ("at most: numbers", append(WHY, " 1.1, 1.2, 1.3, twelve and 15.")),
    ("at most: folded", several(9, 20, "hide-input")),
    ("at most: trainings", append(MODEL, "\n[train(m, loss, 0) for m in ()]" * 8)),
]


def test_a_notebook_without_a_number_needs_neither_exercises_nor_evidence(page):
    assert red(page) == {}


@pytest.mark.parametrize(("rule", "fault"), PAGE_FAULTS)
def test_a_notebook_without_a_number_keeps_all_other_rules(page, rule, fault):
    change(page, *(fault if isinstance(fault, list) else [fault]))
    assert list(red(page)) == [rule]


def test_a_notebook_without_a_number_has_claims(page):
    (page.parents[1] / "tests" / "claims" / f"{page.stem}.py").unlink()
    assert list(red(page)) == ["has_claims"]


def test_a_misnamed_notebook_is_red(lesson):
    other = lesson.with_name("Lesson.ipynb")
    other.write_bytes(lesson.read_bytes())
    assert rules.stored_without_outputs(other)


def test_a_function_in_two_chapters_is_red(lesson):
    body = "\n".join(f"    long_name_{i} = {i}" for i in range(30))
    change(lesson, append(MODEL, f"\n\n\ndef copied():\n{body}\n    return 1"))
    other = lesson.with_name("11_other.ipynb")
    other.write_bytes(lesson.read_bytes())
    assert rules.copied_functions([lesson]) == []
    assert rules.copied_functions([lesson, other]) == [
        f"copied of 11_other: see {SLUG}"
    ]


def test_exercises_do_not_count(lesson):
    before = mirror.look(lesson)
    change(lesson, append(LAST, " 1.1, 1.2, 1.3, 1.4 and 1.5" + " word" * 3000))
    change(lesson, insert(SOLUTION, lines("v", 39)))
    assert mirror.look(lesson) == before


def test_counts_of_the_lesson(lesson):
    seen = mirror.look(lesson)
    assert seen["first picture"] == 0 and seen["trainings"] == 1
    # the model's 6 lines and the training's 2; then the table's 5
    assert seen["between"] == 8 and seen["visible"] == 13 and seen["median"] == 5
    assert seen["folded"] == 11 + 1 and seen["fold"] == 11
    assert seen["numbers"] == 3 and 90 < seen["words"] < 130


def test_names_of_whom_to_cite():
    assert rules.works()["kingma2015adam"] == ("Kingma and Ba", "2015")
    assert rules.works()["he2015delving"] == ("He et al.", "2015")
    assert rules.works()["rolinek2019variational"] == ("Rolínek et al.", "2019")


def test_new_chapter_overwrites_nothing(lesson, capsys):
    lesson.write_text("mine")
    assert new_chapter.main([SLUG], lesson.parents[1]) == 1
    assert lesson.read_text() == "mine" and "nothing written" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        new_chapter.main(["ten"], lesson.parents[1])


def test_names_of_documents():
    assert rules.document_names("*S0-FC* of the document S3") == ["S0-FC", "S3"]
