"""Run a learner's copy in an environment that holds what its install line installs.

    python scripts/run_copy.py [SLUG]      after make book; today's chapter, or this one

The environment is new, in a temporary folder, and the copy lies beside the wheel and
nothing else. Needs a network or the installer's cache.
"""

import datetime
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

COPIES = Path(__file__).resolve().parent.parent / "_build" / "html" / "copies"
INSTALL = re.compile(r'^%pip install --quiet "(.+)"$', re.MULTILINE)
TIMEOUT_SECONDS = 600  # for a cell


def main(arguments: list[str]) -> int:
    slugs = sorted(path.stem for path in COPIES.glob("*.ipynb"))
    if not slugs:
        sys.exit(f"{COPIES} holds no copies: run `make book` first")
    today = datetime.datetime.now(datetime.UTC).date().toordinal()
    slug = arguments[0] if arguments else slugs[today % len(slugs)]
    if slug not in slugs:
        sys.exit(f"SLUG must be one of {', '.join(slugs)}, got {slug}")
    with tempfile.TemporaryDirectory(prefix="copy-") as folder:
        run(slug, Path(folder))
    return 0


def run(slug: str, folder: Path) -> None:
    """Install and execute; raises where a cell fails that need not."""
    for path in (COPIES / f"{slug}.ipynb", *COPIES.glob("*.whl")):
        shutil.copy(path, folder)
    notebook = nbformat.read(folder / f"{slug}.ipynb", as_version=4)
    install = notebook.cells.pop(0)
    start = time.monotonic()
    python = environment(folder, beside(INSTALL.search(install.source)[1]))
    print(f"   {slug}: installed in {time.monotonic() - start:.0f} s", flush=True)
    start = time.monotonic()
    where = f"import aelib; assert aelib.__file__.startswith({str(folder)!r})"
    notebook.cells.insert(0, nbformat.v4.new_code_cell(where))
    manager = KernelManager(kernel_name="python3")
    manager.kernel_spec.argv[0] = str(python)
    manager.kernel_spec.argv.append("--IPKernelApp.log_level=40")
    for name in ("PYTHONPATH", "IPYTHONDIR"):
        os.environ.pop(name, None)
    place = {"metadata": {"path": str(folder)}}
    client = NotebookClient(
        notebook, km=manager, timeout=TIMEOUT_SECONDS, resources=place
    )
    try:
        client.execute()
    finally:
        manager.shutdown_kernel(now=True)
    print(f"   {slug}: executed in {time.monotonic() - start:.0f} s")


def beside(requirement: str) -> str:
    """The same with the wheel beside the copy: a published one is another day's."""
    return re.sub(r"^aelib(\[\w+\]) @ \S*/([^/]+)$", r"./\2\1", requirement)


def environment(folder: Path, requirement: str) -> Path:
    """A new environment with this requirement; its Python."""
    uv = [str(Path(sys.executable).with_name("uv"))]
    place = folder / "env"
    subprocess.run(
        [*uv, "venv", "--quiet", "--python", sys.executable, place], check=True
    )
    python = place / "bin" / "python"
    words = ["pip", "install", "--quiet", "--native-tls", "--python", str(python)]
    subprocess.run([*uv, *words, requirement], cwd=folder, check=True)
    return python


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
