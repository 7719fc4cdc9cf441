"""What a training run recorded, epoch by epoch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Means = dict[str, float]


@dataclass
class History:
    """One entry an epoch; `len(history)` epochs are complete.

    >>> history = History()
    >>> history.append(train={"loss": 3.0}, val=None, seconds=0.5)
    >>> history.append(train={"loss": 2.0}, val={"loss": 2.5}, seconds=0.5)
    >>> history.last
    {'epoch': 2, 'loss': 2.0, 'val_loss': 2.5}
    >>> history.val
    [None, {'loss': 2.5}]
    >>> History.from_dict(history.to_dict()) == history
    True

    Attributes:
        train: means over the epoch's examples of every term of the objective, each term
            under its own name, taken while the model was changing.
        val: the same over the validation batches after the epoch, in eval mode; None
            for an epoch without them, and an empty list where no epoch had any.
        seconds: wall time of each epoch, validation included.
        best_epoch: that whose weights a rule with keep_best has kept; None without one.
    """

    train: list[Means] = field(default_factory=list)
    val: list[Means | None] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    best_epoch: int | None = None

    def __len__(self) -> int:
        return len(self.train)

    @property
    def last(self) -> dict[str, float]:
        """The last epoch in one dict: its number, the terms, and those of "val_"...

        Raises:
            IndexError: no epoch is complete.
        """
        if not self.train:
            raise IndexError("history must hold an epoch to have a last one, got none")
        val = (self.val or [None])[-1] or {}
        named = {f"val_{name}": mean for name, mean in val.items()}
        return {"epoch": len(self), **self.train[-1], **named}

    def append(self, *, train: Means, val: Means | None, seconds: float) -> None:
        """Add one complete epoch.

        Raises:
            ValueError: its terms are not those of the epochs before.
        """
        _check_terms([*self.train[:1], train, *([val] if val is not None else [])])
        if val is not None or self.val:
            missing = [None] * (len(self) - len(self.val))
            self.val = [*self.val, *missing, val]
        self.seconds.append(seconds)
        self.train.append(train)  # the last, since it is what counts as an epoch

    def up_to(self, n_epochs: int) -> "History":
        """The first epochs alone, whole also where an interrupt came into `append`."""
        val = self.val[:n_epochs]
        return History(
            self.train[:n_epochs],
            val if any(row is not None for row in val) else [],
            self.seconds[:n_epochs],
            self.best_epoch,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, dicts and numbers, as `from_dict` takes them."""
        return {
            "train": [dict(row) for row in self.train],
            "val": [None if row is None else dict(row) for row in self.val],
            "seconds": list(self.seconds),
            "best_epoch": self.best_epoch,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "History":
        """The history whose `to_dict()` this is.

        Raises:
            ValueError: an entry is missing, or the lengths or terms do not belong
                together.
        """
        missing = {"train", "val", "seconds"} - set(values)
        if missing:
            raise ValueError(f"values must hold {', '.join(sorted(missing))}, got none")
        history = cls(
            [dict(row) for row in values["train"]],
            [None if row is None else dict(row) for row in values["val"]],
            list(values["seconds"]),
            values.get("best_epoch"),  # not in what was stored before there were rules
        )
        n_epochs = len(history)
        if len(history.seconds) != n_epochs or len(history.val) not in (0, n_epochs):
            raise ValueError(
                f"values must hold one entry an epoch, got {n_epochs} of train, "
                f"{len(history.val)} of val, {len(history.seconds)} of seconds"
            )
        _check_terms([*history.train, *filter(None, history.val)])
        return history


def _check_terms(rows: list[Means]) -> None:
    for row in rows:
        if row.keys() != rows[0].keys():
            raise ValueError(
                "every epoch must have the same terms, "
                f"got {sorted(row)} after {sorted(rows[0])}"
            )
