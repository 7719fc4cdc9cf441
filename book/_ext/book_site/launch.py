"""Links that need the book's public address; without one there are none."""

import re
from urllib.parse import quote

_ADDRESS = re.compile(
    r"https://(github\.com|gitlab\.com)/([\w.-]+)/([\w.-]+?)(\.git)?/?"
)


def links(address: str, branch: str, notebook: str | None) -> list[tuple[str, str]]:
    """(name, address) pairs for a page; `notebook` is the path of its notebook or None.

    Args:
        address: https://github.com/OWNER/REPOSITORY, the same at gitlab.com, or "".
        branch: the branch that readers should see.
        notebook: such as "notebooks/01_linear_autoencoder.ipynb".

    Raises:
        ValueError: `address` is neither empty nor of one of these forms.
    """
    if not address:
        return []
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise ValueError(
            "book_repository must be '' or https://github.com/OWNER/NAME or gitlab.com,"
            f" got {address!r}"
        )
    host, owner, name = match[1], match[2], match[3]
    found = [("Repository", f"https://{host}/{owner}/{name}")]
    if notebook is None:
        return found
    where = f"{owner}/{name}"
    if host == "github.com":
        blob = f"https://github.com/{where}/blob/{branch}/{notebook}"
        colab = (
            f"https://colab.research.google.com/github/{where}/blob/{branch}/{notebook}"
        )
        found += [
            ("Colab", colab),
            (
                "Kaggle",
                f"https://kaggle.com/kernels/welcome?src={quote(blob, safe='')}",
            ),
        ]
    binder = "gh" if host == "github.com" else "gl"
    where = where if binder == "gh" else quote(where, safe="")
    path = quote(f"lab/tree/{notebook}", safe="")
    found.append(
        ("Binder", f"https://mybinder.org/v2/{binder}/{where}/{branch}?urlpath={path}")
    )
    return found
