"""The small shared library of the book on autoencoders.

Import from the modules: `from aelib import data, losses, models`. `start` is all that
stands here, and it imports what it needs when it is called.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

__all__ = ["start"]


def start(seed: int = 0) -> "torch.device":
    """First line of every lesson: seeds, figure style; the device that all follows.

    Seeds the generators of Python, NumPy and torch (`config.seed_everything`), makes
    the book's figure defaults those of matplotlib, and chooses the device
    (`config.default_device`): AELIB_DEVICE if set, else cuda, mps or cpu.

    Raises:
        TypeError: `seed` is not an int.
        ValueError: the seed is out of range, or AELIB_DEVICE names no device here.
    """
    from aelib import config, plots

    device = config.default_device()
    config.seed_everything(seed)
    plots.use_style()
    return device
