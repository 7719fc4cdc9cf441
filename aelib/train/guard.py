"""The record of an epoch's steps, and the watch on the device for what is not finite.

Nothing here waits for the device before `read`, which is called once an epoch.
"""

import math

import torch
from torch import Tensor, nn

from aelib.train.calls import device_of
from aelib.train.diagnosis import terms_not_finite
from aelib.train.evaluation import Record


class Guard:
    """Skips every update from the first step on whose loss or gradient is not finite.

    An optimizer that can be told on the device to skip a step (the fused ones, as
    gradient scaling does) is told; with any other the parameters are put back from a
    copy after its step. Buffers, such as running means, are always put back.
    """

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
        self.parameter_names = [name for name, _ in named]
        self.parameters = [parameter for _, parameter in named]
        self.optimizer = optimizer
        self.device = device_of(model)
        self.zero = torch.zeros((), device=self.device)
        self.can_skip = getattr(optimizer, "_step_supports_amp_scaling", False)
        self.kept = list(model.buffers()) + ([] if self.can_skip else self.parameters)
        self.copies = [torch.empty_like(tensor) for tensor in self.kept]

    def start_epoch(self) -> None:
        """Forget the steps so far; none of them was bad, or `read` had raised."""
        self.record = Record()
        self.health = torch.zeros((), device=self.device)  # NaN from the first bad step
        self.skip = torch.zeros((), device=self.device)  # the same, as 0 or 1

    @torch.no_grad()
    def before_forward(self) -> None:
        """Keep what the step may have to put back."""
        for copy, tensor in zip(self.copies, self.kept, strict=True):
            copy.copy_(tensor)

    @torch.no_grad()
    def after_backward(self, terms: dict[str, Tensor], size: int) -> None:
        """Note the terms of a batch of `size` examples; watch loss and gradients."""
        row = self.record.add(terms, size, [terms["loss"], *self._gradient_sizes()])
        watched = row[len(terms) :]  # (1 + P,)
        self.health.add_((watched * 0).sum())  # 0 * Inf is NaN, and NaN stays
        torch.ne(self.health, 0, out=self.skip)

    def _gradient_sizes(self) -> list[Tensor]:
        """A number for each gradient that is finite where all of it is."""
        grads = [self.zero if p.grad is None else p.grad for p in self.parameters]
        if self.device.type == "cpu":
            return [grad.sum() for grad in grads]  # 20 times faster than the norm here
        return list(torch._foreach_norm(grads, math.inf))  # one launch for all of them

    def step(self) -> None:
        """The optimizer's step, without effect from the first bad step on."""
        if self.can_skip:
            self.optimizer.found_inf = self.skip
            try:
                self.optimizer.step()
            finally:
                del self.optimizer.found_inf
        else:
            self.optimizer.step()
        with torch.no_grad():
            for copy, tensor in zip(self.copies, self.kept, strict=True):
                tensor.copy_(torch.where(self.skip > 0, copy, tensor))

    def read(self) -> dict[str, float]:
        """Means of the terms over the epoch's examples: the one wait for the device.

        Raises:
            BadStep: a loss or gradient was not finite.
        """
        table, watched = self.record.read()
        bad = (~watched.isfinite().all(dim=1)).nonzero()
        if len(bad):
            index = int(bad[0])
            words = self._culprit(table[index], watched[index])
            raise BadStep(index, words)
        first = zip(self.record.names, table[0].tolist(), strict=True)
        self.first_terms = dict(first)
        return self.record.means(table)

    def _culprit(self, values: Tensor, watched: Tensor) -> str:
        if not watched[0].isfinite():
            return terms_not_finite(self.record.names, values)
        sizes = zip(self.parameter_names, watched[1:], strict=True)
        # The last one: backward reached it first, and the others through it.
        *_, name = (name for name, size in sizes if not size.isfinite())
        return f"gradient of {name!r} is not finite"


class BadStep(Exception):
    """The first step of an epoch that was not finite: its index, and what was not."""

    def __init__(self, index: int, words: str) -> None:
        super().__init__(words)
        self.index, self.words = index, words
