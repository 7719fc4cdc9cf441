"""The shape of every chapter, read without running it."""

import ast
import re
import symtable

import pytest
import yaml
from chapters import NOTEBOOKS, PAGES, ROOT, cells, markdown, prose, raw

EVERY_CHAPTER = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)

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


def code_cells(path, *, without=()):
    return [
        c for c in cells(path) if c.kind == "code" and not set(without) & set(c.tags)
    ]


def test_there_are_chapters():
    assert NOTEBOOKS


@EVERY_CHAPTER
def test_stored_without_outputs(path):
    notebook = raw(path)
    assert re.fullmatch(r"\d\d_[a-z_]+", path.stem)
    assert set(notebook["metadata"]) == {"kernelspec"}
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in notebook["cells"]:
        assert set(cell["metadata"]) <= {"tags", "mystnb"}, cell["id"]
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None, cell["id"]


@EVERY_CHAPTER
def test_template(path):
    found = cells(path)
    head = found[0].source
    assert re.match(r"\(ch-[a-z-]+\)=\n# \S", head), "the label, then the title"
    assert len(re.findall(r"^# ", markdown(path), flags=re.M)) == 1
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
    for cell in found:
        n_lines = len(cell.source.splitlines())
        assert cell.kind == "markdown" or n_lines <= 40, (cell.id, n_lines)


@EVERY_CHAPTER
def test_seeded_and_asserted(path):
    asserts = [
        c for c in code_cells(path) if re.search(r"\bassert|assert_close", c.source)
    ]
    assert len(asserts) >= 5
    assert f'results.load("{path.stem}")' in "".join(c.source for c in code_cells(path))


@EVERY_CHAPTER
def test_plots_are_figures(path):
    names = []
    for cell in code_cells(path, without=["raises-exception"]):
        if not re.search(
            r"\bplots\.(?!use_style)\w+\(|plt\.subplots|\bax\.", cell.source
        ):
            continue
        figure = cell.metadata.get("mystnb", {}).get("figure", {})
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        assert figure.get("name", "").startswith("fig-"), cell.id
        assert 0 < len(figure["caption"].split()) <= 12, (cell.id, figure["caption"])
        assert len(alt) > 20, cell.id
        names.append(figure["name"])
        last = ast.parse(cell.source).body[-1]
        drawn = re.match(r"plots\.|ax\.(set|legend)\(", ast.unparse(last))
        # a value shown beside the figure would be a second figure of the same name
        assert not drawn or cell.source.rstrip().endswith(";"), cell.id
    assert names and len(set(names)) == len(names)
    for name in names:
        assert f"{{numref}}`{name}`" in markdown(path) or name.endswith("-data"), name


@EVERY_CHAPTER
def test_nothing_forbidden(path):
    for cell in code_cells(path):
        for pattern in (
            r"^\s*[!%]",
            r"plt\.show",
            r"import \*",
            r"if fast",
            r"'/(home|tmp)",
        ):
            assert not re.search(pattern, cell.source, flags=re.M), (cell.id, pattern)
        if "pick(" in cell.source or "profile" in cell.source:
            assert not re.search(r"profile\(\) *==", cell.source), cell.id


@EVERY_CHAPTER
def test_exercises_have_solutions(path):
    text = markdown(path)
    labels = re.findall(r"exercise-start\} (.*)\n:label: (\S+)", text)
    solutions = re.findall(r"solution-start\} (\S+)\n:class: dropdown", text)
    assert 4 <= len(labels) <= 6
    assert sorted(label for _, label in labels) == sorted(solutions)
    kinds = []
    for number, (title, _) in enumerate(labels, start=1):
        match = re.match(
            r"E(\d) \((\d+) minutes, ([●○]{3}), (proof|code|bug|open)\): ", title
        )
        assert match and int(match[1]) == number, title
        kinds.append(match[4])
    assert {"proof", "code", "bug", "open"} <= set(kinds)


def functions(source: str) -> dict[str, ast.FunctionDef]:
    return {
        node.name: node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }


@EVERY_CHAPTER
def test_stub_equals_its_solution_but_for_the_body(path):
    stubs = [c for c in code_cells(path) if "raises-exception" in c.tags]
    assert stubs
    for stub in stubs:
        assert "remove-output" in stub.tags, stub.id
        (name, unsolved), *_ = functions(stub.source).items()
        solved = [
            (c, functions(c.source)[name])
            for c in code_cells(path)
            if c.index > stub.index and name in functions(c.source)
        ]
        assert len(solved) == 1, (stub.id, name)
        cell, solution = solved[0]
        assert "NotImplementedError" in ast.unparse(unsolved)
        assert "NotImplementedError" not in ast.unparse(solution)
        for part in ("args", "returns"):
            left, right = (getattr(f, part, None) for f in (unsolved, solution))
            assert ast.dump(left) == ast.dump(right), (stub.id, part)
        assert ast.get_docstring(unsolved) == ast.get_docstring(solution)
        check = re.findall(r"^checks\.check_\w+\(.*\)$", stub.source, flags=re.M)
        assert check and check[-1] in cell.source, stub.id


def top_level_names(source: str) -> tuple[set[str], set[str]]:
    """Names that a cell binds at its top level, and global names it reads anywhere."""
    table = symtable.symtable(source, "cell", "exec")
    bound = {s.get_name() for s in table.get_symbols() if s.is_assigned()}
    read = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    waiting = list(table.get_children())
    while waiting:
        inner = waiting.pop()
        waiting += inner.get_children()
        read |= {
            s.get_name()
            for s in inner.get_symbols()
            if s.is_global() and s.is_referenced()
        }
    return bound, read


@EVERY_CHAPTER
def test_no_name_means_two_things(path):
    """A name that two cells bind must not be read by a third: which would it mean?"""
    found = code_cells(path, without=["raises-exception"])
    names = {c.id: top_level_names(c.source) for c in found}
    for name in set().union(*(bound for bound, _ in names.values())):
        binders = {cell for cell, (bound, _) in names.items() if name in bound}
        readers = {cell for cell, (_, read) in names.items() if name in read}
        assert len(binders) == 1 or readers <= binders, (name, binders, readers)


@EVERY_CHAPTER
def test_shown_cells_need_no_hidden_one(path):
    """Who copies what the page shows must be able to run it."""
    shown = code_cells(path, without=["remove-cell", "raises-exception"])
    names = [top_level_names(c.source) for c in shown]
    visible = set().union(*(bound for bound, _ in names))
    hidden = {
        name
        for cell in code_cells(path, without=["raises-exception"])
        for name in top_level_names(cell.source)[0]
    } - visible
    read = set().union(*(read for _, read in names))
    needed = read & hidden
    assert not needed, needed


def test_no_function_is_copied_between_chapters():
    bodies = {}
    for path in NOTEBOOKS:
        for cell in code_cells(path):
            for name, node in functions(cell.source).items():
                body = ast.dump(ast.Module(node.body, []))
                if len(body) > 400:
                    assert bodies.setdefault(body, path) == path, (name, path.stem)


@pytest.mark.parametrize("path", [*NOTEBOOKS, *PAGES], ids=lambda p: p.stem)
def test_citations_exist(path):
    known = set(
        re.findall(r"@\w+\{([\w-]+),", (ROOT / "book/references.bib").read_text())
    )
    for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", markdown(path)):
        assert set(re.split(r",\s*", keys)) <= known, keys


def test_every_reference_is_cited_or_listed():
    keys = re.findall(r"@\w+\{([\w-]+),", (ROOT / "book/references.bib").read_text())
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


@EVERY_CHAPTER
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


@EVERY_CHAPTER
def test_glued_names_exist(path):
    text = markdown(path)
    used = set(re.findall(r"\{glue:\w+\}`([\w]+)", text))
    code = "".join(c.source for c in code_cells(path))
    glued = set(re.findall(r"glue\(\s*\"(\w+)\"", code))
    assert used <= glued, used - glued
    assert glued <= used, f"glued and never shown: {glued - used}"
