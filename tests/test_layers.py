"""The architecture, read from the sources: who imports whom, sizes, forbidden calls."""

import ast
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "aelib").rglob("*.py"))
SCRIPTS = sorted((ROOT / "scripts").rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

# What each module of aelib may import of aelib, besides itself.
ARROWS = {
    "__init__": {"config", "plots"},
    "_expect": set(),
    "_files": set(),
    "config": set(),
    "initialise": set(),
    "models": set(),
    "losses": set(),
    "metrics": set(),
    "linear": set(),
    "plots": set(),
    "features": {"models", "initialise"},
    "systems": {"models", "initialise"},
    "checks": {"losses", "models", "metrics"},
    "data": {"config"},
    "train": {"config"},
    "trackers": {"config"},
    "results": {"config"},
    "lab": {"train", "results", "config"},
}
EVERYWHERE = {"_expect", "_files"}  # what every module but these two may import
HEAVY = {"torchvision", "sklearn"}  # seconds each: only inside functions
MODULE_LINES, FUNCTION_LINES = 300, 40
# In two parts each, so that this file does not hold what it forbids.
FORBIDDEN = ("allow_pickle" + "=True", "weights_only" + "=False", "pickle" + ".load")


def unit(path: Path) -> str:
    """The module or folder directly under aelib that a file belongs to."""
    first = path.relative_to(ROOT / "aelib").parts[0]
    return first.removesuffix(".py")


def imported(tree: ast.AST, package: str) -> set[str]:
    """Full names of all modules and members that a source imports."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base]).rstrip(".")
            names |= {f"{base}.{alias.name}" for alias in node.names}
    return names


def package_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).parent.parts)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def units_imported(source: str, package: str) -> set[str]:
    full = imported(ast.parse(source), package)
    inside = {name for name in full if name.split(".")[0] == "aelib"}
    return {[*name.split("."), "__init__"][1] for name in inside}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_arrows(path):
    own = unit(path)
    assert own == "__main__" or own in ARROWS, f"say what {own} may import"
    allowed = ARROWS[own] | {own} | (EVERYWHERE if own not in EVERYWHERE else set())
    extra = units_imported(path.read_text(), package_of(path)) - allowed
    assert not extra, f"{name_of(path)} must not import {sorted(extra)} of aelib"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import aelib.models", {"models"}),
        ("from aelib import losses, models", {"losses", "models"}),
        ("def f():\n    from aelib.data.images import load", {"data"}),
        ("from . import metrics", {"metrics"}),
        ("from .models import VAE", {"models"}),
        ("import torch\nfrom torch import nn", set()),
        ("import aelib", {"__init__"}),
    ],
)
def test_imports_are_found_in_every_form(source, expected):
    assert units_imported(source, "aelib") == expected


def test_relative_imports_of_a_folder_stay_inside():
    assert units_imported("from . import store", "aelib.data") == {"data"}
    assert units_imported("from ..models import VAE", "aelib.data") == {"models"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_imports_notebooks_tests_or_heavy_packages_at_the_top(path):
    tree = ast.parse(path.read_text())
    roots = {name.split(".")[0] for name in imported(tree, package_of(path))}
    assert not roots & {"notebooks", "tests", "scripts", "benchmarks"}
    top = ast.Module([n for n in tree.body if not isinstance(n, ast.FunctionDef)], [])
    at_top = {name.split(".")[0] for name in imported(outside_functions(top), "")}
    assert not at_top & HEAVY, f"import {sorted(at_top & HEAVY)} inside functions"


def outside_functions(tree: ast.Module) -> ast.Module:
    """The tree without the bodies of functions and methods."""

    class Drop(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
            return None

    return Drop().visit(tree)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_sizes(path):
    text = path.read_text()
    assert len(text.splitlines()) <= MODULE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            n_lines = node.end_lineno - node.lineno + 1
            assert n_lines <= FUNCTION_LINES, f"{node.name} has {n_lines} lines"


@pytest.mark.parametrize("path", MODULES + SCRIPTS, ids=name_of)
def test_nothing_unpickles(path):
    text = path.read_text()
    assert not [word for word in FORBIDDEN if word in text]
    calls = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call)]
    names = imported(ast.parse(text), package_of(path))
    unpicklers = ("pickle", "dill", "joblib", "shelve", "marshal")
    assert not [name for name in names if name.split(".")[0] in unpicklers]
    for call in calls:
        if ast.unparse(call.func) == "torch.load":
            options = {k.arg: ast.unparse(k.value) for k in call.keywords}
            assert options.get("weights_only") == "True", ast.unparse(call)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_notebooks_unpickle_nothing(path):
    cells = json.loads(path.read_text())["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    assert not [word for word in FORBIDDEN if word in text]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_config_reads_the_environment(path):
    if unit(path) == "config":
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("environ", "getenv", "environb"), node.lineno
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            assert not {a.name for a in node.names} & {"environ", "getenv", "environb"}
