"""What the plots ask of their arguments."""

from collections.abc import Mapping, Sequence

from torch import Tensor


def on_cpu(tensor: Tensor) -> Tensor:
    return tensor.detach().cpu()


def check_mapping(name: str, value: object) -> None:
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must map names to values, got {type(value).__name__}")
    if not value:
        raise ValueError(f"{name} must not be empty")


def check_rank(name: str, tensor: Tensor, axes: str) -> None:
    """`axes` names the axes wanted, such as "(N, C, H, W)"."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{name} must be a tensor {axes}, got {type(tensor).__name__}")
    if tensor.ndim != axes.rstrip(",)").count(",") + 1:
        raise ValueError(f"{name} must be {axes}, got {tuple(tensor.shape)}")


def check_length(name: str, values: Sequence[str] | Tensor, expected: int) -> None:
    if len(values) != expected:
        raise ValueError(f"{name} must have length {expected}, got {len(values)}")
