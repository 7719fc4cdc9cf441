"""Chapter 09's checks: right answers pass, typical wrong ones are told."""

import math

import pytest
import torch
from torch.nn.functional import cosine_similarity

from aelib import checks, losses


def vae_loss(x_hat, x, mean, log_var, sigma):
    return (
        losses.gaussian_nll(x_hat, x, sigma=sigma)
        + losses.kl_standard_normal(mean, log_var)
    ).mean()


def slerp(a, b, t):
    angle = cosine_similarity(a, b).clamp(-1, 1).arccos()[:, None]
    near = angle.sin() < 1e-4
    safe = torch.where(near, 1.0, angle)
    first = torch.where(near, 1 - t, ((1 - t) * safe).sin() / safe.sin())
    second = torch.where(near, t, (t * safe).sin() / safe.sin())
    return first * a + second * b


def test_right_answers_pass(capsys):
    checks.check_vae_loss(vae_loss)
    checks.check_vae_loss(lambda a, b, m, v, s: vae_loss(*floats(a, b, m, v), s))
    checks.check_slerp(slerp)
    checks.check_slerp(lambda a, b, t: slerp(*floats(a, b), t))
    assert capsys.readouterr().out == "ok: vae_loss\n" * 2 + "ok: slerp\n" * 2


def floats(*tensors):
    return (tensor.float() for tensor in tensors)


@torch.no_grad()
def without_grad(*given):
    return vae_loss(*given)


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        (lambda *given: vae_loss(*given).item(), "should have a gradient, got none"),
        (without_grad, "should have a gradient, got none"),
        (
            lambda a, b, m, v, s: vae_loss(a.detach(), b, m, v, s),
            "should reach x_hat, got none",
        ),
        (
            lambda a, b, m, v, s: vae_loss(a, b, m, v.detach(), s),
            "should reach log_var, got none",
        ),
        (
            lambda a, b, m, v, s: vae_loss(a, b, m, v, s).detach() + 0 * (m + v).sum(),
            "should reach x_hat, got none",
        ),
        (
            lambda a, b, m, v, s: vae_loss(a, b, m, (v + v.detach()) / 2, s),
            "gradient of vae_loss in log_var",
        ),
    ],
    ids=["item", "no_grad", "x_hat", "log_var", "nothing in it", "half"],
)
def test_a_loss_that_cannot_be_trained_is_told(lost, words):
    with pytest.raises(AssertionError, match=words):
        checks.check_vae_loss(lost)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda a, b, m, v, s: vae_loss(a, b, m, v, s) * len(a),
        lambda a, b, m, v, s: vae_loss(a, b, m, v, s**2),
        lambda a, b, m, v, s: vae_loss(a, b, m, 2 * v, s),
        lambda a, b, m, v, s: (
            vae_loss(a, b, m, v, s) - a[0].numel() / 2 * math.log(2 * math.pi * s**2)
        ),
        lambda a, b, m, v, s: (
            losses.gaussian_nll(a, b, sigma=s).mean() + losses.kl_per_dim(m, v).mean()
        ),
        lambda a, b, m, v, s: "loss",
        lambda a, b, m, v, s: vae_loss(a[:, :1], b[:, :1], m, v, s),
    ],
    ids=["batch", "variance", "log-var", "constant", "mean-kl", "str", "one-channel"],
)
def test_wrong_losses_are_told_where_to_look(wrong):
    with pytest.raises(AssertionError, match=r"given \d images .* look at"):
        checks.check_vae_loss(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda a, b, t: (1 - t) * a + t * b,
        lambda a, b, t: (  # one pair decides for all
            (1 - t) * a + t * b
            if (cosine_similarity(a, b) > 1 - 1e-6).any()
            else slerp(a, b, t)
        ),
        lambda a, b, t: slerp(b, a, t),
        lambda a, b, t: slerp(a, b, t) / slerp(a, b, t).norm(dim=1, keepdim=True),
        lambda a, b, t: (
            (1 - t) * (w := cosine_similarity(a, b).arccos()[:, None]) * a + t * w * b
        ),
        lambda a, b, t: (
            (
                ((1 - t) * (w := cosine_similarity(a, b).arccos()[:, None])).sin() * a
                + (t * w).sin() * b
            )
            / w.sin()
        ),
        lambda a, b, t: (
            (
                ((1 - t) * (w := (a * b).sum(1).clamp(-1, 1).arccos()[:, None])).sin()
                * a
                + (t * w).sin() * b
            )
            / w.sin()
        ),
    ],
    ids=[
        "lerp",
        "one-for-all",
        "swapped",
        "normed",
        "no-sine",
        "no-limit",
        "no-length",
    ],
)
def test_wrong_paths_are_told_where_to_look(wrong):
    with pytest.raises(AssertionError, match=r"given .* look at"):
        checks.check_slerp(wrong)
