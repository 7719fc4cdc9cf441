"""What an objective reads besides its arguments: settings, generators, own state.

Seen are the attributes of an object, the arguments of a partial, defaults, names of
an enclosing function and global names, one level deep: not what they hold or call.
"""

import dis
import functools
import inspect
import types
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from aelib.train.sources import OTHER_GENERATORS, has_state

_PLAIN = (bool, int, float, str, type(None))


def settings(objective: Any) -> dict[str, str]:
    """Numbers and words that it reads, name -> value as text."""
    # Six digits: a number that was computed may differ in its last ones.
    return {
        name: f"{value:.6g}" if isinstance(value, float) else repr(value)
        for name, value in _reads(objective).items()
        if isinstance(value, _PLAIN)
    }


def generators(objective: Any) -> dict[str, torch.Generator]:
    """Generators of torch that it reads, by name."""
    return {
        name: value
        for name, value in _reads(objective).items()
        if isinstance(value, torch.Generator)
    }


def check_restorable(objective: Any) -> None:
    """Raises TypeError, naming a generator that a checkpoint could not put back."""
    for name, value in _reads(objective).items():
        if isinstance(value, OTHER_GENERATORS):
            raise TypeError(
                f"objective's {name} must be a torch.Generator with a checkpoint, got "
                f"{type(value).__name__}, which could not be put back"
            )


class Watch:
    """Notices where a call has changed what a checkpoint could not put back."""

    def __init__(self, objective: Any) -> None:
        self.objective = objective
        self.before = self._seen()

    def check(self) -> None:
        """Raises TypeError, naming what has changed since."""
        after = self._seen()
        for name in {**self.before, **after}:
            if self.before.get(name) != after.get(name):
                raise TypeError(
                    "objective must have state_dict() and load_state_dict() with a "
                    f"checkpoint, got one whose {name} changes and could not be put "
                    "back"
                )

    def _seen(self) -> dict[str, Any]:
        return {
            name: (id(v), v._version) if isinstance(v, Tensor) else v
            for name, v in _reads(self.objective).items()
            if isinstance(v, (*_PLAIN, Tensor))
        }


def _reads(objective: Any) -> dict[str, Any]:
    if isinstance(objective, functools.partial):
        arguments = {f"argument {i}": v for i, v in enumerate(objective.args)}
        return _reads(objective.func) | arguments | objective.keywords
    found: dict[str, Any] = {}
    owner, function = objective, type(objective).__call__
    if inspect.ismethod(objective):
        owner, function = objective.__self__, objective.__func__
    elif inspect.isfunction(objective):
        owner, function = None, objective
    if not has_state(owner):  # else its attributes are its own matter
        found |= getattr(owner, "__dict__", {})
    if inspect.isfunction(function):
        found |= _outer_values(function)
    return found


def _outer_values(function: types.FunctionType) -> dict[str, Any]:
    found = {
        name: function.__globals__[name]
        for name in _global_names(function.__code__)
        if name in function.__globals__
    }
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    for name, cell in cells:
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not bound yet
            continue
    parameters = inspect.signature(function).parameters.values()
    return found | {p.name: p.default for p in parameters if p.default is not p.empty}


def _global_names(code: types.CodeType) -> Iterator[str]:
    # co_names holds names of attributes too; the instructions tell them apart.
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _global_names(constant)
