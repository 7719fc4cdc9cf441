"""The shape of every notebook, read without running it: the rules are in `rules.py`."""

import pytest
import rules
import yaml
from chapters import CHAPTERS, NOTEBOOKS, PAGES, ROOT, UNNUMBERED, markdown

CASES = [(path, name) for path in NOTEBOOKS for name in rules.rules_of(path)]


def test_there_are_lessons_and_the_notebooks_without_a_number():
    assert CHAPTERS
    assert [path.stem for path in NOTEBOOKS if path.stem in UNNUMBERED] == UNNUMBERED


@pytest.mark.parametrize(
    ("path", "name"), CASES, ids=[f"{path.stem}, {name}" for path, name in CASES]
)
def test_notebook_keeps_its_rules(path, name):
    found = rules.rules_of(path)[name](path)
    assert not found, "\n".join(found)


def test_no_function_is_copied_between_notebooks():
    assert not rules.copied_functions(NOTEBOOKS)


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_citations_of_pages_exist(path):
    assert not rules.citations_exist(path)


def test_every_reference_is_cited_or_listed():
    keys = rules.keys()
    assert len(set(keys)) == len(keys)
    text = "".join(markdown(path) for path in [*NOTEBOOKS, *PAGES])
    for key in keys:
        assert key in text, f"{key} is in references.bib and cited nowhere"


def test_table_of_contents_and_files_agree():
    from scripts.build_book import toc_files

    listed = set(toc_files())
    there = {str(p.relative_to(ROOT).with_suffix("")) for p in [*NOTEBOOKS, *PAGES]}
    assert listed == there
    assert yaml.safe_load((ROOT / "_toc.yml").read_text())["root"] == "book/index"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_the_documents_are_named_on_their_page_alone(path):
    found = rules.document_names(markdown(path))
    assert bool(found) == (path.stem == "sources"), found
