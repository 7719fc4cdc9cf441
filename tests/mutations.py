"""Small changes to aelib that must turn a test red, and the runner that proves it.

    python tests/mutations.py                   every mutation against its unit tests
    python tests/mutations.py --only ID ...     these only
    python tests/mutations.py --changed REV     those with a file or test unlike REV
    python tests/mutations.py --chapters        run the named chapters as well
    python tests/mutations.py --today           a third of them, another each day

Each mutation is applied to a copy of the tree in a temporary folder, never to the
checkout. It is caught when pytest there ends with exit code 1, that is, when a test
ran and failed; an error of collection or usage (2 to 5) proves nothing and counts as
invalid. The named tests must be green without any mutation: they are run first.

Exit code: 0 all caught, 1 some survived or were invalid, 2 the tests were red before.
"""

import argparse
import gc
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from queue import SimpleQueue

from mutants import MUTATIONS, Mutation

ROOT = Path(__file__).resolve().parent.parent
TREE = (
    *("aelib", "tests", "notebooks", "experiments", "scripts", "book", "conftest.py"),
    *("pyproject.toml", "_toc.yml", "_config.yml", "requirements.txt", "Makefile"),
    *("requirements.lock", ".github/workflows", ".binder"),
)
TIMEOUT_SECONDS = 300
WRONG_PACKAGE = 90  # exit code of a run that imported another aelib than the copy's
# Imported once, before any aelib: a run then starts in milliseconds instead of seconds.
PRELOAD = [
    *("torch", "torch._dynamo", "numpy", "scipy.stats", "sklearn.linear_model"),
    *("matplotlib.pyplot", "pytest", "nbformat", "nbclient", "jsonschema", "yaml"),
    *("coverage", "ipykernel.kernelspec", "psutil", "sqlite3", "tqdm"),
]
# Plugins that no mutation's test needs, but for chapters, which need nbval.
WITHOUT = ["-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:anyio"]


def run_pytest(copy: str, arguments: list[str], log: str) -> None:
    """Run pytest inside the copy, with the copy's aelib, and exit with its code."""
    with Path(log).open("w") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    gc.freeze()  # pytest collects rubbish at its end: not among what was preloaded
    os.chdir(copy)
    os.environ["PYTHONPATH"] = copy  # for the processes that tests start
    sys.path.insert(0, copy)
    sys.dont_write_bytecode = True  # a stale .pyc would hide a change of equal length
    import aelib

    if not Path(aelib.__file__).is_relative_to(copy):
        print(f"aelib was imported from {aelib.__file__}, not from {copy}")
        sys.exit(WRONG_PACKAGE)
    import pytest

    sys.exit(int(pytest.main(["-q", *WITHOUT, *arguments])))


def spawn(context, copy: Path, arguments: list[str], log: Path) -> int | None:
    """Exit code of pytest in the copy, or None if it had to be stopped."""
    process = context.Process(target=run_pytest, args=(str(copy), arguments, str(log)))
    process.start()
    process.join(TIMEOUT_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        return None
    return process.exitcode


def copy_tree(folder: Path) -> Path:
    ignore = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "*.egg-info")
    for name in TREE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignore)
        elif source.exists():
            shutil.copy2(source, folder / name)
    return folder


def chapter_arguments(slug: str) -> list[str]:
    return ["-x", "--nbval-lax", "--nbval-current-env", f"notebooks/{slug}.ipynb"]


def verdict(code: int | None, log: Path) -> str:
    if code == 1:
        return "caught"
    if code == 0:
        return "SURVIVED"
    reason = "time is up" if code is None else f"exit code {code}"
    lines = log.read_text(errors="replace").splitlines()
    return f"INVALID ({reason}: {lines[-1] if lines else 'no output'})"


def try_mutation(context, copy: Path, mutation: Mutation, chapters: bool) -> list[str]:
    """Apply, run, restore: a verdict for the tests and, if asked, for the chapter."""
    path, log = copy / mutation.file, copy / "run.log"
    source = path.read_text() if path.exists() else ""
    found = source.count(mutation.old)
    if found != 1:
        return [f"INVALID (`old` found {found} times)"]
    runs = [["-x", *mutation.tests]]
    if chapters and mutation.chapter:
        runs.append(chapter_arguments(mutation.chapter))
    path.write_text(source.replace(mutation.old, mutation.new))
    try:
        return [verdict(spawn(context, copy, run, log), log) for run in runs]
    finally:
        path.write_text(source)


def green_before(
    context, copies: list[Path], chosen: list[Mutation], chapters: bool
) -> bool:
    """Whether everything named passes without a mutation; prints what does not."""
    files: dict[str, set[str]] = {}
    for test in (test for mutation in chosen for test in mutation.tests):
        files.setdefault(test.split("::")[0], set()).add(test)
    runs = [sorted(tests) for tests in files.values()]
    if chapters:
        slugs = sorted({m.chapter for m in chosen if m.chapter})
        runs += [chapter_arguments(slug) for slug in slugs]

    def is_green(copy: Path, run: list[str]) -> bool:
        log = copy / "run.log"
        if spawn(context, copy, run, log) == 0:
            return True
        print(log.read_text(errors="replace")[-4000:])
        return False

    if all(share_out(is_green, runs, copies)):
        return True
    print("These must be green before any mutation is tried.")
    return False


def changed_since(revision: str) -> set[str]:
    """Paths that differ from the revision, untracked files included."""
    commands = (
        ["git", "diff", "--name-only", revision],
        ["git", "ls-files", "--others", "--exclude-standard"],
    )
    outputs = [
        subprocess.run(c, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for c in commands
    ]
    return set("".join(outputs).splitlines())


def choose(only: list[str] | None, changed: str | None) -> list[Mutation]:
    chosen = MUTATIONS
    if only is not None:
        unknown = sorted(set(only) - {mutation.id for mutation in MUTATIONS})
        if unknown:
            raise SystemExit(f"--only: no mutation is named {', '.join(unknown)}")
        chosen = [mutation for mutation in chosen if mutation.id in only]
    if changed is not None:
        paths = changed_since(changed)
        chosen = [
            mutation
            for mutation in chosen
            if mutation.file in paths
            or any(test.split("::")[0] in paths for test in mutation.tests)
        ]
    return chosen


def report(mutation: Mutation, seconds: float, verdicts: list[str]) -> bool:
    print(f"{seconds:6.1f} s  {mutation.id:34} {', '.join(verdicts)}", flush=True)
    return all(text == "caught" for text in verdicts)


def share_out(work: Callable, tasks: list, copies: list[Path]) -> list[bool]:
    """work(copy, task) for every task, one task at a time in each copy."""
    free: SimpleQueue[Path] = SimpleQueue()
    for copy in copies:
        free.put(copy)

    def with_a_copy(task) -> bool:
        copy = free.get()
        try:
            return work(copy, task)
        finally:
            free.put(copy)

    with ThreadPoolExecutor(len(copies)) as pool:
        return list(pool.map(with_a_copy, tasks))


def run_all(chosen: list[Mutation], chapters: bool, jobs: int, folder: Path) -> int:
    methods = multiprocessing.get_all_start_methods()
    method = "forkserver" if "forkserver" in methods else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(PRELOAD)
    copies = [copy_tree(folder / str(job)) for job in range(jobs)]

    def is_caught(copy: Path, mutation: Mutation) -> bool:
        start = time.monotonic()
        verdicts = try_mutation(context, copy, mutation, chapters)
        return report(mutation, time.monotonic() - start, verdicts)

    if not green_before(context, copies, chosen, chapters):
        return 2
    caught = share_out(is_caught, chosen, copies)
    print(f"{sum(caught)} of {len(caught)} mutations caught")
    return 0 if all(caught) else 1


def third(mutations: list[Mutation], day: date) -> list[Mutation]:
    """Every third one; on three days in a row each of them once."""
    return mutations[day.toordinal() % 3 :: 3]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="ID")
    parser.add_argument("--changed", metavar="REV")
    parser.add_argument("--chapters", action="store_true", help="run chapters as well")
    parser.add_argument("--today", action="store_true", help="a third of them")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    options = parser.parse_args(arguments)
    chosen = choose(options.only, options.changed)
    if options.today:
        chosen = third(chosen, date.today())
    if not chosen:
        print("no mutation to try")
        return 0
    os.environ.update(OMP_NUM_THREADS="1", MPLBACKEND="agg", AELIB_PROGRESS="0")
    os.environ.update(PYTHONDONTWRITEBYTECODE="1")
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        code = run_all(chosen, options.chapters, max(1, options.jobs), Path(folder))
    print(f"{time.monotonic() - start:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
