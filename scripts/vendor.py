"""Refresh the browser files that the site carries, from npm, into book/vendor/.

    python scripts/vendor.py

They are committed, so building the book needs no npm. book/vendor/README.md is written
with versions, licences and SHA-256 of every file.
"""

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "book" / "vendor"

# package, version, licence, {path in the package: path below book/vendor}
PACKAGES = [
    (
        "mathjax",
        "3.2.2",
        "Apache-2.0",
        {
            "es5/tex-mml-chtml.js": "mathjax/tex-mml-chtml.js",
            "es5/output/chtml/fonts/woff-v2": "mathjax/output/chtml/fonts/woff-v2",
            "LICENSE": "mathjax/LICENSE",
        },
    ),
]


def main() -> None:
    lines = [
        "# Browser files carried by the site",
        "",
        "Written by `scripts/vendor.py`: unchanged copies from these packages.",
    ]
    for name, version, licence, files in PACKAGES:
        lines += ["", f"## {name} {version} ({licence})", ""]
        with tempfile.TemporaryDirectory() as folder:
            package = unpack(f"{name}@{version}", Path(folder))
            for source, target in files.items():
                copy(package / source, VENDOR / target)
                lines += [describe(path) for path in listing(VENDOR / target)]
    (VENDOR / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def unpack(spec: str, folder: Path) -> Path:
    subprocess.run(["npm", "pack", "--silent", spec], cwd=folder, check=True)
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / "package"


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)


def listing(path: Path) -> list[Path]:
    return (
        sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    )


def describe(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"- `{path.relative_to(VENDOR)}` {digest}"


if __name__ == "__main__":
    main()
