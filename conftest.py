"""What nbval does not look at when it runs the notebooks, and what becomes of them.

- A cell tagged `raises-exception` is an exercise's stub: it must raise
  NotImplementedError and nothing else.
- No cell writes to stderr: a warning on a page is a defect.
- No cell redraws what it has shown: nbval does not see it, and would keep the first.
- A lesson trains at most TRAININGS networks before its exercises, counted as it runs:
  every training makes an optimizer. Those of TRAINS_OFTEN are held by seconds alone.
- A lesson's kernel may use CPU_LIMIT seconds of CPU in the fast profile; its CPU and
  wall seconds go to _build/times/<slug>.json, where the README's table finds them.
- A chapter that ran whole and green goes with its outputs into the cache of the build,
  which then has nothing to execute: what was tested is what the site shows.
"""

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from scripts import build_book

ROOT = Path(__file__).parent
os.environ.setdefault("AELIB_PROGRESS", "0")  # a bar is text on stderr
CPU_LIMIT = 60.0  # seconds; targets: typically <= 25
TRAININGS = 4  # a reader waits for each
# What it shows is how to call `train`, rightly and wrongly, in a second each.
TRAINS_OFTEN = {"your_own_images"}
COUNT_OPTIMIZERS = """
def _count():
    from torch.optim import Optimizer
    make = Optimizer.__init__
    def counted(self, *args, **kwargs):
        Optimizer.n_made += 1
        make(self, *args, **kwargs)
    Optimizer.n_made, Optimizer.__init__ = 0, counted
_count(); del _count
"""
REDRAWING = ("clear_output", "update_display_data")


@dataclass
class Run:
    """One chapter's way through the tests."""

    start: float  # seconds of the monotonic clock
    code_digest: str  # before the kernel started
    green: list[pytest.Item] = field(default_factory=list)
    redrawn: str = ""


_runs: dict[Path, Run] = {}


def _is_cell(item: pytest.Item) -> bool:
    return type(item).__name__ == "IPyNbCell"


def _tags(item: pytest.Item) -> list[str]:
    return item.cell.get("metadata", {}).get("tags", [])


def _code_digest() -> str:
    return build_book.code_digest(ROOT, build_book.chosen_profile())


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item):
    if not _is_cell(item) or item.path in _runs:
        return (yield)
    # the first cell of a chapter: its kernel, which imports the code, starts in between
    _runs[item.path] = Run(time.monotonic(), _code_digest())
    result = yield
    _note_redrawing(item.parent, _runs[item.path])
    if _may_train(item.parent.nb):
        item.parent.kernel.kc.execute(COUNT_OPTIMIZERS, reply=True, timeout=120)
    _store_history(item.parent.kernel.kc)
    return result


def _note_redrawing(notebook, run: Run) -> None:
    receive = notebook.get_kernel_message

    def receive_and_note(*args, **kwargs):
        message = receive(*args, **kwargs)
        if message["msg_type"] in REDRAWING:
            run.redrawn = message["msg_type"]
        return message

    notebook.get_kernel_message = receive_and_note


def _store_history(client) -> None:
    """As Jupyter and the build do; without it, `;` at a cell's end hides nothing."""
    execute = client.execute
    client.execute = lambda *args, **kwargs: execute(
        *args, **{**kwargs, "store_history": True}
    )


def _may_train(notebook) -> bool:
    return any("aelib.start(" in cell.source for cell in notebook.cells)


def _n_before_exercises(notebook) -> int:
    """Code cells above the heading "Exercises"; all where there is none."""
    heading = next(
        (
            i
            for i, c in enumerate(notebook.cells)
            if "\n## Exercises" in f"\n{c.source}"
        ),
        len(notebook.cells),
    )
    return sum(cell.cell_type == "code" for cell in notebook.cells[:heading])


def _check_trainings(item, run: Run) -> None:
    notebook = item.parent.nb
    if len(run.green) + 1 != _n_before_exercises(notebook) or not _may_train(notebook):
        return
    asked = {"n": "__import__('torch').optim.Optimizer.n_made"}
    client = item.parent.kernel.kc
    reply = client.execute("", user_expressions=asked, reply=True, timeout=60)
    n = int(reply["content"]["user_expressions"]["n"]["data"]["text/plain"])
    if n > TRAININGS and item.path.stem not in TRAINS_OFTEN:
        pytest.fail(f"{n} trainings before the exercises, more than {TRAININGS}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    if not _is_cell(item):
        return (yield)
    result = yield
    run, outputs = _runs[item.path], item.test_outputs or []
    _check_trainings(item, run)
    errors = [out["ename"] for out in outputs if out["output_type"] == "error"]
    if "raises-exception" in _tags(item) and errors != ["NotImplementedError"]:
        got = errors or "no exception"
        pytest.fail(f"a stub must raise NotImplementedError alone, got {got}")
    for out in outputs:
        if out["output_type"] == "stream" and out["name"] == "stderr":
            pytest.fail(f"a cell wrote to stderr: {out['text'][:500]}")
    if run.redrawn:
        pytest.fail(f"a cell redrew what it had shown ({run.redrawn})")
    run.green.append(item)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    last = nextitem is None or nextitem.path != item.path
    kernel = item.parent.kernel if _is_cell(item) and last else None
    if kernel is None or not kernel.is_alive():
        return (yield)
    usage = _kernel_usage(item)
    about = kernel.kc.kernel_info(reply=True, timeout=60)["content"]
    result = yield
    _write_times(item.path, usage)
    if usage["profile"] == "fast" and usage["cpu_seconds"] > CPU_LIMIT:
        pytest.fail(
            f"{item.path.name} used {usage['cpu_seconds']:.0f} CPU seconds,"
            f" more than {CPU_LIMIT:.0f}"
        )
    item.parent.nb.metadata["language_info"] = about["language_info"]
    _keep_outputs(item.path, item.parent.nb, usage["wall_seconds"])
    return result


def _kernel_usage(item) -> dict:
    times = psutil.Process(item.parent.kernel.km.provisioner.pid).cpu_times()
    return {
        "profile": build_book.chosen_profile(),
        "cells": len(item.parent.nb.cells),
        "cpu_seconds": round(times.user + times.system, 1),
        "wall_seconds": round(time.monotonic() - _runs[item.path].start, 1),
    }


def _write_times(path: Path, usage: dict) -> None:
    folder = ROOT / "_build" / "times"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{path.stem}.json").write_text(json.dumps(usage))
    except OSError as error:
        pytest.fail(f"{folder} must be a folder that can be written: {error}")


def _keep_outputs(path: Path, notebook, seconds: float) -> None:
    """Hand a chapter to the build: all of it green, and its code as at the start."""
    from jupyter_cache.base import CacheBundleIn

    run = _runs[path]
    n_cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    if len(run.green) != n_cells or _code_digest() != run.code_digest:
        return
    for count, item in enumerate(run.green, 1):
        item.cell.execution_count, item.cell.outputs = count, item.test_outputs
    bundle = CacheBundleIn(notebook, str(path), data={"execution_seconds": seconds})
    with build_book.open_cache(ROOT, build_book.chosen_profile()) as cache:
        cache.cache_notebook_bundle(bundle, overwrite=True)


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
