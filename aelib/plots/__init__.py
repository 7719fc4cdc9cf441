"""Pictures: tensors in, Axes out. No model, no device, no title, no show.

Every function draws on `ax`, or on a new figure of its own where `ax` is None, and
returns the Axes, so that a chapter can go on drawing.
"""

from importlib.resources import as_file, files

import matplotlib.pyplot as plt

from aelib.plots.charts import bars, heatmap, history, lines, scatter_codes
from aelib.plots.pictures import image_grid, image_rows

__all__ = [
    "bars",
    "heatmap",
    "history",
    "image_grid",
    "image_rows",
    "lines",
    "scatter_codes",
    "use_style",
]


def use_style() -> None:
    """Make the book's figure defaults (aelib.mplstyle) those of matplotlib."""
    with as_file(files("aelib") / "aelib.mplstyle") as path:
        plt.style.use(path)
