"""Fill _build/gpu_kit with what a machine with a GPU lacks: wheels, and the whole data.

    python scripts/gpu_kit.py [--python 3.12] [--machine x86_64]

Wheels are the versions of this environment, of what the library and a notebook's kernel
need beyond THERE. Data sets come verified from the system, the cache or their mirrors
(`python -m aelib.data fetch NAME`); one that cannot be had is named and left out.
"""

import argparse
import bz2
import io
import shutil
import subprocess
import sys
import tarfile
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
KIT = ROOT / "_build" / "gpu_kit"
LIMIT_BYTES = 50_000_000  # it travels with the checkout
ROOTS = ("aelib", "ipykernel", "nbclient", "nbformat")
# What comes with PyTorch and the usual scientific packages, pytest and PyYAML.
THERE = {
    *("torch", "torchvision", "numpy", "scipy", "scikit-learn", "matplotlib", "pillow"),
    *("safetensors", "filelock", "requests", "tqdm", "psutil", "pytest", "pyyaml"),
    *("packaging", "pygments", "attrs", "python-dateutil", "six", "typing-extensions"),
}
# A kernel works without: for debugging, and for completing what is typed.
NOT_NEEDED = {"debugpy", "jedi"}
DATA_SETS = ("fashion_mnist", "mnist")


def needed(python: str) -> list[str]:
    """name==version of every wheel, for that Python on Linux."""
    target = {
        "extra": "",
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }
    found, waiting = {}, list(ROOTS)
    while waiting:
        name = waiting.pop()
        found[name] = metadata.version(name)
        for text in metadata.requires(name) or []:
            requirement = Requirement(text)
            other = canonicalize_name(requirement.name)
            wanted = not requirement.marker or requirement.marker.evaluate(target)
            if wanted and other not in THERE | NOT_NEEDED | set(found):
                waiting.append(other)
    return sorted(f"{name}=={found[name]}" for name in found if name != "aelib")


def download(requirements: list[str], folder: Path, python: str, machine: str) -> None:
    """Fetch the wheels, and nothing that they ask for themselves."""
    words = f"-m pip download --quiet --no-deps --only-binary=:all: -d {folder}"
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(28, 16, -1)]
    platforms = [word for tag in tags for word in ("--platform", tag)]
    command = [sys.executable, *words.split(), *platforms, "--python-version", python]
    subprocess.run([*command, *requirements], check=True)


def pack_data(path: Path) -> list[str]:
    """Write the whole data sets as a cache folder; the names of those packed."""
    from aelib.data import DataError, store
    from aelib.data.registry import REGISTRY

    packed = []
    # 7 seconds for 110 MB, and 38 MB long: smaller takes a minute
    with bz2.open(path, "wb") as stream, tarfile.open(fileobj=stream, mode="w") as tar:
        for name in DATA_SETS:
            try:
                contents = store.load(REGISTRY[name])
            except DataError as error:
                print(f"   {name} is left out: {error}", file=sys.stderr)
                continue
            for file, content in contents.items():
                entry = tarfile.TarInfo(f"{name}/{file}")
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
            packed.append(name)
    return packed


def check_size(kit: Path) -> int:
    """Bytes of the kit; exits where there are too many, and names the largest."""
    sizes = {path.name: path.stat().st_size for path in kit.iterdir()}
    total = sum(sizes.values())
    if total > LIMIT_BYTES:
        largest = sorted(sizes, key=sizes.get, reverse=True)[:4]
        parts = ", ".join(f"{name} {sizes[name] / 1e6:.1f} MB" for name in largest)
        sys.exit(
            f"{kit} must be at most {LIMIT_BYTES / 1e6:.0f} MB, got"
            f" {total / 1e6:.1f} MB: {parts}"
        )
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default="3.12", help="minor version over there")
    parser.add_argument("--machine", default="x86_64", help="its processor: uname -m")
    options = parser.parse_args()
    shutil.rmtree(KIT, ignore_errors=True)  # two versions of a wheel would not install
    KIT.mkdir(parents=True)
    wheels = needed(options.python)
    download(wheels, KIT, options.python, options.machine)
    packed = pack_data(KIT / "data.tar.bz2")
    total = check_size(KIT)
    print(
        f"   {KIT}: {len(wheels)} wheels, {' and '.join(packed) or 'no data'}", end=""
    )
    print(f", {total / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
