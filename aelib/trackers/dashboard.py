"""A run on the page of a visdom server, while it goes on."""

import logging
import math
import socket
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import requests
from torch import Tensor

from aelib import _expect
from aelib.trackers import notes
from aelib.trackers.files import FileTracker
from aelib.trackers.runs import new_run

PORT = 8097
_SIDE = 360  # pixels; smaller pictures are enlarged, since the page would blur them


class VisdomTracker:
    """Curves, images and clouds of points on the page of a visdom server.

    `python -m aelib.trackers` starts such a server. Where none answers, or where it
    goes away, one line says so, and the run goes on: what it notes then goes to files.

    Args:
        env: name of the run on the page. Where the server has it already, this run
            becomes `env_2`, `env_3` and so on.
        server: address of the server without its port.
        port: its port.
        folder: where the files go if there is no server: into its run_001 and so on;
            None: runs/<env>.

    Attributes:
        env: the name of this run on the page.
        files: the FileTracker that took over; None while the server answers.

    Raises:
        TypeError, ValueError: an argument cannot be meant.
    """

    def __init__(
        self,
        env: str,
        *,
        server: str = "http://127.0.0.1",
        port: int = PORT,
        folder: str | Path | None = None,
    ) -> None:
        _expect.text("env", env)
        _expect.text("server", server)
        if not notes.is_name(env) or "/" in env:
            raise ValueError(f"env must be letters, digits, '_' and '-', got {env!r}")
        host = urlsplit(server).hostname
        if host is None:
            raise ValueError(f"server must be like http://127.0.0.1, got {server!r}")
        port = _expect.integer("port", port, least=1)
        self.env = env
        self.files: FileTracker | None = None
        self.closed = False
        self._folder = Path("runs") / env if folder is None else folder
        self._rows: list[tuple[int, dict[str, float]]] = []
        where = f"{server}:{port}"
        if find_spec("visdom") is None:
            self._fall_back("visdom is not installed (aelib[live], Python 3.12)")
        elif not _answers(host, port):
            self._fall_back(f"no visdom server at {where} (python -m aelib.trackers)")
        else:
            self._page = _connected(server, port, self.env)
            if self._try(lambda: self._begin(where)):
                print(f"{where}/env/{self.env} shows this run")

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Draw the curves with the values of one more step.

        "train/loss" and "val/loss" share a window. A step that is not above those
        before begins anew there, as in a FileTracker.

        Raises:
            TypeError: `step` or a value is not a number, or a name no text.
            ValueError: a value is not finite or named "step", or the tracker closed.
        """
        step, plain = notes.scalars(step, values)
        self._expect_open()
        while self._rows and self._rows[-1][0] >= step:
            self._rows.pop()
        self._rows.append((step, plain))
        if self.files is not None:
            self.files.scalars(step, plain)
        else:
            self._try(self._draw_curves)

    def images(self, step: int, name: str, images: Tensor) -> None:
        """Show images (N, C, H, W) in [0, 1] as one picture, the newest in its window.

        Raises:
            TypeError, ValueError: as FileTracker.images.
        """
        step = notes.place(step, name)
        self._expect_open()
        picture = notes.montage(images)
        times = max(1, math.ceil(_SIDE / max(picture.shape[1:])))
        large = picture.repeat_interleave(times, 1).repeat_interleave(times, 2).numpy()
        shown = {"win": name, "opts": {"title": f"{name}, step {step}"}}
        if not self._try(lambda: self._page.image(large, **shown)):
            self.files.images(step, name, images)

    def scatter(
        self, step: int, name: str, points: Tensor, labels: Tensor | None = None
    ) -> None:
        """Show points (N, 2) or (N, 3), which the page lets you turn, in their colours.

        Raises:
            TypeError, ValueError: as FileTracker.scatter.
        """
        step = notes.place(step, name)
        self._expect_open()
        at, classes = notes.cloud(points, labels)
        opts = {
            "title": f"{name}, step {step}",
            "markersize": 4 if at.shape[1] == 2 else 2,
        }
        found = None
        if classes is not None:
            kinds, found = np.unique(classes.numpy(), return_inverse=True)
            opts["legend"] = [str(kind) for kind in kinds]
            found = found + 1  # visdom counts from one
        shown = {"win": name, "opts": opts}
        if not self._try(lambda: self._page.scatter(at.numpy(), found, **shown)):
            self.files.scatter(step, name, points, labels)

    def close(self) -> None:
        """Finish; a second call does nothing. The page keeps what it shows."""
        if self.files is not None:
            self.files.close()
        elif not self.closed:
            self._page.session.close()
        self.closed = True

    def _begin(self, where: str) -> None:
        # Visdom.get_env_list asks for the windows of its own env instead.
        names = set(self._page.session.post(f"{where}/env_state", json={}).json())
        n, name = 1, self.env
        while name in names:
            n, name = n + 1, f"{self.env}_{n + 1}"
        self.env = self._page.env = name
        self._say("waiting for the first step")

    def _draw_curves(self) -> None:
        steps = np.array([step for step, _ in self._rows])
        for window, lines in _windows(self._rows).items():
            values = np.array(list(lines.values())).T  # (steps, lines)
            self._page.line(
                values.squeeze(1) if len(lines) == 1 else values,
                steps,
                win=window,
                opts={
                    "title": window,
                    "legend": list(lines),
                    "showlegend": len(lines) > 1,
                    "markers": True,
                    "markersize": 4,
                    "xlabel": "step",
                },
            )
        self._say(f"{steps[-1]} steps")

    def _say(self, words: str) -> None:
        size = {"width": 220, "height": 70}
        self._page.text(f"{self.env}: {words}", win="about", opts=size)

    def _try(self, send: Callable[[], object]) -> bool:
        """Whether the server took it; from then on files do, which hold all curves."""
        if self.files is not None:
            return False
        try:
            send()
        except (ConnectionError, requests.RequestException):
            self._fall_back("the visdom server no longer answers")
            for step, values in self._rows:
                self.files.scalars(step, values)
            return False
        return True

    def _fall_back(self, why: str) -> None:
        self.files = FileTracker(new_run(self._folder))
        print(f"{why}; the run goes to {self.files.folder}")

    def _expect_open(self) -> None:
        if self.closed:
            raise ValueError(f"tracker {self.env} must be open, got a closed one")


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True


def _connected(server: str, port: int, env: str) -> Any:
    """A client that neither listens to the server nor asks the settings for a proxy."""
    import visdom

    log = logging.getLogger("visdom")
    if log.level == logging.NOTSET:
        log.setLevel(logging.ERROR)  # it warns of every new session
    page = visdom.Visdom(
        server=server,
        port=port,
        env=env,
        raise_exceptions=True,
        use_incoming_socket=False,
        send=False,
    )
    page.session.trust_env = False
    page.send = True
    return page


def _windows(
    rows: list[tuple[int, dict[str, float]]],
) -> dict[str, dict[str, list[float]]]:
    """Window -> line -> a value for each step, NaN where there was none."""
    found: dict[str, dict[str, list[float]]] = {}
    for name in dict.fromkeys(name for _, values in rows for name in values):
        part, _, term = name.rpartition("/")
        lines = found.setdefault(term, {})
        lines[part or term] = [values.get(name, math.nan) for _, values in rows]
    return found
