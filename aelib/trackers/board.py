"""A run in the files that TensorBoard shows."""

from pathlib import Path

from torch import Tensor

from aelib.trackers import notes
from aelib.trackers.runs import new_run


class TensorBoardTracker:
    """Event files for TensorBoard, each run in a folder of its own.

    `tensorboard --logdir runs` shows them while they are written; it needs no network.

    Args:
        folder: made if missing; the run goes into its `run_001`, `run_002` and so on,
            since TensorBoard draws two runs in one folder as one.

    Attributes:
        folder: the folder of this run.

    Raises:
        ModuleNotFoundError: tensorboard is not installed.
    """

    def __init__(self, folder: str | Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                'TensorBoardTracker needs tensorboard: pip install "aelib[live]"'
            ) from error
        self.folder = new_run(folder)
        self._writer = SummaryWriter(self.folder, flush_secs=5)
        self.closed = False

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Note the values of one step.

        Raises:
            TypeError: `step` or a value is not a number, or a name no text.
            ValueError: a value is not finite or named "step", or the tracker closed.
        """
        step, plain = notes.scalars(step, values)
        self._expect_open()
        for name, value in plain.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def images(self, step: int, name: str, images: Tensor) -> None:
        """Note images (N, C, H, W) in [0, 1] as one picture.

        Raises:
            TypeError, ValueError: as FileTracker.images.
        """
        step = notes.place(step, name)
        self._expect_open()
        self._writer.add_image(name, notes.montage(images).numpy(), step)
        self._writer.flush()

    def scatter(
        self, step: int, name: str, points: Tensor, labels: Tensor | None = None
    ) -> None:
        """Note points (N, 2) or (N, 3) as a picture, in the colours of their labels.

        Raises:
            TypeError, ValueError: as FileTracker.scatter.
        """
        step = notes.place(step, name)
        self._expect_open()
        picture = notes.pixels(notes.drawn_scatter(points, labels))
        self._writer.add_image(name, picture, step, dataformats="HWC")
        self._writer.flush()

    def close(self) -> None:
        """Finish; a second call does nothing."""
        self._writer.close()
        self.closed = True

    def _expect_open(self) -> None:
        if self.closed:
            raise ValueError(
                f"the tracker of {self.folder} must be open, got a closed one"
            )
