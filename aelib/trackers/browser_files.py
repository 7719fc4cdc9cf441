"""What the page of visdom needs besides its own program, from the packages of npm.

The server would fetch these files from five places when it first starts, and ends where
there is no network. Versions are those that visdom's own build names.
"""

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

VISDOM = "0.3.0"
LIST = Path(__file__).parent / "browser_files.json"


class File(NamedTuple):
    """One file: where it comes from, where it goes in visdom/static, and its digest."""

    package: str  # name@version
    source: str
    target: str
    sha256: str


def wanted() -> list[File]:
    return [File(*row) for row in json.loads(LIST.read_text())]


def static_folder() -> Path:
    """Where visdom keeps the files of its page; visdom itself takes seconds to import.

    Raises:
        ModuleNotFoundError: visdom is not installed.
        RuntimeError: another version is.
    """
    spec = find_spec("visdom")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("visdom must be installed, got no such package")
    if (found := version("visdom")) != VISDOM:
        raise RuntimeError(f"visdom must be {VISDOM} for these files, got {found}")
    return Path(spec.origin).parent / "static"


def missing(static: Path) -> list[File]:
    """Files that are not there, or not as they should be."""
    return [
        file for file in wanted() if _digest(static / file.target) != file.sha256
    ] or ([] if (static / "version.built").exists() else wanted())


def install() -> int:
    """Bring what is missing; the number of files.

    Raises:
        ModuleNotFoundError, RuntimeError: as static_folder.
        OSError: npm is missing or brings no package.
        ValueError: a package holds another file than the one that was tried.
    """
    static = static_folder()
    files = missing(static)
    packages = list(dict.fromkeys(file.package for file in files))
    with tempfile.TemporaryDirectory() as folder:
        archives = dict(zip(packages, _packed(packages, Path(folder)), strict=True))
        for file in files:
            _copy(archives[file.package], file, static)
    (static / "version.built").write_text(VISDOM)  # else the server downloads again
    return len(files)


def _packed(packages: list[str], folder: Path) -> list[Path]:
    """Their archives, brought by npm."""
    if not packages:
        return []
    npm = shutil.which("npm")
    if npm is None:
        raise OSError("npm must be installed to bring the files of visdom's page")
    done = subprocess.run(
        [npm, "pack", "--silent", *packages],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        raise OSError(f"npm could not bring {packages}: {done.stderr.strip()[-300:]}")
    return [folder / name for name in done.stdout.split()]


def _copy(archive: Path, file: File, static: Path) -> None:
    with tarfile.open(archive) as packed:
        member = packed.extractfile(f"package/{file.source}")
        content = b"" if member is None else member.read()
    if (found := hashlib.sha256(content).hexdigest()) != file.sha256:
        raise ValueError(
            f"{file.source} of {file.package} must have the digest {file.sha256},"
            f" got {found}"
        )
    target = static / file.target
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def _digest(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
