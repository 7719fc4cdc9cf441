"""A small data set and a badly behaved file server on 127.0.0.1."""

import gzip
import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from aelib.data.registry import DataSet, File

PAGE = b"<!DOCTYPE html><html><title>Please sign in</title></html>"


def make_set(
    folder: Path, sizes: tuple[int, ...] = (150_000, 4_000, 60_000)
) -> DataSet:
    """Write a mirror of random files and return the data set it serves."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(sizes))
    files = []
    for number, n_bytes in enumerate(sizes):
        content = rng.integers(0, 40, n_bytes, dtype=np.uint8).tobytes()
        name = f"part-{number}"
        (folder / f"{name}.gz").write_bytes(gzip.compress(content, 1, mtime=0))
        digest = hashlib.sha256(content).hexdigest()
        files.append(File(name, f"{name}.gz", n_bytes, digest))
    return DataSet(
        name="tiny",
        source="made up",
        licence="none",
        embedded="",
        embedded_sha256="",
        classes=(),
        files=tuple(files),
        mirrors=(folder.as_uri(),),
    )


class Handler(BaseHTTPRequestHandler):
    """/good/FILE serves; /slow/FILE takes its time; every other folder is a fault."""

    folder: Path
    over: threading.Event
    paths: list[str]

    def do_GET(self) -> None:
        self.paths.append(self.path)
        kind, _, name = self.path.strip("/").partition("/")
        content = (self.folder / name).read_bytes()
        try:
            if kind.isdigit():
                self.send_error(int(kind))
            elif kind.startswith("to-"):
                self.send_response(302)
                self.send_header("Location", self.redirect(kind, name))
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                getattr(self, f"answer_{kind}")(content)
        except OSError:
            pass  # the client has gone, as it should

    def redirect(self, kind: str, name: str) -> str:
        port = self.server.server_address[1]
        return {
            "to-http": f"http://example.org/{name}",
            "to-loopback": f"http://127.0.0.1:{port}/good/{name}",
            "to-file": f"file:///{name}",
            "to-itself": f"/to-itself/{name}",
        }[kind]

    def head(self, n_bytes: int, kind: str = "application/gzip") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(n_bytes))
        self.end_headers()

    def answer_good(self, content: bytes) -> None:
        self.head(len(content))
        self.wfile.write(content)

    def answer_slow(self, content: bytes) -> None:
        self.head(len(content))
        step = len(content) // 8 + 1
        for start in range(0, len(content), step):
            self.wfile.write(content[start : start + step])
            time.sleep(0.01)

    def answer_page(self, _: bytes) -> None:
        self.head(len(PAGE), "text/html; charset=utf-8")
        self.wfile.write(PAGE)

    def answer_disguised(self, _: bytes) -> None:
        self.head(len(PAGE))
        self.wfile.write(PAGE)

    def answer_cut(self, content: bytes) -> None:
        self.head(len(content))
        self.wfile.write(content[: len(content) // 2])

    def answer_mute(self, _: bytes) -> None:
        self.over.wait(60)

    def answer_stall(self, content: bytes) -> None:
        self.head(len(content))
        self.wfile.write(content[: len(content) // 2])
        self.over.wait(60)

    def answer_drip(self, content: bytes) -> None:
        self.head(len(content))
        for start in range(0, 200 * 128, 128):  # 40 s, if nobody gives up
            self.wfile.write(content[start : start + 128])
            if self.over.wait(0.2):
                return

    def answer_drippinghead(self, _: bytes) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not self.over.wait(0.2):
            self.wfile.write(b"x")

    def answer_endless(self, _: bytes) -> None:
        self.send_response(200)
        self.end_headers()
        while not self.over.is_set():
            self.wfile.write(bytes(65536))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """A client that was killed is no news."""


@contextmanager
def serve(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The address of a server of `folder`, and the list of paths it is asked for."""
    over, paths = threading.Event(), []
    members = {"folder": folder, "over": over, "paths": paths}
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), members))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", paths
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()
