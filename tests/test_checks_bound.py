"""Chapter 08's check: a sample with a path passes, typical wrong ones are told."""

import pytest
import torch

from aelib import checks
from aelib.models import Posterior


def test_right_samples_pass_and_leave_the_generator_alone(capsys):
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    checks.check_reparameterise(lambda m, v: m + (0.5 * v).exp() * torch.randn_like(m))
    checks.check_reparameterise(lambda m, v: Posterior(m, v).sample())
    torch.testing.assert_close(torch.rand(3), expected)
    assert capsys.readouterr().out == "ok: reparameterise\n" * 2


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda m, v: m + v.exp() * torch.randn_like(m), "std = exp"),
        (lambda m, v: m + (v / 2).exp() * torch.rand_like(m), "mean 0"),
        (lambda m, v: torch.normal(m, (v / 2).exp()).detach(), "detached"),
        (
            lambda m, v: m + (v / 2).exp().detach() * torch.randn_like(m),
            "reach log_var",
        ),
        (lambda m, v: m.detach() + (v / 2).exp() * torch.randn_like(m), "reach mean"),
        (lambda m, v: m + (v / 2).exp() * torch.randn(m.shape[1]), "noise of its own"),
        (lambda m, v: m + (v / 2).exp() * torch.randn_like(m[:, :1]), "coordinate has"),
        (lambda m, v: m + (v / 2).exp() * torch.randn_like(m).sign(), "is normal"),
        (lambda m, v: m * 1, "reach log_var"),
        (
            lambda m, v: (
                m
                + (v / 2).exp()
                * torch.randn(m.shape, generator=torch.Generator().manual_seed(0))
            ),
            "a seed inside",
        ),
        (lambda m, v: "z", "got str"),
    ],
    ids=[
        "variance",
        "uniform",
        "detached",
        "std",
        "mean",
        "shared",
        "row",
        "sign",
        "mean-only",
        "seeded",
        "str",
    ],
)
def test_wrong_samples_are_told_where_to_look(wrong, hint):
    with pytest.raises(AssertionError, match=hint):
        checks.check_reparameterise(wrong)
