"""Execute a notebook to its end, whatever fails, and say what failed.

    python scripts/run_lesson.py notebooks/02_autoencoder.ipynb

Prints after each cell its number, its seconds, what it printed, and its traceback
unless it is a stub; in the last line the first error, or the memory that was used on
the GPU. The kernel is this Python and is talked to through files: not even the
machine's own network is needed.
"""

import os
import re
import sys
import time
from pathlib import Path

import nbformat
from jupyter_client.manager import KernelManager
from jupyter_core.paths import jupyter_runtime_dir
from nbclient import NotebookClient

PEAK = "__import__('torch').cuda.max_memory_allocated() // 10**6"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def main(path: Path) -> int:
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK))
    failed, last = [], time.monotonic()

    def show(cell, cell_index, **_):
        nonlocal last
        print(f"cell {cell_index}, {time.monotonic() - last:.1f} s", flush=True)
        last = time.monotonic()
        is_stub = "raises-exception" in cell.metadata.get("tags", [])
        for output in cell.outputs:
            if output.output_type == "stream":
                print(output.text, end="")
            elif output.output_type == "error" and not is_stub:
                print(COLOURS.sub("", "\n".join(output.traceback)))
                value = " ".join(output.evalue.split())
                failed.append(f"cell {cell_index}: {output.ename}: {value}")

    execute(notebook, path.parent, show)
    if failed:
        print(failed[0])
        return 1
    megabytes = notebook.cells[-1].outputs[0].data["text/plain"]
    print(f"at most {megabytes} MB on the GPU")
    return 0


def execute(notebook: nbformat.NotebookNode, folder: Path, after_cell) -> None:
    sockets = Path(jupyter_runtime_dir(), f"lesson-{os.getpid()}")
    sockets.parent.mkdir(parents=True, exist_ok=True)
    manager = KernelManager(kernel_name="python3", transport="ipc", ip=str(sockets))
    manager.kernel_spec.argv[0] = sys.executable
    manager.kernel_spec.argv.append("--IPKernelApp.log_level=40")
    client = NotebookClient(
        notebook,
        km=manager,
        timeout=None,
        allow_errors=True,
        on_cell_executed=after_cell,
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        client.execute()
    finally:
        manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
