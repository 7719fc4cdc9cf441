"""A book of a few files, built by Sphinx in this process."""

import io
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def build(
    folder: Path, texts: Mapping[str, str], prepare: Callable[[Any], None]
) -> tuple[dict[str, str], str]:
    """Pages by name, and what Sphinx warned of.

    Args:
        folder: where the files are written, and the pages in "out".
        texts: file name -> content, "conf.py" among them.
        prepare: takes the application before it builds: directives, nodes, handlers.
    """
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace

    for name, text in texts.items():
        (folder / name).write_text(text)
    complaints = io.StringIO()
    # what one build registers, the next would complain of
    with warnings.catch_warnings(), docutils_namespace():
        warnings.simplefilter("ignore")  # Sphinx' own
        places = [str(folder), str(folder), str(folder / "out"), str(folder / "trees")]
        app = Sphinx(*places, "html", status=None, warning=complaints)
        prepare(app)
        app.build()
    pages = {path.stem: path.read_text() for path in (folder / "out").glob("*.html")}
    return pages, complaints.getvalue()
