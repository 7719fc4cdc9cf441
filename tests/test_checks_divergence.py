"""Chapter 07's check: the right divergence passes, typical wrong ones are told."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from aelib import checks, losses


def kl(mean_q, log_var_q, mean_p, log_var_p):
    quadratic = (log_var_q.exp() + (mean_q - mean_p) ** 2) / log_var_p.exp()
    return 0.5 * (quadratic - 1 + log_var_p - log_var_q).sum(dim=1)


def test_right_divergences_pass(capsys):
    checks.check_kl(kl)
    checks.check_kl(losses.kl_gaussians)
    checks.check_kl(
        lambda a, b, c, d: kl_divergence(
            Normal(a, (b / 2).exp()), Normal(c, (d / 2).exp())
        ).sum(dim=1)
    )
    assert capsys.readouterr().out == "ok: kl\n" * 3


@pytest.mark.parametrize(
    "wrong",
    [
        lambda a, b, c, d: kl(c, d, a, b),
        lambda a, b, c, d: kl(a, 2 * b, c, 2 * d),
        lambda a, b, c, d: kl(a, b, c, d) / a.shape[1],
        lambda a, b, c, d: kl(a, b, c, d) + 0.5 * a.shape[1],
        lambda a, b, c, d: kl(a, b, c, d).sum(),
        lambda a, b, c, d: kl(a, b, c, d).mean().expand(len(a)),
        lambda a, b, c, d: kl(a, b, torch.zeros_like(c), torch.zeros_like(d)),
    ],
    ids=["swapped", "std", "mean", "half", "scalar", "same", "prior"],
)
def test_wrong_divergences_are_told_where_to_look(wrong):
    with pytest.raises(AssertionError, match=r"given \d examples .* look at"):
        checks.check_kl(wrong)
