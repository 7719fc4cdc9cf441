"""Where the numbers and pictures of a run go: files, TensorBoard, or a visdom server.

Every tracker has four methods: `scalars(step, values)`, `images(step, name, images)`,
`scatter(step, name, points, labels)` and `close()`. `FileTracker` writes plain files
and needs no server. The other two show a run while it goes on; nothing of theirs is
imported before one is made:

    tensorboard --logdir runs              # TensorBoardTracker("runs/vae")
    python -m aelib.trackers               # a visdom server for VisdomTracker("vae")
"""

from typing import Protocol

from torch import Tensor

from aelib.trackers.board import TensorBoardTracker
from aelib.trackers.dashboard import VisdomTracker
from aelib.trackers.files import FileTracker, read_scalars
from aelib.trackers.runs import new_run

__all__ = [
    "FileTracker",
    "TensorBoardTracker",
    "Tracker",
    "VisdomTracker",
    "new_run",
    "read_scalars",
]


class Tracker(Protocol):
    """What a notebook or a training run may ask of a tracker."""

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Note the values of one step."""

    def images(self, step: int, name: str, images: Tensor) -> None:
        """Note images (N, C, H, W) in [0, 1] under a name, such as "val/x_hat"."""

    def scatter(
        self, step: int, name: str, points: Tensor, labels: Tensor | None = None
    ) -> None:
        """Note points (N, 2) or (N, 3), such as codes, and their labels (N,)."""

    def close(self) -> None:
        """Finish; a second call does nothing."""
