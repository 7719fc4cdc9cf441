"""Checks of tensors: axes, dtypes, devices, values."""

import torch
from torch import Generator, Tensor, nn

from aelib._expect.plain import instance, number

PRECISE = (torch.float32, torch.float64)


class NotFiniteError(ValueError):
    """Values of a tensor are NaN or infinite; `train` looks for the cause of these."""


def positive(name: str, value: object, x: Tensor | None = None) -> float | Tensor:
    """A number in [1e-6, 1e6], whose square no dtype loses.

    Where `x` is given, a scalar tensor that meets it will do; its value is not read.
    """
    if x is None or not isinstance(value, Tensor):
        return number(name, value, least=1e-6, most=1e6)
    floating(name, value)
    if value.ndim != 0:
        raise ValueError(f"{name} must be a scalar, got shape {tuple(value.shape)}")
    if value.device.type != "cpu":  # a scalar of the CPU meets tensors anywhere
        same_device(name, value, "x", x)
    return value


def generator(name: str, value: object) -> None:
    """A torch.Generator, or None for the global one."""
    if value is not None:
        instance(name, value, Generator, "a torch.Generator or None")


def tensor(name: str, value: object, axes: str | None = None) -> None:
    """A tensor; `axes`, such as "(N, D)", gives the number of its axes."""
    if not isinstance(value, Tensor):
        wanted = f"tensor {axes}" if axes else "tensor"
        raise TypeError(f"{name} must be a {wanted}, got {type(value).__name__}")
    if axes is not None and value.ndim != axes.rstrip(",)").count(",") + 1:
        raise ValueError(f"{name} must be {axes}, got {tuple(value.shape)}")


def real(name: str, value: object, axes: str | None = None) -> None:
    """A tensor of real numbers of any dtype, not empty, with values."""
    tensor(name, value, axes)
    held(name, value)
    if value.is_complex():
        raise TypeError(f"{name} must be real, got {value.dtype}")
    if value.numel() == 0:
        raise ValueError(f"{name} must not be empty, got {tuple(value.shape)}")


def floating(name: str, value: object, axes: str | None = None) -> None:
    """A floating-point tensor, with as many axes as `axes` names."""
    tensor(name, value)
    if not value.is_floating_point():
        raise TypeError(f"{name} must be floating point, got {value.dtype}")
    tensor(name, value, axes)


def examples(name: str, value: object) -> None:
    """A floating-point tensor (B, ...) with an axis behind B."""
    floating(name, value)
    if value.ndim < 2:
        raise ValueError(f"{name} must have an axis behind B, got {tuple(value.shape)}")


def precise(name: str, value: object, axes: str | None = None) -> None:
    """float32 or float64: in half precision sums over an image lose their digits."""
    floating(name, value, axes)
    if value.dtype not in PRECISE:
        raise TypeError(
            f"{name} must be torch.float32 or torch.float64, got {value.dtype}: "
            f"{name}.float()"
        )


def values(name: str, value: object, axes: str | None = None) -> None:
    """Floating point, not empty, and finite: reads the values."""
    floating(name, value, axes)
    if value.numel() == 0:
        raise ValueError(f"{name} must not be empty, got {tuple(value.shape)}")
    finite(name, value)


def measured(name: str, value: object, axes: str | None = None) -> None:
    """As `values`, and precise: what a metric takes."""
    precise(name, value, axes)
    values(name, value, axes)


def held(name: str, value: Tensor) -> None:
    """With values that can be read, which those on the meta device have not."""
    if value.is_meta:
        raise ValueError(f"{name} must hold values, got a tensor on the meta device")


def finite(name: str, value: Tensor) -> None:
    """Neither NaN nor infinite: reads the values."""
    held(name, value)
    bad = int((~value.isfinite()).sum())
    if bad:
        raise NotFiniteError(f"{name} must be finite, got {bad} NaN or infinite values")


def images(name: str, value: object) -> None:
    """Grey or coloured images (N, C, H, W) for the eye."""
    tensor(name, value, "(N, C, H, W)")
    if not value.is_floating_point():
        raise TypeError(
            f"{name} must be floating point in [0, 1], got {value.dtype}; "
            "divide 0..255 by 255"
        )
    if value.shape[1] not in (1, 3) or value.numel() == 0:
        raise ValueError(
            f"{name} must be (N, C, H, W) with C = 1 or 3 and none of them empty, "
            f"got {tuple(value.shape)}"
        )


def labels(name: str, value: object, n: int) -> None:
    """Integers or bools, (n,)."""
    tensor(name, value)
    if value.is_floating_point() or value.is_complex():
        raise TypeError(f"{name} must be integers, got {value.dtype}")
    if value.shape != (n,):
        raise ValueError(f"{name} must be ({n},), got {tuple(value.shape)}")


def alike(name: str, value: Tensor, other_name: str, other: Tensor) -> None:
    """Two tensors of one shape and dtype on one device."""
    if value.shape != other.shape:
        raise ValueError(
            f"{name} and {other_name} must have the same shape, "
            f"got {tuple(value.shape)} and {tuple(other.shape)}"
        )
    together(name, value, other_name, other)


def together(name: str, value: Tensor, other_name: str, other: Tensor) -> None:
    """Two tensors of one dtype on one device, as one operation needs them."""
    same_device(name, value, other_name, other)
    if value.dtype == other.dtype:
        return
    if value.dtype == torch.float32:  # NumPy's float64 is the commonest odd one out
        name, value, other_name, other = other_name, other, name, value
    raise _other_dtype(name, value, other_name, other.dtype)


def _other_dtype(
    name: str, value: Tensor, other_name: str, wanted: torch.dtype
) -> TypeError:
    cast = "float()" if wanted == torch.float32 else f"to({wanted})"
    return TypeError(
        f"{name} must be {wanted} like {other_name}, got {value.dtype}: {name}.{cast}"
    )


def like_parameters(name: str, value: Tensor, module: nn.Module) -> None:
    """A tensor that the module's layers can take: of their dtype, on their device."""
    weight = next((p for p in module.parameters() if p.is_floating_point()), None)
    if weight is None:
        return
    same_device(name, value, "the model's parameters", weight)
    if value.dtype != weight.dtype and not _may_differ(value, module):
        raise _other_dtype(name, value, "the model's parameters", weight.dtype)


def _may_differ(value: Tensor, module: nn.Module) -> bool:
    """Indices for an embedding; anything real where torch.autocast casts it."""
    if not value.is_floating_point():
        return any(isinstance(m, nn.Embedding) for m in module.modules())
    kind = value.device.type
    return kind in ("cpu", "cuda", "mps") and torch.is_autocast_enabled(kind)


def same_device(name: str, value: Tensor, other_name: str, other: Tensor) -> None:
    if value.device != other.device:
        raise ValueError(
            f"{name} must be on the device of {other_name}, {other.device}, "
            f"got {value.device}"
        )


def pair(name: str, value: object, other_name: str, other: object) -> None:
    """Two float32 or float64 tensors (B, ...) of one shape on one device."""
    examples(name, value)
    examples(other_name, other)
    alike(name, value, other_name, other)
    precise(name, value)


def codes(**tensors: object) -> None:
    """float32 or float64 codes (B, D) by name, all of one shape on one device."""
    first_name, first = next(iter(tensors.items()))
    for name, code in tensors.items():
        floating(name, code, "(B, D)")
        alike(name, code, first_name, first)
    precise(first_name, first)
