"""What the checks share: one sentence about what was given, expected and got."""

import numbers
from collections.abc import Mapping

import torch
from torch import Tensor

TRIALS = 5  # random inputs of different sizes: one could be right by luck
RTOL, ATOL = 1e-4, 1e-5  # a right answer may be in float32, or hold a small epsilon


def expect_pair(name: str, answer: object, wanted: str, given: str) -> None:
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        count = f" of {len(answer)}" if isinstance(answer, tuple | list) else ""
        raise AssertionError(
            f"given {given}, {name} should return the pair {wanted}, "
            f"got {type(answer).__name__}{count}; look at the return line"
        )


def as_scalar(name: str, answer: object, given: str) -> Tensor:
    if isinstance(answer, Tensor) and answer.dim() > 0:
        raise AssertionError(
            f"given {given}, {name} should return one number, got a tensor of shape "
            f"{tuple(answer.shape)}; look at which axes you sum or average over"
        )
    if isinstance(answer, Tensor | numbers.Real):
        return torch.as_tensor(answer, dtype=torch.float64)
    raise AssertionError(
        f"given {given}, {name} should return a number, got {type(answer).__name__}; "
        "look at the return line"
    )


def expect_gradient(name: str, answer: object, given: str) -> None:
    """That training could use the answer."""
    if not (isinstance(answer, Tensor) and answer.requires_grad):
        raise AssertionError(
            f"given {given}, the answer of {name} should have a gradient, got none; "
            "look at what is computed without torch, detached, or taken by .item()"
        )


def expect_same_gradient(
    name: str,
    answer: object,
    truth: Tensor,
    inputs: Mapping[str, Tensor],
    given: str,
    hint: str,
) -> None:
    """That training would move every input as the truth does."""
    expect_gradient(name, answer, given)
    leaves = list(inputs.values())
    found = torch.autograd.grad(answer.sum(), leaves, allow_unused=True)
    wanted = torch.autograd.grad(truth.sum(), leaves)
    for input_name, slope, expected in zip(inputs, found, wanted, strict=True):
        expect_reached(input_name, slope, given)
        what = f"the gradient of {name} in {input_name}"
        expect_close(what, slope, expected, given, hint)


def expect_reached(name: str, slope: Tensor | None, given: str) -> None:
    if slope is None:
        raise AssertionError(
            f"given {given}, a gradient should reach {name}, got none; "
            "look for detach, .data or no_grad"
        )


def expect_near(
    what: str,
    answer: Tensor,
    expected: float,
    given: str,
    hint: str,
    within: float = 0.05,
) -> None:
    """As expect_close for a random number; exactly where 0 is expected."""
    if not abs(answer.item() - expected) <= within * expected:
        raise AssertionError(
            f"given {given}, {what} should be {expected:.4g}, got {answer.item():.4g}; "
            f"look at this: {hint}"
        )


def expect_close(
    what: str, answer: object, expected: Tensor, given: str, hint: str
) -> None:
    """One sentence: given, expected, got, and what to look at."""
    if not isinstance(answer, Tensor):
        raise AssertionError(
            f"given {given}, {what} should be a tensor, got {type(answer).__name__}; "
            "look at the return line"
        )
    if answer.shape != expected.shape:
        raise AssertionError(
            f"given {given}, {what} should have shape {tuple(expected.shape)}, "
            f"got {tuple(answer.shape)}; look at which axes you sum or average over, "
            "and which side each matrix stands on"
        )
    close = torch.isclose(answer.double(), expected, rtol=RTOL, atol=ATOL)
    if not close.all():
        index = tuple((~close).nonzero()[0].tolist())
        place = f"[{', '.join(map(str, index))}]" if index else ""
        raise AssertionError(
            f"given {given}, {what}{place} should be {expected[index].item():.6g}, "
            f"got {answer[index].item():.6g}; look at this: {hint}"
        )
