"""Stored evidence: fresh, small, and what its page shows; scripts/evidence.py."""

import ast
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from chapters import CHAPTERS, ROOT, code_cells
from safetensors.torch import load_file

from aelib import models, results, systems
from aelib.initialise import initialise_at_mean
from aelib.results.table import MAX_COLUMNS, MAX_ROWS

SLUGS = [path.stem for path in CHAPTERS]
RESULTS = ROOT / "aelib" / "results"
MEGABYTE = 2**20

spec = importlib.util.spec_from_file_location(
    "run_evidence", ROOT / "scripts/evidence.py"
)
script = importlib.util.module_from_spec(spec)
spec.loader.exec_module(script)


@pytest.mark.parametrize("slug", SLUGS)
def test_evidence_is_there_and_is_what_the_code_makes(slug):
    evidence = results.load(slug)
    assert not evidence.is_missing, f"run make evidence CHAPTER={slug}"
    assert not evidence.is_stale, (
        f"experiments/{slug}.py or the aelib behind it has changed: make restamp "
        f"CHAPTER={slug} if no number changes, else make evidence CHAPTER={slug}"
    )
    commits = evidence.content["provenance"]["commits"]
    assert not [c for c in commits if c.endswith("+")], "made by uncommitted code"


@pytest.mark.parametrize("slug", SLUGS)
def test_evidence_is_small(slug):
    files = list((RESULTS / slug).iterdir())
    assert {path.suffix for path in files} <= {".safetensors"}
    for path in files:
        assert path.stat().st_size <= MEGABYTE, path.name
        dtypes = {t.dtype for t in load_file(path).values() if t.is_floating_point()}
        if path.name != "pictures.safetensors":
            assert dtypes <= {torch.float16}, path.name
    assert sum(path.stat().st_size for path in files) <= 4 * MEGABYTE


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_what_a_page_asks_for_is_there_and_can_be_taken_in(path):
    evidence = results.load(path.stem)
    text = "\n".join(cell.source for cell in code_cells(path))
    asked = re.findall(r'evidence\.(table|pictures|curve|history)\("([^"]+)"\)', text)
    assert asked
    for kind, name in asked:
        found = getattr(evidence, kind)(name)
        if kind == "table":
            assert len(found.rows) <= MAX_ROWS and len(found.columns) <= MAX_COLUMNS


def test_all_evidence_belongs_to_a_lesson_and_all_of_it_is_small():
    scripts = {path.stem for path in ROOT.glob("experiments/*.py")}
    assert scripts == set(SLUGS)
    folders = {p.name for p in RESULTS.iterdir() if p.is_dir()} - {"__pycache__"}
    assert folders == set(SLUGS)
    total = sum(p.stat().st_size for p in RESULTS.rglob("*.safetensors"))
    assert total <= 30 * MEGABYTE


def test_experiments_and_notebooks_do_not_import_each_other():
    for path in ROOT.glob("experiments/*.py"):
        tree = ast.parse(path.read_text())
        names = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        assert not [name for name in names if name and "notebooks" in name]


# a lesson's cells against what aelib has ----------------------------------------------


def defined_in(path: Path, *names: str) -> dict:
    """What the notebook's own functions and classes of these names are."""
    space: dict = {}
    for cell in code_cells(path, without=("raises-exception",)):
        body = [
            node
            for node in ast.parse(cell.source).body
            if isinstance(node, ast.Import | ast.ImportFrom)
            or getattr(node, "name", "") in names
        ]
        exec(compile(ast.Module(body, []), path.stem, "exec"), space)
    return space


def test_the_sixteen_number_code_of_chapter_02_is_that_of_aelib():
    path = next(path for path in CHAPTERS if path.stem == "02_autoencoder")
    space = defined_in(path, "SixteenNumbers", "start")
    ours, theirs = space["SixteenNumbers"](), systems.s0_fc()
    pairs = list(zip(ours.parameters(), theirs.parameters(), strict=True))
    with torch.no_grad():
        for mine, other in pairs:
            other.copy_(mine)
    x = 2 * torch.rand(5, 1, 28, 28) - 1
    torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(ours.encoder(x), theirs.encode(x))
    mean = 2 * torch.rand(1, 28, 28) - 1
    started = []
    for begin, network in ((space["start"], ours), (initialise_at_mean, theirs)):
        torch.manual_seed(0)
        begin(network, mean)
        started.append(torch.cat([p.detach().flatten() for p in network.parameters()]))
    torch.testing.assert_close(*started)
    assert isinstance(theirs, models.Autoencoder)


# scripts/evidence.py ------------------------------------------------------------------

EXPERIMENT = """
from aelib.lab import Study
study = Study("02_autoencoder", seeds=[0, 1, 2], columns={"error": ""})
study.run("row", lambda seed: {"error": seed + NUMBER})
study.table("one", ["row"])
study.save()
"""


def experiment(root: Path, text: str) -> None:
    (root / "experiments").mkdir(exist_ok=True)
    (root / "experiments" / "02_autoencoder.py").write_text(text)


def smoke_in(root: Path, monkeypatch) -> str:
    """What the smoke run of the one experiment in `root` finds wrong."""
    from aelib.lab import study as studies

    monkeypatch.setattr(script, "ROOT", root)
    monkeypatch.setattr(studies, "_ROOT", root)
    (problem,) = script.smoked(["02_autoencoder"])
    return problem


def stored(root: Path, **changes) -> None:
    content = {
        "columns": {"error": ""},
        "rows": {"row": {"error": {"0": 1.0, "1": 2.0, "2": 3.0}}},
        "tables": {"one": {"rows": {"row": "row"}, "columns": ["error"]}},
        **{key: {} for key in ("pictures", "curves", "kept")},
    }
    (root / "aelib" / "results").mkdir(parents=True, exist_ok=True)
    path = root / "aelib" / "results" / "02_autoencoder.json"
    path.write_text(json.dumps(content | changes))


def test_a_smoke_run_finds_what_the_stored_evidence_lacks(tmp_path, monkeypatch):
    experiment(tmp_path, EXPERIMENT.replace("NUMBER", "1"))
    assert "there is no 02_autoencoder.json" in smoke_in(tmp_path, monkeypatch)
    stored(tmp_path)
    assert smoke_in(tmp_path, monkeypatch) == ""
    stored(tmp_path, rows={})
    assert "differ in rows" in smoke_in(tmp_path, monkeypatch)
    stored(tmp_path, columns={"error": "nats"})
    assert "differ in columns" in smoke_in(tmp_path, monkeypatch)
    stored(tmp_path)
    experiment(tmp_path, EXPERIMENT.replace("NUMBER", "nothing"))
    problem = smoke_in(tmp_path, monkeypatch)
    assert "exit code 1" in problem and "name 'nothing' is not defined" in problem
    experiment(tmp_path, "x = 1")
    assert "must save its study once, got 0" in smoke_in(tmp_path, monkeypatch)


def test_scripts_are_run_two_at_a_time_and_each_is_judged(tmp_path, monkeypatch):
    experiment(tmp_path, EXPERIMENT.replace("NUMBER", "1"))
    stored(tmp_path)
    smoke_in(tmp_path, monkeypatch)
    slugs = [f"{i:02d}_copy" for i in range(5)]
    for slug in slugs:
        text = EXPERIMENT.replace("NUMBER", "1").replace("02_autoencoder", slug)
        (tmp_path / "experiments" / f"{slug}.py").write_text(text)
    (tmp_path / "experiments" / f"{slugs[1]}.py").write_text("nonsense")
    found = script.smoked(slugs)
    assert sum("nonsense" in problem for problem in found) == 1
    assert sum("there is no" in problem for problem in found) == len(slugs) - 1


def test_a_slow_smoke_run_fails(tmp_path, monkeypatch):
    experiment(tmp_path, EXPERIMENT.replace("NUMBER", "1"))
    stored(tmp_path)
    monkeypatch.setattr(script, "SMOKE_CPU_SECONDS", 0.0)
    assert "more than 0" in smoke_in(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("old", "new", "worst"),
    [
        ({"a": {"e": {"0": 1.0}}}, {"a": {"e": {"0": 1.0}}}, 0.0),
        ({"a": {"e": 0.5}}, {"a": {"e": 0.500004}}, 4e-6),
        ({"a": {"e": 500.0}}, {"a": {"e": 501.0}}, 2e-3),
        ({"a": {"e": 1.0}}, {"b": {"e": 1.0}}, float("inf")),
        ({"a": {"e": 1.0}}, {"a": {"e": {"0": 1.0}}}, float("inf")),
    ],
)
def test_the_largest_difference_of_two_runs(old, new, worst):
    assert script.largest_difference(old, new) == pytest.approx(worst, rel=1e-6)


@pytest.mark.parametrize("slugs", [("good", "bad"), ("bad", "good"), ("good",)])
def test_one_chapter_that_fails_fails_the_command(tmp_path, monkeypatch, slugs):
    (tmp_path / "experiments").mkdir()
    for slug in slugs:
        (tmp_path / "experiments" / f"{slug}.py").touch()
    monkeypatch.setattr(script, "ROOT", tmp_path)
    expected = int("bad" in slugs)
    for option, name, bad, good in (
        ("--smoke", "smoke_one", "wrong", ""),
        ("--restamp", "restamp", 1, 0),
        (None, "in_full", 1, 0),
    ):
        done = []
        monkeypatch.setattr(
            script,
            name,
            lambda s, *_, bad=bad, good=good, done=done: (
                done.append(s) or (bad if s == "bad" else good)
            ),
        )
        words = ["evidence.py", *slugs, *([option] if option else [])]
        monkeypatch.setattr(sys, "argv", words)
        assert script.main() == expected, option
        assert sorted(done) == sorted(slugs)  # the others are not forgotten


def run_script(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "scripts" / "evidence.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_wrong_calls_are_named():
    done = run_script("02_autencoder")
    assert (
        done.returncode == 2 and "no experiment is named 02_autencoder" in done.stderr
    )
    done = run_script()
    assert done.returncode == 2 and "CHAPTER=" in done.stderr
