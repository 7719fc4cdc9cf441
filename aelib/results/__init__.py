"""Evidence: the numbers, pictures and networks that a chapter's page shows.

`load("02_autoencoder")` gives the Evidence that experiments/02_autoencoder.py made by
`make evidence CHAPTER=02_autoencoder`; `aelib.lab` writes it.
"""

import re
from pathlib import Path

from aelib.results.digest import evidence_digest
from aelib.results.evidence import Evidence, read
from aelib.results.table import Table
from aelib.results.value import Value

__all__ = ["Evidence", "Table", "Value", "load"]

_FOLDER = Path(__file__).parent
_SCRIPTS = _FOLDER.parent.parent / "experiments"


def load(slug: str, *, folder: Path | None = None) -> Evidence:
    """The evidence of chapter `slug`, such as "02_autoencoder".

    Args:
        slug: name of the notebook without its ending.
        folder: where the file lies; None: beside this module.

    Returns:
        An Evidence; with `is_missing` where the script has not been run, and with
        `is_stale` where the script or the aelib behind it has changed since.

    Raises:
        ValueError: `slug` is not of the form NN_name, or the files are malformed: the
            message names them.
    """
    check_slug(slug)
    home = (folder or _FOLDER) / slug
    path = home.with_suffix(".json")
    if not path.exists():
        return Evidence(slug, home)
    content = read(path)
    script = _SCRIPTS / f"{slug}.py"
    # A package without its checkout has no scripts; there nothing can have changed.
    is_stale = script.exists() and evidence_digest(script) not in content["made_by"]
    return Evidence(slug, home, content, is_stale)


def check_slug(slug: str) -> None:
    """Raises ValueError where it is not the name of a chapter."""
    if not isinstance(slug, str) or not re.fullmatch(r"\d\d_[a-z0-9_]+", slug):
        raise ValueError(f"slug must look like '01_linear_autoencoder', got {slug!r}")
