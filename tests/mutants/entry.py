"""One entry of the list of mutations."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """A change that must be noticed: `old`, found once in `file`, becomes `new`.

    `tests` are pytest node ids, of which at least one must fail; `chapter` is the slug
    of a notebook that must fail too, or None.
    """

    id: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    chapter: str | None = None
