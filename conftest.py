"""What nbval does not look at when it runs the notebooks.

- A cell tagged `raises-exception` is an exercise's stub: it must raise
  NotImplementedError and nothing else.
- No cell writes to stderr: a warning on a page is a defect.
- `full_results`, the table for scripts/run_full.py, can be saved.
- A chapter's kernel may use CPU_LIMIT seconds of CPU in the fast profile; its CPU and
  wall seconds go to _build/times/<slug>.json, where the README's table finds them.
"""

import json
import os
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parent
os.environ.setdefault("AELIB_PROGRESS", "0")  # a bar is text on stderr
CPU_LIMIT = 60.0  # seconds; targets: typically <= 25
_started: dict[Path, float] = {}


def _is_cell(item: pytest.Item) -> bool:
    return type(item).__name__ == "IPyNbCell"


def _tags(item: pytest.Item) -> list[str]:
    return item.cell.get("metadata", {}).get("tags", [])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    if not _is_cell(item):
        return (yield)
    _started.setdefault(item.path, time.monotonic())
    result = yield
    outputs = item.test_outputs or []
    errors = [out["ename"] for out in outputs if out["output_type"] == "error"]
    if "raises-exception" in _tags(item) and errors != ["NotImplementedError"]:
        got = errors or "no exception"
        pytest.fail(f"a stub must raise NotImplementedError alone, got {got}")
    for out in outputs:
        if out["output_type"] == "stream" and out["name"] == "stderr":
            pytest.fail(f"a cell wrote to stderr: {out['text'][:500]}")
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    last = nextitem is None or nextitem.path != item.path
    if not (_is_cell(item) and last and item.parent.kernel is not None):
        return (yield)
    usage = _kernel_usage(item)
    unsaved = _try_to_save(item.parent.kernel, item.path.stem)
    result = yield
    folder = ROOT / "_build" / "times"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{item.path.stem}.json").write_text(json.dumps(usage))
    if unsaved:
        pytest.fail(f"{item.path.name}: full_results could not be saved: {unsaved}")
    if usage["profile"] == "fast" and usage["cpu_seconds"] > CPU_LIMIT:
        pytest.fail(
            f"{item.path.name} used {usage['cpu_seconds']:.0f} CPU seconds,"
            f" more than {CPU_LIMIT:.0f}"
        )
    return result


def _try_to_save(kernel, slug: str) -> str:
    """Save the chapter's table to a folder that vanishes: "" or what went wrong.

    scripts/run_full.py does it after a run of up to an hour, which is late to find out.
    """
    code = f"""
import tempfile as _tempfile, pathlib as _pathlib
from aelib import results as _results
with _tempfile.TemporaryDirectory() as _folder:
    _results.save({slug!r}, **full_results, folder=_pathlib.Path(_folder))
"""
    content = kernel.kc.execute(code, reply=True, timeout=60)["content"]
    return (
        "" if content["status"] == "ok" else f"{content['ename']}: {content['evalue']}"
    )


def _kernel_usage(item) -> dict:
    from aelib import config

    times = psutil.Process(item.parent.kernel.km.provisioner.pid).cpu_times()
    return {
        "profile": config.profile(),
        "cells": len(item.parent.nb.cells),
        "cpu_seconds": round(times.user + times.system, 1),
        "wall_seconds": round(time.monotonic() - _started[item.path], 1),
    }


def pytest_terminal_summary(terminalreporter):
    """Say what each notebook cost, and close with the count of executed cells."""
    ran = {
        report.nodeid.split("::")[0]
        for report in terminalreporter.getreports("passed")
        if ".ipynb::" in report.nodeid
    }
    for name in sorted(ran):
        path = ROOT / "_build" / "times" / f"{Path(name).stem}.json"
        if path.exists():
            usage = json.loads(path.read_text())
            terminalreporter.write_line(
                f"{Path(name).stem}: {usage['cpu_seconds']} CPU s,"
                f" {usage['wall_seconds']} s ({usage['profile']})"
            )
