"""A training run on the page of a real visdom server, seen in a real browser."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from chapters import ROOT

from aelib.trackers import VisdomTracker, browser_files, read_scalars

pytestmark = pytest.mark.site
EXAMPLE = ROOT / "examples" / "live_training.py"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "AELIB_PROGRESS": "0"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def server(tmp_path):
    """(port, process) of a server that was started with the documented command."""
    if os.environ.get("CI", "").lower() not in ("1", "true"):
        try:
            if browser_files.missing(browser_files.static_folder()):
                pytest.skip("run python -m aelib.trackers --install")
        except ModuleNotFoundError:
            pytest.skip("visdom needs Python 3.12")
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "aelib.trackers", "--port", str(port)],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = process.stdout.readline()
    assert said == f"visdom: http://127.0.0.1:{port}\n", said + process.stdout.read()
    yield port, process
    process.kill()
    process.communicate()


def run(folder: Path, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def trained(folder: Path, port: int, *, epochs: int) -> str:
    """What the example says."""
    asked = ("--port", str(port), "--epochs", str(epochs))
    done = run(folder, "-W", "error", str(EXAMPLE), *asked)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


def test_a_run_is_drawn_and_nothing_leaves_this_machine(server, browser, tmp_path):
    port, process = server
    here = f"http://127.0.0.1:{port}"
    assert f"{here}/env/digits shows this run" in trained(tmp_path, port, epochs=2)
    page = browser.new_page(viewport={"width": 1400, "height": 1100})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{here}/env/digits")
    for title in ("loss", "lr", "seconds", "rebuilt, step 2", "codes, step 2"):
        page.get_by_text(title, exact=True).first.wait_for(timeout=30_000)
    page.wait_for_selector("path.js-line", timeout=30_000)
    paths = page.eval_on_selector_all(
        "path.js-line", "all => all.map(line => line.getAttribute('d'))"
    )
    drawn = [path for path in paths if "L" in path]  # others stand in a legend
    assert len(drawn) == 4  # the training and the validation loss, lr and seconds
    assert all(re.fullmatch(r"M[\d.,-]+L[\d.,-]+", path) for path in drawn), drawn
    # five by five digits of 28 pixels, three times as large
    sizes = page.eval_on_selector_all("img", "all => all.map(i => i.naturalWidth)")
    assert sizes.count(5 * 28 * 3) == 2, sizes
    page.wait_for_selector("canvas, .gl-container", timeout=30_000, state="attached")
    elsewhere = [url for url in asked if not url.startswith((here, "data:", "blob:"))]
    assert len(asked) > 20 and not elsewhere
    page.close()
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(process.pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


def test_a_second_run_is_a_run_of_its_own_and_a_lost_server_stops_nobody(
    server, tmp_path, monkeypatch, capsys
):
    port, process = server
    monkeypatch.chdir(tmp_path)
    first, second = (VisdomTracker("run", port=port) for _ in range(2))
    assert (first.env, second.env) == ("run", "run_2")
    second.scalars(1, {"train/loss": 2.0})
    assert second.files is None
    first.close()
    process.kill()
    process.wait()
    second.scalars(2, {"train/loss": 1.0})
    assert read_scalars("runs/run/run_001") == [
        {"step": 1, "train/loss": 2.0},
        {"step": 2, "train/loss": 1.0},
    ]
    second.close()
    assert (
        "no longer answers; the run goes to runs/run/run_001" in capsys.readouterr().out
    )


def test_a_taken_port_is_refused_by_name(server, tmp_path):
    port, _ = server
    done = run(tmp_path, "-m", "aelib.trackers", "--port", str(port))
    assert done.returncode == 1 and not done.stdout
    assert done.stderr == (
        f"port {port} of 127.0.0.1 must be free, and is not: try another --port\n"
    )
