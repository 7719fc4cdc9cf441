"""What is installed with `pip install "aelib[book]"` is what the chapters import.

And what Binder installs is the same, from another place.
"""

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml
from chapters import NOTEBOOKS, ROOT, code_cells

from aelib import config

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BOOK = PROJECT["optional-dependencies"]["book"]
LIVE = {"tensorboard", "visdom", "tornado"}  # tornado: a newer one breaks visdom


def names(requirements: list[str]) -> set[str]:
    return {normal(re.match(r"[\w.-]+", text)[0]) for text in requirements}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(source: str) -> set[str]:
    """Top-level packages that are imported anywhere, the standard library left out."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module)
    packages = {name.partition(".")[0] for name in found}
    return packages - set(sys.stdlib_module_names) - {"aelib"}


def distributions(packages: set[str]) -> set[str]:
    there = importlib.metadata.packages_distributions()
    return {normal(there[package][0]) for package in packages}


def optional(path) -> bool:
    """Modules that import a package only where it is installed."""
    return path.parent.name == "trackers"


def test_the_extra_for_live_views_closes_over_the_trackers():
    sources = [p.read_text() for p in ROOT.glob("aelib/trackers/*.py")]
    others = set().union(*map(imported, sources)) - {"visdom"}  # on 3.11 there is none
    assert distributions(others) <= names(PROJECT["dependencies"])
    assert names(PROJECT["optional-dependencies"]["live"]) == LIVE


def test_the_library_declares_what_it_imports():
    sources = [p.read_text() for p in ROOT.glob("aelib/**/*.py") if not optional(p)]
    needed = set().union(*map(imported, sources))
    assert distributions(needed) <= names(PROJECT["dependencies"])


def test_the_extra_closes_over_the_chapters():
    sources = [c.source for path in NOTEBOOKS for c in code_cells(path)]
    needed = distributions(set().union(*map(imported, sources)))
    assert needed <= names(PROJECT["dependencies"]) | names(BOOK)


def test_the_torch_of_a_host_is_not_replaced():
    (torch,) = (text for text in PROJECT["dependencies"] if text.startswith("torch"))
    assert torch == "torch"


@pytest.mark.parametrize("version", ["2.10.1", "1.13.0+cu117"])
def test_an_older_torch_is_named_in_one_sentence(version):
    with pytest.warns(
        UserWarning, match=f"2.11 and newer; this is {re.escape(version)}"
    ):
        config._name_old_torch(version)


@pytest.mark.parametrize("version", ["2.11.0", "2.15.0+cpu", "3.0.0a0+git1"])
def test_a_torch_that_was_tried_or_is_newer_is_not_named(version):
    config._name_old_torch(version)  # a warning would be an error


# --- Binder ---

BINDER = ROOT / ".binder"
CONDA_NAMES = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base"}
WHEEL = "aelib-0.2.0-py3-none-any.whl"


def test_binder_has_what_the_library_and_the_chapters_need():
    environment = yaml.safe_load((BINDER / "environment.yml").read_text())
    assert environment["channels"] == ["conda-forge"]
    there = environment["dependencies"]
    assert "python=3.12" in there
    for text in PROJECT["dependencies"] + BOOK:
        name = re.match(r"[\w.-]+", text)[0]
        wanted = CONDA_NAMES.get(name, normal(name)) + text.removeprefix(name)
        assert wanted in there, wanted


PIP = """#!/bin/sh
printf '%s\\n' "$@" >"$PIP_SAID"
"""


@pytest.mark.parametrize(
    ("files", "installed"),
    [
        (["pyproject.toml", "aelib/__init__.py"], "."),
        (["01_x.ipynb", WHEEL], f"./{WHEEL}"),
    ],
    ids=["the repository", "the branch of copies"],
)
def test_binder_installs_the_library_that_is_there(tmp_path, files, installed):
    checkout, bin, said = tmp_path / "checkout", tmp_path / "bin", tmp_path / "said"
    for path in [checkout / name for name in files] + [bin / "pip"]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (bin / "pip").write_text(PIP)
    (bin / "pip").chmod(0o755)
    shutil.copytree(BINDER, checkout / ".binder")
    path = f"{bin}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PIP_SAID": str(said)}
    script = checkout / ".binder" / "postBuild"  # run as a program, which it must be
    subprocess.run([script], cwd=checkout, env=environment, check=True)
    assert said.read_text().split() == ["install", "--no-deps", installed]


def test_binder_stops_where_the_library_cannot_be_installed(tmp_path):
    (tmp_path / "pip").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "pip").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    script = [BINDER / "postBuild"]
    done = subprocess.run(script, cwd=tmp_path, env={**os.environ, "PATH": path})
    assert done.returncode == 3
