"""The shape of a notebook, as rules: each reads one and says what is wrong.

`rules_of` says which rules hold for a notebook: `EVERY` for all, `CHAPTER` for those
with a number, `WITHOUT_A_NUMBER` for the others. A rule takes the path of a notebook
and returns sentences, none if all is well. `test_rules.py` turns each of them red.
"""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import chapters
from chapters import ROOT, cells, code_cells, markdown, raw
from lesson_text import paragraphs, without_fences
from mirror import (
    BUDGETS,
    is_picture,
    kind_of,
    lesson_part,
    look,
    most_of,
    trainers,
)
from mirror import trainings_in as n_trainings
from names import top_level_names
from pybtex.database import parse_file

Rule = Callable[[Path], list[str]]
COLUMNS = 88
TAGS = {"hide-input", "remove-cell", "raises-exception", "remove-output"}
STUB = ("raises-exception",)
BIBLIOGRAPHY = ROOT / "book" / "references.bib"
FORBIDDEN = {
    "a magic": r"^\s*[!%]",
    "plt.show": r"plt\.show",
    "import *": r"import \*",
    "an absolute path": r"['\"]/(?:home|tmp|work|Users)\b",
    "a profile compared": r"if fast|profile\(\) *==",
}


def functions(source: str) -> dict[str, ast.FunctionDef | ast.ClassDef]:
    return {
        node.name: node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }


# for every notebook -----------------------------------------------------------------


def stored_without_outputs(path: Path) -> list[str]:
    notebook = raw(path)
    found = []
    has_number = re.fullmatch(r"\d\d_[a-z_]+", path.stem) is not None
    if not has_number and path.stem not in chapters.UNNUMBERED:
        found.append(f"its name must be NN_slug, not {path.stem}")
    if set(notebook["metadata"]) != {"kernelspec"}:
        found.append("its metadata must hold the kernelspec and nothing else")
    elif notebook["metadata"]["kernelspec"]["name"] != "python3":
        found.append("its kernel must be python3")
    ids = [cell["id"] for cell in notebook["cells"]]
    found += [f"{i}: an id of two cells" for i in sorted(set(ids)) if ids.count(i) > 1]
    for cell in notebook["cells"]:
        if not set(cell["metadata"]) <= {"tags", "mystnb"}:
            found.append(f"{cell['id']}: metadata {sorted(cell['metadata'])}")
        if cell.get("outputs") or cell.get("execution_count") is not None:
            found.append(f"{cell['id']}: stored with its output")
    return found


def known_tags(path: Path) -> list[str]:
    return [
        f"{cell.id}: unknown tags {sorted(set(cell.tags) - TAGS)}"
        for cell in cells(path)
        if not set(cell.tags) <= TAGS
    ]


def short_cells(path: Path) -> list[str]:
    sizes = [(c.id, len(c.source.splitlines())) for c in code_cells(path)]
    return [f"{cell}: {n} lines, more than 40" for cell, n in sizes if n > 40]


def one_title(path: Path) -> list[str]:
    head = cells(path)[0].source
    if not re.match(r"\(ch-[a-z-]+\)=\n# \S", head):
        return ["it must begin with the label (ch-...)= and the title"]
    titles = re.findall(r"^# ", without_fences(markdown(path)), flags=re.M)
    return [] if len(titles) == 1 else [f"{len(titles)} titles"]


DRAWS = re.compile(r"\bplots\.(?!use_style)\w+\(|plt\.subplots|\bax\.")


def figures_described(path: Path) -> list[str]:
    """Every figure has a name, a caption of at most 12 words and a text instead."""
    found, names = [], []
    for cell in code_cells(path, without=STUB):
        if not DRAWS.search(cell.source):
            continue
        name, caption = (cell.figure.get(key, "") for key in ("name", "caption"))
        names.append(name)
        if not name.startswith("fig-"):
            found.append(f"{cell.id}: a figure without a name that begins with fig-")
        if not 0 < len(caption.split()) <= 12:
            found.append(f"{cell.id}: a caption must have 1 to 12 words")
        if len(cell.alt) <= 20:
            found.append(f"{cell.id}: a figure without an alternative text")
        last = ast.unparse(ast.parse(cell.source).body[-1])
        drawn = re.match(r"plots\.|ax\.(?:set|legend)\(", last)
        if drawn and not cell.source.rstrip().endswith(";"):
            # a value shown beside the figure would be a second figure of the same name
            found.append(f"{cell.id}: its last line draws and must end with ;")
    found += [
        f"a drawing without an alternative text: {alt!r}"
        for alt in re.findall(r"!\[([^\]]*)\]\(", markdown(path))
        if len(alt) <= 20
    ]
    if not names or len(set(names)) != len(names):
        found.append("there must be figures, each with a name of its own")
    return found


def nothing_forbidden(path: Path) -> list[str]:
    return [
        f"{cell.id}: {what}"
        for cell in code_cells(path)
        for what, pattern in FORBIDDEN.items()
        if re.search(pattern, cell.source, flags=re.M)
    ]


def one_name_one_meaning(path: Path) -> list[str]:
    """A name that two cells bind must not be read by a third: which would it mean?"""
    found = code_cells(path, without=STUB)
    names = {c.id: top_level_names(c.source) for c in found}
    wrong = []
    for name in sorted(set().union(*(bound for bound, _ in names.values()))):
        binders = {cell for cell, (bound, _) in names.items() if name in bound}
        readers = {cell for cell, (_, read) in names.items() if name in read}
        if len(binders) > 1 and not readers <= binders:
            wrong.append(f"{name}: bound in {binders}, read in {readers - binders}")
    return wrong


def shown_cells_need_no_hidden_one(path: Path) -> list[str]:
    """Who copies what the page shows must be able to run it."""
    shown = code_cells(path, without=("remove-cell", *STUB))
    names = [top_level_names(c.source) for c in shown]
    visible = set().union(*(bound for bound, _ in names))
    everywhere = [top_level_names(c.source) for c in code_cells(path, without=STUB)]
    hidden = set().union(*(bound for bound, _ in everywhere)) - visible
    needed = set().union(*(read for _, read in names)) & hidden
    return [f"{name} is bound in a hidden cell alone" for name in sorted(needed)]


@cache
def keys() -> list[str]:
    return re.findall(r"@\w+\{([\w-]+),", BIBLIOGRAPHY.read_text(encoding="utf-8"))


def citations_exist(path: Path) -> list[str]:
    """For pages too."""
    cited = re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", markdown(path))
    wanted = {key for group in cited for key in re.split(r",\s*", group)}
    wanted |= set(re.findall(r"bibliography\.md#ref-([\w-]+)", markdown(path)))
    return [f"{key} is not in references.bib" for key in sorted(wanted - set(keys()))]


# for every chapter ------------------------------------------------------------------


def exercises_have_solutions(path: Path) -> list[str]:
    text, found = markdown(path), []
    exercises = re.findall(r"exercise-start\} (.*)\n:label: (\S+)", text)
    solutions = re.findall(r"solution-start\} (\S+)\n:class: dropdown", text)
    if not 4 <= len(exercises) <= 6:
        found.append(f"{len(exercises)} exercises, not 4 to 6")
    if sorted(label for _, label in exercises) != sorted(solutions):
        found.append("exercises and folded solutions must belong together")
    kinds = set()
    for number, (title, _) in enumerate(exercises, start=1):
        head = re.match(
            r"E(\d) \(\d+ minutes, [●○]{3}, (proof|code|bug|open)\): ", title
        )
        if head is None or int(head[1]) != number:
            found.append(f"not the head of exercise {number}: {title}")
        else:
            kinds.add(head[2])
    missing = {"proof", "code", "bug", "open"} - kinds
    return found + [f"no exercise of the kind {kind}" for kind in sorted(missing)]


def stubs_equal_solutions(path: Path) -> list[str]:
    """A stub differs from its solution by the body alone, and calls the same check."""
    found = []
    stubs = [c for c in code_cells(path) if "raises-exception" in c.tags]
    for stub in stubs:
        if "remove-output" not in stub.tags:
            found.append(f"{stub.id}: a stub needs the tag remove-output")
        (name, unsolved), *_ = functions(stub.source).items()
        solved = [
            cell
            for cell in code_cells(path)
            if cell.index > stub.index and name in functions(cell.source)
        ]
        if len(solved) != 1:
            found.append(f"{stub.id}: {len(solved)} solutions of {name}")
            continue
        solution = functions(solved[0].source)[name]
        check = re.findall(r"^checks\.check_\w+\(.*\)$", stub.source, flags=re.M)
        if not check or check[-1] not in solved[0].source:
            found.append(f"{stub.id}: stub and solution must end with the same check")
        unsolved_code, solution_code = map(ast.unparse, (unsolved, solution))
        if "NotImplementedError" not in unsolved_code:
            found.append(f"{stub.id}: a stub raises NotImplementedError")
        if "NotImplementedError" in solution_code:
            found.append(f"{stub.id}: a solution does not raise NotImplementedError")
        if signature(unsolved) != signature(solution):
            found.append(f"{stub.id}: stub and solution of {name} differ at the head")
    return found if stubs else ["no exercise has a stub"]


def signature(node: ast.FunctionDef | ast.ClassDef) -> tuple:
    parts = (getattr(node, part, None) for part in ("args", "returns"))
    dumped = [part and ast.dump(part) for part in parts]
    return (*dumped, ast.get_docstring(node))


# for the new form -------------------------------------------------------------------


def budget(name: str, path: Path) -> list[str]:
    n, most = look(path)[name], most_of(path)[name]
    return [f"{n:g}, at most {most}"] if n > most else []


def opens_with_a_picture(path: Path) -> list[str]:
    """Title, one sentence, a picture: before any list and any other heading."""
    found = []
    opening = paragraphs(cells(path)[0].source)[1:]
    sentences = [s for p in opening for s in re.split(r"(?<=[.!?]) (?=[A-Z])", p.text)]
    if len(sentences) != 1:
        found.append(f"one sentence must stand below the title, not {len(sentences)}")
    for cell in lesson_part(path):
        if is_picture(cell):
            return found
        if cell.kind == "markdown" and re.search(
            r"^(?: *[-*+] |\d+\. |##)", cell.source, re.M
        ):
            found.append(f"{cell.id}: a list or a heading before the first picture")
    return [*found, "no picture"]


def one_settings_cell(path: Path) -> list[str]:
    """The first code cell is folded; all imports stand there, and the device."""
    first, *others = code_cells(path)
    found = []
    if kind_of(first) != "folded":
        found.append("the first code cell holds imports and settings, and is folded")
    if not re.search(r"^device = aelib\.start\(", first.source, re.M):
        found.append("the first code cell must say device = aelib.start(...)")
    return found + [
        f"{cell.id}: an import outside the first code cell"
        for cell in others
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def folded_cells_only_draw(path: Path) -> list[str]:
    part = lesson_part(path)
    known = trainers(part)
    return [
        f"{cell.id}: trains out of sight"
        for cell in part
        if kind_of(cell) in ("folded", "hidden")
        and (n_trainings(cell, known) or ".backward(" in cell.source)
    ]


def hidden_cells_only_check(path: Path) -> list[str]:
    """In the exercises a hidden cell may hold asserts and checks, nothing else."""
    inside = {cell.id for cell in lesson_part(path)}
    return [
        f"{cell.id}: a hidden cell may hold asserts alone"
        for cell in cells(path)
        if kind_of(cell) == "hidden" and cell.id not in inside
        if not all(map(is_check, ast.parse(cell.source).body))
    ]


def is_check(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        name = ast.unparse(node.value.func)
        return name.startswith("checks.check_") or name.endswith("assert_close")
    return isinstance(node, ast.Assert)


def loads_its_evidence(path: Path) -> list[str]:
    if f'results.load("{path.stem}")' in code_cells(path)[0].source:
        return []
    return [f'the first code cell must load the evidence, "{path.stem}"']


def ends_in_order(path: Path) -> list[str]:
    text = markdown(path)
    wanted = [
        r"^## Summary$",
        r"^\| *symptom *\| *cause *\| *cure *\|$",
        r"^## Exercises$",
        r"^## Further reading$",
    ]
    found = [re.search(pattern, text, re.M) for pattern in wanted]
    if None in found:
        missing = wanted[found.index(None)]
        return [f"nothing fits {missing}"]
    places = [match.start() for match in found]
    return [] if places == sorted(places) else ["summary, table, exercises, reading"]


def ends_with_a_summary(path: Path) -> list[str]:
    """Of a notebook without a number, which has no exercises behind it."""
    text, found = markdown(path), []
    headings = re.findall(r"^## (.+)$", without_fences(text), re.M)
    if headings[-1:] != ["Summary"]:
        found.append(f"its last heading must be Summary, not {headings[-1:]}")
    # what stands below that heading would count for no budget
    if re.search(r"^## Exercises$", text, re.M) or "{exercise-start}" in text:
        found.append("exercises belong to a chapter")
    stubs = [c.id for c in code_cells(path) if "raises-exception" in c.tags]
    return found + [f"{cell}: a stub belongs to a chapter" for cell in stubs]


UNREADABLE = r"glue(?::\w+)?|cite(?::\w+)?|numref|doc"


def reads_everywhere(path: Path) -> list[str]:
    """JupyterLab and the learner's copy know neither these roles nor other pages."""
    text = markdown(path)
    found = [f"{{{role}}}" for role in re.findall(rf"\{{({UNREADABLE})\}}`", text)]
    own = set(re.findall(r"^\(([\w-]+)\)=$|^:(?:label|name): (\S+)$", text, re.M))
    labels = {label for pair in own for label in pair}
    for words in re.findall(r"\{ref\}`([^`]+)`", text):
        target = re.sub(r".*<([^<>]+)>$", r"\1", words)
        if target not in labels:
            found.append(f"{{ref}}`{words}`: name another page by a relative link")
    return found


def links(path: Path) -> Iterator[tuple[str, str]]:
    """Words and addresses of the links in the text."""
    text = re.sub(r"`[^`\n]*`", "", without_fences(markdown(path)))
    yield from re.findall(r"\[([^\]]*)\]\(([^)\s]+)\)", text)


def links_lead_somewhere(path: Path) -> list[str]:
    found = []
    for words, address in links(path):
        target, _, anchor = address.partition("#")
        if re.match(r"https?:|mailto:", address) or not target:
            continue
        file = ROOT / "notebooks" / target
        if not file.exists():
            found.append(f"[{words}]({address}): no such file")
        elif file.name == "bibliography.md" and not anchor.startswith("ref-"):
            found.append(f"[{words}]({address}): the anchor must be #ref-KEY")
    return found


def citations_say_whom(path: Path) -> list[str]:
    """`[Oja (1982)](...) shows`, but in brackets `([Oja, 1982](...))`."""
    text = re.sub(r"`[^`\n]*`", "", without_fences(markdown(path)))
    found = []
    for match in re.finditer(r"\[([^\]]*)\]\(\S*bibliography\.md#ref-([\w-]+)\)", text):
        words, key = match.groups()
        if key not in keys():
            continue
        before = text[: match.start()].rpartition("\n\n")[2]
        before = re.sub(r"\]\([^)]*\)", "]", before)  # brackets of other links
        who, year = works()[key]
        is_inside = before.count("(") > before.count(")")
        wanted = f"{who}, {year}" if is_inside else f"{who} ({year})"
        if words != wanted:
            found.append(f"[{words}] must be [{wanted}]")
    return found


def leads_on(path: Path) -> list[str]:
    """The last paragraph says what the next chapter is for."""
    successors = sorted(path.parent.glob(f"{int(path.stem[:2]) + 1:02d}_*.ipynb"))
    last = markdown(path).rstrip().rpartition("\n\n")[2]
    return [
        f"its last paragraph must lead to {name}"
        for name in (file.name for file in successors)
        if f"]({name})" not in last
    ]


@cache
def works() -> dict[str, tuple[str, str]]:
    """Key -> whom the text names, and the year."""
    found = {}
    for key, entry in parse_file(str(BIBLIOGRAPHY)).entries.items():
        persons = entry.persons.get("author") or entry.persons["editor"]
        names = [
            " ".join(map(str, p.rich_prelast_names + p.rich_last_names))
            for p in persons
        ]
        who = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
        found[key] = (who, entry.fields["year"])
    return found


def no_holes(path: Path) -> list[str]:
    """A page may not say "KL( || 1)": an empty role or link, a formula cut in two."""
    text = re.sub(r"\$\$.*?\$\$", "", without_fences(markdown(path)), flags=re.S)
    found = re.findall(r"\{[\w:]+\}`\s*`|\[\s*\]\([^)]*\)|\]\(\s*\)", text)
    for formula in re.findall(r"\$([^$]+)\$", re.sub(r"`[^`\n]*`", "", text)):
        # half-open intervals are whole, so both kinds of brackets count together
        if len(re.findall(r"[(\[]", formula)) != len(re.findall(r"[)\]]", formula)):
            found.append(f"${formula}$: a bracket opens or closes in another formula")
    return found


def fits_the_page(path: Path) -> list[str]:
    return [
        f"{cell.id}: {len(line)} columns, more than {COLUMNS}: {line.strip()[:40]}..."
        for cell in code_cells(path)
        for line in cell.source.splitlines()
        if len(line) > COLUMNS
    ]


def no_comment_behind_a_bracket(path: Path) -> list[str]:
    return [
        f"{cell.id}: a comment behind a closing bracket: {line.strip()}"
        for cell in code_cells(path)
        for line in cell.source.splitlines()
        if re.match(r"\s*[)\]}]+[,;:]?\s*#", line)
    ]


def document_names(text: str) -> list[str]:
    """Names of the documents S0 to S4, and of networks by them, in a Markdown text."""
    words = "\n".join(paragraph.text for paragraph in paragraphs(text))
    return re.findall(r"\bS[0-4](?:-[A-Z]+)?\b", words)


def names_no_document(path: Path) -> list[str]:
    """The documents are named on the page book/sources.md alone."""
    figures = [f"{c.figure.get('caption', '')} {c.alt}" for c in cells(path)]
    found = {
        name for text in [markdown(path), *figures] for name in document_names(text)
    }
    return [f"{name} belongs on the page of sources" for name in sorted(found)]


def has_evidence(path: Path) -> list[str]:
    file = path.parents[1] / "experiments" / f"{path.stem}.py"
    return [] if file.exists() else [f"no experiments/{file.name}"]


def has_claims(path: Path) -> list[str]:
    file = path.parents[1] / "tests" / "claims" / f"{path.stem}.py"
    return [] if file.exists() else [f"no tests/claims/{file.name}"]


def named(*rules: Rule) -> dict[str, Rule]:
    return {rule.__name__: rule for rule in rules}


EVERY = named(
    stored_without_outputs,
    known_tags,
    short_cells,
    one_title,
    figures_described,
    nothing_forbidden,
    one_name_one_meaning,
    shown_cells_need_no_hidden_one,
    citations_exist,
    no_holes,
    fits_the_page,
    opens_with_a_picture,
    one_settings_cell,
    folded_cells_only_draw,
    hidden_cells_only_check,
    reads_everywhere,
    links_lead_somewhere,
    citations_say_whom,
    no_comment_behind_a_bracket,
    names_no_document,
    has_claims,
) | {f"at most: {name}": partial(budget, name) for name in BUDGETS}
CHAPTER = named(
    exercises_have_solutions,
    stubs_equal_solutions,
    loads_its_evidence,
    ends_in_order,
    leads_on,
    has_evidence,
)
WITHOUT_A_NUMBER = named(ends_with_a_summary)


def rules_of(path: Path) -> dict[str, Rule]:
    """The rules that hold for a notebook, by their names; its own name decides."""
    if path.stem in chapters.UNNUMBERED:
        return EVERY | WITHOUT_A_NUMBER
    return EVERY | CHAPTER


def copied_functions(paths: list[Path]) -> list[str]:
    """Functions that stand in more than one notebook.

    Those of up to six lines may: what a lesson shows can be pasted and runs.
    """
    bodies: dict[str, Path] = {}
    found = []
    for path in paths:
        for cell in code_cells(path):
            for name, node in functions(cell.source).items():
                body = ast.unparse(node.body)
                if body.count("\n") >= 6 and bodies.setdefault(body, path) != path:
                    found.append(f"{name} of {path.stem}: see {bodies[body].stem}")
    return found
