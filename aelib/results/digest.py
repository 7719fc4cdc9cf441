"""The digest of what makes a chapter's evidence: its script and the aelib behind it.

Docstrings, annotations and the messages of errors do not count, nor do the modules that
only keep books, draw or check (`_IGNORED`), nor comments and layout. What counts is
written anew from the syntax tree, with the same text on every Python.
"""

import ast
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
_IGNORED = {"lab", "results", "plots", "config", "trackers", "_expect", "_files"}


def evidence_digest(script: Path) -> str:
    """Hexadecimal digest of the script and of the aelib modules that it needs.

    Args:
        script: experiments/NN_slug.py.

    Raises:
        FileNotFoundError: there is no such script.
    """
    parts = [normal_source(script), *map(normal_source, needed_modules(script))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def needed_modules(script: Path) -> list[Path]:
    """Files of aelib that the script imports, directly or not, in a fixed order."""
    found: set[Path] = set()
    waiting = [script]
    while waiting:
        for path in _imports(waiting.pop()):
            if path not in found:
                found.add(path)
                waiting.append(path)
    return sorted(found)


@functools.cache
def normal_source(path: Path) -> str:
    """What the file says, without what changes nothing that it computes."""
    tree = _Normal().visit(ast.parse(path.read_text(encoding="utf-8")))
    return ast.unparse(ast.fix_missing_locations(tree))


def reachable_source(script: Path, names: set[str]) -> str:
    """The parts of a script that its top-level `names` are made of, directly or not."""
    tree = ast.parse(normal_source(script))
    defining = {name: node for node in tree.body for name in _bound(node)}
    waiting, used = sorted(names & defining.keys()), set()
    while waiting:
        name = waiting.pop()
        used.add(name)
        mentioned = {n.id for n in ast.walk(defining[name]) if isinstance(n, ast.Name)}
        waiting += sorted((mentioned & defining.keys()) - used - set(waiting))
    nodes = [node for node in tree.body if used & set(_bound(node))]
    return "\n".join(ast.unparse(node) for node in nodes)


def _bound(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        targets = [n for t in node.targets for n in ast.walk(t)]
        return [n.id for n in targets if isinstance(n, ast.Name)]
    return []


def _imports(path: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            yield from _files_of(name.split("."))


def _files_of(name: list[str]) -> Iterator[Path]:
    """Files that importing `name` runs: its packages' __init__ and the module."""
    if name[0] != "aelib" or len(name) < 2 or name[1] in _IGNORED:
        return
    for length in range(2, len(name) + 1):
        stem = _PACKAGE.joinpath(*name[1:length])
        for path in (stem / "__init__.py", stem.with_suffix(".py")):
            if path.exists():
                yield path


class _Normal(ast.NodeTransformer):
    """Drops docstrings, annotations and messages; f-strings become their parts.

    Pythons differ in how they write f-strings with quotes inside.
    """

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return ast.Pass()
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        # The annotation of a field declares it, so that the place stays.
        node.annotation = ast.Name("_", ast.Load())
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if isinstance(node.exc, ast.Call):
            node.exc = node.exc.func
        node.cause = None
        return self.generic_visit(node)

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        node.msg = None
        return self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        self.generic_visit(node)
        return ast.Call(ast.Name("fstring", ast.Load()), list(node.values), [])

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        self.generic_visit(node)
        parts = [node.value, ast.Constant(node.conversion)]
        if node.format_spec is not None:
            parts.append(node.format_spec)
        return ast.Tuple(parts, ast.Load())
