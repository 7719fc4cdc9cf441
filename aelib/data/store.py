"""Fetch, verify and keep data sets: nothing unverified is ever returned or kept.

The cache holds each file decompressed, so that its SHA-256 is the digest of every byte
in it: a flip, a cut, an addition or another file under the name cannot go unseen.
Layout: <root>/<set>/<file>. Files are written whole or not at all (aelib._files); one
process at a time writes to a set, behind .lock, and first removes what an interrupted
one left.
"""

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from aelib import _files, config
from aelib.data import download
from aelib.data.registry import DataSet, File
from aelib.data.verify import DataError, gunzip, mismatch, read_file

LOCK_SECONDS = 600.0  # how long to wait for another process that fetches the same set

logger = logging.getLogger(__name__)


def folder_of(entry: DataSet, root: Path | None = None) -> Path:
    """Where the full files of a set are kept; `root` defaults to config.data_root()."""
    home = config.data_root() if root is None else _files.expanded("root", root)
    return home / entry.name


def load(entry: DataSet, *, root: Path | None = None) -> dict[str, bytes]:
    """Content of every full file by name, verified; what is missing is fetched.

    A system copy that verifies is used first, then the cache.

    Raises:
        DataError: as `fetch`.
    """
    system = system_copy(entry) if root is None else None
    if system is not None:
        return system
    folder = folder_of(entry, root)
    with suppress(DataError):
        return {file.name: read_file(folder / file.name, file) for file in entry.files}
    fetch(entry, root=root)
    return {file.name: read_file(folder / file.name, file) for file in entry.files}


def system_copy(entry: DataSet) -> dict[str, bytes] | None:
    """Content of the copy that a system package installed; None if not there or bad."""
    if entry.system is None or not entry.system.is_dir():
        return None
    contents = {}
    for file in entry.files:
        try:
            contents[file.name] = _obtain(entry.system.as_uri(), file, 1)
        except download.MirrorError as error:
            logger.warning("%s: %s; not used", entry.system / file.remote, error)
            return None
    return contents


def problems(entry: DataSet, folder: Path) -> dict[File, str]:
    """Files in `folder` that are missing or damaged, and the reason that names each."""
    found = {}
    for file in entry.files:
        try:
            read_file(folder / file.name, file)
        except DataError as error:
            found[file] = str(error)
    return found


def fetch(
    entry: DataSet, *, root: Path | None = None, mirrors: Sequence[str] = ()
) -> Path:
    """Bring every full file into the cache, verified; returns the folder.

    Args:
        entry: what to fetch.
        root: cache folder; config.data_root() if None.
        mirrors: folders to take the files from, in this order, instead of the system
            copy and the official mirrors.

    Raises:
        ValueError: a mirror is neither https, a folder nor on this machine.
        DataError: no source gave a file, or it cannot be stored.
    """
    for url in mirrors:
        download.check_mirror(url)
    folder = folder_of(entry, root)
    if not problems(entry, folder) and not _litter(folder):
        return folder
    with _locked(entry, folder):
        with _storage(folder, 0):
            for path in folder.glob(f"*{_files.ENDING}"):
                path.unlink()  # of an interrupted fetch: we hold the lock, none runs
        _fill(entry, folder, list(mirrors) or _sources(entry))
    left = problems(entry, folder)
    if left:
        raise DataError(f"{entry.name}: {'; '.join(left.values())}, just after writing")
    return folder


def _litter(folder: Path) -> bool:
    return any(folder.glob(f"*{_files.ENDING}")) or (folder / ".lock").exists()


def _sources(entry: DataSet) -> list[str]:
    if entry.system is not None and entry.system.is_dir():
        return [entry.system.as_uri(), *entry.mirrors]
    return list(entry.mirrors)


def _fill(entry: DataSet, folder: Path, mirrors: list[str]) -> None:
    """Write the files that are not good; the mirror that worked last moves to front."""
    bad = problems(entry, folder)
    _check_space(folder, sum(file.n_bytes for file in bad))
    for file, reason in bad.items():
        content = _first_good(entry, file, mirrors, reason)
        with _storage(folder, file.n_bytes):
            _files.write_bytes(folder / file.name, content)
        if not reason.endswith("missing"):
            logger.warning("%s; replaced by a good copy from %s", reason, mirrors[0])


def _first_good(entry: DataSet, file: File, mirrors: list[str], reason: str) -> bytes:
    failures = []
    for mirror in list(mirrors):
        if config.offline() and download.uses_network(mirror):
            failures.append(f"{mirror}: not tried, AELIB_OFFLINE=1")
            continue
        try:
            content = _obtain(mirror, file, len(mirrors))
        except download.MirrorError as error:
            failures.append(f"{mirror}: {error}")
            continue
        mirrors.remove(mirror)
        mirrors.insert(0, mirror)  # one that stalls is not waited for at every file
        return content
    advice = "unset AELIB_OFFLINE, or " if config.offline() else ""
    raise DataError(
        f"{reason}, and no source gave {file.remote} ({'; '.join(failures)});"
        f" {advice}run: python -m aelib.data fetch {entry.name} --mirror"
        " file:///folder (or another https:// mirror)"
    )


def _obtain(mirror: str, file: File, n_mirrors: int) -> bytes:
    """One file from one mirror, decompressed and verified."""
    url = f"{mirror.rstrip('/')}/{file.remote}"
    # what cannot be compressed grows a little, by less than this
    max_bytes = file.n_bytes + file.n_bytes // 100 + 65_536
    content = download.read(url, max_bytes=max_bytes, n_mirrors=n_mirrors)
    if content.lstrip()[:5].lower() in (b"<!doc", b"<html"):
        raise download.MirrorError("an HTML page instead of the file")
    if file.remote.endswith(".gz") and content[:2] == b"\x1f\x8b":
        try:
            content = gunzip(content, file.n_bytes)
        except ValueError as error:
            raise download.MirrorError(f"not the right file: {error}") from None
    reason = mismatch(content, file)
    if reason:
        raise download.MirrorError(f"not the right file: {reason}")
    return content


@contextmanager
def _locked(entry: DataSet, folder: Path) -> Iterator[None]:
    n_bytes = sum(file.n_bytes for file in entry.files)
    lock = FileLock(folder / ".lock", timeout=LOCK_SECONDS)
    with _storage(folder, n_bytes):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except Timeout:
            raise DataError(
                f"{folder / '.lock'} has been held for {LOCK_SECONDS:g} s by another"
                f" process that fetches {entry.name}; end it and try again"
            ) from None
    try:
        yield
    finally:
        # removed while held: whoever waits on it sees that it is gone, and starts over
        with suppress(OSError):
            (folder / ".lock").unlink()
        lock.release()


def _check_space(folder: Path, n_bytes: int) -> None:
    if _free_bytes(folder) < n_bytes:
        raise _storage_error(folder, n_bytes, "not enough space")


@contextmanager
def _storage(folder: Path, n_bytes: int) -> Iterator[None]:
    """Turn an error of the file system into one that says what to do."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise _storage_error(folder, n_bytes, reason) from error


def _storage_error(folder: Path, n_bytes: int, reason: str) -> DataError:
    return DataError(
        f"cannot write to {folder}: {reason}; {n_bytes:,} bytes are needed and"
        f" {_free_bytes(folder):,} are free; set AELIB_DATA to a folder with room where"
        " you may write"
    )


def _free_bytes(folder: Path) -> int:
    """Free bytes where `folder` is, or would be."""
    for path in (folder, *folder.parents):
        with suppress(OSError):  # not there, or closed to us: then the one above it
            return shutil.disk_usage(path).free
    return 0
