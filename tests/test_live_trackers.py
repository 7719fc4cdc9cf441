"""Trackers that show a run while it goes on, without a server; tests/site/test_live.py
has one."""

import builtins
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest
import torch
from matplotlib import image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from aelib.trackers import (
    FileTracker,
    TensorBoardTracker,
    VisdomTracker,
    browser_files,
    dashboard,
    new_run,
    read_scalars,
)
from aelib.trackers.__main__ import announce

X = torch.rand(5, 1, 4, 6)
CODES, LABELS = torch.rand(30, 2), torch.arange(30) % 3


def test_nothing_of_a_server_is_imported_unasked():
    text = (
        "import sys, aelib.trackers; "
        "print([m for m in ('visdom', 'tensorboard', 'tornado') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


# --- folders ---


def test_every_run_gets_a_folder_of_its_own(tmp_path):
    assert new_run(tmp_path / "a").name == "run_001"
    assert new_run(tmp_path / "a").name == "run_002"
    (tmp_path / "a" / "run_007").mkdir()
    (tmp_path / "a" / "run_best").mkdir()
    assert new_run(tmp_path / "a").name == "run_008"


def test_runs_that_begin_at_once_do_not_share_a_folder(tmp_path):
    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(new_run(tmp_path)))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 20


# --- files ---


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("labels", [None, LABELS])
def test_a_cloud_of_points_is_drawn_into_a_file(tmp_path, dims, labels):
    tracker = FileTracker(tmp_path)
    points = torch.rand(30, dims)
    moved = torch.cat([points[:1] / 2, points[1:]])
    others = None if labels is None else labels.roll(1)
    for name, at, kinds in (("a", points, labels), ("b", moved, labels)):
        tracker.scatter(3, name, at, kinds)
    tracker.scatter(3, "c", points, others)
    tracker.close()
    first, second, third = (
        image.imread(tmp_path / f"images/{name}/00000003.png") for name in "abc"
    )
    assert first.shape == second.shape == (500, 500, 4)
    assert (first != second).any(), "a point has moved"
    assert (first != third).any() == (labels is not None), "the colours have moved"


@pytest.mark.parametrize(
    ("points", "labels", "error", "message"),
    [
        (CODES[0], None, ValueError, r"points must have the shape .*got \(2,\)"),
        (torch.rand(3, 4), None, ValueError, r"\(N, 2\) or \(N, 3\), got \(3, 4\)"),
        (CODES[:0], None, ValueError, r"points must have the shape"),
        (CODES / 0, None, ValueError, "points must be finite"),
        (CODES.tolist(), None, TypeError, "points must be a tensor, got list"),
        (CODES, LABELS[:3], ValueError, r"labels must have the shape \(30,\)"),
        (CODES, LABELS - 1, ValueError, "labels must not be negative, got -1"),
        (CODES, LABELS / 2, TypeError, "labels must be integers, got torch.float32"),
        (CODES, LABELS.tolist(), TypeError, "labels must be a tensor, got list"),
    ],
)
@pytest.mark.parametrize("make", [FileTracker, TensorBoardTracker])
def test_wrong_clouds_are_named(tmp_path, make, points, labels, error, message):
    tracker = make(tmp_path)
    with pytest.raises(error, match=message):
        tracker.scatter(0, "codes", points, labels)
    tracker.close()


# --- TensorBoard ---


def test_tensorboard_reads_what_was_noted(tmp_path):
    tracker = TensorBoardTracker(tmp_path / "vae")
    for step in (1, 2):
        tracker.scalars(step, {"train/loss": 1.0 / step})
        # before it is closed: this is what a live view is for
        read = EventAccumulator(str(tracker.folder)).Reload()
        assert len(read.Scalars("train/loss")) == step
    tracker.images(2, "val/x_hat", X)
    tracker.scatter(2, "codes", CODES, LABELS)
    read = EventAccumulator(str(tracker.folder)).Reload()
    assert [(e.step, e.value) for e in read.Scalars("train/loss")] == [(1, 1), (2, 0.5)]
    (shown,) = read.Images("val/x_hat")
    assert (shown.step, shown.height, shown.width) == (2, 8, 18)
    picture = image.imread(io.BytesIO(shown.encoded_image_string))
    tile = torch.tensor(picture[:4, 6:12, 0])
    torch.testing.assert_close(tile, X[1, 0], atol=0.5 / 255 + 1e-6, rtol=0)
    assert read.Images("codes")[0].width == 500
    tracker.close()
    tracker.close()
    with pytest.raises(ValueError, match="must be open, got a closed one"):
        tracker.scalars(3, {"a": 1.0})


def test_tensorboard_s_runs_do_not_mix(tmp_path):
    folders = []
    for _ in range(2):
        tracker = TensorBoardTracker(tmp_path)
        tracker.close()
        folders.append(tracker.folder.name)
    assert folders == ["run_001", "run_002"]


def test_without_tensorboard_it_says_what_to_install(tmp_path, monkeypatch):
    imported = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith("torch.utils.tensorboard"):
            raise ModuleNotFoundError(name)
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "aelib\[live\]"'):
        TensorBoardTracker(tmp_path / "a")
    assert not (tmp_path / "a").exists()


# --- visdom ---


@pytest.mark.parametrize(
    ("has_visdom", "words"),
    [
        (True, r"no visdom server at http://127.0.0.1:9 \(python -m aelib.trackers\)"),
        (False, r"visdom is not installed \(aelib\[live\], Python 3.12\)"),
    ],
)
def test_without_a_server_files_take_over(
    tmp_path, monkeypatch, capsys, has_visdom, words
):
    found = object() if has_visdom else None
    monkeypatch.setattr(dashboard, "find_spec", lambda name: found)
    for run in ("run_001", "run_002"):
        tracker = VisdomTracker("vae", port=9, folder=tmp_path / "runs")
        tracker.scalars(1, {"train/loss": 2.0})
        tracker.images(1, "val/x_hat", X)
        tracker.scatter(1, "codes", CODES, LABELS)
        tracker.close()
        home = tmp_path / "runs" / run
        assert read_scalars(home) == [{"step": 1, "train/loss": 2.0}]
        assert (home / "images/val/x_hat/00000001.png").exists()
        assert (home / "images/codes/00000001.png").exists()
        said = capsys.readouterr().out
        assert said.count("\n") == 1
        assert re.match(words, said) and said.endswith(f"to {home}\n")
        with pytest.raises(ValueError, match="tracker vae must be open"):
            tracker.scalars(2, {"a": 1.0})


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"env": "a/b"}, ValueError, "env must be letters, digits, '_' and '-'"),
        ({"env": ""}, ValueError, "env must"),
        ({"env": 3}, TypeError, "env must be text, got int"),
        ({"env": "a", "port": 0}, ValueError, "port must be at least 1"),
        ({"env": "a", "port": "8097"}, TypeError, "port must be an int"),
        ({"env": "a", "server": "127.0.0.1"}, ValueError, "server must be like http"),
    ],
)
def test_wrong_arguments_are_named(tmp_path, monkeypatch, arguments, error, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        VisdomTracker(**arguments)
    assert not list(tmp_path.iterdir())


def test_what_belongs_together_shares_a_window():
    rows = [
        (1, {"train/loss": 2.0, "lr": 0.1}),
        (2, {"train/loss": 1.0, "val/loss": 3}),
    ]
    windows = dashboard._windows(rows)
    assert list(windows) == ["loss", "lr"]
    assert windows["loss"]["train"] == [2.0, 1.0]
    assert str(windows["loss"]["val"]) == "[nan, 3]"
    assert str(windows["lr"]["lr"]) == "[0.1, nan]"


def test_a_server_that_took_another_port_ends(capsys):
    announce(8097, 8097)
    assert capsys.readouterr().out == "visdom: http://127.0.0.1:8097\n"
    with pytest.raises(OSError, match=r"port 8097 of 127\.0\.0\.1 must be free"):
        announce(8097, 40123)


# --- the files of visdom's page ---


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A pretended npm and a pretended visdom, with two files in one package."""
    contents = {"dist/a.js": b"one", "b.css": b"two"}
    digests = {name: hashlib.sha256(c).hexdigest() for name, c in contents.items()}
    rows = [["p@1", "dist/a.js", "js/a.js"], ["p@1", "b.css", "css/b.css"]]
    listed = tmp_path / "list.json"
    listed.write_text(json.dumps([[*row, digests[row[1]]] for row in rows]))
    monkeypatch.setattr(browser_files, "LIST", listed)
    static = tmp_path / "static"
    static.mkdir()
    monkeypatch.setattr(browser_files, "static_folder", lambda: static)

    def packed(names, folder):
        assert names == ["p@1"]
        archive = folder / "p-1.tgz"
        with tarfile.open(archive, "w:gz") as tar:
            for name, content in contents.items():
                member = tarfile.TarInfo(f"package/{name}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        return [archive]

    monkeypatch.setattr(browser_files, "_packed", packed)
    return contents, static


def test_missing_and_damaged_files_are_brought(packages):
    _, static = packages
    assert browser_files.install() == 2
    assert (static / "js/a.js").read_bytes() == b"one"
    assert (static / "version.built").read_text() == browser_files.VISDOM
    assert not browser_files.missing(static)
    (static / "js/a.js").write_bytes(b"damaged")
    assert [file.target for file in browser_files.missing(static)] == ["js/a.js"]
    assert browser_files.install() == 1
    (static / "version.built").unlink()  # the server would download everything again
    assert len(browser_files.missing(static)) == 2


def test_another_file_than_the_one_that_was_tried_is_refused(packages):
    contents, static = packages
    contents["b.css"] = b"changed"
    with pytest.raises(ValueError, match=r"b\.css of p@1 must have the digest"):
        browser_files.install()
    assert not (static / "css/b.css").exists()
    assert not (static / "version.built").exists()


def test_without_npm_the_reason_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(browser_files.shutil, "which", lambda name: None)
    with pytest.raises(OSError, match="npm must be installed"):
        browser_files._packed(["p@1"], tmp_path)
    assert browser_files._packed([], tmp_path) == []


def test_another_visdom_is_refused(monkeypatch):
    monkeypatch.setattr(browser_files, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="visdom must be installed"):
        browser_files.static_folder()
    spec = type("Spec", (), {"origin": "/visdom/__init__.py"})
    monkeypatch.setattr(browser_files, "find_spec", lambda name: spec)
    monkeypatch.setattr(browser_files, "version", lambda name: "0.4.0")
    with pytest.raises(RuntimeError, match=r"visdom must be 0\.3\.0 .* got 0\.4\.0"):
        browser_files.static_folder()


def test_the_list_names_every_file_once():
    files = browser_files.wanted()
    assert len(files) == len({file.target for file in files}) == 22
    assert all(len(file.sha256) == 64 and "@" in file.package for file in files)
