"""Rules that end a training run before its last epoch."""

from collections.abc import Callable
from dataclasses import dataclass

from aelib import _expect
from aelib.train.history import History

Stop = Callable[[History], bool]


@dataclass(frozen=True)
class StopEarly:
    """What `stop_early` makes; it looks at nothing but the history."""

    patience: int
    keep_best: bool
    term: str

    def __call__(self, history: History) -> bool:
        best = self.best_epoch(history)
        return best is not None and len(history) - best >= self.patience

    def best_epoch(self, history: History) -> int | None:
        """The first epoch with the lowest validation mean; None before there is one."""
        means = [
            (row[self.term], epoch)
            for epoch, row in enumerate(history.val, start=1)
            if row is not None
        ]
        return min(means)[1] if means else None


def stop_early(
    *, patience: int, keep_best: bool = False, term: str = "loss"
) -> StopEarly:
    """End a run that got no better for `patience` epochs: `train(..., stop=...)`.

    >>> stop = stop_early(patience=2)
    >>> history = History()
    >>> for loss in (3.0, 2.0, 2.1, 2.2):
    ...     history.append(train={"loss": loss}, val={"loss": loss}, seconds=0.1)
    ...     print(stop.best_epoch(history), stop(history))
    1 False
    2 False
    2 False
    2 True

    The default schedule of `train` falls to nothing over all epochs asked for, and a
    run that is cut has seen only its higher rates: give schedule="constant" with it.

    Args:
        patience: epochs after the best one.
        keep_best: leave the model with the weights of the best epoch, which is then
            `history.best_epoch`; else with those of the last.
        term: the term of the objective whose validation mean counts; less is better.
    """
    patience = _expect.integer("patience", patience, least=1)
    _expect.flag("keep_best", keep_best)
    _expect.instance("term", term, str, "the name of a term")
    return StopEarly(patience, keep_best, term)
