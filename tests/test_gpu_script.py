"""scripts/gpu.sh: what goes into the kit, what is run, and what becomes of failures."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import chapters
import pytest

from aelib.data import DataError, store
from scripts import gpu, gpu_kit

STUB = {"tags": ["raises-exception"]}


def part(name: str, code: str, limit: float = 60.0, keep: float = 0.0) -> gpu.Part:
    return gpu.Part(name, "made here", f'-c "{code}"', limit, keep)


# the kit


def test_a_kit_holds_what_a_kernel_needs_in_the_versions_of_the_lock():
    kit = gpu_kit.needed("3.12")
    names = {text.split("==")[0] for text in kit}
    assert {"ipykernel", "nbclient", "nbformat", "pooch", "pyzmq", "wcwidth"} <= names
    assert not names & {"aelib", "torch", "numpy", "scipy", "requests", "debugpy"}
    lock = (chapters.ROOT / "requirements.lock").read_text()
    assert [text for text in kit if f"\n{text} " not in lock] == []


def test_a_kit_that_is_too_large_is_refused_and_its_largest_files_named(tmp_path):
    sizes = {"data.tar.bz2": 38_000_000, "torch.whl": 11_000_000, "small.whl": 900_000}
    for name, size in sizes.items():
        with (tmp_path / name).open("wb") as stream:
            stream.truncate(size)
    assert gpu_kit.check_size(tmp_path) == sum(sizes.values())
    (tmp_path / "one_more.whl").write_bytes(bytes(200_000))
    with pytest.raises(
        SystemExit, match=r"at most 50 MB, got 50\.1 MB: data\.tar\.bz2"
    ):
        gpu_kit.check_size(tmp_path)


def test_data_that_cannot_be_had_are_left_out_by_name(tmp_path, monkeypatch, capsys):
    def load(entry):
        if entry.name == "mnist":
            raise DataError("no source gave it")
        return {"train-images-idx3-ubyte": b"pixels"}

    monkeypatch.setattr(store, "load", load)
    path = tmp_path / "data.tar.bz2"
    assert gpu_kit.pack_data(path) == ["fashion_mnist"]
    assert "mnist is left out: no source gave it" in capsys.readouterr().err
    words = ["-W", "ignore", "-m", "tarfile", "-e", str(path), str(tmp_path / "data")]
    subprocess.run([sys.executable, *words], check=True)
    unpacked = tmp_path / "data" / "fashion_mnist" / "train-images-idx3-ubyte"
    assert unpacked.read_bytes() == b"pixels"


# what is run


@pytest.mark.parametrize(("device", "marker"), [("cuda", "gpu"), ("cpu", "not gpu")])
def test_every_notebook_runs_in_both_profiles(device, marker, tmp_path):
    chosen = gpu.parts(device, False, tmp_path)
    slugs = [path.stem for path in chapters.NOTEBOOKS]
    lessons = [(p.name, p.what) for p in chosen if "run_lesson" in p.words]
    assert lessons == [(name, slug) for name in ("fast", "full") for slug in slugs]
    assert set(chapters.UNNUMBERED) < set(slugs)
    order = [p.name for p in chosen if p.name not in ("fast", "full")]
    assert order == ["kit", "kit", "tests", "epochs"]
    (tests,) = (p for p in chosen if p.name == "tests")
    assert f"-m '{marker}'" in tests.words
    quick = gpu.parts(device, True, tmp_path)
    assert [p.what for p in quick if p.name == "fast"] == slugs
    assert not [p for p in quick if p.name == "full"]


def test_the_kit_comes_first_and_the_network_is_off(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/own")
    found = gpu.surroundings(tmp_path, "cuda")
    assert found["PYTHONPATH"].split(os.pathsep) == [
        str(chapters.ROOT),
        str(tmp_path / "site"),
        "/own",
    ]
    assert (found["AELIB_DEVICE"], found["AELIB_OFFLINE"]) == ("cuda", "1")


def test_without_a_gpu_one_sentence_says_so(tmp_path):
    done = subprocess.run(
        ["sh", str(chapters.ROOT / "scripts" / "gpu.sh")],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "PYTHON": sys.executable},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "PyTorch sees no GPU; --device cpu rehearses.\n"


# what becomes of failures


def test_no_part_stops_the_others_and_all_is_reported(tmp_path, capsys):
    chosen = [
        part("tests", "print(1); raise SystemExit(3)"),
        part("slow", "import time; print(2, flush=True); time.sleep(60)", limit=1.0),
        part("late", "print(3)", keep=gpu.TOTAL_SECONDS),
        part("full", "import os; print(os.environ['AELIB_PROFILE'] + '|')"),
        part("epochs", "print('a table')"),
    ]
    start = time.monotonic()
    assert gpu.check(chosen, "cpu", tmp_path / "out") == 1
    assert time.monotonic() - start < 30
    report = json.loads((tmp_path / "out" / "gpu.json").read_text())
    rows = [(row["part"], row["result"], row["note"]) for row in report["parts"]]
    assert rows == [
        ("tests", "failed", "1"),
        ("slow", "failed", "stopped after 1 s"),
        ("late", "failed", "not started: no time was left"),
        ("full", "ok", "full|"),
        ("epochs", "ok", "a table"),
    ]
    text = (tmp_path / "out" / "gpu.md").read_text()
    assert "| full | made here | ok |" in text and "full/ |" in text
    assert text.endswith("\na table\n") and text in capsys.readouterr().out
    log = (tmp_path / "out" / "gpu.log").read_text()
    assert "=== slow made here\n2\n" in log
    assert gpu.check(chosen[3:], "cpu", tmp_path / "out") == 0


def run_cells(*cells: tuple[str, dict]) -> subprocess.CompletedProcess:
    """scripts/run_lesson.py on a notebook of (source, metadata)."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    made = [
        {"cell_type": "code", "id": str(i), "source": source, "metadata": metadata}
        | {"outputs": [], "execution_count": None}
        for i, (source, metadata) in enumerate(cells)
    ]
    notebook = {"cells": made, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    # a short name: that of a socket may have about a hundred characters
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "made.ipynb")
        path.write_text(json.dumps(notebook))
        return subprocess.run(
            [sys.executable, "scripts/run_lesson.py", str(path)],
            cwd=chapters.ROOT,
            env={**os.environ, "JUPYTER_RUNTIME_DIR": folder},
            capture_output=True,
            text=True,
        )


@pytest.mark.faults
def test_a_lesson_goes_on_after_an_error_and_names_the_first():
    done = run_cells(
        ("raise NotImplementedError", STUB),
        ("assert 1 == 2, 'two\\nlines'", {}),
        ("print('went on')", {}),
        ("1 / 0", {}),
    )
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert "went on" in lines
    assert lines[-1] == "cell 1: AssertionError: two lines"
    assert "NotImplementedError" not in done.stdout and "\x1b" not in done.stdout


@pytest.mark.faults
def test_a_lesson_without_an_error_says_what_memory_it_took():
    done = run_cells(("raise NotImplementedError", STUB), ("print('fine')", {}))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "at most 0 MB on the GPU"
