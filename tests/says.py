"""Claims: the numbers of a lesson's text, computed again.

`tests/claims/NN_slug.py` is a plain script. It imports what it likes and finds three
names ready:

    evidence                     aelib.results.load(slug); not where there is none
    setting(name)                what the notebook sets a name to, in the fast profile
    says(quotation, *values)     the chapter says so, and these are its numbers

`says` takes as many values as the quotation has numbers, in their order (the head of
`lesson_text` says what a number is), in the unit that is printed: 28 for "28 %". A
value may be off by what the last printed digit can hide: 9.35 allows 9.345 to 9.355.
A whole number printed whole, and a number in words, must be equal; before "thousand"
and its like the value may be given with or without it. A quotation without a number
is a comparison, and takes one value that must be True.

    says("needs about 12", live="11 < error < 13")

quotes a number of the live run: this very assert must stand visibly in the notebook,
and its bounds must lie around the number, at most half of it away. Several numbers
take a tuple of asserts. Where the assert has `pick(fast=..., full=...)`, give the fast
value.

A value must be computed. Reading the script refuses literals, arithmetic of literals,
and literals passed through names or conversions. The script runs a second time with
every number of the evidence shifted by a tenth, up and down by turns in the order of
reading, so that shares and ratios move as well; a claim whose value moved and still
passes is too coarse to notice anything. A notebook without a number has no evidence,
and its script, `tests/claims/slug.py`, runs once.
"""

import ast
import dataclasses
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from chapters import cells
from lesson_text import Number, Paragraph, numbers_in, prose, quoted
from mirror import kind_of

EXACT = 1e-9
# Calls that hand on the literals they are given.
WRAPPERS = {
    *("tensor", "as_tensor", "full", "array", "asarray", "float32", "float64", "int64"),
    *("Decimal", "Fraction", "floor", "ceil", "trunc", "fabs", "fsum", "pick"),
}


@dataclasses.dataclass
class Claim:
    """One call of `says`: what it quotes, where that stands, and what is wrong."""

    line: int
    quotation: str
    numbers: list[Number]
    values: tuple
    place: tuple[int, int] | None  # paragraph, and where in it the words begin
    problem: str = ""

    @property
    def length(self) -> int:
        return len(quoted(self.quotation))

    def covers(self, paragraph: int, number: Number) -> bool:
        if self.place is None or self.place[0] != paragraph:
            return False
        start = self.place[1]
        return start <= number.start and number.end <= start + self.length


class Claims:
    """What a script says about a lesson; `says` notes problems and never raises."""

    def __init__(self, lesson: Path) -> None:
        self.paragraphs: list[Paragraph] = prose(cells(lesson))
        self.asserts = visible_asserts(lesson)
        self.made: list[Claim] = []

    def says(
        self, quotation: str, *values: Any, live: str | tuple[str, ...] | None = None
    ) -> None:
        words = quoted(quotation)
        place, problem = self._find(words)
        numbers = self._numbers(words, place)
        line = sys._getframe(1).f_lineno
        claim = Claim(line, quotation, numbers, tuple(map(plain, values)), place)
        if live is not None and values:
            problem = problem or "values and live exclude each other: make two claims"
        elif live is not None:
            wanted = (live,) if isinstance(live, str) else live
            problem = problem or check_live(numbers, wanted, self.asserts)
        claim.problem = problem or (check(claim) if live is None else "")
        self.made.append(claim)

    def _find(self, words: str) -> tuple[tuple[int, int] | None, str]:
        places = [
            (i, start)
            for i, paragraph in enumerate(self.paragraphs)
            for start in occurrences(words, paragraph.text)
        ]
        if not words or not places:
            return None, "these words do not stand in the chapter (any more)"
        if len(places) > 1:
            return (
                None,
                f"these words stand in {len(places)} places: quote more of them",
            )
        return places[0], ""

    def _numbers(self, words: str, place: tuple[int, int] | None) -> list[Number]:
        """Numbers of the quotation, as they are read where it stands."""
        if place is None:
            return numbers_in(words)
        start = place[1]
        return [
            number
            for number in self.paragraphs[place[0]].numbers
            if start <= number.start and number.end <= start + len(words)
        ]

    def uncovered(self) -> list[str]:
        """Every number that no claim covers, with the words around it."""
        return [
            f"{paragraph.cell}: {number.text!r} in {around(paragraph.text, number)!r}"
            for i, paragraph in enumerate(self.paragraphs)
            for number in paragraph.numbers
            if not any(claim.covers(i, number) for claim in self.made)
        ]


def occurrences(words: str, text: str) -> list[int]:
    """Where `words` begin in `text`, not in the middle of a word or number."""
    found, start = [], text.find(words)
    while words and start >= 0:
        before, after = text[:start][-1:], text[start + len(words) :][:2]
        torn = (before.isalnum() and words[0].isalnum()) or (
            words[-1].isalnum()
            and (after[:1].isalnum() or (words[-1].isdigit() and is_decimal(after)))
        )
        if not torn:
            found.append(start)
        start = text.find(words, start + 1)
    return found


def is_decimal(after: str) -> bool:
    return len(after) == 2 and after[0] in ".," and after[1].isdigit()


def around(text: str, number: Number) -> str:
    return text[max(0, number.start - 30) : number.end + 30]


def plain(value: Any) -> float | bool | str:
    """A value as a float or a bool; what is neither, in words."""
    if isinstance(value, torch.Tensor | np.ndarray | np.generic) and value.size:
        shape = tuple(value.shape)
        if shape:
            return f"an array of shape {shape}"
        value = value.item()
    if isinstance(value, bool):
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return f"{type(value).__name__} {str(value)[:40]!r}"


def check(claim: Claim) -> str:
    """What is wrong with the values of a claim, or ""."""
    if not claim.numbers:
        if claim.values == (True,) and claim.values[0] is True:
            return ""
        return (
            "a quotation without a number is a comparison and takes one value, True;"
            f" got {list(claim.values)}"
        )
    if len(claim.values) != len(claim.numbers):
        printed = [number.text for number in claim.numbers]
        return f"it has the numbers {printed} and got {len(claim.values)} values"
    wrong = [
        f"it says {number.text!r}, the value is {show(value)}"
        for number, value in zip(claim.numbers, claim.values, strict=True)
        if not fits(number, value)
    ]
    return "; ".join(wrong)


def show(value: float | bool | str) -> str:
    return f"{value:.6g}" if type(value) is float else str(value)


def fits(number: Number, value: Any, *, whole: bool | None = None) -> bool:
    """Whether `value` may be printed as `number`.

    `whole`: whether it stands for a whole number, which must be printed exactly; None:
    judged by the value itself.
    """
    if type(value) is not float:
        return False
    for scale in {1.0, number.scale}:
        printed, half = number.value / scale, number.half / scale
        is_whole = value == round(value, 0) if whole is None else whole
        if is_whole and printed == int(printed) and half <= 0.5:
            half = 0.0
        if abs(value - printed) <= half + EXACT * max(1.0, abs(printed)):
            return True
    return False


# the live run ---------------------------------------------------------------------


def visible_asserts(lesson: Path) -> set[str]:
    """The conditions asserted in visible cells, with the values of the fast profile."""
    found = set()
    for cell in cells(lesson):
        if kind_of(cell) == "visible":
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Assert):
                    found.add(ast.unparse(Fast().visit(node.test)))
    return found


class Fast(ast.NodeTransformer):
    """`pick(fast=a, full=b)` becomes a."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        return given.get("fast", node) if called(node) == "pick" else node


def check_live(numbers: list[Number], live: tuple[str, ...], asserts: set[str]) -> str:
    missing = [a for a in live if ast.unparse(ast.parse(a, mode="eval")) not in asserts]
    if missing:
        return f"no visible cell says `assert {missing[0]}`"
    if not numbers:
        return ""
    if len(live) != len(numbers):
        return f"it has {len(numbers)} numbers and got {len(live)} asserts"
    pairs = zip(numbers, live, strict=True)
    return "; ".join(filter(None, (outside(*pair) for pair in pairs)))


def outside(number: Number, live: str) -> str:
    """Why the bounds of an assert do not lie around a number, or ""."""
    bounds = []
    node = ast.parse(live, mode="eval").body
    parts = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
    for part in parts:
        try:
            bounds.append(float(ast.literal_eval(part)))
        except (ValueError, TypeError):
            continue
    if len(bounds) != 2 or len(parts) != 3:
        return f"`{live}` must have a name between two numbers, as in 11 < error < 13"
    low, high = sorted(bounds)
    if not low <= number.value <= high:
        return f"it says {number.text!r}, and the assert allows {low:g} to {high:g}"
    if max(high - number.value, number.value - low) > abs(number.value) / 2:
        return f"the bounds {low:g} and {high:g} are too far from {number.text!r}"
    return ""


def make_setting(lesson: Path) -> Callable[[str], Any]:
    """`setting(name)`: what the notebook assigns to a name, as a literal."""
    known: dict[str, Any] = {}
    for cell in cells(lesson):
        if cell.kind == "code":
            for node in ast.walk(Fast().visit(ast.parse(cell.source))):
                if isinstance(node, ast.Assign):
                    known |= literals(node.targets[0], node.value)

    def setting(name: str) -> Any:
        if name not in known:
            raise KeyError(f"{lesson.name} assigns no literal to {name!r}")
        return known[name]

    return setting


def literals(target: ast.expr, value: ast.expr) -> dict[str, Any]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = zip(target.elts, value.elts, strict=False)
        return {k: v for pair in pairs for k, v in literals(*pair).items()}
    try:
        found = ast.literal_eval(value)
    except ValueError:
        return {}
    return {target.id: found} if isinstance(target, ast.Name) else {}


# reading the script ---------------------------------------------------------------


def literal_values(script: Path) -> list[str]:
    """The values of a script that are written down instead of computed."""
    tree = ast.parse(script.read_text(encoding="utf-8"))
    names = Names(tree)
    found = []
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or called(call) != "says":
            continue
        printed = printed_numbers(call)
        for i, value in enumerate(call.args[1:]):
            number = printed[i] if i < len(printed) else None
            if not names.computes(value) or number in names.decimals(value):
                text = f"`{ast.unparse(value)}` is written, not computed"
                found.append(f"{script.name}:{call.lineno}: {text}")
    return found


def printed_numbers(call: ast.Call) -> list[float]:
    """The numbers of a quotation, where it is known which value belongs to which."""
    quotation, *values = call.args
    starred = any(isinstance(value, ast.Starred) for value in values)
    if starred or not isinstance(quotation, ast.Constant):
        return []
    found = numbers_in(quoted(str(quotation.value)))
    return [number.value / number.scale for number in found]


def called(call: ast.Call) -> str:
    """Last name of the called thing: "says", or "tensor" of torch.tensor(...)."""
    func = call.func
    return func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")


class Names:
    """Which names of a script stand for something that is computed."""

    def __init__(self, tree: ast.Module) -> None:
        self.modules: set[str] = set()
        self.values: dict[str, list[ast.expr]] = {}
        self.increments: dict[str, list[ast.expr]] = {}
        self.functions: dict[str, ast.FunctionDef] = {}
        self.waiting: set[str] = set()  # guards against names defined by themselves
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self.modules |= {(a.asname or a.name).split(".")[0] for a in node.names}
            elif isinstance(node, ast.FunctionDef):
                self.functions[node.name] = node
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                self.increments.setdefault(node.target.id, []).append(node.value)
            for target, value in bindings(node):
                for name in ast.walk(target):
                    if isinstance(name, ast.Name):
                        self.values.setdefault(name.id, []).append(value)

    def computes(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Name):
            return self._computed_name(node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return node.value.id in self.modules or self.computes(node.value)
        if isinstance(node, ast.Call):
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            return any(map(self.computes, given)) or self._computing_function(node)
        return any(map(self.computes, ast.iter_child_nodes(node)))

    def decimals(self, node: ast.AST, seen: frozenset[str] = frozenset()) -> set[float]:
        """Decimals written in an expression, and in what its names are bound to."""
        found = set()
        for inner in ast.walk(node):
            if isinstance(inner, ast.Constant) and type(inner.value) is float:
                found.add(inner.value)
            elif isinstance(inner, ast.Name) and inner.id not in seen:
                for value in self.values.get(inner.id, []):
                    found |= self.decimals(value, seen | {inner.id})
        return found

    def _computed_name(self, name: str) -> bool:
        if name == "evidence" or name in self.waiting:  # x = x + 1: the rest decides
            return True
        self.waiting.add(name)
        try:
            values = self.values.get(name, [])
            return any(map(self.computes, self.increments.get(name, []))) or (
                bool(values) and all(map(self.computes, values))
            )
        finally:
            self.waiting.discard(name)

    def _computing_function(self, call: ast.Call) -> bool:
        """Whether a call computes even where all its arguments are literals."""
        name = called(call)
        if name in self.functions:
            return any(map(self.computes, self.functions[name].body))
        if isinstance(call.func, ast.Name):
            return name == "setting" or name in self.modules - WRAPPERS
        return name not in WRAPPERS and self.computes(call.func)


def bindings(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """Pairs of a target and the value that it is bound to."""
    if isinstance(node, ast.Assign):
        found = []
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                found += zip(target.elts, node.value.elts, strict=False)
            else:
                found.append((target, node.value))
        return found
    if isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        return [(node.target, node.value)]
    if isinstance(node, ast.For | ast.comprehension):
        return [(node.target, node.iter)]
    if isinstance(node, ast.withitem) and node.optional_vars is not None:
        return [(node.optional_vars, node.context_expr)]
    return []


# evidence, shifted ----------------------------------------------------------------


class Shifted:
    """Evidence with every number shifted by a tenth; its comparisons stay as they are.

    Numbers go up and down by turns in the order in which they are first read, so that
    the ratio of two neighbours changes too.
    """

    def __init__(self, evidence: Any) -> None:
        self._evidence = evidence
        self._factors: dict[Any, float] = {}

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._evidence, name)
        if name in ("less", "table", "pictures", "restore") or not callable(found):
            return found

        def shifted(*args: Any, **kwargs: Any) -> Any:
            key = (name, *args, *sorted(kwargs.items()))
            return self._shift(key, found(*args, **kwargs))

        return shifted

    def __getitem__(self, key: Any) -> Any:
        return self._shift(key, self._evidence[key])

    def _shift(self, key: Any, found: Any) -> Any:
        turn = 1.1 if len(self._factors) % 2 == 0 else 0.9
        return scaled(found, self._factors.setdefault(key, turn))


def scaled(found: Any, factor: float) -> Any:
    """Numbers, tensors, mappings and lists of them, and Values, times a factor."""
    if isinstance(found, dict):
        return {key: scaled(value, factor) for key, value in found.items()}
    if hasattr(found, "mean") and hasattr(found, "runs"):  # a Value
        changed = {
            key: scaled(getattr(found, key), factor) for key in ("mean", "sd", "runs")
        }
        replace = getattr(found, "_replace", None)
        return replace(**changed) if replace else dataclasses.replace(found, **changed)
    if dataclasses.is_dataclass(found):
        fields = {f.name: getattr(found, f.name) for f in dataclasses.fields(found)}
        return dataclasses.replace(found, **scaled(fields, factor))
    if isinstance(found, tuple) and hasattr(found, "_fields"):
        return type(found)(*(scaled(value, factor) for value in found))
    if isinstance(found, list | tuple):
        return type(found)(scaled(value, factor) for value in found)
    if isinstance(found, bool | str) or found is None:
        return found
    return found * factor


# running a script -----------------------------------------------------------------


def run(script: Path, lesson: Path, evidence: Any) -> Claims:
    """Execute a script of claims about a lesson; evidence None: there is none."""
    claims = Claims(lesson)
    space = {
        "__name__": script.stem,
        "says": claims.says,
        "setting": make_setting(lesson),
    }
    if evidence is not None:
        space["evidence"] = evidence
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 the script's own draws, whichever it uses
    torch.manual_seed(0)
    exec(compile(script.read_text(encoding="utf-8"), str(script), "exec"), space)
    return claims


def too_coarse(first: Claims, second: Claims) -> list[str]:
    """Claims whose value moved with the evidence, and which pass all the same."""
    if len(first.made) != len(second.made):
        return ["the number of claims depends on the values of the evidence"]
    return [
        f"line {before.line}: {before.quotation!r} is too coarse to notice a shift of"
        f" the evidence by a tenth: {show(value)} became {show(moved)}, and"
        f" {number.text!r} still holds"
        for before, after in zip(first.made, second.made, strict=True)
        for number, value, moved in zip(
            before.numbers, before.values, after.values, strict=False
        )
        if differ(value, moved) and fits(number, moved, whole=value == round(value, 0))
    ]


def differ(value: Any, other: Any) -> bool:
    if type(value) is not float or type(other) is not float:
        return False
    return abs(value - other) > EXACT * max(1.0, abs(value))


def problems(script: Path, lesson: Path, evidence: Any) -> list[str]:
    """All that is wrong with the claims of a lesson."""
    found = literal_values(script)
    first = run(script, lesson, evidence)
    found += [
        f"{script.name}:{claim.line}: {claim.quotation!r}: {claim.problem}"
        for claim in first.made
        if claim.problem
    ]
    if evidence is not None:
        shifted = run(script, lesson, Shifted(evidence))
        found += [f"{script.name}, {text}" for text in too_coarse(first, shifted)]
    found += [f"no claim covers {text}" for text in first.uncovered()]
    return found
