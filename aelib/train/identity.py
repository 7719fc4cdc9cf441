"""What a checkpoint must share with the run that resumes it."""

import numbers
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from aelib.train import objectives
from aelib.train.calls import Batch, Objective, device_of
from aelib.train.sources import describe_source, digest, has_state


def about_model(model: nn.Module) -> dict[str, str]:
    """Class, device and tensors of a model, by name."""
    about = {"model": type(model).__name__, "device": device_of(model).type}
    for name, tensor in model.state_dict().items():
        about[f"model tensor {name}"] = f"{tensor.dtype} of shape {tuple(tensor.shape)}"
    trained = [name for name, p in model.named_parameters() if p.requires_grad]
    frozen = sorted(set(dict(model.named_parameters())) - set(trained))
    return {**about, "set of frozen parameters": ", ".join(frozen) or "none"}


def about_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, str]:
    """Class and settings of an optimizer, by name."""
    about = {"optimizer": type(optimizer).__name__}
    for index, group in enumerate(optimizer.param_groups):
        for name, value in group.items():
            # "lr" moves with the schedule, which keeps the start as "initial_lr".
            if name != "params" and not (name == "lr" and "initial_lr" in group):
                about[f"optimizer's {name} of group {index}"] = repr(value)
    return about


def about_objective(objective: Objective, model: nn.Module) -> dict[str, str]:
    """What of it has a state, by name; its formula cannot be seen."""
    holder = objectives.owner(objective)
    kind = type(holder).__name__ if has_state(holder) else "none"
    names = sorted(objectives.generators(objective, model))
    return {
        "objective with a state": kind,
        "set of generators": ", ".join(names) or "none",
    }


def about_batches(
    batches: Iterable[Batch], val_batches: Iterable[Batch] | None
) -> dict[str, str]:
    """The two sources of batches; without validation there are no names of it."""
    about = describe_source("batches", batches)
    if val_batches is not None:
        about |= describe_source("val_batches", val_batches)
    return about


def about_key(run_key: Any) -> dict[str, str]:
    """What the user names, plain values only.

    Raises:
        TypeError: there is something else in it.
    """
    if isinstance(run_key, Mapping):
        return {
            f"run_key[{name!r}]": repr(_plain(f"run_key[{name!r}]", value))
            for name, value in run_key.items()
        }
    return {"run_key": repr(_plain("run_key", run_key))}


def _plain(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, list | tuple):
        return [_plain(f"{name}[{i}]", item) for i, item in enumerate(value)]
    if isinstance(value, Mapping):
        return {key: _plain(f"{name}[{key!r}]", item) for key, item in value.items()}
    raise TypeError(
        f"{name} must be a number, text, None, or a list or dict of them, "
        f"got {type(value).__name__}"
    )


def about_weights(weights: Mapping[str, Tensor] | None) -> dict[str, str]:
    """The weights that a run started from, if they were given."""
    if weights is None:
        return {"start": "none"}
    return {"start": f"weights of SHA-256 {digest(weights.items())}"}


def check_identity(path: object, saved: dict[str, str], given: dict[str, str]) -> None:
    """Raises ValueError naming the first thing in which the two differ.

    Validation may be turned on or off; where both had some, it must be the same.
    """
    for name in {**given, **saved}:
        of_validation = name.endswith("val_batches")
        if of_validation and ("val_batches" not in saved or "val_batches" not in given):
            continue
        if saved.get(name) != given.get(name):
            raise ValueError(
                f"checkpoint {path} must be of this run to resume it, got one of "
                f"another {name}: {saved.get(name, 'none')} instead of "
                f"{given.get(name, 'none')}; {advice(path)}"
            )


def advice(path: object) -> str:
    """What to do with a checkpoint that cannot be resumed."""
    return (
        f"for a new run from its weights pass start={str(path)!r} and another "
        "checkpoint, to replace it resume=False"
    )
