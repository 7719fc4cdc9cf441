"""Run the experiments behind the chapters' evidence.

    python scripts/evidence.py SLUG ...            in full; writes aelib/results
    python scripts/evidence.py --smoke [SLUG ...]  every script on a small scale
    python scripts/evidence.py --restamp SLUG      see below

In full, two processes run a script at once and share its runs; what an interrupted one
had finished is found again. A smoke run proves that a script still runs and measures
what the stored evidence holds: the same rows, columns, tables, strips and networks.

Restamping is for a change of the code that changes no number: the smoke scale is run
at the commit of the evidence and on the tree as it is, and where every number of the
two agrees within 1e-5, the digest of the tree is written beside the old one.
"""

import argparse
import json
import math
import os
import resource
import runpy
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
N_PROCESSES = 2
SMOKE_CPU_SECONDS = 20.0  # goal: 10, beyond imports
TOLERANCE = 1e-5
SHAPES = ("columns", "rows", "tables", "pictures", "curves", "kept")


def main() -> int:
    scripts = {path.stem: path for path in sorted(ROOT.glob("experiments/*.py"))}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("slugs", nargs="*", metavar="SLUG", help=", ".join(scripts))
    parser.add_argument("--smoke", action="store_true", help="on a small scale")
    parser.add_argument("--restamp", action="store_true", help="no number has changed")
    options = parser.parse_args()
    unknown = sorted(set(options.slugs) - set(scripts))
    if unknown:
        there = ", ".join(scripts)
        parser.error(f"no experiment is named {', '.join(unknown)}; there are {there}")
    if not (options.slugs or options.smoke):
        parser.error("name a chapter, such as 02_autoencoder (make: CHAPTER=...)")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("AELIB_PROGRESS", "0")
    wanted = options.slugs or list(scripts)
    if options.smoke:
        return smoke(wanted)
    return max((restamp if options.restamp else in_full)(slug) for slug in wanted)


def in_full(slug: str) -> int:
    """Two processes on one script; 0 when both end well."""
    start = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through `finally`
    environment = {**os.environ, "AELIB_SCALE": "full"}
    command = [sys.executable, str(ROOT / "experiments" / f"{slug}.py")]
    processes = [
        subprocess.Popen(command, cwd=ROOT, env=environment) for _ in range(N_PROCESSES)
    ]
    try:
        codes = [process.wait() for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{slug}: {time.monotonic() - start:.0f} s, of the CPU "
        f"{cpu.ru_utime + cpu.ru_stime:.0f} s, exit codes {codes}"
    )
    return int(any(codes))


def smoke(slugs: list[str]) -> int:
    """Every script forked from one process that has the imports, two at a time."""
    import sklearn.linear_model
    import sklearn.neighbors  # noqa: F401
    import torch._dynamo

    import aelib.lab  # noqa: F401

    torch.set_num_threads(1)
    failures = smoked(slugs)
    for failure in filter(None, failures):
        print(failure, file=sys.stderr)
    print(f"{len(slugs)} experiments, {len(slugs) - sum(map(bool, failures))} good")
    return int(any(failures))


def smoked(slugs: list[str]) -> list[str]:
    """What is wrong with each of the scripts, or ""; two at a time."""
    waiting, running, failures = list(slugs), {}, []
    with tempfile.TemporaryDirectory(prefix="smoke-") as place:
        # one thread forks all: a library may forbid two forks at the same moment
        while waiting or running:
            if waiting and len(running) < N_PROCESSES:
                slug = waiting.pop(0)
                running[fork(slug, Path(place, slug))] = slug
            else:
                child, status = os.wait()
                slug = running.pop(child)
                code = os.waitstatus_to_exitcode(status)
                failures.append(smoke_one(slug, Path(place, slug), code))
    return failures


def smoke_one(slug: str, folder: Path, code: int) -> str:
    """What one script left on a small scale; "" or what is wrong with it."""
    log = (folder / "log").read_text(errors="replace")
    if code:
        return f"{slug}: exit code {code}\n{log[-3000:]}"
    made = json.loads((folder / f"{slug}.json").read_text())
    seconds = float((folder / "seconds").read_text())
    print(f"   {slug}: {seconds:.1f} CPU s, {len(made['rows'])} rows", flush=True)
    if seconds > SMOKE_CPU_SECONDS:
        return f"{slug}: {seconds:.0f} CPU s, more than {SMOKE_CPU_SECONDS:.0f}"
    stored = ROOT / "aelib" / "results" / f"{slug}.json"
    if not stored.exists():
        return f"{slug}: there is no {stored.name}; run make evidence CHAPTER={slug}"
    return differs(slug, shape(made), shape(json.loads(stored.read_text())))


def fork(slug: str, folder: Path) -> int:
    """Run the script in a copy of this process; the number of that process."""
    folder.mkdir()
    (folder / "log").touch()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            run_script(ROOT, slug, folder)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)  # none of the parent's clean-up
    return child


def run_script(root: Path, slug: str, folder: Path) -> None:
    """In a process of its own: the script at smoke scale, its evidence to `folder`."""
    log = (folder / "log").open("w", buffering=1)
    sys.stdout = sys.stderr = log
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    os.environ["AELIB_SCALE"] = "smoke"
    tempfile.tempdir = str(folder)  # where a smoke run leaves all that it makes
    start = time.process_time()
    runpy.run_path(str(root / "experiments" / f"{slug}.py"), run_name="smoke")
    (folder / "seconds").write_text(str(time.process_time() - start))
    made = list(folder.glob(f"*/{slug}.json"))
    if len(made) != 1:
        raise SystemExit(f"{slug} must save its study once, got {len(made)} files")
    made[0].rename(folder / made[0].name)


def shape(content: dict) -> dict:
    """Names without numbers: what a script measures."""
    rows = {row: sorted(values) for row, values in content["rows"].items()}
    found = {key: content[key] for key in SHAPES} | {"rows": rows}
    return {key: list(v.items()) if key == "columns" else v for key, v in found.items()}


def differs(slug: str, made: dict, stored: dict) -> str:
    for key, value in made.items():
        if value != stored[key]:
            return (
                f"{slug}: the script and its stored evidence differ in {key}; run "
                f"make evidence CHAPTER={slug}"
            )
    return ""


def restamp(slug: str) -> int:
    """Add the tree's digest to the evidence, if both trees give the same numbers."""
    from aelib.results.digest import evidence_digest

    path = ROOT / "aelib" / "results" / f"{slug}.json"
    content = json.loads(path.read_text())
    now = evidence_digest(ROOT / "experiments" / f"{slug}.py")
    if now in content["made_by"]:
        print(f"{slug}: the evidence is fresh")
        return 0
    commit = content["provenance"]["commits"][-1]
    if commit.endswith("+"):
        print(f"{slug}: made by uncommitted code ({commit}); run it again in full")
        return 1
    with tempfile.TemporaryDirectory(prefix="restamp-") as folder:
        old_tree = Path(folder) / "tree"
        git("worktree", "add", "--detach", str(old_tree), commit)
        try:
            old, new = (
                numbers_of(root, slug, Path(folder) / name)
                for root, name in ((old_tree, "old"), (ROOT, "new"))
            )
        finally:
            git("worktree", "remove", "--force", str(old_tree))
    worst = largest_difference(old, new)
    if not worst <= TOLERANCE:
        print(
            f"{slug}: numbers differ by {worst:.2g}; run make evidence CHAPTER={slug}"
        )
        return 1
    content["made_by"].append(now)
    from aelib import _files

    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    _files.write_text(path, text + "\n")
    print(f"{slug}: the numbers agree within {worst:.2g}; restamped")
    return 0


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True)


def numbers_of(root: Path, slug: str, folder: Path) -> dict:
    """The rows of a smoke run in the tree `root`, with that tree's aelib."""
    folder.mkdir()
    code = (
        f"import sys; sys.path[:0] = [{str(root)!r}, {str(ROOT / 'scripts')!r}]\n"
        f"from pathlib import Path; import evidence\n"
        f"evidence.run_script(Path({str(root)!r}), {slug!r}, Path({str(folder)!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env={**os.environ, "PYTHONPATH": ""}
    )
    if done.returncode:
        raise SystemExit((folder / "log").read_text()[-3000:])
    return json.loads((folder / f"{slug}.json").read_text())["rows"]


def largest_difference(old: object, new: object) -> float:
    """Over all numbers of two nests of dicts; infinite where names differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        if old.keys() != new.keys():
            return math.inf
        return max((largest_difference(old[k], new[k]) for k in old), default=0.0)
    if isinstance(old, dict) or isinstance(new, dict):
        return math.inf
    return abs(old - new) / max(1.0, abs(old))


if __name__ == "__main__":
    sys.exit(main())
