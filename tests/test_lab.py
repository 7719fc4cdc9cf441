"""Study: paired seeds, runs shared and resumed, whole files with true provenance."""

import json
import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from aelib import config, lab, results
from aelib.lab import provenance, training
from aelib.lab import study as studies

SLUG = "02_autoencoder"
SCRIPT = """
import torch
from torch import nn
from aelib.data import Batches
from aelib.lab import Study

study = Study("02_autoencoder", seeds=[0, 1, 2], columns={"error": "", "draw": ""})
x = torch.linspace(0, 1, 32).reshape(8, 4)
EPOCHS = 3


def build():
    return nn.Linear(4, 4)


def objective(model, batch):
    return {"loss": (model(batch) - batch).square().mean()}


def measure(model):
    assert not model.training and not torch.is_grad_enabled()
    return {"error": (model(x) - x).square().mean(), "draw": torch.rand(())}


def first():
    return study.train(
        "first", build, objective, lambda seed: Batches(x, 4), measure=measure,
        epochs=EPOCHS, keep=True,
    )


def second():
    return study.train(
        "second", build, objective, lambda seed: Batches(x, 4), measure=measure,
        epochs=study.pick(smoke=2, full=4), seeds=[1],
    )


study.note("mean", error=0.5)
models = first()
second()
study.run("codes", lambda seed: {"error": models[seed].weight.norm(), "draw": seed})
study.table("all", {"first": "1st", "mean": "the mean"}, ["error"])
study.picture("strip", {"x": x.reshape(2, 1, 4, 4)})
study.curve("line", {"y": [1, 2.5]})
path = study.save()
"""


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A checkout in which experiments/02_autoencoder.py is SCRIPT."""
    (tmp_path / "experiments").mkdir()
    (tmp_path / "results").mkdir()
    (tmp_path / "experiments" / f"{SLUG}.py").write_text(SCRIPT)
    monkeypatch.setattr(studies, "_ROOT", tmp_path)
    monkeypatch.setattr(studies, "_RESULTS", tmp_path / "results")
    monkeypatch.delenv("AELIB_SCALE", raising=False)
    monkeypatch.setenv("AELIB_PROGRESS", "0")
    return tmp_path


def run(tree, change=lambda source: source):
    path = tree / "experiments" / f"{SLUG}.py"
    source = path.read_text()
    changed = change(source)
    path.write_text(changed)
    studies.digest.normal_source.cache_clear()
    return runpy.run_path(str(path))


def evidence(tree):
    return results.load(SLUG, folder=tree / "results")


def test_a_script_becomes_evidence(tree):
    made = run(tree)
    found = evidence(tree)
    assert made["path"] == tree / "results" / f"{SLUG}.json"
    assert found.rows == ["mean", "first", "second", "codes"]
    assert found["first", "error"].n == 3 and found["second", "error"].n == 1
    assert found["mean", "error"] == results.Value(0.5)
    assert found["codes", "draw"].runs == {0: 0.0, 1: 1.0, 2: 2.0}
    assert list(found.table("all").rows) == ["the mean", "1st"]  # baselines first
    first = made["models"][0]
    x = made["x"]
    with torch.no_grad():
        error = (first(x) - x).square().mean().item()
    assert found["first", "error"].runs[0] == pytest.approx(error, abs=1e-7)
    assert found["codes", "error"].runs[0] == pytest.approx(first.weight.norm().item())
    kept = found.restore("first", nn.Linear(4, 4))
    torch.testing.assert_close(kept.weight, first.weight, rtol=1e-3, atol=1e-3)
    assert len(found.history("first")["loss"]) == 3
    assert found.pictures("strip")["x"].shape == (2, 1, 4, 4)
    assert found.curve("line")["y"].tolist() == [1.0, 2.5]
    assert found.content["made_by"] == [made["study"].made_by]


def test_rows_are_paired_and_order_changes_nothing(tree):
    run(tree)
    before = evidence(tree)
    for path in (tree / "_build").rglob("*.safetensors"):
        path.unlink()
    run(
        tree,
        lambda s: s.replace("models = first()\nsecond()", "second(); models = first()"),
    )
    after = evidence(tree)
    for row in ("first", "second"):
        assert before[row, "error"].runs == after[row, "error"].runs
        assert before[row, "draw"].runs == after[row, "draw"].runs
    # equal seeds draw equally, whatever the row
    assert before["first", "draw"].runs[1] == before["second", "draw"].runs[1]
    assert len(set(before["first", "draw"].runs.values())) == 3


@pytest.mark.parametrize("before", ["", "list(models)\n"], ids=["new", "used"])
def test_a_trial_draws_the_same_whoever_used_its_network_before(tree, before):
    trial = """study.run(
    "drawn", lambda s: {"error": models[s].weight.norm(), "draw": torch.rand(())}
)
"""
    codes = 'study.run("codes"'
    run(tree, lambda s: s.replace(codes, f"{before}{trial}{codes}"))
    drawn = evidence(tree)["drawn", "draw"].runs
    for seed in range(3):
        config.seed_everything(seed)
        assert drawn[seed] == pytest.approx(torch.rand(()).item())


def n_trained(capsys):
    return capsys.readouterr().out.count("seed ")


def test_finished_runs_are_found_again_and_an_edit_redoes_what_it_touches(tree, capsys):
    run(tree)
    assert n_trained(capsys) == 3 + 1 + 3
    run(tree)
    assert n_trained(capsys) == 0
    run(tree, lambda s: s.replace("full=4", "full=5"))  # in `second` alone
    assert n_trained(capsys) == 1 + 3  # and trials, which may look at anything
    run(tree, lambda s: s.replace("EPOCHS = 3", "EPOCHS = 2"))
    assert n_trained(capsys) == 3 + 3
    run(
        tree,
        lambda s: s.replace(
            "    return nn.Linear(4, 4)", "    return nn.Linear(4, 4, bias=False)"
        ),
    )
    assert n_trained(capsys) == 3 + 1 + 3
    assert "bias" not in dict(run(tree)["models"][0].named_parameters())


def test_smoke_scale_finds_nothing_done_and_writes_nowhere_else(
    tree, monkeypatch, capsys
):
    run(tree)
    capsys.readouterr()
    monkeypatch.setenv("AELIB_SCALE", "smoke")
    before = (tree / "results" / f"{SLUG}.json").read_bytes()
    kept = sorted((tree / "_build").rglob("*"))
    made = run(tree)
    assert sorted((tree / "_build").rglob("*")) == kept
    assert n_trained(capsys) == 2 + 1 + 2  # the first two seeds
    assert tree / "results" not in made["path"].parents
    assert (tree / "results" / f"{SLUG}.json").read_bytes() == before
    assert json.loads(made["path"].read_text())["provenance"]["seeds"] == [0, 1]


def test_provenance_is_that_of_the_trained_parameters(tree, monkeypatch):
    given = []
    real = provenance.device_name
    monkeypatch.setattr(provenance, "device_name", lambda d: given.append(d) or real(d))
    made = run(tree)
    assert given[0] == next(made["models"][0].parameters()).device
    assert "trained on: cpu" in evidence(tree).provenance
    # on a machine with a GPU, what was trained on the CPU says so
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device=None: "H100")
    assert real(provenance.device_of(nn.Linear(1, 1))) == "cpu"
    assert real(torch.device("cuda")) == "H100"


def test_commit_is_taken_before_the_first_run_and_once(tree, monkeypatch):
    order = []
    real = provenance.origin
    monkeypatch.setattr(provenance, "origin", lambda: order.append("origin") or real())
    trained = training.train
    monkeypatch.setattr(
        training, "train", lambda *a, **k: order.append("train") or trained(*a, **k)
    )
    run(tree)
    assert order == ["origin", *["train"] * 4]


def test_an_edited_tracked_file_shows_in_the_commit(tmp_path, monkeypatch):
    def git(*arguments):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "a.py").write_text("1")
    git("init")
    git("add", "a.py")
    git("commit", "-m", "one")
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "a.py"))
    clean = provenance.origin()["commit"]
    assert len(clean) == 10 and not clean.endswith("+")
    (tmp_path / "a.py").write_text("2")
    assert provenance.origin()["commit"] == clean + "+"


def test_runs_of_two_devices_are_not_one_evidence():
    runs = [
        {"commit": "a", "torch": "2", "date": "2026-01-01", "device": d}
        for d in ("cpu", "H100")
    ]
    with pytest.raises(ValueError, match="share one device, got H100 and cpu"):
        provenance.joined(runs, [0])
    same = [{**runs[0], "commit": "b", "date": "2026-01-02"}, runs[0]]
    assert provenance.joined(same, [0])["commits"] == ["b", "a"]  # the saving one last
    assert provenance.joined(same, [0])["date"] == "2026-01-02"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('study.note("mean", error', 'study.note("first", error', "'first' again"),
        ('note("mean", error=0.5', 'note("mean", eror=0.5', r"got \['eror'\]"),
        (
            'note("mean", error=0.5',
            'note("mean", error=1e999',
            "^column 'error' of 'mean' must be a finite number, got inf",
        ),
        (
            'note("mean", error=0.5',
            'note("mean", error="0.5"',
            "^column 'error' of 'mean' must be a number, got str",
        ),
        (
            '(model(x) - x).square().mean(), "draw"',
            'model(x), "draw"',
            "^column 'error' of 'first' must be a number, got Tensor",
        ),
        ('"first": "1st"', '"frist": "1st"', r"rows must be among .*got \['frist'\]"),
        ('["error"])\nstudy.p', '["eror"])\nstudy.p', "columns must be among"),
        ("x.reshape(2, 1, 4, 4)", "x.reshape(2, 4, 4)", r"\(N, C, H, W\) in \[0, 1\]"),
        ("x.reshape(2, 1, 4, 4)", "2 * x.reshape(2, 1, 4, 4)", "0 to 2"),
        ("[1, 2.5]", "[1, float('nan')]", "must be finite"),
        ("[1, 2.5]", "'rising'", r"^values\['y'\] must be numbers, got str"),
        ('{"y": [1, 2.5]}', "[1, 2.5]", "^values must map names to values, got list"),
        ('{"x": x.reshape(2, 1, 4, 4)}', "x", "^images must map names to values"),
        ("x.reshape(2, 1, 4, 4)", "x[:0]", r"^images\['x'\] must not be empty"),
        ("x.reshape(2, 1, 4, 4)", "'x'", r"^images\['x'\] must be a tensor, got str"),
        ("seeds=[0, 1, 2]", 'seeds="012"', "^seeds must be a sequence, got str"),
        ("seeds=[0, 1, 2]", "seeds=[]", "^seeds must hold at least one"),
        ("seeds=[0, 1, 2]", "seeds=[0.5]", "^seeds must be an int, got float"),
        ('"draw": ""}', '"draw": ""}.keys()', "^columns must map names to values"),
        ('"first", build, obj', '"first", None, obj', "^build must be a function"),
        ('"codes", lambda seed: ', '"codes", {} and ', "^trial must be a function"),
        (
            '"second", build, objective, lambda',
            '"First!", keep=True, build=build, objective=objective, batches=lambda',
            "kept rows must differ in letters and digits, got 'First!'",
        ),
        ('{"error": (m', '{"eror": (m', r"row 'first' must have values .*\['eror'\]"),
    ],
)
def test_wrong_scripts_are_named(tree, old, new, words):
    assert SCRIPT.count(old) == 1
    with pytest.raises((ValueError, TypeError, KeyError), match=words):
        run(tree, lambda source: source.replace(old, new))
    assert not list((tree / "results").iterdir())


START = """
import sys
from pathlib import Path
from aelib.lab import study as studies
studies._ROOT = Path(sys.argv[1]); studies._RESULTS = studies._ROOT / "results"
import runpy
runpy.run_path(str(studies._ROOT / "experiments" / "02_autoencoder.py"))
"""
SLOW = '    import time; time.sleep(0.4)\n    return {"loss": (model(batch)'


def start(tree):
    environment = {**os.environ, "PYTHONPATH": str(Path(lab.__file__).parents[2])}
    return subprocess.Popen(
        [sys.executable, "-c", START, str(tree)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.faults
def test_two_processes_share_the_runs_and_a_killed_one_loses_nothing(tree):
    run(tree)
    undisturbed = evidence(tree)
    path = tree / "experiments" / f"{SLUG}.py"
    path.write_text(SCRIPT.replace('    return {"loss": (model(batch)', SLOW))
    processes = [start(tree), start(tree)]
    runs = tree / "_build" / "evidence" / SLUG
    n_before = len(list(runs.glob("*.safetensors")))
    while len(list(runs.glob("*.safetensors"))) < n_before + 2:
        time.sleep(0.05)
    processes[0].send_signal(signal.SIGKILL)
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert processes[1].returncode == 0
    trained = sum(output.count("seed ") for output in outputs)
    assert 7 <= trained <= 8  # each once, and once more what the killed one was at
    both = [output.count("seed ") for output in outputs]
    assert min(both) >= 1
    for row in ("first", "second"):
        assert evidence(tree)[row, "error"].runs == undisturbed[row, "error"].runs
