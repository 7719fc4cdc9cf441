"""Run chapters in the full profile and write their results files with provenance.

    python scripts/run_full.py [SLUG ...]        all chapters without a SLUG

A chapter leaves its table in the variable `full_results`: the arguments `rows`,
`columns`, `seeds` and `row_header` of aelib.results.save. The chapter's asserts run as
well, so a results file exists only for a chapter that is right in the full profile too.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent
KEEP = """
import pathlib, pprint
lost = pathlib.Path({kept!r})
lost.parent.mkdir(exist_ok=True)
lost.write_text(pprint.pformat(full_results, sort_dicts=False))
"""
SAVE = """
import pathlib
from aelib import results
try:
    path = results.save({slug!r}, **full_results, {folder}run_seconds="{seconds:.0f}")
except Exception:
    import pprint
    lost = pathlib.Path({kept!r})
    lost.parent.mkdir(exist_ok=True)
    # hours of work: never thrown away
    lost.write_text(pprint.pformat(full_results, sort_dicts=False))
    raise
print(path)
"""


def main() -> int:
    chapters = {
        path.stem: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("slugs", nargs="*", metavar="SLUG", help=", ".join(chapters))
    wanted = parser.parse_args().slugs or list(chapters)
    unknown = sorted(set(wanted) - set(chapters))
    if unknown:
        there = ", ".join(chapters)
        parser.error(f"no such chapter: {', '.join(unknown)}; there are {there}")
    os.environ["AELIB_PROFILE"] = "full"
    os.environ.setdefault("AELIB_PROGRESS", "0")
    return max([run(chapters[slug]) for slug in wanted])


def run(path: Path, folder: Path | None = None) -> int:
    """Execute one chapter and save its table, to `folder` if given; 1 if it fails."""
    slug = path.stem
    print(f"{slug}: running in the {os.environ['AELIB_PROFILE']} profile", flush=True)
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=None, resources={"metadata": {"path": path.parent}}
    )
    start, kept = time.monotonic(), ROOT / "_build" / f"{slug}.unsaved.txt"
    try:
        with client.setup_kernel():
            failed = execute(client, notebook)
            if failed:
                keep = nbformat.v4.new_code_cell(KEEP.format(kept=str(kept)))
                notebook.cells.append(keep)
                client.execute_cell(keep, len(notebook.cells) - 1)
                raise failed[0]
            source = SAVE.format(
                slug=slug,
                seconds=time.monotonic() - start,
                folder=f"folder=pathlib.Path({str(folder)!r}), " if folder else "",
                kept=str(kept),
            )
            notebook.cells.append(nbformat.v4.new_code_cell(source))
            saved = client.execute_cell(notebook.cells[-1], len(notebook.cells) - 1)
    except CellExecutionError as error:
        print(f"{slug}: failed, no results file written\n{error}", file=sys.stderr)
        return 1
    print(
        f"{slug}: {time.monotonic() - start:.0f} s, {saved.outputs[0]['text'].strip()}"
    )
    return 0


def execute(client: NotebookClient, notebook: nbformat.NotebookNode) -> list:
    """Run all cells; after a failed assert go on, to have the table at the end.

    Any other error is raised at once.
    """
    failed = []
    for index, cell in enumerate(notebook.cells):
        try:
            client.execute_cell(cell, index)
        except CellExecutionError as error:
            if error.ename != "AssertionError":
                raise
            print(f"cell {index} failed, going on:\n{error}", file=sys.stderr)
            failed.append(error)
    return failed


if __name__ == "__main__":
    sys.exit(main())
