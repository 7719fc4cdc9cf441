"""Execute the chapters in parallel and build the site strictly.

    python scripts/build_book.py [--root FOLDER]        in the profile of AELIB_PROFILE
    python scripts/build_book.py --cached               refuse to execute a chapter

The execution cache is keyed by code cells alone, and Sphinx keeps the pages it has
read, with their warnings already said. Neither may hide a change: a digest of all that
a page depends on stands beside them, and both are cleared when it differs or when the
last build did not end well.

The test run fills the same cache (conftest.py): what it executed is not executed again.
"""

import argparse
import hashlib
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_SECONDS = {"fast": 300, "full": 36_000}


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Execute the chapters, build the site."
    )
    parser.add_argument("--root", type=Path, default=ROOT, help="folder of the book")
    parser.add_argument(
        "--cached",
        action="store_true",
        help="fail where a chapter would be executed: the tests have just run them all",
    )
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    from book_site import environment

    environment.prepare(options.root.resolve())
    try:
        profile = chosen_profile()
    except ValueError as error:
        parser.error(str(error))
    root = options.root.resolve()
    status = build_book(root, profile, cached=options.cached)
    if status == 0 and root == ROOT:
        status = make_wheel(root, folder(root, profile) / "html" / "copies")
    return status


def chosen_profile() -> str:
    """Not aelib.config: it imports torch, and Sphinx' toc reader stumbles over it."""
    name = os.environ.get("AELIB_PROFILE") or "fast"
    if name not in TIMEOUT_SECONDS:
        raise ValueError(f"AELIB_PROFILE must be 'fast' or 'full', got {name!r}")
    return name


def build_book(root: Path, profile: str, *, cached: bool = False) -> int:
    """Bring the site of a profile up to date; 0 only when every page is right."""
    base = folder(root, profile)
    site, doctrees, built = base / "html", base / ".doctrees", base / ".built"
    page_digest = digest(
        root,
        *("book", "notebooks", "aelib", "scripts"),
        *("_config.yml", "_toc.yml", "pyproject.toml"),
    )
    with open_cache(root, profile) as cache:
        failed = find_missing(root, cache, refuse=cached)
    if read(built) != page_digest:  # also when the last build failed or was killed
        remove(built, doctrees, site)
    failed = failed or execute(cache, TIMEOUT_SECONDS[profile])
    if failed:
        print(f"   failed: {', '.join(failed)}", file=sys.stderr)
        return 1
    status = build(root, site, doctrees, cache.path, TIMEOUT_SECONDS[profile])
    status = status or missing_pages(root, site)
    if status:
        remove(built)
        return status
    built.write_text(page_digest)
    print(f"\nThe book ({profile} profile) is at file://{site / 'index.html'}")
    return 0


def folder(root: Path, profile: str) -> Path:
    """Where all that is built in a profile lies."""
    return root / "_build" if profile == "fast" else root / "_build" / profile


@contextmanager
def open_cache(root: Path, profile: str) -> Iterator:
    """The execution cache, emptied first where other code filled it.

    One process at a time: side by side, the tests write what each has executed.
    """
    from jupyter_cache import get_cache

    base = folder(root, profile)
    base.mkdir(parents=True, exist_ok=True)
    executed, path = base / ".executed", base / ".jupyter_cache"
    with FileLock(base / ".executed.lock"):
        now = code_digest(root, profile)
        if read(executed) != now:
            remove(executed, base / ".built", path)
        executed.write_text(now)
        cache = get_cache(str(path))
        try:
            yield cache
        finally:
            cache.db.dispose()


def code_digest(root: Path, profile: str) -> str:
    """What a chapter's outputs depend on, besides its own cells."""
    return digest(root, "aelib", "requirements.lock", text=surroundings(profile))


def digest(root: Path, *names: str, text: str = "") -> str:
    """SHA-256 over the files below `names` (paths and bytes), not compiled Python."""
    total = hashlib.sha256(text.encode())
    for name in names:
        top = root / name
        for path in sorted([top, *top.rglob("*")]):
            if path.is_file() and "__pycache__" not in path.parts:
                total.update(f"{path.relative_to(root)}\0".encode())
                total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def surroundings(profile: str) -> str:
    """What else decides the outputs of a chapter: Python, and the settings of aelib."""
    names = ("AELIB_DEVICE", "AELIB_SEED_OFFSET")
    return "|".join([profile, sys.version, *(os.environ.get(n, "") for n in names)])


def read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def remove(*paths: Path) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def find_missing(root: Path, cache, *, refuse: bool) -> list[str]:
    """Tell the cache which chapters there are; return those that may not be missing."""
    for record in cache.list_project_records():
        cache.remove_nb_from_project(record.pk)
    for name in chapters(root):
        cache.add_nb_to_project(str(root / f"{name}.ipynb"))
    missing = [Path(record.uri).name for record in cache.list_unexecuted()]
    if not (refuse and missing):
        return []
    print("   not in the cache, although the tests ran every chapter:", file=sys.stderr)
    return missing


def execute(cache, timeout: int) -> list[str]:
    """Run the notebooks that the cache lacks, side by side; return what failed."""
    from jupyter_cache.executors import load_executor

    os.environ["JUPYTER_CACHE_LOG"] = "0"
    start = time.monotonic()
    executor = load_executor("local-parallel", cache=cache)
    result = executor.run_and_cache(timeout=timeout)
    multiprocessing.get_logger().setLevel("WARNING")  # else it reports its own exit
    for name in sorted(result.succeeded):
        print(f"   executed {Path(name).stem}")
    n_chapters = len(cache.list_project_records())
    print(f"   chapters: {n_chapters}, executed now: {len(result.all())}, ", end="")
    print(f"{time.monotonic() - start:.0f} s")
    for name in result.excepted:
        record = cache.get_project_record(name)
        print(f"\n{Path(name).name} failed:\n{record.traceback}", file=sys.stderr)
    return [Path(name).name for name in result.excepted + result.errored]


def toc_files(root: Path = ROOT) -> list[str]:
    """Every document named in _toc.yml, in order, without its ending."""
    toc = yaml.safe_load((root / "_toc.yml").read_text())
    found = [toc["root"]]

    def walk(node):
        if isinstance(node, dict):
            found.extend(value for key, value in node.items() if key == "file")
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk({key: value for key, value in toc.items() if key != "root"})
    return found


def chapters(root: Path) -> list[str]:
    return [name for name in toc_files(root) if (root / f"{name}.ipynb").exists()]


def build(root: Path, site: Path, doctrees: Path, cache: Path, timeout: int) -> int:
    from jupyter_book.sphinx import build_sphinx

    result = build_sphinx(
        str(root),
        str(site),
        path_config=str(root / "_config.yml"),
        noconfig=True,
        doctreedir=str(doctrees),
        warningiserror=True,
        keep_going=True,
        confoverrides={
            "latex_individualpages": False,  # a key that this call demands
            "nitpicky": True,
            "nb_execution_cache_path": str(cache),
            "nb_execution_timeout": timeout,
        },
        quiet=True,
    )
    return result if isinstance(result, int) else 1


def make_wheel(root: Path, target: Path) -> int:
    """The library as one file, which the learner's copies install."""
    with tempfile.TemporaryDirectory(prefix="wheel-") as place:
        # setuptools builds in the folder of the sources: not in the checkout
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(root / "aelib", Path(place, "aelib"), ignore=skip)
        shutil.copy(root / "pyproject.toml", place)
        words = "-m pip wheel --quiet --no-deps --no-build-isolation --no-index -w"
        command = [sys.executable, *words.split(), str(target), place]
        return subprocess.run(command).returncode


def missing_pages(root: Path, site: Path) -> int:
    """Count the documents of _toc.yml that have no page, naming each."""
    missing = [name for name in toc_files(root) if not (site / f"{name}.html").exists()]
    for name in missing:
        print(f"   no page was written for {name}", file=sys.stderr)
    return len(missing)


if __name__ == "__main__":
    sys.exit(main())
