"""Shapes, dtypes and devices of what the losses are given; values are not read."""

from torch import Tensor


def check_pair(name: str, value: Tensor, other_name: str, other: Tensor) -> None:
    for label, tensor in ((name, value), (other_name, other)):
        check_float(label, tensor)
        if tensor.ndim < 2:
            raise ValueError(
                f"{label} must have an axis behind B, got {tuple(tensor.shape)}"
            )
    if value.shape != other.shape:
        raise ValueError(
            f"{name} and {other_name} must have the same shape, "
            f"got {tuple(value.shape)} and {tuple(other.shape)}"
        )
    if value.device != other.device:
        raise ValueError(
            f"{name} and {other_name} must be on one device, "
            f"got {value.device} and {other.device}"
        )


def check_codes(**codes: Tensor) -> None:
    first = None
    for name, code in codes.items():
        check_float(name, code)
        if code.ndim != 2:
            raise ValueError(f"{name} must be (B, D), got {tuple(code.shape)}")
        first = code if first is None else first
        if code.shape != first.shape:
            raise ValueError(
                f"{name} and {next(iter(codes))} must have the same shape, "
                f"got {tuple(code.shape)} and {tuple(first.shape)}"
            )


def check_float(name: str, tensor: Tensor) -> None:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{name} must be a tensor, got {type(tensor).__name__}")
    if not tensor.is_floating_point():
        raise TypeError(f"{name} must be floating point, got {tensor.dtype}")
