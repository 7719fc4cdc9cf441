"""What the metrics ask of their arguments."""

from torch import Tensor


def check_values(name: str, tensor: Tensor, axes: str | None = None) -> None:
    """Floating point, finite, not empty; `axes`, such as "(N, D)", gives the rank."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{name} must be a tensor, got {type(tensor).__name__}")
    if not tensor.is_floating_point():
        raise TypeError(f"{name} must be floating point, got {tensor.dtype}")
    if axes is not None and tensor.ndim != axes.rstrip(",)").count(",") + 1:
        raise ValueError(f"{name} must be {axes}, got {tuple(tensor.shape)}")
    if tensor.numel() == 0:
        raise ValueError(f"{name} must not be empty, got {tuple(tensor.shape)}")
    if not tensor.isfinite().all():
        n_bad = int((~tensor.isfinite()).sum())
        raise ValueError(f"{name} must be finite, got {n_bad} NaN or infinite values")


def check_same_shape(name: str, one: Tensor, other_name: str, other: Tensor) -> None:
    if one.shape != other.shape:
        raise ValueError(
            f"{name} and {other_name} must have the same shape, "
            f"got {tuple(one.shape)} and {tuple(other.shape)}"
        )
    if one.device != other.device:
        raise ValueError(
            f"{name} and {other_name} must be on one device, "
            f"got {one.device} and {other.device}"
        )


def check_labels(name: str, labels: Tensor, n: int) -> None:
    if not isinstance(labels, Tensor):
        raise TypeError(f"{name} must be a tensor, got {type(labels).__name__}")
    if labels.is_floating_point():
        raise TypeError(f"{name} must be integers, got {labels.dtype}")
    if labels.shape != (n,):
        raise ValueError(f"{name} must be ({n},), got {tuple(labels.shape)}")
