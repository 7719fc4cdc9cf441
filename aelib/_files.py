"""Files that are written whole or not at all, by any number of processes at once.

The bytes go to a temporary file beside the target, under a name that nobody else can
have; they are forced to the disk, and the file is moved. Its writer holds a lock on it
meanwhile, which ends with the process: what a killed one left is told from what a
living one writes, and the next write of the same target removes it.
"""

import contextlib
import errno
import os
import secrets
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows: no such locks, and nothing is swept
    fcntl = None

ENDING = ".part"  # of every temporary file


def expanded(name: str, value: object) -> Path:
    """A path with its `~` put in: the one place for all that people type.

    Raises:
        TypeError: `value` is no path; `name` says which argument or variable it is.
        ValueError: there is no such home folder.
    """
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"{name} must be a path, got {type(value).__name__}")
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise ValueError(
            f"{name} must be a path without ~ where there is no such home folder, "
            f"got {str(value)!r}"
        ) from None


def write_bytes(path: str | Path, data: bytes) -> Path:
    """Write `data` to `path`, whole or not at all; returns the path.

    A `~` is expanded, missing folders are made, an older file is replaced.

    Raises:
        OSError: the file cannot be written; what was at `path` is still there.
    """
    path = expanded("path", path)
    temporary, file = _begin(path)
    try:
        with file:
            _fill(file, data)
            if fcntl is not None:
                temporary.replace(path)  # still locked: no sweep comes between
        if fcntl is None:
            temporary.replace(path)  # Windows moves no open file
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)
    return path


def write_text(path: str | Path, text: str) -> Path:
    """Write `text` in UTF-8, otherwise as `write_bytes`."""
    return write_bytes(path, text.encode("utf-8"))


def try_bytes(path: str | Path, data: bytes) -> None:
    """All of `write_bytes` but the move at its end: nothing but folders is left.

    Raises:
        OSError: `write_bytes` would raise it too.
    """
    path = expanded("path", path)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    temporary, file = _begin(path)
    try:
        with file:
            _fill(file, data)
    finally:
        temporary.unlink(missing_ok=True)


def sweep(path: str | Path) -> None:
    """Remove the temporary files of `path` whose writers are no longer alive."""
    path = expanded("path", path)
    if fcntl is None:
        return
    for left in path.parent.glob(f"*{ENDING}"):
        if not left.name.startswith(_start_of(path)):
            continue
        # Refused where its writer lives, or where it is another user's: let it be.
        with contextlib.suppress(OSError), left.open("rb+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


def _begin(path: Path) -> tuple[Path, BinaryIO]:
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path)
    return _create(path)


def _fill(file: BinaryIO, data: bytes) -> None:
    file.write(data)
    file.flush()
    os.fsync(file.fileno())


def _start_of(path: Path) -> str:
    # Cut, since a name as long as names can be must have room for more. Two targets
    # with one start then sweep for each other, which does no harm.
    return f".{path.name[:50]}."


def _create(path: Path) -> tuple[Path, BinaryIO]:
    while True:
        unique = f"{os.getpid()}-{secrets.token_hex(8)}{ENDING}"
        temporary = path.with_name(_start_of(path) + unique)
        file = temporary.open("xb")
        if _is_locked(file) and temporary.exists():
            return temporary, file
        file.close()  # a sweep came between the two lines above
        temporary.unlink(missing_ok=True)


def _is_locked(file: BinaryIO) -> bool:
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # this file system has no locks: no sweep gets one either
        return True
    return True


def _sync_folder(folder: Path) -> None:
    """Make the move itself survive a power cut, where folders can be synced."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):  # the file is there already: no reason to fail
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
