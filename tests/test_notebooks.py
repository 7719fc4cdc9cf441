"""The shape of every chapter, read without running it; the rules are in `rules.py`."""

import pytest
import rules
import yaml
from chapters import LESSONS, NOTEBOOKS, PAGES, ROOT, markdown

EVERY_CHAPTER = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
EVERY_LESSON = pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)


def test_there_are_chapters_and_lessons():
    assert NOTEBOOKS and LESSONS


@EVERY_CHAPTER
@pytest.mark.parametrize("name", rules.EVERY)
def test_chapter(path, name):
    found = rules.EVERY[name](path)
    assert not found, "\n".join(found)


@EVERY_LESSON
@pytest.mark.parametrize("name", rules.LESSON)
def test_lesson(path, name):
    found = rules.LESSON[name](path)
    assert not found, "\n".join(found)


def test_no_function_is_copied_between_chapters():
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
