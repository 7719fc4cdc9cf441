"""What only a GPU can show: its tests, the lessons, the seconds of an epoch.

    sh scripts/gpu.sh [--device cpu] [--quick]      starts this with $PYTHON

Needs the folder that `gpu.sh prepare` filled, and no network. Every part is a process
of its own under a limit, and none stops the others. The files in $OUT, or _build/gpu,
are written anew after each part: whatever happens, what was found is there.
"""

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
KIT = Path("_build", "gpu_kit")  # in the checkout, where all parts run
TOTAL_SECONDS = 465.0  # of 8 minutes; what remains is for starting and stopping
BENCHMARK_SECONDS = 90.0  # lessons that take too long leave it this
PIP = "-m pip --isolated install -q --no-index --no-deps --no-compile --target"


class Part(NamedTuple):
    """Words for Python, seconds that they may take, seconds kept for other parts."""

    name: str
    what: str
    words: str
    limit: float
    keep: float = 0.0


def parts(device: str, quick: bool, out: Path) -> list[Part]:
    """All that is run, in this order; $PLACE is a temporary folder."""
    sys.path.insert(0, str(ROOT / "tests"))
    from chapters import NOTEBOOKS

    wheels = shlex.join(f"{KIT / path.name}" for path in (ROOT / KIT).glob("*.whl"))
    marker = "gpu" if device == "cuda" else "not gpu"
    # other versions than those of the lock may warn
    pytest = "-m pytest -q -p no:cacheprovider -W default tests/test_gpu.py"
    n_images = 60_000 if device == "cuda" and not quick else 600
    benchmark = f"benchmarks/devices.py --device {device} --images {n_images} --out"
    unpack = f"-W ignore -m tarfile -e {KIT}/data.tar.bz2 $PLACE/data"
    kept = BENCHMARK_SECONDS
    return [
        Part("kit", "wheels", f"{PIP} $PLACE/site {wheels}", 60),
        Part("kit", "data", unpack, 60),
        Part("tests", "test_gpu.py", f"{pytest} -m '{marker}'", 120, kept),
        *(
            Part(profile, path.stem, f"scripts/run_lesson.py '{path}'", 150, kept)
            for profile in (("fast",) if quick else ("fast", "full"))
            for path in NOTEBOOKS
        ),
        Part("epochs", "devices.py", f"{benchmark} '{out}/devices.json'", kept),
    ]


def surroundings(place: Path, device: str) -> dict[str, str]:
    """Environment of every part: the kit first, no network, nobody's own settings."""
    others = [os.environ["PYTHONPATH"]] if "PYTHONPATH" in os.environ else []
    return {
        "OMP_NUM_THREADS": "1",
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(place / "site"), *others]),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "IPYTHONDIR": str(place / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(place / "run"),
        "AELIB_DATA": str(place / "data"),
        "AELIB_DEVICE": device,
        "AELIB_OFFLINE": "1",
        "AELIB_PROGRESS": "0",
    }


def run(part: Part, environment: dict[str, str], deadline: float) -> tuple[dict, str]:
    """The part's row of the table, and all that it printed."""
    start = time.monotonic()
    row = {"part": part.name, "what": part.what, "result": "failed", "seconds": 0.0}
    limit = min(part.limit, deadline - part.keep - start)
    if limit <= 0:
        return {**row, "note": "not started: no time was left"}, ""
    place = environment["PLACE"]
    words = [word.replace("$PLACE", place) for word in shlex.split(part.words)]
    profile = part.name if part.name in ("fast", "full") else "fast"
    try:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=ROOT,
            env={**environment, "AELIB_PROFILE": profile},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=limit,
        )
        printed, row["result"] = done.stdout, "failed" if done.returncode else "ok"
        note = printed.decode(errors="replace").strip().rpartition("\n")[2]
    except subprocess.TimeoutExpired as error:  # a kernel ends when its parent has
        printed, note = error.stdout or b"", f"stopped after {limit:.0f} s"
    row |= {"seconds": round(time.monotonic() - start, 1), "note": note[:120]}
    return row, printed.decode(errors="replace")


def machine(device: str) -> dict[str, str]:
    import torch

    gpu = torch.cuda.get_device_name() if device == "cuda" else "none asked for"
    try:
        query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        asked = subprocess.run(query, capture_output=True, text=True, timeout=20)
        driver = asked.stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        driver = ""
    about = {"torch": torch.__version__, "GPU": gpu, "driver": driver or "unknown"}
    return {**about, "Python": platform.python_version()}


def table(about: dict[str, str], rows: list[dict]) -> str:
    """The report as Markdown."""
    lines = [", ".join(f"{name} {value}" for name, value in about.items()), ""]
    lines += ["| part | what | result | seconds | note |", "|---|---|---|---|---|"]
    for row in rows:
        cells = [str(value).replace("|", "/") for value in row.values()]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def check(chosen: list[Part], device: str, out: Path) -> int:
    """Run the parts and report; 1 if any failed."""
    out.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + TOTAL_SECONDS
    log, about, rows, epochs = out / "gpu.log", machine(device), [], ""
    log.write_text("")
    with tempfile.TemporaryDirectory(prefix="gpu-") as place:
        environment = surroundings(Path(place), device) | {"PLACE": place}
        for part in chosen:
            row, output = run(part, environment, deadline)
            rows.append(row)
            print(*list(row.values())[:4], flush=True)
            with log.open("a") as stream:
                stream.write(f"=== {part.name} {part.what}\n{output}\n")
            if part.name == "epochs":  # it prints a table
                epochs = f"\n{output}"
            report = json.dumps({"machine": about, "parts": rows}, indent=2)
            (out / "gpu.json").write_text(report + "\n")
            (out / "gpu.md").write_text(table(about, rows) + epochs)
    print(f"\n{(out / 'gpu.md').read_text()}\nwritten to {out}")
    return int(any(row["result"] != "ok" for row in rows))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--quick", action="store_true", help="no full profile")
    options = parser.parse_args()
    try:
        import torch
    except ImportError:
        print(f"{sys.executable} has no torch: set PYTHON", file=sys.stderr)
        return 2
    if options.device == "cuda" and not torch.cuda.is_available():
        print("PyTorch sees no GPU; --device cpu rehearses.", file=sys.stderr)
        return 2
    if not (ROOT / KIT / "data.tar.bz2").exists():
        print(f"{ROOT / KIT} is missing: gpu.sh prepare makes it", file=sys.stderr)
        return 2
    out = Path(os.environ.get("OUT") or ROOT / "_build" / "gpu").resolve()
    return check(parts(options.device, options.quick, out), options.device, out)


if __name__ == "__main__":
    sys.exit(main())
