"""Kullback-Leibler divergences of diagonal Gaussians, in closed form."""

import torch
from torch import Tensor

from aelib import _expect


def kl_per_dim(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, exp log_var) || N(0, 1)) of each coordinate, (B, D) -> (B, D), nats.

    Taught in: chapter 07.

    >>> kl_per_dim(torch.tensor([[0.0, 1.0]]), torch.zeros(1, 2))  # one std from 0
    tensor([[0.0000, 0.5000]])
    """
    _expect.codes(mean=mean, log_var=log_var)
    # expm1(v) - v, since exp(v) - 1 - v cancels badly near v = 0
    return 0.5 * (mean.square() + torch.expm1(log_var) - log_var)


def kl_standard_normal(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, diag exp log_var) || N(0, I)), (B, D), (B, D) -> (B,), in nats.

    Source: arXiv:1312.6114, appendix B. Taught in: chapter 07.

    >>> kl_standard_normal(torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2))  # 25 / 2
    tensor([12.5000])
    """
    return kl_per_dim(mean, log_var).sum(dim=1)


def kl_gaussians(
    mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor
) -> Tensor:
    """KL(q || p) of two diagonal Gaussians, four times (B, D) -> (B,), in nats.

    Taught in: chapter 07.

    >>> mean, narrow, wide = torch.zeros(1, 1), torch.zeros(1, 1), torch.ones(1, 1)
    >>> kl_gaussians(mean, narrow, mean, wide)  # the two directions differ
    tensor([0.1839])
    >>> kl_gaussians(mean, wide, mean, narrow)
    tensor([0.3591])
    """
    q, p = {"mean_q": mean_q, "log_var_q": log_var_q}, {"mean_p": mean_p}
    _expect.codes(**q, **p, log_var_p=log_var_p)
    log_ratio = log_var_q - log_var_p  # (B, D)
    shift = (mean_q - mean_p).square() * (-log_var_p).exp()
    return 0.5 * (torch.expm1(log_ratio) - log_ratio + shift).sum(dim=1)
