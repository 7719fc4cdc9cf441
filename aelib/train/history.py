"""What a training run recorded, epoch by epoch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class History:
    """One entry an epoch; `len(history)` epochs are complete.

    Attributes:
        train: means over the epoch's examples of every term of the objective, each term
            under its own name, taken while the model was changing.
        val: the same over the validation batches after the epoch, in eval mode; empty
            where there were none.
        seconds: wall time of each epoch, validation included.
    """

    train: list[dict[str, float]] = field(default_factory=list)
    val: list[dict[str, float]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

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
        val = {f"val_{name}": mean for name, mean in (self.val or [{}])[-1].items()}
        return {"epoch": len(self), **self.train[-1], **val}

    def append(
        self, *, train: dict[str, float], val: dict[str, float] | None, seconds: float
    ) -> None:
        """Add one complete epoch."""
        self.train.append(train)
        if val is not None:
            self.val.append(val)
        self.seconds.append(seconds)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, dicts and floats, as `from_dict` takes them."""
        return {
            "train": [dict(row) for row in self.train],
            "val": [dict(row) for row in self.val],
            "seconds": list(self.seconds),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "History":
        """The history whose `to_dict()` this is.

        Raises:
            ValueError: an entry is missing, or the lengths do not belong together.
        """
        missing = {"train", "val", "seconds"} - set(values)
        if missing:
            raise ValueError(f"values must hold {', '.join(sorted(missing))}, got none")
        history = cls(
            [dict(row) for row in values["train"]],
            [dict(row) for row in values["val"]],
            list(values["seconds"]),
        )
        n_epochs = len(history)
        if len(history.seconds) != n_epochs or len(history.val) not in (0, n_epochs):
            raise ValueError(
                f"values must hold one entry an epoch, got {n_epochs} of train, "
                f"{len(history.val)} of val, {len(history.seconds)} of seconds"
            )
        return history
