"""`make evidence`, stopped from outside."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from chapters import ROOT

pytestmark = pytest.mark.faults

SLEEPER = """import os, pathlib, time
pathlib.Path(f"{os.getpid()}.pid").touch()
time.sleep(60)
"""
DRIVER = """import pathlib
import evidence
evidence.ROOT = pathlib.Path()
evidence.in_full("sleeper")
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_stopped_command_leaves_no_process_behind(tmp_path: Path):
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "sleeper.py").write_text(SLEEPER)
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 30
        while len(pids := list(tmp_path.glob("*.pid"))) < 2 and time.monotonic() < end:
            time.sleep(0.05)
        assert len(pids) == 2
        driver.terminate()
        assert driver.wait(30) != 0
    finally:
        driver.kill()
        driver.wait()
    assert not [path for path in pids if alive(int(path.stem))]
