"""Checks of chapter 04: right answers pass, wrong ones are told where to look."""

import pytest
import torch
from torch.nn.functional import avg_pool2d

from aelib import checks, losses


def boxes(x, y, *, correction=0, padding=0):
    def box(a):
        return avg_pool2d(a, 7, stride=1, padding=padding)

    mean_x, mean_y = box(x), box(y)
    factor = 49 / (49 - correction)
    var_x, var_y = (factor * (box(a * a) - box(a) ** 2) for a in (x, y))
    cov = factor * (box(x * y) - mean_x * mean_y)
    level = (2 * mean_x * mean_y + 1e-4) / (mean_x**2 + mean_y**2 + 1e-4)
    return level * (2 * cov + 9e-4) / (var_x + var_y + 9e-4)


def box_ssim(x, y, **options):
    return boxes(x, y, **options).flatten(1).mean(dim=1)


def test_right_answers_pass_with_one_line(capsys):
    checks.check_continuous_bernoulli_nll(losses.continuous_bernoulli_nll)
    checks.check_box_ssim(box_ssim)
    assert capsys.readouterr().out == "ok: continuous_bernoulli_nll\nok: box_ssim\n"


def test_the_check_agrees_with_scikit_image():
    from skimage.metrics import structural_similarity

    def by_skimage(x, y):
        values = [
            structural_similarity(
                a.numpy(), b.numpy(), data_range=1.0, use_sample_covariance=False
            )
            for a, b in zip(x[:, 0], y[:, 0], strict=True)
        ]
        return torch.tensor(values, dtype=torch.float64)

    checks.check_box_ssim(by_skimage)


def nll(logits, x):
    return losses.continuous_bernoulli_nll(logits, x)


def by_definition(logits, x):
    lam = logits.sigmoid()
    constant = 2 * torch.atanh(1 - 2 * lam) / (1 - 2 * lam)
    return -(constant * lam**x * (1 - lam) ** (1 - x)).log().sum(1)


def guarded_in_vain(logits, x):
    near = logits / 2 + logits**2 / 24
    far = ((logits.exp() - 1) / logits).log()  # 0 / 0 where it is not used
    return (torch.where(logits.abs() < 0.1, near, far) - logits * x).sum(1)


def overflows(logits, x):
    safe = torch.where(logits.abs() < 0.1, torch.ones_like(logits), logits)
    far = ((3 * safe).exp() - 1).log() - safe.abs().log() - 2 * safe
    near = logits / 2 + logits**2 / 24
    return (torch.where(logits.abs() < 0.1, near, far) - logits * x).sum(1)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (by_definition, "mind 0 / 0 near zero"),
        (guarded_in_vain, "the unused one"),
        (overflows, "the nats"),
        (losses.bernoulli_nll, "the nats[0]"),
        (lambda a, x: -nll(a, x), "the gradient"),
        (lambda a, x: nll(a, x).mean(), "should have shape (4,)"),
        (lambda a, x: nll(a.detach(), x), "should have a gradient"),
        (lambda a, x: nll(a, x).tolist(), "got list"),
    ],
)
def test_wrong_likelihoods_are_told_where_to_look(wrong, words):
    with pytest.raises(AssertionError) as error:
        checks.check_continuous_bernoulli_nll(wrong)
    message = str(error.value)
    assert words in message and message.startswith("given float32 logits of ")
    assert "\n" not in message and "look at" in message


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda x, y: box_ssim(x, y, correction=1), "divided by 49"),
        (lambda x, y: box_ssim(x, y, padding=3), "only where they fit"),
        (lambda x, y: boxes(x, y).mean(), "should have shape (3,)"),
        (lambda x, y: 1 - box_ssim(x, y), "the SSIM[0]"),
        (lambda x, y: None, "got NoneType"),
    ],
)
def test_wrong_similarities_are_told_where_to_look(wrong, words):
    with pytest.raises(AssertionError) as error:
        checks.check_box_ssim(wrong)
    message = str(error.value)
    assert words in message and message.startswith("given three pairs of images ")
    assert "\n" not in message and "look at" in message


def unsolved(*args):
    raise NotImplementedError


def test_stubs_pass_through():
    for check in (checks.check_continuous_bernoulli_nll, checks.check_box_ssim):
        with pytest.raises(NotImplementedError):
            check(unsolved)
