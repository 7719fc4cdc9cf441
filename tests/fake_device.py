"""A pretended GPU: what would be refused on a real one is refused here, without one.

    with fake_gpu() as device:      # cuda, or what AELIB_DEVICE would choose there
        model = build().to(device)
        terms = run_objective(objective, model, torch.rand(4, 1, 28, 28, device=device))

Nothing is computed: tensors have a shape, a dtype and a device, and no values (torch's
FakeTensorMode). Refused, as on GPUs: an operation on tensors of two devices, a
generator of another device than what it fills, NumPy's view of a tensor that is not on
the CPU; and a float64 tensor on the device, which Apple's GPUs do not have. There are
no backward passes: `backward` does nothing, and gradients have no values either.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import (
    DynamicOutputShapeException,
    FakeTensor,
    FakeTensorMode,
)
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode


class ReachedCPU(Exception):
    """A value was asked for of a tensor on the CPU: the device is behind us."""


# What a function reads that asks a tensor for a number: nothing is wrong with it.
_READ = {bool: True, int: 0, float: 0.5}


class _Operations(TorchDispatchMode):
    """Watches every single operation, those inside torch's own functions too."""

    def __init__(self, *, stop_on_cpu: bool) -> None:
        super().__init__()
        self.stop_on_cpu = stop_on_cpu

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        tensors = [t for t in pytree.tree_leaves((args, kwargs)) if _is_tensor(t)]
        on_cpu = bool(tensors) and all(t.device.type == "cpu" for t in tensors)
        if func is torch.ops.aten._local_scalar_dense.default:
            if on_cpu and self.stop_on_cpu:
                raise ReachedCPU("a number of a tensor on the CPU was read")
            dtype = tensors[0].dtype
            return _READ[float if dtype.is_floating_point else _kind(dtype)]
        if func is torch.ops.aten._to_copy.default:
            for tensor in tensors:  # known values would be moved to the real device
                tensor.constant = None
        try:
            result = func(*args, **(kwargs or {}))
        except DynamicOutputShapeException as error:  # such as unique(): needs values
            raise (ReachedCPU(f"{func} on the CPU") if on_cpu else error) from None
        for tensor in filter(_is_tensor, pytree.tree_leaves(result)):
            if tensor.dtype == torch.float64 and tensor.device.type != "cpu":
                raise TypeError(f"{func} makes a float64 tensor on {tensor.device}")
        return result


class _Calls(TorchFunctionMode):
    """Watches the calls of torch's functions, which still know their generator."""

    def __init__(self, fake: FakeTensorMode) -> None:
        super().__init__()
        self.fake = fake

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in (Tensor.to, Tensor.cuda) and not isinstance(args[0], FakeTensor):
            # Made before the pretence: torch would look for the real device.
            args = (self.fake.from_tensor(args[0]), *args[1:])
        if getattr(func, "__name__", "") == "numpy" and _is_tensor(args[0]):
            if args[0].device.type != "cpu":
                raise TypeError(f"numpy() of a tensor on {args[0].device}")
            raise ReachedCPU("numpy() of a tensor on the CPU")
        result = func(*args, **kwargs)
        generator = kwargs.get("generator")
        if generator is not None and _is_tensor(result):
            has = getattr(generator, "pretended", generator.device).type
            if has != result.device.type:
                raise RuntimeError(
                    f"Expected a '{result.device.type}' device type for generator "
                    f"but found '{has}'"
                )
        return result


class _Generator(torch.Generator):
    """A generator that says it is on a device that is not there."""

    def __new__(cls, device="cpu"):
        self = super().__new__(cls)
        self.pretended = torch.device(device)
        return self

    @property
    def device(self) -> torch.device:
        return self.pretended


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor)


def _kind(dtype: torch.dtype) -> type:
    return bool if dtype == torch.bool else int


def _move(module: nn.Module, move: Callable[[Tensor], Tensor], recurse: bool = True):
    """`Module.to` for parameters without storage, which torch cannot swap."""
    moved: dict[int, nn.Parameter] = {}
    for part in module.modules():
        for name, old in part._parameters.items():
            if old is not None:
                with torch.no_grad():
                    new = nn.Parameter(move(old), old.requires_grad)
                part._parameters[name] = moved.setdefault(id(old), new)
        for name, old in part._buffers.items():
            part._buffers[name] = None if old is None else move(old)
    return module


def _gradient(outputs, inputs, grad_outputs=None, **options):
    """In the place of torch.autograd.grad: right in shape, device and dependence."""
    total = outputs.sum() if grad_outputs is None else (outputs * grad_outputs).sum()
    inputs = (inputs,) if _is_tensor(inputs) else inputs
    return tuple(x * total for x in inputs)


@contextlib.contextmanager
def fake_gpu(*, stop_on_cpu: bool = False) -> Iterator[torch.device]:
    """Pretend that there is one CUDA device, and watch what happens on it.

    Args:
        stop_on_cpu: raise ReachedCPU where a value of a tensor on the CPU is needed;
            else a harmless one is made up, as it always is for the device.
    """
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        # First: it looks whether there is a device, and starts it if so.
        fake = enter(FakeTensorMode(allow_non_fake_inputs=True))
        enter(mock.patch.dict(os.environ, {"AELIB_DEVICE": "cuda"}))
        enter(mock.patch.object(torch.cuda, "is_available", lambda: True))
        enter(mock.patch.object(torch.cuda, "device_count", lambda: 1))
        enter(mock.patch.object(torch, "Generator", _Generator))
        enter(mock.patch.object(nn.Module, "_apply", _move))
        enter(mock.patch.object(torch.autograd, "grad", _gradient))
        enter(mock.patch.object(Tensor, "backward", lambda *args, **options: None))
        enter(_Operations(stop_on_cpu=stop_on_cpu))
        enter(_Calls(fake))
        yield torch.device("cuda")


Objective = Callable[[nn.Module, Any], dict[str, Tensor]]


class NotAnObjective(AssertionError):
    """An objective, its model or its batch is not what `train` asks for."""


def run_objective(
    objective: Objective, model: nn.Module, batch: Any
) -> dict[str, Tensor]:
    """The terms of `objective(model, batch)`, inside `fake_gpu`.

    Raises:
        NotAnObjective: see there. Other errors are those of the objective.
    """
    devices = {parameter.device for parameter in model.parameters()}
    _demand({d.type for d in devices} == {"cuda"}, f"the model is on {devices}")
    (device,) = devices
    for tensor in (batch,) if _is_tensor(batch) else batch:
        _demand(tensor.device == device, f"the batch is on {tensor.device}")
    terms = objective(model, batch)
    _demand(isinstance(terms, dict) and "loss" in terms, f"no 'loss' in {terms}")
    for name, term in terms.items():
        _demand(term.ndim == 0, f"{name!r} has the shape {tuple(term.shape)}")
        _demand(term.device == device, f"{name!r} is on {term.device}")
    _demand(terms["loss"].requires_grad, "the loss has no gradient")
    return terms


def _demand(true: bool, otherwise: str) -> None:
    if not true:
        raise NotAnObjective(otherwise)
