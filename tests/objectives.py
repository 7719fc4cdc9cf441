"""The objectives of a lesson, called on a pretended GPU without running the lesson.

Of a notebook only those statements are executed that its calls of `train` depend on:
imports, settings, functions, the data, the models. `train` and `evaluate` are replaced:
instead of training, they call the objective once on the first batch.
"""

import ast
import builtins
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import chapters
import matplotlib.pyplot as plt
from fake_device import NotAnObjective, ReachedCPU, fake_gpu, run_objective
from torch import Tensor
from torch._subclasses.fake_tensor import unset_fake_temporarily

import aelib.results.evidence
import aelib.train
from aelib.results.evidence import load_file
from aelib.train import History

_REPLACED = ("train", "evaluate")  # of aelib.train
_NAMES = ("loss", "objective")  # objectives by their name alone


class Called(NamedTuple):
    """An objective that was called, and the terms that it returned."""

    name: str
    terms: tuple[str, ...]


class Statement(NamedTuple):
    """A statement at the top of a cell, the names it binds, and those it needs."""

    node: ast.stmt
    binds: frozenset[str]
    needs: frozenset[str]
    cell: int


def call_objectives(path: Path) -> list[Called]:
    """Call each objective of the notebook on a pretended GPU.

    It is an error where one does not run there, or where a call of `train` was not
    reached. Those that are called `loss` or `objective` and take a model first are
    called with the model and the batch of the first training, if no training does.
    """
    lesson = _Lesson(path)
    with (
        fake_gpu(),
        mock.patch.multiple(aelib.train, train=lesson.train, evaluate=lesson.evaluate),
        mock.patch.object(aelib.results.evidence, "load_file", _kept),
    ):
        for statement in lesson.trainings():
            lesson.run(statement)
        for definition in lesson.uncalled():
            lesson.run(definition)
            lesson.call(lesson.space[definition.node.name], *lesson.first)
    plt.close("all")
    return lesson.called


class _Lesson:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.statements = list(_statements(path))
        self.called: list[Called] = []
        self.first: tuple[Any, Any] | None = None
        self.space: dict[str, Any] = {"__name__": path.stem}
        self.done: set[int] = set()

    # In the place of aelib.train.train and evaluate

    def train(self, model, objective, batches, *, epochs, val_batches=None, **options):
        row = self.call(objective, model, next(iter(batches)))
        val = None if val_batches is None else [row] * epochs
        return History([row] * epochs, val or [], [1.0] * epochs)

    def evaluate(self, model, objective, batches):
        return self.call(objective, model, next(iter(batches)))

    def call(self, objective: Callable, model: Any, batch: Any) -> dict[str, float]:
        self.first = self.first or (model, batch)
        terms = run_objective(objective, model, batch)
        name = getattr(objective, "__name__", type(objective).__name__)
        self.called.append(Called(name, tuple(terms)))
        return dict.fromkeys(terms, math.nan)

    # Statements

    def trainings(self) -> list[Statement]:
        """Those at the top that train, by themselves or through a function."""
        names = set(_REPLACED)
        found = []
        for statement in self.statements:
            if not names & statement.needs:
                continue
            if isinstance(statement.node, ast.FunctionDef | ast.ClassDef):
                names.add(statement.node.name)
            else:
                found.append(statement)
        return found

    def uncalled(self) -> list[Statement]:
        """Definitions of objectives that no training has called."""
        seen = {called.name for called in self.called}
        return [
            statement
            for statement in self.statements
            if isinstance(statement.node, ast.FunctionDef)
            and statement.node.name in _NAMES
            and statement.node.name not in seen
            and [a.arg for a in statement.node.args.args][:1] == ["model"]
        ]

    def run(self, wanted: Statement) -> None:
        """Execute a statement, and before it what it depends on, each once."""
        last = self.statements.index(wanted)
        for index in [*sorted(self._before(last)), last]:
            if index in self.done:
                continue
            self.done.add(index)
            n_called = len(self.called)
            try:
                self._execute(self.statements[index])
            except NotAnObjective:
                raise
            except (AssertionError, ReachedCPU):
                # What follows a training wants values, and there are none.
                if len(self.called) == n_called:
                    raise

    def _before(self, last: int) -> set[int]:
        needed, chosen = set(self.statements[last].needs), set()
        grown = True
        while grown:  # a function may need what is bound after it, so go round again
            grown = False
            for index in range(last - 1, -1, -1):
                statement = self.statements[index]
                if index not in chosen and statement.binds & needed:
                    chosen.add(index)
                    needed |= statement.needs
                    grown = True
        return chosen

    def _execute(self, statement: Statement) -> None:
        where = f"{self.path.name}, cell {statement.cell}"
        code = compile(ast.Module([statement.node], []), where, "exec")
        exec(code, self.space)


def _kept(path: Path) -> dict[str, Tensor]:
    """What the evidence keeps: of a file torch makes no pretended tensors."""
    with unset_fake_temporarily():
        return load_file(path)


def _statements(path: Path) -> Iterator[Statement]:
    for cell in chapters.cells(path):
        if cell.kind != "code" or "raises-exception" in cell.tags:
            continue  # an exercise's stub comes before its solution
        for node in ast.parse(cell.source).body:
            yield Statement(node, *_names(node), cell.index)


def _names(node: ast.stmt) -> tuple[frozenset[str], frozenset[str]]:
    """Names that a statement binds at the top, and those that it needs."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        binds = {node.name}
    elif isinstance(node, ast.Import | ast.ImportFrom):
        binds = {(a.asname or a.name).split(".")[0] for a in node.names}
    else:
        binds = set(_names_in(ast.walk(node), ast.Store))
    needs = set(_names_in(ast.walk(node), ast.Load)) - set(dir(builtins))
    own = set(_names_in(_comprehended(node), ast.Store))  # live and die inside
    if isinstance(node, ast.For):
        needs -= set(_names_in(ast.walk(node.target), ast.Store))
    return frozenset(binds - own), frozenset(needs - own)


def _comprehended(node: ast.AST) -> Iterator[ast.AST]:
    """The targets of all comprehensions in a statement."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.comprehension):
            yield from ast.walk(inner.target)


def _names_in(nodes: Iterable[ast.AST], context: type) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, context):
            yield node.id
