"""What an objective holds or reads besides its arguments, as far as it can be seen.

Seen are the attributes of an object or a function, the arguments of a partial,
defaults, names of an enclosing function and global names: one level deep, not what
these hold or call in their turn. And what the model holds beside its state_dict().
"""

import dis
import functools
import inspect
import types
from typing import Any

import torch
from torch import Tensor, nn

from aelib.train.sources import OTHER_GENERATORS, has_state

_PLAIN = (bool, int, float, str, type(None))


def owner(objective: Any) -> Any:
    """What holds its state: the object of a method, what a partial calls, or itself."""
    if isinstance(objective, functools.partial):
        return owner(objective.func)
    return objective.__self__ if inspect.ismethod(objective) else objective


def settings(objective: Any) -> dict[str, str]:
    """Numbers and words that it reads, name -> value as text."""
    return {
        name: repr(value)
        for name, value in _reads(objective).items()
        if isinstance(value, _PLAIN)
    }


def outer_numbers(objective: Any) -> dict[str, str]:
    """The same of enclosing functions and global names: these cannot be put back."""
    held = getattr(owner(objective), "__dict__", {})
    return {n: value for n, value in settings(objective).items() if n not in held}


def generators(objective: Any, model: nn.Module) -> dict[str, torch.Generator]:
    """Generators of torch that they read or hold, by name."""
    held = {
        f"{prefix}.{name}": value
        for prefix, module in _holders("model", model).items()
        for name, value in vars(module).items()
    }
    return {
        name: value
        for name, value in {**held, **_reads(objective)}.items()
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


class Attributes:
    """Numbers, words and tensors that objective and model hold beside a state_dict().

    Those that change in training are a state, such as the steps that a warm-up has
    counted; those that stay are settings, which whoever resumes a run may choose.
    """

    def __init__(self, objective: Any, model: nn.Module) -> None:
        holders = _holders("objective", owner(objective))
        self.holders = {**_holders("model", model), **holders}
        self.first = {
            name: value.clone() if isinstance(value, Tensor) else value
            for name, value in self._now().items()
        }
        self.marks = {name: _mark(value) for name, value in self._now().items()}

    def changed(self) -> dict[str, Any]:
        """Those that are not as they were when this was made."""
        return {
            name: value
            for name, value in self._now().items()
            if not _is_marked(value, self.marks.get(name))
        }

    def at_start(self) -> dict[str, Any]:
        """Those that have changed, as they were when this was made."""
        found = {}
        for place in self.changed():
            holder, name = self._place(place)
            # One that was not set yet had the default that its class has.
            found[place] = self.first.get(place, getattr(type(holder), name, None))
        return found

    def put_back(self, values: dict[str, Any]) -> None:
        for place, value in values.items():
            holder, name = self._place(place)
            now = getattr(holder, name, None)
            on_device = isinstance(now, Tensor) and isinstance(value, Tensor)
            setattr(holder, name, value.to(now.device) if on_device else value)
            self.marks.pop(place, None)  # a state, also where it equals the start

    def _place(self, place: str) -> tuple[Any, str]:
        prefix, _, name = place.rpartition(".")
        return self.holders[prefix], name

    def _now(self) -> dict[str, Any]:
        return {
            f"{prefix}.{name}": value
            for prefix, holder in self.holders.items()
            for name, value in getattr(holder, "__dict__", {}).items()
            if isinstance(value, (*_PLAIN, Tensor)) and name != "training"
        }


def _holders(name: str, part: Any) -> dict[str, Any]:
    """What may hold attributes that its state_dict() does not have."""
    if isinstance(part, nn.Module):
        return dict(part.named_modules(prefix=name))
    return {} if has_state(part) else {name: part}


def _mark(value: Any) -> Any:
    """What shows a change; the tensor itself, since a freed one's id is used again."""
    return (value, value._version) if isinstance(value, Tensor) else repr(value)


def _is_marked(value: Any, mark: Any) -> bool:
    if not isinstance(value, Tensor):
        return mark == repr(value)
    if not isinstance(mark, tuple):
        return False
    seen, version = mark
    return seen is value and version == value._version


def _reads(objective: Any) -> dict[str, Any]:
    if isinstance(objective, functools.partial):
        given = {f"argument {i}": v for i, v in enumerate(objective.args, start=1)}
        return _reads(objective.func) | given | objective.keywords
    found = dict(getattr(owner(objective), "__dict__", {}))
    function = getattr(objective, "__func__", objective)
    if not inspect.isfunction(function):
        function = type(objective).__call__
    return found | _outer(function) if inspect.isfunction(function) else found


def _outer(function: types.FunctionType) -> dict[str, Any]:
    space, code = function.__globals__, function.__code__
    found = {name: space[name] for name in _global_names(code) if name in space}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not bound yet
            continue
    parameters = inspect.signature(function).parameters.values()
    return found | {p.name: p.default for p in parameters if p.default is not p.empty}


@functools.lru_cache(64)  # the same few objectives, asked for every epoch
def _global_names(code: types.CodeType) -> frozenset[str]:
    # co_names holds names of attributes too; the instructions tell them apart.
    instructions = dis.get_instructions(code)
    names = {i.argval for i in instructions if i.opname == "LOAD_GLOBAL"}
    inner = (part for part in code.co_consts if isinstance(part, types.CodeType))
    return frozenset(names.union(*map(_global_names, inner)))
