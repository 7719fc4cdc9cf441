"""What an answer that knows nothing scores: the first row of every table."""

import math
import numbers
from collections.abc import Callable

import torch
from torch import Tensor

from aelib import _expect


def against_constant(
    metric: Callable[[Tensor, Tensor], Tensor | float],
    targets: Tensor,
    *,
    constant: float | Tensor | None = None,
) -> float:
    """What a constant answer, the same for every target, scores under a metric.

    Where there is a training set the constant should come from it, as all else that is
    fitted does: `constant=x_train.mean(dim=0)`.

    Args:
        metric: (answer, targets) -> one number an example, (N,), whose mean is taken,
            or one for all: `sse`, `psnr`, `ssim`, `auroc`, or your own.
        targets: (N, ...), what is to be answered: images, numbers, or the labels of a
            detector, whose `constant` is a score.
        constant: a number, or a tensor of one target's shape; None: the mean of
            `targets`, the best constant under squared error. The answer has the dtype
            of `targets`; to integers and bools that of `constant`, or float32.

    Returns:
        In the unit of `metric`; infinite where that is so for an example.

    Raises:
        TypeError, ValueError: an argument is not as above, `targets` or `constant` is
            empty or not finite, or `metric` returns something else, or NaN.

    >>> x = torch.tensor([[0.0, 0.0], [1.0, 0.5]])
    >>> sse = lambda x_hat, x: (x_hat - x).square().sum(dim=1)
    >>> against_constant(sse, x)  # the mean is (0.5, 0.25)
    0.3125
    >>> against_constant(sse, x, constant=0.0)
    0.625
    """
    _expect.function("metric", metric)
    _check_targets(targets)
    answer = _as_answer(constant, targets).expand(targets.shape)
    # A copy, since a metric of other people may write to it, or want one block.
    result = metric(answer.clone(memory_format=torch.contiguous_format), targets)
    return _mean(result, len(targets))


def _check_targets(targets: Tensor) -> None:
    _expect.real("targets", targets)
    if targets.ndim == 0:
        raise ValueError("targets must be (N, ...), got a tensor without axes")
    if targets.is_floating_point():
        _expect.measured("targets", targets)


def _as_answer(constant: float | Tensor | None, targets: Tensor) -> Tensor:
    """The answer to one target, of its shape or a scalar."""
    floating = targets.is_floating_point()
    dtype = targets.dtype if floating else torch.float32
    if constant is None:
        return targets.to(dtype).mean(dim=0)
    if not isinstance(constant, Tensor):
        number = _expect.number("constant", constant)
        return torch.tensor(number, dtype=dtype, device=targets.device)
    _expect.measured("constant", constant)
    if constant.shape != targets.shape[1:]:
        raise ValueError(
            f"constant must be a number or {tuple(targets.shape[1:])}, the shape of "
            f"one of the targets, got {tuple(constant.shape)}"
        )
    if floating:
        _expect.together("constant", constant, "targets", targets)
    _expect.same_device("constant", constant, "targets", targets)
    return constant


def _mean(result: object, n: int) -> float:
    """A number, or the mean of one number an example, in float64 on the CPU."""
    if isinstance(result, numbers.Real) and not isinstance(result, bool):
        score = float(result)
    elif not isinstance(result, Tensor):
        raise TypeError(
            f"metric must return a tensor or a number, got {type(result).__name__}"
        )
    elif result.is_complex():
        raise TypeError(f"metric must return real numbers, got {result.dtype}")
    elif result.shape not in ((), (n,)):
        raise ValueError(
            f"metric must return a number or ({n},), one number an example, "
            f"got {tuple(result.shape)}"
        )
    else:
        score = result.detach().cpu().double().mean().item()
    if math.isnan(score):
        raise ValueError("metric must not return NaN, got it for a constant answer")
    return score
