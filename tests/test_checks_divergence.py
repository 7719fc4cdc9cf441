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
        lambda a, b, c, d: kl(a, b, torch.zeros_like(c), d),
    ],
    ids=["swapped", "std", "mean", "half", "scalar", "same", "prior", "no-mean-p"],
)
def test_wrong_divergences_are_told_where_to_look(wrong):
    with pytest.raises(AssertionError, match=r"given \d examples .* look at"):
        checks.check_kl(wrong)


def test_right_answers_of_lower_precision_pass():
    checks.check_kl(lambda *given: kl(*(g.float() for g in given)))


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        (lambda *given: kl(*given).detach(), "should have a gradient, got none"),
        (
            lambda *given: torch.from_numpy(kl(*(g.detach() for g in given)).numpy()),
            "should have a gradient, got none",
        ),
        (lambda a, b, c, d: kl(a, b, c.detach(), d), "should reach mean_p, got none"),
        (
            lambda *given: kl(*given).detach() + 0 * sum(given).sum(dim=1),
            "gradient of kl in mean_q",
        ),
        (
            lambda a, b, c, d: kl(a, (b + b.detach()) / 2, c, d),
            "gradient of kl in log_var_q",
        ),
    ],
    ids=["detached", "numpy", "one detached", "nothing in it", "half"],
)
def test_a_divergence_that_cannot_be_trained_is_told(lost, words):
    with pytest.raises(AssertionError, match=words):
        checks.check_kl(lost)
