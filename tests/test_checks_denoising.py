"""Checks of chapter 05: right answers pass, typical wrong ones fail with a sentence."""

import math

import pytest
import torch

from aelib import checks, metrics


def mean_psnr(x_hat, x):
    return metrics.psnr(x_hat, x).mean()


def langevin_step(y, score, eta, noise):
    return y + 0.5 * eta * score(y) + math.sqrt(eta) * noise


def test_right_answers_pass_with_one_line(capsys):
    checks.check_mean_psnr(mean_psnr)
    checks.check_mean_psnr(lambda x_hat, x: mean_psnr(x_hat, x).item())
    # an epsilon against log(0), or half the digits, changes nothing that matters
    checks.check_mean_psnr(
        lambda x_hat, x: (
            -10 * ((x_hat - x).square().flatten(1).mean(1) + 1e-8).log10().mean()
        )
    )
    checks.check_mean_psnr(lambda x_hat, x: mean_psnr(x_hat.float(), x.float()))
    checks.check_langevin_step(langevin_step)
    lines = "ok: mean_psnr\n" * 4 + "ok: langevin_step\n"
    assert capsys.readouterr().out == lines


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x_hat, x: -10 * (x_hat - x).square().mean().log10(),  # of the mean
        lambda x_hat, x: -10 * (x_hat - x).square().flatten(1).sum(1).log10().mean(),
        lambda x_hat, x: -10 * (x_hat - x).square().flatten(1).mean(1).log().mean(),
        lambda x_hat, x: mean_psnr(x_hat, x) + 20 * math.log10(255),  # another peak
        lambda x_hat, x: -mean_psnr(x_hat, x),
        lambda x_hat, x: mean_psnr(x_hat, x) / 2,  # 10 log10 of the root
        lambda x_hat, x: -10 * (x_hat - x).square().mean((2, 3)).log10().mean(),
        lambda x_hat, x: mean_psnr(x_hat.clamp(0, 1), x),
        lambda x_hat, x: metrics.psnr(x_hat, x).median(),
        lambda x_hat, x: None,
    ],
)
def test_wrong_psnrs_are_told_where_to_look(wrong):
    with pytest.raises(AssertionError, match=r"given \d images.*look at") as error:
        checks.check_mean_psnr(wrong)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda y, score, eta, noise: y + eta * score(y) + math.sqrt(eta) * noise,
        lambda y, score, eta, noise: y + 0.5 * eta * score(y) + eta * noise,
        lambda y, score, eta, noise: y + 0.5 * eta * (score(y) + noise),  # right at 4
        lambda y, score, eta, noise: y - 0.5 * eta * score(y) + math.sqrt(eta) * noise,
        lambda y, score, eta, noise: y + 0.5 * eta * score(y),  # it only climbs
        lambda y, score, eta, noise: langevin_step(y, score, eta, torch.randn_like(y)),
        lambda y, score, eta, noise: 0.5 * eta * score(y) + math.sqrt(eta) * noise,
        lambda y, score, eta, noise: (
            y + math.sqrt(eta) * noise + 0.5 * eta * score(y + math.sqrt(eta) * noise)
        ),
        lambda y, score, eta, noise: None,
    ],
)
def test_wrong_steps_are_told_where_to_look(wrong):
    with pytest.raises(AssertionError, match=r"given y .*look at") as error:
        checks.check_langevin_step(wrong)
    assert "\n" not in str(error.value)
