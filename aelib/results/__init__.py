"""Evidence: the numbers, pictures and networks that a chapter's page shows.

`load("02_autoencoder")` gives the Evidence that experiments/02_autoencoder.py made by
`make evidence CHAPTER=02_autoencoder`; `aelib.lab` writes it.
"""

import re
from pathlib import Path

from aelib import _expect, _files
from aelib.results.digest import evidence_digest
from aelib.results.evidence import Evidence, read
from aelib.results.table import Table
from aelib.results.value import Value

__all__ = ["Evidence", "Table", "Value", "load"]

_FOLDER = Path(__file__).parent
_SCRIPTS = _FOLDER.parent.parent / "experiments"


def load(slug: str, *, folder: str | Path | None = None) -> Evidence:
    """The evidence of chapter `slug`, such as "02_autoencoder".

    Args:
        slug: name of the notebook without its ending.
        folder: where the file lies; None: beside this module.

    Returns:
        An Evidence; with `is_missing` where the script has not been run, and with
        `is_stale` where the script or the aelib behind it has changed since.

    Raises:
        TypeError, ValueError: `slug` is not of the form NN_name, `folder` is no path,
            or the files are malformed: the message names them.

    >>> load("02_autoencoder").columns["MSE"]  # its unit: none
    ''
    >>> load("99_not_written").is_missing
    True
    """
    check_slug(slug)
    home = (_FOLDER if folder is None else _files.expanded("folder", folder)) / slug
    path = home.with_suffix(".json")
    if not path.exists():
        return Evidence(slug, home)
    content = read(path)
    script = _SCRIPTS / f"{slug}.py"
    # A package without its checkout has no scripts; there nothing can have changed.
    is_stale = script.exists() and evidence_digest(script) not in content["made_by"]
    return Evidence(slug, home, content, is_stale)


def check_slug(slug: str) -> None:
    """Raises TypeError or ValueError where it is not the name of a chapter."""
    _expect.text("slug", slug)
    if not re.fullmatch(r"\d\d_[a-z0-9_]+", slug):
        raise ValueError(f"slug must look like '01_linear_autoencoder', got {slug!r}")
