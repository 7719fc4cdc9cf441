"""A measured number: its mean over seeds, its spread, and the runs behind it."""

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field

from aelib import _expect

_ERRORS = 2  # a difference of more than two of its standard errors is resolved


@dataclass(frozen=True)
class Value:
    """Mean, sample standard deviation and count over seeds, and the single runs.

    A baseline that has no seed is one number: n is 1, sd is 0 and runs is empty.
    `float(value)` is the mean. Two Values are not compared with `<`, since that would
    hide the spread: see Evidence.less.
    """

    mean: float
    sd: float = 0.0
    n: int = 1
    runs: Mapping[int, float] = field(default_factory=dict)

    @classmethod
    def over(cls, runs: Mapping[int, float]) -> "Value":
        """The value of one run a seed, {seed: number}.

        Raises:
            TypeError, ValueError: there is no run, or one is no number.

        >>> value = Value.over({0: 1.0, 1: 2.0, 2: 3.0})
        >>> value.mean, value.sd, value.n
        (2.0, 1.0, 3)
        """
        _expect.mapping("runs", runs)
        runs = {
            _expect.integer("runs", seed): _expect.number(
                f"runs[{seed}]", value, finite=False
            )
            for seed, value in runs.items()
        }
        numbers = list(runs.values())
        sd = statistics.stdev(numbers) if len(numbers) > 1 else 0.0
        return cls(statistics.fmean(numbers), sd, len(numbers), runs)

    def __float__(self) -> float:
        return self.mean

    def __sub__(self, other: "Value") -> "Value":
        """The paired difference: seed by seed over the common seeds.

        A baseline without seeds is paired with every run of the other.

        Raises:
            TypeError: `other` is not a Value.
            ValueError: the two have no seed in common.

        >>> (Value.over({0: 1.5, 1: 2.5}) - Value.over({1: 2.0, 2: 9.0})).runs
        {1: 0.5}
        """
        if not isinstance(other, Value):
            raise TypeError(f"other must be a Value, got {type(other).__name__}")
        if not self.runs and not other.runs:
            return Value(self.mean - other.mean)
        seeds = set(self.runs or other.runs) & set(other.runs or self.runs)
        if not seeds:
            raise ValueError(
                "paired values must have a seed in common, "
                f"got {sorted(self.runs)} and {sorted(other.runs)}"
            )
        of_seed = {
            seed: self.runs.get(seed, self.mean) - other.runs.get(seed, other.mean)
            for seed in sorted(seeds)
        }
        return Value.over(of_seed)

    def is_below_zero(self) -> bool:
        """Whether the mean lies below 0 by more than twice its own standard error.

        Raises:
            ValueError: it comes from a single seed, which says nothing of its error.

        >>> Value.over({0: -1.0, 1: -1.2}).is_below_zero()
        True
        >>> Value.over({0: -1.0, 1: 0.9}).is_below_zero()  # not resolved
        False
        """
        if self.runs and self.n < 2:
            raise ValueError(
                "a difference must come from at least 2 seeds to be judged, got 1"
            )
        return self.mean < -_ERRORS * self.sd / math.sqrt(self.n)
