"""Read one file from a mirror, within limits: time, size, and never less than https.

A mirror is a folder: https://..., file:///... or, for trying things out, http:// on
this very machine. What arrives here is not yet verified; aelib.data.store does that.
"""

import ipaddress
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit
from urllib.request import url2pathname

from aelib import config

PATIENCE_SECONDS = 24.0  # for all mirrors of one file together
STALL_SECONDS = 8.0  # for one mirror to send the next 8 kB
_STEP_BYTES = 8192


class MirrorError(Exception):
    """Why one mirror did not give the file; the message follows the mirror's URL."""


def check_mirror(url: str) -> None:
    """Accept https://, file:// and http:// on the loopback address.

    Raises:
        ValueError: anything else, above all http:// to another machine.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path:
        return
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and _is_loopback(parts.hostname):
        return
    raise ValueError(
        "mirror must be https://…, file:///folder or http://127.0.0.1:port/…"
        f" (plain http to another machine can be altered on the way), got {url!r}"
    )


def uses_network(url: str) -> bool:
    """Whether reading `url` opens a connection."""
    return urlsplit(url).scheme != "file"


def read(url: str, *, max_bytes: int, n_mirrors: int = 1) -> bytes:
    """The bytes behind `url`, at most `max_bytes`.

    A mirror that sends less than 8 kB in its share of the patience is given up:
    8 s, or 24 s divided by `n_mirrors` if there are more than three.

    Raises:
        MirrorError: with the reason, in words.
    """
    if not uses_network(url):
        return _read_folder(url, max_bytes)
    return _read_http(url, max_bytes, min(STALL_SECONDS, PATIENCE_SECONDS / n_mirrors))


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _read_folder(url: str, max_bytes: int) -> bytes:
    path = Path(url2pathname(urlsplit(url).path))
    if not path.is_file():
        raise MirrorError("no such file")
    try:
        with path.open("rb") as stream:
            content = stream.read(max_bytes + 1)
    except OSError as error:
        raise MirrorError(error.strerror or str(error)) from None
    if len(content) > max_bytes:
        raise MirrorError(f"holds more than {max_bytes:,} bytes")
    return content


class _Sink:
    """Collects a download in memory and shows from outside how far it has come."""

    def __init__(self, max_bytes: int) -> None:
        self.content = bytearray()
        self.max_bytes = max_bytes
        self.open = True
        self.error: Exception | None = None
        self.response: Any = None

    def write(self, chunk: bytes) -> None:
        if not self.open or len(self.content) + len(chunk) > self.max_bytes:
            raise MirrorError(f"sends more than {self.max_bytes:,} bytes")
        self.content += chunk

    def flush(self) -> None:
        """Called by pooch after each chunk; there is nothing to flush."""

    def inspect(self, response: Any, **_: Any) -> None:
        """Refuse an answer before its body is read: requests calls this on each one."""
        self.response = response
        location = response.headers.get("location")
        if response.is_redirect:
            target = urljoin(response.url, location)
            if urlsplit(target).scheme != "https":
                raise MirrorError(f"redirects to {target}, which is not https")
        elif response.status_code != 200:
            raise MirrorError(f"HTTP {response.status_code} {response.reason}")
        elif response.headers.get("content-type", "").startswith("text/html"):
            raise MirrorError("an HTML page instead of the file")


def _read_http(url: str, max_bytes: int, stall_seconds: float) -> bytes:
    """Watch a thread that downloads: no name server or socket can hold us up."""
    sink = _Sink(max_bytes)
    worker = threading.Thread(
        target=_download, args=(url, sink, stall_seconds), daemon=True
    )
    worker.start()
    n_bytes, since = 0, time.monotonic()
    while worker.is_alive():
        worker.join(0.05)
        if len(sink.content) - n_bytes >= _STEP_BYTES:
            n_bytes, since = len(sink.content), time.monotonic()
        elif worker.is_alive() and time.monotonic() - since > stall_seconds:
            sink.open = False
            raise MirrorError(
                f"stalled after {len(sink.content):,} bytes, for {stall_seconds:g} s"
            )
    if sink.error is not None:
        raise MirrorError(_reason(sink.error)) from sink.error
    return bytes(sink.content)


def _download(url: str, sink: _Sink, stall_seconds: float) -> None:
    import pooch  # here: with requests it costs a quarter of a second

    local = _is_loopback(urlsplit(url).hostname)
    fetch = pooch.HTTPDownloader(
        progressbar=config.progress() and sys.stderr.isatty(),
        timeout=2 * stall_seconds,  # ends this thread some time after it was given up
        hooks={"response": sink.inspect},
        headers={"Accept-Encoding": "identity"},
        proxies={"http": "", "https": ""} if local else None,  # "": no proxy
    )
    try:
        fetch(url, sink, None)
    except Exception as error:  # whatever it is, it is reported by the caller
        sink.error = error
    finally:
        if sink.response is not None:
            sink.response.close()


def _reason(error: Exception) -> str:
    from requests import exceptions

    if isinstance(error, exceptions.SSLError):
        return f"its certificate is not accepted ({error})"
    if isinstance(error, exceptions.ChunkedEncodingError):
        return "the connection was cut"
    if isinstance(error, exceptions.ConnectionError):
        cause = getattr(error.args[0], "reason", error) if error.args else error
        return f"no connection ({str(cause).rpartition('): ')[2]})"
    return str(error)
