"""Links that need the book's public address; without one there are none.

Colab, Kaggle and Binder open the learner's copy of a chapter. It lies on a branch of
its own, which `scripts/push_copies.sh` makes and pushes.
"""

import re
from urllib.parse import quote

BRANCH = "copies"
_ADDRESS = re.compile(
    r"https://(github\.com|gitlab\.com)/([\w.-]+)/([\w.-]+?)(\.git)?/?"
)


def links(address: str, copy: str | None, *, published: bool) -> list[tuple[str, str]]:
    """(name, address) pairs for a page.

    Args:
        address: https://github.com/OWNER/REPOSITORY, the same at gitlab.com, or "".
        copy: the learner's copy, such as "01_linear_autoencoder.ipynb"; None on a page
            without one.
        published: whether the site has a public address, from which a copy that lies
            alone, in Colab or in Kaggle, can install aelib.

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
    host, where = match[1], f"{match[2]}/{match[3]}"
    found = [("Repository", f"https://{host}/{where}")]
    if copy is None:
        return found
    if host == "github.com" and published:
        blob = f"{where}/blob/{BRANCH}/{copy}"
        source = quote(f"https://github.com/{blob}", safe="")
        found += [
            ("Colab", f"https://colab.research.google.com/github/{blob}"),
            ("Kaggle", f"https://kaggle.com/kernels/welcome?src={source}"),
        ]
    binder = f"gh/{where}" if host == "github.com" else f"gl/{quote(where, safe='')}"
    path = quote(f"lab/tree/{copy}", safe="")
    binder = f"https://mybinder.org/v2/{binder}/{BRANCH}?urlpath={path}"
    return [*found, ("Binder", binder)]
