"""Verify data by the SHA-256 of their decompressed bytes, on every load.

An archive's own digest would not do: the same content compressed elsewhere has another.
"""

import hashlib
import io
import zipfile
import zlib
from pathlib import Path

import numpy as np

from aelib.data.registry import DataSet, File

EMBEDDED = Path(__file__).parent / "embedded"


class DataError(RuntimeError):
    """Data are missing or damaged, or cannot be fetched or stored; says what to do."""


def embedded_path(entry: DataSet) -> Path:
    """The archive inside the package."""
    return EMBEDDED / entry.name / f"{entry.name}.npz"


def load_embedded(entry: DataSet) -> dict[str, np.ndarray]:
    """Arrays of the embedded part by name, verified.

    Raises:
        DataError: the archive is missing or not what was released; names the file.
    """
    path = embedded_path(entry)
    try:
        blob = path.read_bytes()
        members = _members(blob)
    except Exception as error:  # a damaged archive fails in many ways
        raise _embedded_error(path, str(error)) from None
    digest = hashlib.sha256(b"".join(members[name] for name in sorted(members)))
    if digest.hexdigest() != entry.embedded_sha256:
        raise _embedded_error(
            path, f"SHA-256 {digest.hexdigest()[:12]}… of its content"
        )
    return {
        name.removesuffix(".npy"): np.load(io.BytesIO(content))
        for name, content in members.items()
    }


def _members(blob: bytes) -> dict[str, bytes]:
    """Decompressed members of a zip archive with nothing before or after it."""
    end = blob[-22:]  # the end record, without a comment
    if blob[:4] != b"PK\x03\x04" or end[:4] != b"PK\x05\x06" or end[-2:] != b"\0\0":
        raise ValueError("it is cut or extended")
    with zipfile.ZipFile(io.BytesIO(blob)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _embedded_error(path: Path, reason: str) -> DataError:
    return DataError(
        f"{path} is missing or damaged ({reason}); restore it: git checkout, or"
        " reinstall aelib"
    )


def read_file(path: Path, file: File) -> bytes:
    """Content of a cached file, verified.

    Raises:
        DataError: it is missing, cannot be read or is damaged; names the file.
    """
    try:
        # a byte more than expected is enough to know, however long the file is
        with path.open("rb") as stream:
            content = stream.read(file.n_bytes + 1)
    except FileNotFoundError:
        raise DataError(f"{path} is missing") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror})") from None
    reason = mismatch(content, file)
    if reason:
        raise DataError(f"{path} is damaged: {reason}")
    return content


def gunzip(content: bytes, n_bytes: int) -> bytes:
    """Decompress one gzip member, with nothing after it, to at most n_bytes + 1."""
    stream = zlib.decompressobj(wbits=31)  # 31: gzip, with its checksum
    try:
        plain = stream.decompress(content, n_bytes + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if len(plain) <= n_bytes and (not stream.eof or stream.unused_data):
        raise ValueError("it is cut or extended")
    return plain


def mismatch(content: bytes, file: File) -> str:
    """Why `content` is not `file`; empty if it is."""
    if len(content) != file.n_bytes:
        more = "more than" if len(content) > file.n_bytes else f"{len(content):,} of"
        return f"{more} {file.n_bytes:,} bytes"
    digest = hashlib.sha256(content).hexdigest()
    if digest == file.sha256:
        return ""
    return f"SHA-256 {digest[:12]}… instead of {file.sha256[:12]}…"
