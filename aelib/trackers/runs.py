"""A folder for each run."""

from pathlib import Path

from aelib import _files


def new_run(folder: str | Path) -> Path:
    """A new folder in `folder`: run_001, or the number after the largest one there.

    Two processes never get the same one.
    """
    home = _files.expanded("folder", folder)
    home.mkdir(parents=True, exist_ok=True)
    number = max([0, *(_number(path) for path in home.glob("run_*"))])
    while True:
        number += 1
        path = home / f"run_{number:03d}"
        try:
            path.mkdir()
        except FileExistsError:  # another process was faster
            continue
        return path


def _number(path: Path) -> int:
    digits = path.name.removeprefix("run_")
    return int(digits) if digits.isascii() and digits.isdigit() else 0
